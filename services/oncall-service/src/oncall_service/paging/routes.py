"""Escalations and notifications."""

from enum import StrEnum
from uuid import UUID

from litestar import Router, get, post
from litestar.params import FromPath, FromQuery, JSONBody

from oncall_service.core.parameters import DEFAULT_LIMIT, Cursor, Limit, TheCore, named_or_none
from oncall_service.notifications import usecases as delivery
from oncall_service.paging import escalations
from oncall_service.paging import usecases as paging
from oncall_service.policies.shapes import EscalateCommand, EscalationView, NotificationView
from shared.auth import Caller, requires
from shared.contracts.identity import Role
from shared.contracts.wire import Page
from shared.documented import as_responses
from shared.errors import NotFound


class RunStatus(StrEnum):
    """What became of a run."""

    RUNNING = "running"
    STOPPED = "stopped"
    EXHAUSTED = "exhausted"
    COMPLETED = "completed"


class NotificationOutcome(StrEnum):
    """What became of a notification."""

    PENDING = "pending"
    SENT = "sent"
    FAILED = "failed"
    CANCELLED = "cancelled"


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
    return await paging.escalate(core, data, principal)


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
    return await escalations.listed(
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
    return await escalations.get(core, escalation_id)


@get("/notifications", guards=[requires(Role.VIEWER)])
async def list_notifications(
    *,
    core: TheCore,
    incident_id: FromQuery[UUID | None] = None,
    person: FromQuery[str | None] = None,
    outcome: FromQuery[NotificationOutcome | None] = None,
    limit: Limit = DEFAULT_LIMIT,
    cursor: Cursor = None,
    principal: Caller,
) -> Page[NotificationView]:
    """Every message to a person with every attempt to deliver it, newest first."""
    return await delivery.listed(
        core,
        incident_id=incident_id,
        person=named_or_none("person", person),
        outcome=outcome,
        limit=limit,
        cursor=cursor,
        inside=principal.role.includes(Role.ADMIN),
    )


router = Router(
    "/api/v1",
    route_handlers=[escalate, list_escalations, get_escalation, list_notifications],
    tags=["escalations"],
    security=[{"bearer": []}],
)
