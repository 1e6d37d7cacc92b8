"""Teams, and the directory of the services they answer for."""

from litestar import Response, Router, delete, get, patch, post, put
from litestar.params import JSONBody

from oncall_service.core.parameters import Named, TheCore, named
from oncall_service.teams import usecases as teams
from oncall_service.teams.shapes import ServiceCreate, ServiceUpdate, TeamCreate, TeamUpdate
from shared.auth import Caller, requires
from shared.contracts.configuration import ServiceView, TeamView
from shared.contracts.identity import Role
from shared.contracts.wire import Page
from shared.documented import or_created
from shared.paging import DEFAULT_LIMIT, Cursor, Limit

ADMIN = [requires(Role.ADMIN)]
VIEWER = [requires(Role.VIEWER)]


@post("/", guards=ADMIN)
async def create_team(core: TheCore, data: JSONBody[TeamCreate], principal: Caller) -> TeamView:
    """Add a team."""
    return await teams.create_team(core, data, principal)


@put("/{reference:str}", guards=ADMIN, responses=or_created(TeamView))
async def put_team(
    core: TheCore, reference: Named, data: JSONBody[TeamCreate], principal: Caller
) -> Response[TeamView]:
    """Create (201) or replace (200): repeating it changes nothing."""
    view, created = await teams.put_team(core, named("team", reference), data, principal)
    return Response(view, status_code=201 if created else 200)


@patch("/{reference:str}", guards=ADMIN)
async def change_team(
    core: TheCore, reference: Named, data: JSONBody[TeamUpdate], principal: Caller
) -> TeamView:
    """Change the given fields."""
    return await teams.update_team(core, named("team", reference), data, principal)


@get("/{reference:str}", guards=VIEWER)
async def get_team(core: TheCore, reference: Named) -> TeamView:
    """One team, by id or name."""
    return await teams.get_team(core, named("team", reference))


@get("/", guards=VIEWER)
async def list_team(
    core: TheCore, limit: Limit = DEFAULT_LIMIT, cursor: Cursor = None
) -> Page[TeamView]:
    """Teams in the order of their names."""
    return await teams.listed_teams(core, limit=limit, cursor=cursor)


@delete("/{reference:str}", guards=ADMIN)
async def delete_team(core: TheCore, reference: Named, principal: Caller) -> None:
    """Remove a team that owns nothing; 409 says what it owns."""
    await teams.remove_team(core, named("team", reference), principal)


team_router = Router(
    "/api/v1/teams",
    route_handlers=[
        create_team,
        put_team,
        change_team,
        get_team,
        list_team,
        delete_team,
    ],
    tags=["teams"],
    security=[{"bearer": []}],
)


@post("/", guards=ADMIN)
async def create_service(
    core: TheCore, data: JSONBody[ServiceCreate], principal: Caller
) -> ServiceView:
    """Say which team answers for a service."""
    return await teams.create_service(core, data, principal)


@put("/{reference:str}", guards=ADMIN, responses=or_created(ServiceView))
async def put_service(
    core: TheCore, reference: Named, data: JSONBody[ServiceCreate], principal: Caller
) -> Response[ServiceView]:
    """Create (201) or replace (200): repeating it changes nothing."""
    view, created = await teams.put_service(core, named("service", reference), data, principal)
    return Response(view, status_code=201 if created else 200)


@patch("/{reference:str}", guards=ADMIN)
async def change_service(
    core: TheCore, reference: Named, data: JSONBody[ServiceUpdate], principal: Caller
) -> ServiceView:
    """Change the given fields."""
    return await teams.update_service(core, named("service", reference), data, principal)


@get("/{reference:str}", guards=VIEWER)
async def get_service(core: TheCore, reference: Named) -> ServiceView:
    """One entry of the directory."""
    return await teams.get_service(core, named("service", reference))


@get("/", guards=VIEWER)
async def list_service(
    core: TheCore, limit: Limit = DEFAULT_LIMIT, cursor: Cursor = None
) -> Page[ServiceView]:
    """The directory in the order of the names."""
    return await teams.listed_services(core, limit=limit, cursor=cursor)


@delete("/{reference:str}", guards=ADMIN)
async def delete_service(core: TheCore, reference: Named, principal: Caller) -> None:
    """Remove an entry: the catch-all team answers from then on."""
    await teams.remove_service(core, named("service", reference), principal)


service_router = Router(
    "/api/v1/services",
    route_handlers=[
        create_service,
        put_service,
        change_service,
        get_service,
        list_service,
        delete_service,
    ],
    tags=["services"],
    security=[{"bearer": []}],
)
