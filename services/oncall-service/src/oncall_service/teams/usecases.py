"""Use cases: teams, and the directory that says which team answers for a service."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from oncall_service.core.audit import note
from oncall_service.core.core import Core, changing
from oncall_service.core.metrics import BY_TEAM, ESCALATIONS, GAPS
from oncall_service.core.store import lookup
from oncall_service.tables import PersonRow, PolicyRow, ServiceRow, TeamRow
from oncall_service.teams import store
from oncall_service.teams.shapes import ServiceCreate, ServiceUpdate, TeamCreate, TeamUpdate
from shared import counters
from shared.contracts.configuration import ServiceView, TeamView
from shared.contracts.identity import Principal
from shared.contracts.wire import Page
from shared.database import driver_connection
from shared.errors import Conflict, FieldError, Invalid, NotFound
from shared.identifiers import new_id
from shared.nulls import refuse_nulls


async def create_team(core: Core, command: TeamCreate, who: Principal) -> TeamView:
    """Add a team; ``Conflict`` if the name is taken."""
    async with changing(core) as session:
        row = await add_team(session, command.name, command.members, core.clock.now())
        view = await _team(session, row)
        await note(core, session, who, "team.created", after=view)
        return view


async def put_team(
    core: Core, reference: str, command: TeamCreate, who: Principal
) -> tuple[TeamView, bool]:
    """Make the team be as described, and whether it is new."""
    async with changing(core) as session:
        row = await lookup.find(session, TeamRow, reference)
        before = None if row is None else await _team(session, row)
        if row is None:
            lookup.must_be_named(TeamRow, reference, command.name)
            row = await add_team(session, command.name, command.members, core.clock.now())
        else:
            row.name = command.name
            await _set_members(session, row.id, command.members)
        await session.flush()
        view = await _team(session, row)
        action = "team.changed" if before else "team.created"
        await note(core, session, who, action, before=before, after=view)
        return view, before is None


async def update_team(core: Core, reference: str, command: TeamUpdate, who: Principal) -> TeamView:
    """Change the given fields."""
    async with changing(core) as session:
        row = await lookup.require(session, TeamRow, reference)
        before = await _team(session, row)
        if command.name is not None:
            row.name = command.name
        if command.members is not None:
            await _set_members(session, row.id, command.members)
        await session.flush()
        view = await _team(session, row)
        await note(core, session, who, "team.changed", before=before, after=view)
        return view


async def get_team(core: Core, reference: str) -> TeamView:
    """One team."""
    async with core.database.session() as session:
        row = await lookup.get(session, TeamRow, reference)
        return await _team(session, row)


async def listed_teams(core: Core, *, limit: int, cursor: str | None) -> Page[TeamView]:
    """Teams in the order of their names."""
    async with core.database.session() as session:
        rows, following = await lookup.page(session, TeamRow, limit=limit, cursor=cursor)
        return Page(items=await store.team_views(session, rows), next_cursor=following)


async def remove_team(core: Core, reference: str, who: Principal) -> None:
    """Remove a team that owns nothing; the catch-all stays, for it answers for everything else."""
    async with changing(core) as session:
        row = await lookup.require(session, TeamRow, reference)
        if row.catch_all:
            raise Conflict(
                "This is the catch-all team: without it an alert of an unknown service would "
                "reach nobody. Rename it or change its members instead."
            )
        used_by = await store.team_uses(session, row.id)
        if used_by:
            raise Conflict(f"{row.name} still owns {', '.join(used_by)}.", used_by=used_by)
        await note(core, session, who, "team.deleted", before=await _team(session, row))
        await session.delete(row)


async def create_service(core: Core, command: ServiceCreate, who: Principal) -> ServiceView:
    """Add an entry to the directory; ``Conflict`` if the service is listed already."""
    async with changing(core) as session:
        row = await _add_service(session, command, core.clock.now())
        view = await _service(session, row)
        await note(core, session, who, "service.created", after=view)
        return view


async def put_service(
    core: Core, reference: str, command: ServiceCreate, who: Principal
) -> tuple[ServiceView, bool]:
    """Make the entry be as described, and whether it is new."""
    async with changing(core) as session:
        row = await lookup.find(session, ServiceRow, reference)
        before = None if row is None else await _service(session, row)
        if row is None:
            lookup.must_be_named(ServiceRow, reference, command.name)
            row = await _add_service(session, command, core.clock.now())
        else:
            row.name = command.name
            await _point(session, row, command)
        await session.flush()
        view = await _service(session, row)
        action = "service.changed" if before else "service.created"
        await note(core, session, who, action, before=before, after=view)
        return view, before is None


async def update_service(
    core: Core, reference: str, command: ServiceUpdate, who: Principal
) -> ServiceView:
    """Change the given fields."""
    refuse_nulls(command, "name", "team")
    async with changing(core) as session:
        row = await lookup.require(session, ServiceRow, reference)
        before = await _service(session, row)
        if command.name is not None:
            row.name = command.name
        await _point(session, row, command)
        await session.flush()
        view = await _service(session, row)
        await note(core, session, who, "service.changed", before=before, after=view)
        return view


async def get_service(core: Core, reference: str) -> ServiceView:
    """One entry of the directory."""
    async with core.database.session() as session:
        row = await lookup.find(session, ServiceRow, reference)
        if row is None:
            raise NotFound(f"There is no service '{reference}' in the directory.")
        return await _service(session, row)


async def listed_services(core: Core, *, limit: int, cursor: str | None) -> Page[ServiceView]:
    """The directory in the order of the names."""
    async with core.database.session() as session:
        rows, following = await lookup.page(session, ServiceRow, limit=limit, cursor=cursor)
        return Page(items=await store.service_views(session, rows), next_cursor=following)


async def remove_service(core: Core, reference: str, who: Principal) -> None:
    """Remove an entry: from then on the catch-all team answers for the service."""
    async with changing(core) as session:
        row = await lookup.require(session, ServiceRow, reference)
        await note(core, session, who, "service.deleted", before=await _service(session, row))
        await session.delete(row)


async def add_team(
    session: AsyncSession,
    name: str,
    members: Sequence[str],
    now: datetime,
    *,
    catch_all: bool = False,
) -> TeamRow:
    """Store a team, and its zero on /metrics."""
    row = TeamRow(id=new_id(), name=name, catch_all=catch_all, created_at=now)
    session.add(row)
    await session.flush()
    await _set_members(session, row.id, members)
    zero = counters.Increments()
    zero.inc(ESCALATIONS, 0, team=name)
    zero.inc(GAPS, 0, team=name)
    async with driver_connection(session) as connection:
        await counters.add(connection, zero)
    return row


async def _team(session: AsyncSession, row: TeamRow) -> TeamView:
    return (await store.team_views(session, [row]))[0]


async def _service(session: AsyncSession, row: ServiceRow) -> ServiceView:
    return (await store.service_views(session, [row]))[0]


async def _set_members(session: AsyncSession, team: UUID, members: Sequence[str]) -> None:
    people = await lookup.refer_all(session, PersonRow, members, "members")
    await store.replace_members(session, team, people)
    await session.flush()


async def _add_service(session: AsyncSession, command: ServiceCreate, now: datetime) -> ServiceRow:
    team = await lookup.refer(session, TeamRow, command.team, "team")
    row = ServiceRow(id=new_id(), name=command.name, team_id=team.id, created_at=now)
    await _point(session, row, command)
    session.add(row)
    await session.flush()
    return row


async def _point(
    session: AsyncSession, row: ServiceRow, command: ServiceCreate | ServiceUpdate
) -> None:
    """Set team and policy; a policy belongs to the team that answers."""
    if command.team is not None:
        row.team_id = (await lookup.refer(session, TeamRow, command.team, "team")).id
    if "policy" in command.model_fields_set or isinstance(command, ServiceCreate):
        row.policy_id = None
        if command.policy is not None:
            row.policy_id = (await lookup.refer(session, PolicyRow, command.policy, "policy")).id
    policy = await session.get(PolicyRow, row.policy_id) if row.policy_id else None
    if policy is not None and policy.team_id != row.team_id:
        raise Invalid([FieldError("policy", f"'{policy.name}' belongs to another team")])


async def forget_gone(core: Core) -> None:
    """Remove the figures of teams and people that are gone (run by an engine)."""
    async with core.database.transaction() as connection:
        await counters.forget(connection, BY_TEAM, await lookup.living(connection))
