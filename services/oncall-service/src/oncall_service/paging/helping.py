"""Use case: somebody asks a person for help with an incident, outside of its policy's course."""

from datetime import timedelta
from uuid import UUID

from oncall_service.core.core import Core
from oncall_service.core.store import lookup
from oncall_service.notifications import messages
from oncall_service.notifications.owed import About, owed
from oncall_service.notifications.store import rows
from oncall_service.paging import store
from oncall_service.paging.pages import subject
from oncall_service.paging.reasons import Reason
from oncall_service.paging.runs import Runs
from oncall_service.paging.shapes import HelpCommand
from oncall_service.paging.world import Reachable
from oncall_service.tables import IncidentRow, NotificationRow, PersonRow
from shared.contracts.identity import Principal
from shared.contracts.incidents import Status
from shared.contracts.oncall import PageEvent, PageKind
from shared.contracts.oncall_api import NotificationView
from shared.contracts.wire import Severity
from shared.errors import Conflict, NotFound
from shared.identifiers import new_id
from shared.urgency import Occasion, urgency
from shared.words.catalogues import Say
from shared.work import in_session

# A button that was pressed twice rings once.
AGAIN_AFTER = timedelta(minutes=1)


async def ask(
    core: Core, incident_id: UUID, command: HelpCommand, who: Principal, words: Say
) -> list[NotificationView]:
    """Page a person once, now, by what rings first for them; whose the incident is stays.

    Raises:
        NotFound: incident-management never told of this incident.
        Invalid: there is no such person.
        Conflict: it is resolved, they were asked a moment ago, or have no working contact method.
    """
    now = core.clock.now()
    async with in_session(core.database, lambda session: Runs(session, now)) as runs:
        incident = await store.lock_known(runs.session, incident_id)
        if incident is None or incident.status is None:
            raise NotFound(f"There is no incident {incident_id} here.")
        if incident.status == Status.RESOLVED:
            raise Conflict("The incident is resolved: there is nothing to help with.")
        row = await lookup.refer(runs.session, PersonRow, command.person, "person")
        person = (await runs.directory.people([row.id]))[row.id]
        if not person.methods:
            raise Conflict(
                f"{row.name} has no working contact method.", reason=Reason.NO_CONTACT_METHOD
            )
        if await rows.asked_since(runs.session, incident.id, row.id, now - AGAIN_AFTER):
            raise Conflict(f"{row.name} was asked a moment ago.", reason=Reason.ALREADY_ASKED)
        asked = await _pages(runs, incident, person, by=who.name)
        runs.session.add_all(asked)
        runs.owe_message()
        runs.tell(
            PageEvent(
                event_id=new_id(),
                type=PageKind.REQUESTED,
                occurred_at=now,
                incident_id=incident.id,
                person=person.ref,
                data={"by": who.name, "why": command.reason},
                reason=Reason.ASKED_TO_HELP,
            )
        )
        await runs.session.flush()
        return await rows.views(runs.session, asked, words)


async def _pages(
    runs: Runs, incident: IncidentRow, person: Reachable, *, by: str
) -> list[NotificationRow]:
    route = await runs.directory.route(service=incident.service, team=incident.team)
    content = messages.page(
        subject(incident), team=route.team_name, reason=Reason.ASKED_TO_HELP, by=by
    )
    ways = person.ways(Severity(incident.severity))
    soonest = min(delay for _, delay in ways)
    request = new_id()
    return [
        owed(
            content,
            to=person.ref,
            method=method,
            key=f"help:{request}:{method.id}",
            reason=Reason.ASKED_TO_HELP,
            urgency=urgency(Occasion.FIRST_WORD, incident.severity),
            now=runs.now,
            at=runs.now,
            about=About(incident.id),
        )
        for method, delay in ways
        if delay == soonest
    ]
