"""Escalation policies."""

from litestar import Response, Router, delete, get, patch, post, put
from litestar.params import JSONBody

from oncall_service.core.parameters import Named, TheCore, named
from oncall_service.policies import usecases as policies
from oncall_service.policies.shapes import PolicyCreate, PolicyUpdate, PolicyView
from shared.auth import Caller, requires
from shared.contracts.identity import Role
from shared.contracts.wire import Page
from shared.documented import or_created
from shared.paging import DEFAULT_LIMIT, Cursor, Limit

ADMIN = [requires(Role.ADMIN)]
VIEWER = [requires(Role.VIEWER)]


@post("/", guards=ADMIN)
async def create_policy(
    core: TheCore, data: JSONBody[PolicyCreate], principal: Caller
) -> PolicyView:
    """Add an escalation policy."""
    return await policies.create(core, data, principal)


@put("/{reference:str}", guards=ADMIN, responses=or_created(PolicyView))
async def put_policy(
    core: TheCore, reference: Named, data: JSONBody[PolicyCreate], principal: Caller
) -> Response[PolicyView]:
    """Create (201) or replace (200): repeating it changes nothing."""
    view, created = await policies.put(core, named("policy", reference), data, principal)
    return Response(view, status_code=201 if created else 200)


@patch("/{reference:str}", guards=ADMIN)
async def change_policy(
    core: TheCore, reference: Named, data: JSONBody[PolicyUpdate], principal: Caller
) -> PolicyView:
    """Change the given fields."""
    return await policies.update(core, named("policy", reference), data, principal)


@get("/{reference:str}", guards=VIEWER)
async def get_policy(core: TheCore, reference: Named) -> PolicyView:
    """One policy, by id or name."""
    return await policies.get(core, named("policy", reference))


@get("/", guards=VIEWER)
async def list_policy(
    core: TheCore, limit: Limit = DEFAULT_LIMIT, cursor: Cursor = None
) -> Page[PolicyView]:
    """Policies in the order of their names."""
    return await policies.listed(core, limit=limit, cursor=cursor)


@delete("/{reference:str}", guards=ADMIN)
async def delete_policy(core: TheCore, reference: Named, principal: Caller) -> None:
    """Remove a policy that no service names."""
    await policies.remove(core, named("policy", reference), principal)


router = Router(
    "/api/v1/policies",
    route_handlers=[
        create_policy,
        put_policy,
        change_policy,
        get_policy,
        list_policy,
        delete_policy,
    ],
    tags=["policies"],
    security=[{"bearer": []}],
)
