"""Escalation policies in the database."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from uuid import UUID

from sqlalchemy import delete
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from oncall_service.core.store.lookup import refs
from oncall_service.notifications.channels import registry
from oncall_service.people.store import methods_by_ids
from oncall_service.policies.rules import Goal, Plan, Step, Target, WorkingTime
from oncall_service.policies.shapes import PolicyView, StepView, TargetView
from oncall_service.tables import (
    ContactMethodRow,
    PersonRow,
    PolicyRow,
    PolicyStepRow,
    PolicyTargetRow,
    ServiceRow,
    TeamRow,
)
from shared.contracts.wire import Severity


async def replace_steps(session: AsyncSession, policy: UUID, steps: Sequence[Step]) -> None:
    """Make these the steps."""
    for table in (PolicyStepRow, PolicyTargetRow):
        await session.exec(delete(table).where(col(table.policy_id) == policy))
    for position, step in enumerate(steps):
        first = step.goals[0]
        session.add(
            PolicyStepRow(
                policy_id=policy,
                position=position,
                target=first.target,
                person_id=first.person,
                delay_minutes=step.delay_minutes,
                severities=sorted(step.severities) if step.severities else None,
                hours=step.hours,
            )
        )
        session.add_all(
            PolicyTargetRow(
                policy_id=policy,
                position=position,
                place=place,
                kind=goal.target,
                person_id=goal.person,
                team_id=goal.team,
                contact_method_id=goal.method,
            )
            for place, goal in enumerate(step.goals)
        )


async def steps_of(session: AsyncSession, policies: Collection[UUID]) -> dict[UUID, list[Step]]:
    """The steps of policies, in their order."""
    goals: defaultdict[tuple[UUID, int], list[Goal]] = defaultdict(list)
    targets = (
        select(PolicyTargetRow)
        .where(col(PolicyTargetRow.policy_id).in_(policies))
        .order_by(col(PolicyTargetRow.place))
    )
    for row in await session.exec(targets):
        goals[row.policy_id, row.position].append(
            Goal(Target(row.kind), row.person_id, row.team_id, row.contact_method_id)
        )
    found: defaultdict[UUID, list[Step]] = defaultdict(list)
    statement = (
        select(PolicyStepRow)
        .where(col(PolicyStepRow.policy_id).in_(policies))
        .order_by(col(PolicyStepRow.position))
    )
    for step in await session.exec(statement):
        found[step.policy_id].append(
            Step(
                goals=tuple(goals[step.policy_id, step.position]),
                delay_minutes=step.delay_minutes,
                severities=frozenset(map(Severity, step.severities)) if step.severities else None,
                hours=WorkingTime(step.hours) if step.hours else None,
            )
        )
    return found


async def webhooks(session: AsyncSession, policy: UUID) -> list[ContactMethodRow]:
    """The webhooks that the steps of a policy call."""
    statement = (
        select(ContactMethodRow)
        .join(PolicyTargetRow, col(PolicyTargetRow.contact_method_id) == ContactMethodRow.id)
        .where(PolicyTargetRow.policy_id == policy)
        .order_by(col(PolicyTargetRow.position), col(PolicyTargetRow.place))
    )
    return list((await session.exec(statement)).all())


async def views(
    session: AsyncSession, rows: Sequence[PolicyRow], *, secrets: Mapping[UUID, str] | None = None
) -> list[PolicyView]:
    """Policies as the API shows them; ``secrets`` of webhooks that were made just now."""
    steps = await steps_of(session, [row.id for row in rows])
    every = [goal for group in steps.values() for step in group for goal in step.goals]
    people = await refs(
        session,
        PersonRow,
        [*(row.fallback_id for row in rows), *(goal.person for goal in every)],
    )
    teams = await refs(
        session, TeamRow, [*(row.team_id for row in rows), *(goal.team for goal in every)]
    )
    called = await methods_by_ids(session, [goal.method for goal in every if goal.method])
    urls = {method.id: registry.shown(method.channel, method.target) for method in called}

    def target(goal: Goal) -> TargetView:
        return TargetView(
            kind=goal.target,
            person=people[goal.person] if goal.person else None,
            team=teams[goal.team] if goal.team else None,
            url=urls[goal.method] if goal.method else None,
            secret=(secrets or {}).get(goal.method) if goal.method else None,
        )

    return [
        PolicyView(
            id=row.id,
            name=row.name,
            team=teams[row.team_id],
            repeat=row.repeat,
            steps=[
                StepView(
                    target=step.goals[0].target,
                    delay_minutes=step.delay_minutes,
                    person=people[step.goals[0].person] if step.goals[0].person else None,
                    targets=[target(goal) for goal in step.goals],
                    severities=(
                        sorted(step.severities, key=list(Severity).index)
                        if step.severities
                        else None
                    ),
                    hours=step.hours,
                )
                for step in steps[row.id]
            ],
            fallback=people[row.fallback_id] if row.fallback_id else None,
            acknowledge_timeout_minutes=row.acknowledge_timeout_minutes,
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
    return Plan(
        steps=tuple((await steps_of(session, [policy.id]))[policy.id]),
        repeat=policy.repeat,
        fallback=policy.fallback_id,
        acknowledge_timeout_minutes=policy.acknowledge_timeout_minutes,
    )
