"""Swaps."""

from uuid import UUID

from litestar import Router, get, post
from litestar.params import FromPath, FromQuery, JSONBody

from oncall_service.core.parameters import TheCore, named_or_none
from oncall_service.schedules import swaps
from oncall_service.schedules.swap_shapes import SwapCreate
from shared.auth import Caller, requires
from shared.contracts.identity import Role
from shared.contracts.rota import SwapView
from shared.contracts.wire import Page
from shared.documented import as_responses
from shared.errors import Conflict, NotFound
from shared.paging import DEFAULT_LIMIT, Cursor, Limit

RESPONDER = [requires(Role.RESPONDER)]
VIEWER = [requires(Role.VIEWER)]
DECIDING = as_responses(NotFound, Conflict)


@post("/", guards=RESPONDER, responses=as_responses(Conflict))
async def offer_swap(core: TheCore, data: JSONBody[SwapCreate], principal: Caller) -> SwapView:
    """Offer a stretch of one's own duty to a member of the team, or to whoever takes it."""
    return await swaps.offer(core, data, principal)


@post("/{swap_id:uuid}/accept", status_code=200, guards=RESPONDER, responses=DECIDING)
async def accept_swap(core: TheCore, swap_id: FromPath[UUID], principal: Caller) -> SwapView:
    """Take it. The first who does gets it; 409 says what became of it."""
    return await swaps.accept(core, swap_id, principal)


@post("/{swap_id:uuid}/decline", status_code=200, guards=RESPONDER, responses=DECIDING)
async def decline_swap(core: TheCore, swap_id: FromPath[UUID], principal: Caller) -> SwapView:
    """Say no to what was offered to oneself."""
    return await swaps.decline(core, swap_id, principal)


@post("/{swap_id:uuid}/withdraw", status_code=200, guards=RESPONDER, responses=DECIDING)
async def withdraw_swap(core: TheCore, swap_id: FromPath[UUID], principal: Caller) -> SwapView:
    """Take one's offer back."""
    return await swaps.withdraw(core, swap_id, principal)


@get("/{swap_id:uuid}", guards=VIEWER)
async def get_swap(core: TheCore, swap_id: FromPath[UUID]) -> SwapView:
    """One offer."""
    return await swaps.get(core, swap_id)


@get("/", guards=VIEWER)
async def list_swaps(
    *,
    core: TheCore,
    schedule: FromQuery[str | None] = None,
    person: FromQuery[str | None] = None,
    open_only: FromQuery[bool] = False,
    limit: Limit = DEFAULT_LIMIT,
    cursor: Cursor = None,
) -> Page[SwapView]:
    """Offers, newest first; of a person those they made, took or were asked to take."""
    return await swaps.listed(
        core,
        schedule=named_or_none("schedule", schedule),
        person=named_or_none("person", person),
        only_open=open_only,
        limit=limit,
        cursor=cursor,
    )


router = Router(
    "/api/v1/swaps",
    route_handlers=[offer_swap, accept_swap, decline_swap, withdraw_swap, get_swap, list_swaps],
    tags=["schedules"],
    security=[{"bearer": []}],
)
