"""Escalation policies in the database."""

from collections import defaultdict
from collections.abc import Collection, Sequence
from uuid import UUID

from sqlalchemy import delete
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from oncall_service.core.store.lookup import refs
from oncall_service.policies.rules import Plan, Step, Target
from oncall_service.policies.shapes import PolicyView, StepView
from oncall_service.tables import PersonRow, PolicyRow, PolicyStepRow, ServiceRow, TeamRow


async def replace_steps(session: AsyncSession, policy: UUID, steps: Sequence[Step]) -> None:
    """Make these the steps."""
    await session.exec(delete(PolicyStepRow).where(col(PolicyStepRow.policy_id) == policy))
    for position, step in enumerate(steps):
        session.add(
            PolicyStepRow(
                policy_id=policy,
                position=position,
                target=step.target,
                delay_minutes=step.delay_minutes,
                person_id=step.person,
            )
        )


async def views(session: AsyncSession, rows: Sequence[PolicyRow]) -> list[PolicyView]:
    """Policies as the API shows them."""
    steps: defaultdict[UUID, list[PolicyStepRow]] = defaultdict(list)
    statement = (
        select(PolicyStepRow)
        .where(col(PolicyStepRow.policy_id).in_([row.id for row in rows]))
        .order_by(col(PolicyStepRow.position))
    )
    for step in await session.exec(statement):
        steps[step.policy_id].append(step)
    people = await refs(
        session,
        PersonRow,
        [
            *(row.fallback_id for row in rows),
            *(step.person_id for group in steps.values() for step in group),
        ],
    )
    teams = await refs(session, TeamRow, (row.team_id for row in rows))
    return [
        PolicyView(
            id=row.id,
            name=row.name,
            team=teams[row.team_id],
            repeat=row.repeat,
            steps=[
                StepView(
                    target=Target(step.target),
                    delay_minutes=step.delay_minutes,
                    person=people[step.person_id] if step.person_id else None,
                )
                for step in steps[row.id]
            ],
            fallback=people[row.fallback_id] if row.fallback_id else None,
            created_at=row.created_at,
        )
        for row in rows
    ]


async def uses(session: AsyncSession, policy: UUID) -> list[str]:
    """Which services name the policy."""
    names = await session.exec(
        select(ServiceRow.name).where(ServiceRow.policy_id == policy).order_by(ServiceRow.name)
    )
    return [f"service '{name}'" for name in names]


async def fallbacks(session: AsyncSession, teams: Collection[UUID]) -> dict[UUID, UUID | None]:
    """The fallback of each team's first policy; teams without a policy are left out."""
    statement = (
        select(PolicyRow)
        .where(col(PolicyRow.team_id).in_(teams))
        .order_by(col(PolicyRow.id).desc())
    )
    # Oldest last, so that it is the one that stays.
    return {row.team_id: row.fallback_id for row in await session.exec(statement)}


async def first_of(session: AsyncSession, team: UUID) -> PolicyRow | None:
    """The oldest policy of a team: the one it is paged by, unless a service names another."""
    oldest = select(PolicyRow).where(PolicyRow.team_id == team).order_by(col(PolicyRow.id))
    return (await session.exec(oldest)).first()


async def plan(session: AsyncSession, policy: PolicyRow) -> Plan:
    """What a run by this policy follows."""
    statement = (
        select(PolicyStepRow)
        .where(PolicyStepRow.policy_id == policy.id)
        .order_by(col(PolicyStepRow.position))
    )
    return Plan(
        steps=tuple(
            Step(Target(row.target), row.delay_minutes, row.person_id)
            for row in await session.exec(statement)
        ),
        repeat=policy.repeat,
        fallback=policy.fallback_id,
    )
