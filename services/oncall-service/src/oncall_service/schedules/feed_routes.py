"""Calendars to subscribe to: making and revoking an address, and what is found there."""

from typing import Annotated, Any
from uuid import UUID

from litestar import Request, Response, Router, delete, get, post
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import FromPath, JSONBody, PathParameter

from oncall_service.core.parameters import TheCore
from oncall_service.schedules import feeds, ical
from oncall_service.schedules.feed_shapes import FeedCreate
from shared.auth import Caller, requires
from shared.contracts.identity import Role
from shared.contracts.rota import FeedCreated, FeedView
from shared.contracts.wire import Page
from shared.paging import DEFAULT_LIMIT, Cursor, Limit

VIEWER = [requires(Role.VIEWER)]


@post("/", guards=VIEWER)
async def create_feed(core: TheCore, data: JSONBody[FeedCreate], principal: Caller) -> FeedCreated:
    """Make a secret address for a calendar: one's own, or of a team of one's own."""
    return await feeds.create(core, data, principal)


@get("/", guards=VIEWER)
async def list_feeds(
    core: TheCore, principal: Caller, limit: Limit = DEFAULT_LIMIT, cursor: Cursor = None
) -> Page[FeedView]:
    """Calendars that the caller may revoke, newest first, revoked ones included."""
    return await feeds.listed(core, principal, limit=limit, cursor=cursor)


@delete("/{feed_id:uuid}", guards=VIEWER)
async def revoke_feed(core: TheCore, feed_id: FromPath[UUID], principal: Caller) -> None:
    """Let the address lead nowhere, at once and for ever."""
    await feeds.revoke(core, feed_id, principal)


feed_router = Router(
    "/api/v1/calendar-feeds",
    route_handlers=[create_feed, list_feeds, revoke_feed],
    tags=["calendars"],
    security=[{"bearer": []}],
)


@get(
    "/{file:str}",
    media_type=ical.MEDIA_TYPE,
    responses={304: ResponseSpec(None, description="It is as the entity tag of the request says.")},
)
async def get_calendar(
    core: TheCore,
    request: Request[Any, Any, Any],
    file: Annotated[
        str, PathParameter(max_length=200, description="the secret address, which ends in .ics")
    ],
) -> Response[bytes]:
    """The last 30 and the next 180 days as iCalendar, for whoever knows the address."""
    found = await feeds.published(core, file)
    headers = {"ETag": found.etag, "Cache-Control": "private, no-cache"}
    known = request.headers.get("if-none-match", "")
    if found.etag in (one.strip().removeprefix("W/") for one in known.split(",")):
        return Response(b"", status_code=304, headers=headers, media_type=ical.MEDIA_TYPE)
    return Response(found.content, headers=headers, media_type=ical.MEDIA_TYPE)


calendar_router = Router(
    feeds.CALENDARS_PATH, route_handlers=[get_calendar], tags=["calendars"], security=[{}]
)
