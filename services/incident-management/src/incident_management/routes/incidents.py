"""Incidents: the public API."""

from datetime import timedelta
from typing import Annotated

from litestar import Router, get, patch, post
from litestar.params import FromQuery, JSONBody, QueryParameter

from incident_management import views
from incident_management.routes import parameters
from incident_management.routes.dependencies import (
    TheActions,
    TheClock,
    TheDatabase,
    TheLedger,
)
from incident_management.routes.parameters import IncidentPath, Many, When
from incident_management.store import incidents, search
from incident_management.store.held import Held
from incident_management.store.search import Sort
from incident_management.tables import IncidentRow
from shared.auth import Caller, requires
from shared.contracts.identity import Role
from shared.contracts.incident_api import (
    IncidentAlert,
    IncidentMeasures,
    IncidentPatch,
    IncidentWhy,
    Merge,
    NewIncident,
    NewNote,
    Snooze,
    TimelineEntry,
)
from shared.contracts.incidents import Incident, Status
from shared.contracts.wire import Page, Severity
from shared.database import Connection, driver_connection
from shared.errors import NotFound, Unavailable
from shared.paging import DEFAULT_LIMIT, Cursor, Limit
from shared.words.asked import Language
from shared.words.catalogues import preferred

# So many say what it is about; all of them are a list of their own.
FIRST_ALERTS = 20


@post("/", guards=[requires(Role.RESPONDER)])
async def open_incident(
    data: JSONBody[NewIncident], principal: Caller, actions: TheActions
) -> Incident:
    """Open an incident by hand. The people on call are paged as for any other."""
    return await actions.create(data, principal)


@get("/", guards=[requires(Role.VIEWER)])
async def list_incidents(
    *,
    database: TheDatabase,
    status: Many = None,
    severity: Many = None,
    service: Many = None,
    team: Many = None,
    assignee: Annotated[
        str | None, QueryParameter(description="id of a person; none: those that nobody has")
    ] = None,
    q: FromQuery[str] = "",
    since: When = None,
    until: When = None,
    include_merged: FromQuery[bool] = False,
    sort: FromQuery[Sort] = Sort.NEWEST,
    limit: Limit = DEFAULT_LIMIT,
    cursor: Cursor = None,
) -> Page[Incident]:
    """List incidents, filtered and paged. Merged ones are left out unless asked for.

    `service` is a part of a name; a number or an id in `q` finds its incident whatever else is
    asked for.
    """
    wanted = search.Filter(
        statuses=parameters.choices("status", status, Status),
        severities=parameters.choices("severity", severity, Severity),
        services=parameters.words("service", service),
        teams=parameters.words("team", team),
        assignee=parameters.person("assignee", assignee),
        unassigned=assignee == parameters.NOBODY,
        text=parameters.storable("q", q.strip()),
        since=parameters.instant("since", since),
        until=parameters.instant("until", until),
        merged=include_merged,
    )
    async with database.session() as session:
        return await search.list_incidents(session, wanted, sort=sort, limit=limit, cursor=cursor)


@get("/{incident:str}", guards=[requires(Role.VIEWER)])
async def get_incident(incident: IncidentPath, database: TheDatabase) -> Incident:
    """One incident. An id that was folded into another incident answers that one."""
    async with database.transaction() as connection:
        return views.incident(await _named(connection, incident))


@patch("/{incident:str}", guards=[requires(Role.RESPONDER)])
async def change_incident(
    incident: IncidentPath, data: JSONBody[IncidentPatch], principal: Caller, actions: TheActions
) -> Incident:
    """Change state, severity, assignee, title or team.

    Asking for the state it is in changes nothing and answers 200. A state that cannot follow the
    present one is refused with 409, and `allowed` names those that can.
    """
    return await actions.patch(parameters.reference(incident), data, principal)


@post("/{incident:str}/notes", guards=[requires(Role.RESPONDER)])
async def write_note(
    incident: IncidentPath, data: JSONBody[NewNote], principal: Caller, actions: TheActions
) -> TimelineEntry:
    """Write a note on the timeline."""
    return await actions.note(parameters.reference(incident), data.text, principal)


@post("/{incident:str}/merge", status_code=200, guards=[requires(Role.RESPONDER)])
async def merge_incident(
    incident: IncidentPath, data: JSONBody[Merge], principal: Caller, actions: TheActions
) -> Incident:
    """Declare it to be the same trouble as `into`, which takes over its alerts.

    It ends with `merged_into` set and counts in no MTTA or MTTR.
    """
    return await actions.merge(
        parameters.reference(incident), parameters.reference(data.into), principal
    )


@post("/{incident:str}/snooze", status_code=200, guards=[requires(Role.RESPONDER)])
async def snooze_incident(
    incident: IncidentPath, data: JSONBody[Snooze], principal: Caller, actions: TheActions
) -> Incident:
    """Take it, and leave it alone for so long: it is open again afterwards, and pages anew."""
    duration = timedelta(minutes=data.minutes)
    return await actions.snooze(parameters.reference(incident), duration, principal)


@post("/{incident:str}/undo-resolve", status_code=200, guards=[requires(Role.RESPONDER)])
async def undo_resolve(incident: IncidentPath, principal: Caller, actions: TheActions) -> Incident:
    """Take back one's own resolution within 15 seconds: it is as it was, and its alerts fire.

    409 with a `reason` otherwise: not_over, resolved_by_rule, resolved_by_another, too_late,
    came_again (with the `number` of its recurrence) or merged_is_final.
    """
    return await actions.undo_resolution(parameters.reference(incident), principal)


@post("/{incident:str}/recur", guards=[requires(Role.RESPONDER)])
async def recur(incident: IncidentPath, principal: Caller, actions: TheActions) -> Incident:
    """What was resolved has come again: a new incident, paged like any other.

    Title, service, severity and team are those of the old one, which it names as `recurrence_of`.
    409 with a `reason` otherwise: not_over, came_again (with the `number` of the one that is open)
    or merged_is_final.
    """
    return await actions.recur(parameters.reference(incident), principal)


@get("/{incident:str}/timeline", guards=[requires(Role.VIEWER)])
async def get_timeline(
    incident: IncidentPath,
    database: TheDatabase,
    limit: Limit = DEFAULT_LIMIT,
    cursor: Cursor = None,
    language: Language = None,
) -> Page[TimelineEntry]:
    """Everything that happened, oldest first; its sentences in the language asked for."""
    async with database.session() as session:
        async with driver_connection(session) as connection:
            row = await _named(connection, incident)
        return await search.list_timeline(
            session, row.id, limit=limit, cursor=cursor, language=preferred(language)
        )


@get("/{incident:str}/alerts", guards=[requires(Role.VIEWER)])
async def get_alerts(
    incident: IncidentPath,
    database: TheDatabase,
    limit: Limit = DEFAULT_LIMIT,
    cursor: Cursor = None,
) -> Page[IncidentAlert]:
    """Its alerts in the order they came, and which of them still fire."""
    async with database.session() as session:
        async with driver_connection(session) as connection:
            row = await _named(connection, incident)
        return await search.list_alerts(session, row.id, limit=limit, cursor=cursor)


@get("/{incident:str}/why", guards=[requires(Role.VIEWER)])
async def get_why(
    *,
    incident: IncidentPath,
    database: TheDatabase,
    ledger: TheLedger,
    person: FromQuery[str | None] = None,
    language: Language = None,
) -> IncidentWhy:
    """Why it paged whom: its alerts, every decision, and what became of every message.

    With `person`, why they were paged, or were not.
    """
    spoken = preferred(language)
    async with database.session() as session:
        async with driver_connection(session) as connection:
            row = await _named(connection, incident)
        first = await search.list_timeline(session, row.id, limit=1, cursor=None, language=spoken)
        alerts = await search.list_alerts(session, row.id, limit=FIRST_ALERTS, cursor=None)
        shown = views.incident(row)
    try:
        pages = await ledger.of(row.id, person, spoken)
    except Unavailable:
        pages = None
    return IncidentWhy(
        incident=shown,
        opened=first.items[0] if first.items else None,
        alerts=alerts.items,
        pages=pages,
    )


@get("/{incident:str}/metrics", guards=[requires(Role.VIEWER)])
async def get_measures(
    incident: IncidentPath, database: TheDatabase, clock: TheClock
) -> IncidentMeasures:
    """How fast it was seen and solved, in seconds."""
    async with database.transaction() as connection:
        return views.measured(await _named(connection, incident), now=clock.now())


async def _named(connection: Connection, incident: str) -> IncidentRow:
    row = await incidents.find_for_people(Held(connection), parameters.reference(incident))
    if row is None:
        raise NotFound("There is no incident with this id or number.")
    return row


router = Router(
    "/api/v1/incidents",
    route_handlers=[
        open_incident,
        list_incidents,
        get_incident,
        change_incident,
        write_note,
        merge_incident,
        snooze_incident,
        undo_resolve,
        recur,
        get_timeline,
        get_alerts,
        get_why,
        get_measures,
    ],
    tags=["incidents"],
    security=[{"bearer": []}],
)
