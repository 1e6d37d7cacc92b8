"""Use cases: escalation policies."""

from collections.abc import Sequence
from datetime import datetime

from sqlmodel.ext.asyncio.session import AsyncSession

from oncall_service.core.core import Core, changing
from oncall_service.core.store import lookup
from oncall_service.policies import store
from oncall_service.policies.rules import Step
from oncall_service.policies.shapes import PolicyCreate, PolicyUpdate, PolicyView, StepModel
from oncall_service.tables import PersonRow, PolicyRow, TeamRow
from shared.contracts.wire import Page
from shared.errors import Conflict
from shared.identifiers import new_id
from shared.nulls import refuse_nulls


async def create(core: Core, command: PolicyCreate) -> PolicyView:
    """Add a policy; ``Conflict`` if the name is taken."""
    async with changing(core) as session:
        row = await add(session, command, core.clock.now())
        return (await store.views(session, [row]))[0]


async def put(core: Core, reference: str, command: PolicyCreate) -> tuple[PolicyView, bool]:
    """Make the policy be as described, and whether it is new."""
    async with changing(core) as session:
        row = await lookup.find(session, PolicyRow, reference)
        created = row is None
        if row is None:
            lookup.must_be_named(PolicyRow, reference, command.name)
            row = await add(session, command, core.clock.now())
        else:
            row.name = command.name
            await _apply(session, row, command)
        return (await store.views(session, [row]))[0], created


async def update(core: Core, reference: str, command: PolicyUpdate) -> PolicyView:
    """Change the given fields."""
    refuse_nulls(command, "name", "team", "repeat", "steps")
    async with changing(core) as session:
        row = await lookup.require(session, PolicyRow, reference)
        if command.name is not None:
            row.name = command.name
        await _apply(session, row, command)
        return (await store.views(session, [row]))[0]


async def get(core: Core, reference: str) -> PolicyView:
    """One policy."""
    async with core.database.session() as session:
        row = await lookup.get(session, PolicyRow, reference)
        return (await store.views(session, [row]))[0]


async def listed(core: Core, *, limit: int, cursor: str | None) -> Page[PolicyView]:
    """Policies in the order of their names."""
    async with core.database.session() as session:
        rows, following = await lookup.page(session, PolicyRow, limit=limit, cursor=cursor)
        return Page(items=await store.views(session, rows), next_cursor=following)


async def remove(core: Core, reference: str) -> None:
    """Remove a policy no service names; runs under way follow their copy of it."""
    async with changing(core) as session:
        row = await lookup.require(session, PolicyRow, reference)
        used_by = await store.uses(session, row.id)
        if used_by:
            raise Conflict(f"{row.name} is still used by {', '.join(used_by)}.", used_by=used_by)
        await session.delete(row)


async def add(session: AsyncSession, command: PolicyCreate, now: datetime) -> PolicyRow:
    """Store a policy."""
    team = await lookup.refer(session, TeamRow, command.team, "team")
    row = PolicyRow(
        id=new_id(), name=command.name, team_id=team.id, repeat=command.repeat, created_at=now
    )
    session.add(row)
    await session.flush()
    await _apply(session, row, command)
    return row


async def _apply(
    session: AsyncSession, row: PolicyRow, command: PolicyCreate | PolicyUpdate
) -> None:
    if command.team is not None:
        team = await lookup.refer(session, TeamRow, command.team, "team")
        if team.id != row.team_id and (used_by := await store.uses(session, row.id)):
            raise Conflict(f"{row.name} is still used by {', '.join(used_by)}.", used_by=used_by)
        row.team_id = team.id
    if command.repeat is not None:
        row.repeat = command.repeat
    if "fallback" in command.model_fields_set or isinstance(command, PolicyCreate):
        row.fallback_id = None
        if command.fallback is not None:
            row.fallback_id = (
                await lookup.refer(session, PersonRow, command.fallback, "fallback")
            ).id
    if command.steps is not None:
        await store.replace_steps(session, row.id, await _steps(session, command.steps))
    await session.flush()


async def _steps(session: AsyncSession, models: Sequence[StepModel]) -> list[Step]:
    steps = []
    for index, model in enumerate(models):
        person = None
        if model.person is not None:
            field = f"steps.{index}.person"
            person = (await lookup.refer(session, PersonRow, model.person, field)).id
        steps.append(Step(model.target, model.delay_minutes, person))
    return steps
