"""Word for people who were paged that somebody has the incident, or that it is over."""

from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from oncall_service.notifications import messages
from oncall_service.notifications.owed import GATHER, About, owed
from oncall_service.notifications.store import news as store
from oncall_service.notifications.work import MessageWork
from oncall_service.paging.directory import Directory
from oncall_service.paging.pages import subject
from oncall_service.paging.reasons import Reason
from oncall_service.paging.world import Reachable
from oncall_service.people.rules import CAN_WAIT
from oncall_service.tables import IncidentRow, NotificationRow
from shared.contracts.identity import Actor
from shared.contracts.incidents import TAKEN, IncidentEvent, Status
from shared.contracts.oncall import NEWS, MessageKind
from shared.identifiers import new_id
from shared.urgency import Occasion, urgency


@dataclass(frozen=True, slots=True)
class News:
    """What became of an incident; ``by`` is None when a rule did it."""

    kind: MessageKind
    reason: Reason
    by: Actor | None


def news_of(event: IncidentEvent, before: Status | None) -> News | None:
    """What an event tells people who were paged for an incident in the state ``before``. Pure."""
    said = event.incident
    if said.merged_into is not None:
        return (
            None
            if before is Status.RESOLVED
            else News(MessageKind.RESOLVED, Reason.MERGED, event.actor)
        )
    if said.status is Status.RESOLVED and before is not Status.RESOLVED:
        return News(MessageKind.RESOLVED, Reason.RESOLVED, event.actor)
    # Of whom nothing is known may be the very person who would be told.
    if said.status in TAKEN and before not in TAKEN and event.actor is not None:
        return News(MessageKind.ACKNOWLEDGED, Reason.ACKNOWLEDGED, event.actor)
    return None


async def tell(
    work: MessageWork,
    directory: Directory,
    news: Mapping[UUID, News],
    incidents: Mapping[UUID, IncidentRow],
) -> None:
    """Owe everybody who was paged for these incidents word of them, but for whoever did it.

    By the contact methods that rang, once after each page, and only to those who want it.
    """
    paged = [
        one
        for kind in NEWS
        for one in await store.paged(
            work.session, [incident for incident, about in news.items() if about.kind is kind], kind
        )
    ]
    people = await directory.people({one.person for one in paged})
    methods: defaultdict[tuple[UUID, UUID], set[UUID]] = defaultdict(set)
    for one in paged:
        methods[one.incident, one.person].add(one.method)
    for (incident, identifier), rang in methods.items():
        person, about = people.get(identifier), news[incident]
        if person is None or not person.status_updates or _did_it(about, identifier):
            continue
        work.session.add_all(_words(work.now, incidents[incident], about, person, rang))


def _did_it(news: News, person: UUID) -> bool:
    return news.by is not None and news.by.kind == "person" and news.by.id == str(person)


def _words(
    now: datetime, incident: IncidentRow, news: News, person: Reachable, rang: Collection[UUID]
) -> list[NotificationRow]:
    at = now + GATHER
    if incident.severity in CAN_WAIT:
        at = person.not_before(at)
    content = messages.news(
        news.kind,
        subject(incident),
        reason=news.reason,
        by=news.by.name if news.by is not None else None,
    )
    return [
        owed(
            content,
            to=person.ref,
            method=method,
            key=f"{news.kind}:{new_id()}",
            reason=news.reason,
            urgency=urgency(Occasion.RECORD, incident.severity),
            now=now,
            at=at,
            about=About(incident.id),
        )
        for method in person.methods
        if method.id in rang
    ]
