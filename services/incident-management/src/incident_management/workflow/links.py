"""Use cases: what a link in a message is about, and acknowledging by it, without a sign-in."""

from incident_management import views
from incident_management.store import incidents, people, used_links
from incident_management.store.held import Held
from incident_management.tables import IncidentRow
from incident_management.targets import Targets
from incident_management.transitions import Reason
from incident_management.workflow.lifecycle import step_by_person
from incident_management.workflow.work import IncidentWork, transaction
from shared.clock import Clock
from shared.contracts.identity import Actor
from shared.contracts.incident_api import LinkView
from shared.contracts.incidents import TAKEN, Status
from shared.database import Database
from shared.links import Link, Links, Refusal, Refused


class AcknowledgeLinks:
    """The use cases behind the routes; looking at a link changes nothing, however often."""

    def __init__(self, database: Database, clock: Clock, targets: Targets, links: Links) -> None:
        self._database = database
        self._clock = clock
        self._targets = targets
        self._links = links

    async def look(self, token: str) -> LinkView:
        """What the page shows that a link leads to."""
        now = self._clock.now()
        try:
            link = self._links.read(token, now)
        except Refused as refused:
            return _REFUSED[refused.why]
        async with self._database.transaction() as connection:
            row = await incidents.find_for_people(Held(connection), link.incident)
            if row is None:
                return _REFUSED[Refusal.INVALID]
            used = await used_links.is_used(connection, link.message)
        return _seen(row, link, used=used)

    async def use(self, token: str) -> LinkView:
        """Acknowledge by a link, once; whoever has the incident by it is told so again."""
        now = self._clock.now()
        try:
            link = self._links.read(token, now)
        except Refused as refused:
            return _REFUSED[refused.why]
        async with transaction(self._database, now, self._targets) as work:
            row = await self._locked(work, link)
            if row is None:
                return _REFUSED[Refusal.INVALID]
            fresh = await used_links.use(
                work.held.connection, link.message, link.incident, work.now
            )
            if row.status is not Status.OPEN or not fresh:
                return _seen(row, link, used=not fresh)
            row.assignee_id, row.assignee_name = link.person.id, link.person.name
            actor = Actor(kind="person", id=str(link.person.id), name=link.person.name)
            step_by_person(
                work, row, Status.ACKNOWLEDGED, Reason.ACKNOWLEDGED, actor, by_link=link.channel
            )
            await people.remember_people(work.held.connection, [link.person])
            return _seen(row, link, used=True)

    @staticmethod
    async def _locked(work: IncidentWork, link: Link) -> IncidentRow | None:
        named = await incidents.find_for_people(work.held, link.incident)
        row = await incidents.lock(work.held, named.id) if named else None
        if row is not None:
            work.goes_on_from(row)
        return row


_REFUSED = {
    Refusal.INVALID: LinkView(outcome="invalid"),
    Refusal.EXPIRED: LinkView(outcome="expired"),
}


def _seen(row: IncidentRow, link: Link, *, used: bool) -> LinkView:
    has_it = views.assignee_of(row)
    said = LinkView(
        outcome="open",
        incident=views.incident(row),
        person=link.person,
        by=row.resolved_by or (has_it.name if has_it else row.acknowledged_by),
    )
    if row.status is Status.RESOLVED:
        return said.model_copy(update={"outcome": "over"})
    if row.status in TAKEN:
        theirs = has_it is not None and has_it.id == link.person.id
        return said.model_copy(update={"outcome": "acknowledged" if theirs else "taken"})
    # Open again since it was used: what was acknowledged then is not what is open now.
    return said.model_copy(update={"outcome": "used"}) if used else said
