"""Use cases: escalation policies."""

from collections.abc import Mapping, Sequence
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from oncall_service.core.audit import note
from oncall_service.core.core import Core, changing
from oncall_service.core.store import lookup
from oncall_service.policies import store
from oncall_service.policies.rules import Goal, Step
from oncall_service.policies.shapes import (
    PolicyCreate,
    PolicyUpdate,
    PolicyView,
    StepModel,
    TargetModel,
)
from oncall_service.policies.webhooks import Webhooks
from oncall_service.tables import PersonRow, PolicyRow, TeamRow
from shared.contracts.identity import Principal
from shared.contracts.wire import Page
from shared.errors import Conflict
from shared.identifiers import new_id
from shared.nulls import refuse_nulls


async def create(core: Core, command: PolicyCreate, who: Principal) -> PolicyView:
    """Add a policy; ``Conflict`` if the name is taken."""
    async with changing(core) as session:
        row, secrets = await add(core, session, command)
        await note(core, session, who, "policy.created", after=await _view(session, row))
        return (await store.views(session, [row], secrets=secrets))[0]


async def put(
    core: Core, reference: str, command: PolicyCreate, who: Principal
) -> tuple[PolicyView, bool]:
    """Make the policy be as described, and whether it is new."""
    async with changing(core) as session:
        known = await lookup.find(session, PolicyRow, reference)
        before = None if known is None else await _view(session, known)
        row, secrets, created = await put_in(core, session, reference, command)
        action = "policy.created" if created else "policy.changed"
        await note(core, session, who, action, before=before, after=await _view(session, row))
        return (await store.views(session, [row], secrets=secrets))[0], created


async def put_in(
    core: Core, session: AsyncSession, reference: str, command: PolicyCreate
) -> tuple[PolicyRow, Mapping[UUID, str], bool]:
    """Likewise, in a transaction of somebody else's; with the secrets of webhooks that are new."""
    row = await lookup.find(session, PolicyRow, reference)
    if row is None:
        lookup.must_be_named(PolicyRow, reference, command.name)
        row, secrets = await add(core, session, command)
        return row, secrets, True
    row.name = command.name
    return row, await _apply(core, session, row, command), False


async def update(core: Core, reference: str, command: PolicyUpdate, who: Principal) -> PolicyView:
    """Change the given fields."""
    refuse_nulls(command, "name", "team", "repeat", "steps")
    async with changing(core) as session:
        row = await lookup.require(session, PolicyRow, reference)
        before = await _view(session, row)
        if command.name is not None:
            row.name = command.name
        secrets = await _apply(core, session, row, command)
        after = await _view(session, row)
        await note(core, session, who, "policy.changed", before=before, after=after)
        return (await store.views(session, [row], secrets=secrets))[0]


async def get(core: Core, reference: str) -> PolicyView:
    """One policy."""
    async with core.database.session() as session:
        row = await lookup.get(session, PolicyRow, reference)
        return await _view(session, row)


async def listed(core: Core, *, limit: int, cursor: str | None) -> Page[PolicyView]:
    """Policies in the order of their names."""
    async with core.database.session() as session:
        rows, following = await lookup.page(session, PolicyRow, limit=limit, cursor=cursor)
        return Page(items=await store.views(session, rows), next_cursor=following)


async def remove(core: Core, reference: str, who: Principal) -> None:
    """Remove a policy no service names; runs under way follow their copy of it."""
    async with changing(core) as session:
        row = await lookup.require(session, PolicyRow, reference)
        used_by = await store.uses(session, row.id)
        if used_by:
            raise Conflict(f"{row.name} is still used by {', '.join(used_by)}.", used_by=used_by)
        called = await store.webhooks(session, row.id)
        await note(core, session, who, "policy.deleted", before=await _view(session, row))
        await session.delete(row)
        await session.flush()
        for webhook in called:
            await session.delete(webhook)


async def add(
    core: Core, session: AsyncSession, command: PolicyCreate
) -> tuple[PolicyRow, Mapping[UUID, str]]:
    """Store a policy; with the secrets of the webhooks it calls."""
    team = await lookup.refer(session, TeamRow, command.team, "team")
    row = PolicyRow(
        id=new_id(),
        name=command.name,
        team_id=team.id,
        repeat=command.repeat,
        created_at=core.clock.now(),
    )
    session.add(row)
    await session.flush()
    return row, await _apply(core, session, row, command)


async def _view(session: AsyncSession, row: PolicyRow) -> PolicyView:
    return (await store.views(session, [row]))[0]


async def _apply(
    core: Core, session: AsyncSession, row: PolicyRow, command: PolicyCreate | PolicyUpdate
) -> Mapping[UUID, str]:
    """Make the policy be as asked; the secrets of webhooks that are new."""
    whole = isinstance(command, PolicyCreate)
    if command.team is not None:
        team = await lookup.refer(session, TeamRow, command.team, "team")
        if team.id != row.team_id and (used_by := await store.uses(session, row.id)):
            raise Conflict(f"{row.name} is still used by {', '.join(used_by)}.", used_by=used_by)
        row.team_id = team.id
    if command.repeat is not None:
        row.repeat = command.repeat
    if whole or "acknowledge_timeout_minutes" in command.model_fields_set:
        row.acknowledge_timeout_minutes = command.acknowledge_timeout_minutes
    if whole or "fallback" in command.model_fields_set:
        row.fallback_id = None
        if command.fallback is not None:
            row.fallback_id = (
                await lookup.refer(session, PersonRow, command.fallback, "fallback")
            ).id
    secrets: Mapping[UUID, str] = {}
    if command.steps is not None:
        webhooks = Webhooks(core, session, await store.webhooks(session, row.id))
        steps = await _steps(session, command.steps, webhooks)
        await store.replace_steps(session, row.id, steps)
        await webhooks.forget_the_rest()
        secrets = webhooks.secrets
    await session.flush()
    return secrets


async def _steps(
    session: AsyncSession, models: Sequence[StepModel], webhooks: Webhooks
) -> list[Step]:
    steps = []
    for index, model in enumerate(models):
        goals = []
        for place, target in enumerate(model.targets):
            field = f"steps.{index}.targets.{place}"
            if model.target is not None:
                field = f"steps.{index}"
            goals.append(await _goal(session, target, webhooks, field))
        severities = frozenset(model.severities) if model.severities else None
        steps.append(Step(tuple(goals), model.delay_minutes, severities, model.hours))
    return steps


async def _goal(session: AsyncSession, target: TargetModel, webhooks: Webhooks, field: str) -> Goal:
    person = team = method = None
    if target.person is not None:
        person = (await lookup.refer(session, PersonRow, target.person, f"{field}.person")).id
    if target.team is not None:
        team = (await lookup.refer(session, TeamRow, target.team, f"{field}.team")).id
    if target.url is not None:
        method = await webhooks.of(target.url, target.secret, f"{field}.url")
    return Goal(target.kind, person, team, method)
