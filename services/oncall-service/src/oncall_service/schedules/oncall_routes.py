"""Who is on call, and the calendar."""

from datetime import timedelta
from typing import Annotated

from litestar import Router, get
from litestar.params import QueryParameter

from oncall_service.core.parameters import TheCore, instant, named
from oncall_service.schedules import oncall
from shared.auth import requires
from shared.contracts.identity import Role
from shared.contracts.oncall_api import CalendarView, CurrentView
from shared.contracts.wire import Page
from shared.documented import as_responses
from shared.errors import NotFound
from shared.paging import DEFAULT_LIMIT, Cursor, Limit

DEFAULT_CALENDAR = timedelta(days=28)


@get("/current", responses=as_responses(NotFound))
async def current(
    core: TheCore,
    team: Annotated[str | None, QueryParameter(description="id or name; without it: all")] = None,
    at: Annotated[
        str | None, QueryParameter(description="ISO 8601 instant with a zone; default: now")
    ] = None,
    limit: Limit = DEFAULT_LIMIT,
    cursor: Cursor = None,
) -> CurrentView | Page[CurrentView]:
    """Who is on call, now or at another instant: for one team, or a page of all teams."""
    instant_of_interest = instant("at", at) or core.clock.now()
    if team is not None:
        return await oncall.current(core, named("team", team), instant_of_interest)
    return await oncall.current_of_all(core, instant_of_interest, limit=limit, cursor=cursor)


@get(["/schedule", "/calendar"], responses=as_responses(NotFound))
async def calendar(
    *,
    core: TheCore,
    team: Annotated[str | None, QueryParameter(description="id or name; without it: all")] = None,
    start: Annotated[
        str | None, QueryParameter(name="from", description="ISO 8601 instant; default: now")
    ] = None,
    until: Annotated[
        str | None, QueryParameter(description="ISO 8601 instant; default: four weeks later")
    ] = None,
    limit: Limit = DEFAULT_LIMIT,
    cursor: Cursor = None,
) -> CalendarView | Page[CalendarView]:
    """The final shifts, without hole or overlap: of one team, or a page of all teams."""
    begins = instant("from", start) or core.clock.now()
    ends = instant("until", until) or begins + DEFAULT_CALENDAR
    if team is not None:
        return await oncall.calendar(core, named("team", team), begins, ends)
    return await oncall.calendar_of_all(core, begins, ends, limit=limit, cursor=cursor)


router = Router(
    "/api/v1/oncall",
    route_handlers=[current, calendar],
    guards=[requires(Role.VIEWER)],
    tags=["on call"],
    security=[{"bearer": []}],
)
