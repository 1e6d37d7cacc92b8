"""Teams and the directory of services in the database."""

from collections import defaultdict
from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import delete
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from oncall_service.core.store.lookup import refs
from oncall_service.tables import (
    MemberRow,
    PersonRow,
    PolicyRow,
    PolicyTargetRow,
    ScheduleRow,
    ServiceRow,
    TeamRow,
)
from shared.contracts.configuration import ServiceView, TeamView
from shared.contracts.wire import Ref


async def replace_members(session: AsyncSession, team: UUID, people: Sequence[PersonRow]) -> None:
    """Make these the members, in this order, each once."""
    await session.exec(delete(MemberRow).where(col(MemberRow.team_id) == team))
    for position, person in enumerate(dict.fromkeys(person.id for person in people)):
        session.add(MemberRow(team_id=team, person_id=person, position=position))


async def team_views(session: AsyncSession, rows: Sequence[TeamRow]) -> list[TeamView]:
    """Teams as the API shows them."""
    members: defaultdict[UUID, list[Ref]] = defaultdict(list)
    statement = (
        select(MemberRow.team_id, PersonRow.id, PersonRow.name)
        .join(PersonRow, col(PersonRow.id) == MemberRow.person_id)
        .where(col(MemberRow.team_id).in_([row.id for row in rows]))
        .order_by(col(MemberRow.position))
    )
    for team, person, name in await session.exec(statement):
        members[team].append(Ref(id=person, name=name))
    return [
        TeamView(
            id=row.id,
            name=row.name,
            catch_all=row.catch_all,
            members=members[row.id],
            created_at=row.created_at,
        )
        for row in rows
    ]


async def team_uses(session: AsyncSession, team: UUID) -> list[str]:
    """What belongs to a team and would be left without one."""
    found = []
    for table, kind in ((ServiceRow, "service"), (ScheduleRow, "schedule"), (PolicyRow, "policy")):
        names = await session.exec(
            select(table.name).where(table.team_id == team).order_by(table.name)
        )
        found += [f"{kind} '{name}'" for name in names]
    asking = await session.exec(
        select(PolicyRow.name)
        .join(PolicyTargetRow, col(PolicyTargetRow.policy_id) == PolicyRow.id)
        .where(PolicyTargetRow.team_id == team)
        .distinct()
    )
    return [*found, *(f"a step of policy '{name}'" for name in asking)]


async def service_views(session: AsyncSession, rows: Sequence[ServiceRow]) -> list[ServiceView]:
    """Entries of the directory as the API shows them."""
    teams = await refs(session, TeamRow, (row.team_id for row in rows))
    policies = await refs(session, PolicyRow, (row.policy_id for row in rows))
    return [
        ServiceView(
            id=row.id,
            name=row.name,
            team=teams[row.team_id],
            policy=policies[row.policy_id] if row.policy_id else None,
            created_at=row.created_at,
        )
        for row in rows
    ]


async def first(session: AsyncSession, limit: int) -> list[TeamRow]:
    """The first teams in the order of their names."""
    statement = select(TeamRow).order_by(TeamRow.name).limit(limit)
    return list((await session.exec(statement)).all())


async def every(session: AsyncSession) -> list[TeamRow]:
    """Every team, in the order of their names."""
    return list((await session.exec(select(TeamRow).order_by(TeamRow.name))).all())


async def service_names(session: AsyncSession) -> list[str]:
    """Every service of the directory, by name."""
    return list((await session.exec(select(ServiceRow.name).order_by(ServiceRow.name))).all())


async def catch_all(session: AsyncSession) -> TeamRow:
    """The team that answers for every service nobody claimed; there always is one."""
    return (await session.exec(select(TeamRow).where(col(TeamRow.catch_all)))).one()


async def members(session: AsyncSession, team: UUID) -> tuple[UUID, ...]:
    """The members of a team, in their order."""
    statement = (
        select(MemberRow.person_id)
        .where(MemberRow.team_id == team)
        .order_by(col(MemberRow.position))
    )
    return tuple(await session.exec(statement))
