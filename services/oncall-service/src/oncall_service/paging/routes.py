"""Escalation runs, and what incident-management tells of its incidents."""

from uuid import UUID

from litestar import Router, get, post
from litestar.params import FromPath, FromQuery, JSONBody

from oncall_service.core.parameters import TheCore, named_or_none
from oncall_service.paging import hearing, helping, usecases
from oncall_service.paging.shapes import EscalateCommand, HelpCommand, RunStatus
from shared.app import INTERNAL_MAX_BODY_BYTES
from shared.auth import Caller, requires, requires_service
from shared.contracts.identity import Role
from shared.contracts.incidents import INCIDENT_EVENTS_PATH, IncidentEvents
from shared.contracts.oncall_api import EscalationView, NotificationView
from shared.contracts.wire import EventResults, Page
from shared.documented import as_responses
from shared.errors import NotFound
from shared.paging import DEFAULT_LIMIT, Cursor, Limit
from shared.words.asked import Language
from shared.words.catalogues import preferred, speaking


@post(
    "/escalate",
    status_code=202,
    guards=[requires(Role.RESPONDER)],
    responses=as_responses(NotFound),
)
async def escalate(
    core: TheCore, data: JSONBody[EscalateCommand], principal: Caller
) -> EscalationView:
    """Page the next step at once, or start paging; `team` hands the incident over."""
    return await usecases.escalate(core, data, principal)


@post(
    "/incidents/{incident_id:uuid}/page",
    status_code=202,
    guards=[requires(Role.RESPONDER)],
    responses=as_responses(NotFound),
)
async def ask_for_help(
    *,
    core: TheCore,
    incident_id: FromPath[UUID],
    data: JSONBody[HelpCommand],
    principal: Caller,
    accept_language: Language,
) -> Page[NotificationView]:
    """Page one more person, once; the policy goes on as it does. Answers what they are sent.

    409 with the `reason` no_contact_method or already_asked (within the last minute).
    """
    words = speaking(preferred(accept_language))
    return Page(items=await helping.ask(core, incident_id, data, principal, words))


@get("/escalations", guards=[requires(Role.VIEWER)])
async def list_escalations(
    *,
    core: TheCore,
    incident_id: FromQuery[UUID | None] = None,
    team: FromQuery[str | None] = None,
    status: FromQuery[RunStatus | None] = None,
    limit: Limit = DEFAULT_LIMIT,
    cursor: Cursor = None,
) -> Page[EscalationView]:
    """Escalation runs, newest first."""
    return await usecases.listed(
        core,
        incident_id=incident_id,
        team=named_or_none("team", team),
        status=status,
        limit=limit,
        cursor=cursor,
    )


@get("/escalations/{escalation_id:uuid}", guards=[requires(Role.VIEWER)])
async def get_escalation(core: TheCore, escalation_id: FromPath[UUID]) -> EscalationView:
    """One run."""
    return await usecases.get(core, escalation_id)


router = Router(
    "/api/v1",
    route_handlers=[escalate, ask_for_help, list_escalations, get_escalation],
    tags=["escalations"],
    security=[{"bearer": []}],
)


@post(INCIDENT_EVENTS_PATH, status_code=200, guards=[requires_service("incident-management")])
async def hear_incidents(core: TheCore, data: JSONBody[IncidentEvents]) -> EventResults:
    """Incidents that changed: page, or stop. Twice or out of order is as good as once in order."""
    return EventResults(results=await hearing.hear(core, data.events))


internal_router = Router(
    "/",
    route_handlers=[hear_incidents],
    request_max_body_size=INTERNAL_MAX_BODY_BYTES,
    tags=["internal"],
    security=[{"bearer": []}],
)
