"""Schedules and overrides."""

from dataclasses import dataclass
from typing import Annotated, Any
from uuid import UUID

from litestar import Request, Response, Router, delete, get, patch, post, put
from litestar.openapi.spec import OpenAPIMediaType, OpenAPIType, Operation, RequestBody, Schema
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter

from oncall_service.core.parameters import Named, TheCore, When, instant, named, named_or_none
from oncall_service.schedules import imports, overrides
from oncall_service.schedules import usecases as schedules
from oncall_service.schedules.ical import MEDIA_TYPE
from oncall_service.schedules.import_shapes import ImportView
from oncall_service.schedules.shapes import (
    OverrideCreate,
    OverrideUpdate,
    ScheduleCreate,
    ScheduleUpdate,
    ScheduleView,
)
from shared.app import media_type_check
from shared.auth import Caller, requires
from shared.contracts.identity import Role
from shared.contracts.rota import Duty, OverrideView
from shared.contracts.wire import Page
from shared.documented import or_created, or_unchanged
from shared.paging import DEFAULT_LIMIT, Cursor, Limit

ADMIN = [requires(Role.ADMIN)]
LARGEST_CALENDAR = 1024 * 1024
VIEWER = [requires(Role.VIEWER)]


@post("/", guards=ADMIN)
async def create_schedule(
    core: TheCore, data: JSONBody[ScheduleCreate], principal: Caller
) -> ScheduleView:
    """Add the schedule of a team."""
    return await schedules.create(core, data, principal)


@put("/{reference:str}", guards=ADMIN, responses=or_created(ScheduleView))
async def put_schedule(
    core: TheCore, reference: Named, data: JSONBody[ScheduleCreate], principal: Caller
) -> Response[ScheduleView]:
    """Create (201) or replace (200): repeating it changes nothing."""
    view, created = await schedules.put(core, named("schedule", reference), data, principal)
    return Response(view, status_code=201 if created else 200)


@patch("/{reference:str}", guards=ADMIN)
async def change_schedule(
    core: TheCore, reference: Named, data: JSONBody[ScheduleUpdate], principal: Caller
) -> ScheduleView:
    """Change the given fields."""
    return await schedules.update(core, named("schedule", reference), data, principal)


@get("/{reference:str}", guards=VIEWER)
async def get_schedule(core: TheCore, reference: Named) -> ScheduleView:
    """One schedule, by id or name."""
    return await schedules.get(core, named("schedule", reference))


@get("/", guards=VIEWER)
async def list_schedule(
    core: TheCore, limit: Limit = DEFAULT_LIMIT, cursor: Cursor = None
) -> Page[ScheduleView]:
    """Schedules in the order of their names."""
    return await schedules.listed(core, limit=limit, cursor=cursor)


@delete("/{reference:str}", guards=ADMIN)
async def delete_schedule(core: TheCore, reference: Named, principal: Caller) -> None:
    """Remove a schedule: its team has nobody on call from then on."""
    await schedules.remove(core, named("schedule", reference), principal)


@dataclass
class _Calendar(Operation):
    """The raw body for OpenAPI: the handler reads it itself."""

    def __post_init__(self) -> None:
        """Add what the signature does not say."""
        self.request_body = RequestBody(
            description="an iCalendar (RFC 5545)",
            required=True,
            content={MEDIA_TYPE: OpenAPIMediaType(schema=Schema(type=OpenAPIType.STRING))},
        )


@post(
    "/{reference:str}/import",
    status_code=200,
    guards=ADMIN,
    request_max_body_size=LARGEST_CALENDAR,
    before_request=media_type_check([MEDIA_TYPE]),
    operation_class=_Calendar,
)
async def import_calendar(
    *,
    core: TheCore,
    request: Request[Any, Any, Any],
    reference: Named,
    principal: Caller,
    person: Annotated[
        str | None, QueryParameter(description="whom all events are about; default: each says it")
    ] = None,
    role: FromQuery[Duty] = Duty.PRIMARY,
    source: Annotated[
        str | None,
        QueryParameter(max_length=500, description="tells calendars apart; default: its name"),
    ] = None,
    partial: Annotated[
        bool, QueryParameter(description="leave out events that nobody is found for")
    ] = False,
) -> ImportView:
    """Make a calendar be overrides for the next 366 days; the same one again changes nothing.

    What has vanished from it since is removed. Who an event is about says the address of an
    attendee, or a name in its summary.
    """
    return await imports.bring_in(
        core,
        named("schedule", reference),
        await request.body(),
        imports.Asked(
            person=named_or_none("person", person),
            duty=role,
            source=named_or_none("source", source),
            partial=partial,
        ),
        principal,
    )


schedule_router = Router(
    "/api/v1/schedules",
    route_handlers=[
        create_schedule,
        put_schedule,
        change_schedule,
        get_schedule,
        list_schedule,
        delete_schedule,
        import_calendar,
    ],
    tags=["schedules"],
    security=[{"bearer": []}],
)


@post("/", guards=[requires(Role.RESPONDER)], responses=or_unchanged(OverrideView))
async def create_override(
    core: TheCore, data: JSONBody[OverrideCreate], principal: Caller
) -> Response[OverrideView]:
    """Let somebody take a shift (201); the same one again changes nothing (200).

    A responder may take a shift of their own team, and give one of their own to a member of it.
    """
    view, created = await overrides.create(core, data, principal)
    return Response(view, status_code=201 if created else 200)


@patch("/{override_id:uuid}", guards=ADMIN)
async def change_override(
    core: TheCore, override_id: FromPath[UUID], data: JSONBody[OverrideUpdate], principal: Caller
) -> OverrideView:
    """Change the given fields."""
    return await overrides.update(core, override_id, data, principal)


@get("/{override_id:uuid}", guards=VIEWER)
async def get_override(core: TheCore, override_id: FromPath[UUID]) -> OverrideView:
    """One override."""
    return await overrides.get(core, override_id)


@get("/", guards=VIEWER)
async def list_overrides(
    core: TheCore,
    schedule: FromQuery[str | None] = None,
    since: When = None,
    limit: Limit = DEFAULT_LIMIT,
    cursor: Cursor = None,
) -> Page[OverrideView]:
    """Overrides, newest first; `since` leaves out those that ended before."""
    return await overrides.listed(
        core,
        schedule=named_or_none("schedule", schedule),
        since=instant("since", since),
        limit=limit,
        cursor=cursor,
    )


@delete("/{override_id:uuid}", guards=ADMIN)
async def delete_override(core: TheCore, override_id: FromPath[UUID], principal: Caller) -> None:
    """Give the shift back to the layers."""
    await overrides.remove(core, override_id, principal)


override_router = Router(
    "/api/v1/overrides",
    route_handlers=[
        create_override,
        change_override,
        get_override,
        list_overrides,
        delete_override,
    ],
    tags=["schedules"],
    security=[{"bearer": []}],
)
