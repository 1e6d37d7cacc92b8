"""What a step owes people: a message by each of their contact methods, or the record of nobody."""

from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog

from oncall_service.core.metrics import PAGED, PAGES, Within
from oncall_service.notifications import messages
from oncall_service.notifications.metrics import NO_CHANNEL, NOTIFICATIONS
from oncall_service.notifications.owed import About, owed
from oncall_service.notifications.store import rows
from oncall_service.notifications.work import MessageWork
from oncall_service.paging.directory import Directory, Reachable
from oncall_service.paging.reasons import Reason
from oncall_service.paging.steps import Choice, Page
from oncall_service.paging.telling import about, told
from oncall_service.people.rules import CAN_WAIT, is_working_time, next_time
from oncall_service.tables import ContactMethodRow, EscalationRow, IncidentRow, NotificationRow
from shared.contracts.incidents import Incident
from shared.contracts.oncall import MessageKind, PageKind
from shared.contracts.wire import Ref
from shared.identifiers import new_id
from shared.urgency import Occasion, urgency

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Due:
    """What all messages of one step share.

    ``waits``: within people's working hours. ``first``: the run has paged nobody before.
    """

    incident: IncidentRow
    run: EscalationRow
    page: Page
    choice: Choice
    occasion: Occasion
    waits: bool
    first: bool


class Pages:
    """The messages of the steps of one transaction."""

    def __init__(self, work: MessageWork, directory: Directory) -> None:
        self._work = work
        self._directory = directory

    async def owe(self, step: Due) -> timedelta:
        """Owe a step's messages; how long the first of its people waits for working hours."""
        run, page, choice = step.run, step.page, step.choice
        people = await self._directory.people(choice.people)
        earliest: list[datetime] = []
        for order, identifier in enumerate(choice.people):
            person = people[identifier]
            at = self._told_at(step, person)
            earliest.append(at)
            self._work.tell(
                told(
                    run,
                    PageKind.TARGET,
                    now=self._work.now,
                    person=person.ref,
                    assign=step.first and order == 0,
                    step=page.at.step,
                    reason=choice.reason,
                    data={"from": at.isoformat()} if at > self._work.now else {},
                )
            )
            self._count(step, person, at)
            for method in person.methods:
                self._work.session.add(self._message(step, person.ref, method, at))
                self._work.owe_message()
        if not choice.people:
            self._work.session.add(_lost(run, page, choice, self._work.now))
            self._work.increments.inc(NOTIFICATIONS, channel=NO_CHANNEL, outcome=rows.FAILED)
            _log.error("page_reaches_nobody", **about(run))
        return min(earliest, default=self._work.now) - self._work.now

    def _count(self, step: Due, person: Reachable, at: datetime) -> None:
        working = is_working_time(person.working_hours, person.zone, at)
        self._work.increments.inc(
            PAGES,
            team=step.run.team_name,
            person_id=str(person.ref.id),
            hours=Within.IN if working else Within.OUT,
        )
        self._work.increments.inc(PAGED, severity=step.incident.severity)

    def _told_at(self, step: Due, person: Reachable) -> datetime:
        if not step.waits or step.incident.severity not in CAN_WAIT:
            return self._work.now
        return next_time(person.working_hours, person.zone, self._work.now)

    def _message(
        self, step: Due, person: Ref, method: ContactMethodRow, at: datetime
    ) -> NotificationRow:
        incident, run, page, choice = step.incident, step.run, step.page, step.choice
        return owed(
            messages.page(subject(incident), team=run.team_name, reason=choice.reason),
            to=person,
            method=method,
            key=f"{run.id}:{page.at.round}:{page.at.step}:{person.id}:{method.id}",
            reason=choice.reason,
            urgency=urgency(step.occasion, incident.severity),
            now=self._work.now,
            at=at,
            about=About(incident.id, run.id, page.at.round, page.at.step),
        )


def subject(incident: IncidentRow | Incident) -> messages.Subject:
    """What messages say of an incident."""
    return messages.Subject(
        incident.id, incident.number, incident.title, incident.service, incident.severity
    )


def _lost(run: EscalationRow, page: Page, choice: Choice, now: datetime) -> NotificationRow:
    """The record of a page for which there is nobody: a failure that can be seen."""
    return NotificationRow(
        id=new_id(),
        idempotency_key=f"{run.id}:{page.at.round}:{page.at.step}:nobody",
        kind=MessageKind.PAGE,
        incident_id=run.incident_id,
        escalation_id=run.id,
        round=page.at.round,
        step=page.at.step,
        person_name="",
        channel=NO_CHANNEL,
        shown_target="",
        reason=choice.reason,
        message={},
        outcome=rows.FAILED,
        outcome_detail="",
        outcome_facts={"reason": Reason.NOBODY_AT_ALL},
        urgency=int(Occasion.MORE),
        created_at=now,
        finished_at=now,
    )
