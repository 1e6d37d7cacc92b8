"""From an incident to the team, the policy and the people: the directory, read for one page."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from oncall_service.core.store import lookup
from oncall_service.core.zones import zone
from oncall_service.notifications import store as notifications
from oncall_service.paging.rules import Plan, Roster, Step, Target
from oncall_service.schedules import store as schedules
from oncall_service.schedules.rotation import Hours
from oncall_service.schedules.rules import OnCall, on_call_at
from oncall_service.tables import (
    ContactMethodRow,
    MemberRow,
    PersonRow,
    PolicyRow,
    PolicyStepRow,
    ServiceRow,
    TeamRow,
)
from shared.contracts.identity import Role
from shared.contracts.wire import Ref

BUILT_IN = "built-in"

# What a team without a policy gets: everybody is asked in turn, and then asked again.
BUILT_IN_PLAN = Plan(
    steps=(Step(Target.PRIMARY, 5), Step(Target.SECONDARY, 5), Step(Target.TEAM, 10)), repeat=2
)


@dataclass(frozen=True, slots=True)
class Route:
    """Which team answers, and how it is paged."""

    team: UUID
    team_name: str
    policy_name: str
    plan: Plan


@dataclass(frozen=True, slots=True)
class Reachable:
    """A person, how they are reached, and when trouble that can wait may reach them."""

    ref: Ref
    methods: tuple[ContactMethodRow, ...]
    working_hours: tuple[Hours, ...]
    zone: ZoneInfo


async def route(session: AsyncSession, *, service: str, team: str | None) -> Route:
    """The team the incident names, else the one the directory names, else the catch-all."""
    entry = await lookup.find(session, ServiceRow, service) if service else None
    owner = await lookup.find(session, TeamRow, team) if team else None
    if owner is None and entry is not None:
        owner = await session.get(TeamRow, entry.team_id)
    if owner is None:
        owner = (await session.exec(select(TeamRow).where(col(TeamRow.catch_all)))).one()
    policy = None
    if entry is not None and entry.policy_id is not None and entry.team_id == owner.id:
        policy = await session.get(PolicyRow, entry.policy_id)
    if policy is None:
        oldest = select(PolicyRow).where(PolicyRow.team_id == owner.id).order_by(col(PolicyRow.id))
        policy = (await session.exec(oldest)).first()
    if policy is None:
        return Route(owner.id, owner.name, BUILT_IN, BUILT_IN_PLAN)
    return Route(owner.id, owner.name, policy.name, await _plan(session, policy))


async def roster(session: AsyncSession, team: UUID, plan: Plan, now: datetime) -> Roster:
    """Everybody a step of this team's run may reach at ``now``."""
    reachable = select(ContactMethodRow.person_id).where(col(ContactMethodRow.enabled))
    catch_all = (await session.exec(select(TeamRow.id).where(col(TeamRow.catch_all)))).first()
    admins = await session.exec(
        select(PersonRow.id).where(PersonRow.role == Role.ADMIN).order_by(col(PersonRow.id))
    )
    on_call = await _on_call(session, team, now)
    return Roster(
        reachable=frozenset(await session.exec(reachable)),
        primary=on_call.primary,
        secondary=on_call.secondary,
        members=await _members(session, team),
        fallback=plan.fallback,
        last_resort=(*(await _members(session, catch_all) if catch_all else ()), *admins),
    )


class Directory:
    """Routes, rosters and contact methods as one transaction reads them: each once.

    A storm asks the same of them a thousand times.
    """

    def __init__(self, session: AsyncSession, now: datetime) -> None:
        self._session = session
        self._now = now
        self._teams: dict[str, str | None] = {}
        self._routes: dict[tuple[str, str | None], Route] = {}
        self._rosters: dict[tuple[UUID, UUID | None], Roster] = {}
        self._scheduled: dict[UUID, bool] = {}
        self._people: dict[UUID, Reachable] = {}

    async def known_team(self, name: str | None) -> str | None:
        """The team by the name it has here; None for one that is unknown."""
        if not name:
            return None
        if name not in self._teams:
            team = await lookup.find(self._session, TeamRow, name)
            self._teams[name] = team.name if team else None
        return self._teams[name]

    async def route(self, *, service: str, team: str | None) -> Route:
        """See :func:`route`."""
        if (service, team) not in self._routes:
            self._routes[service, team] = await route(self._session, service=service, team=team)
        return self._routes[service, team]

    async def roster(self, team: UUID, plan: Plan) -> Roster:
        """See :func:`roster`."""
        if (team, plan.fallback) not in self._rosters:
            found = await roster(self._session, team, plan, self._now)
            self._rosters[team, plan.fallback] = found
        return self._rosters[team, plan.fallback]

    async def has_schedule(self, team: UUID) -> bool:
        """Whether the team has a rotation at all."""
        if team not in self._scheduled:
            self._scheduled[team] = await schedules.of_team(self._session, team) is not None
        return self._scheduled[team]

    async def people(self, ids: Iterable[UUID]) -> dict[UUID, Reachable]:
        """People, and how they are reached; whoever does not exist is left out."""
        wanted = list(ids)
        missing = [one for one in wanted if one not in self._people]
        if missing:
            methods = await notifications.enabled_methods(self._session, missing)
            rows = await self._session.exec(select(PersonRow).where(col(PersonRow.id).in_(missing)))
            for row in rows:
                self._people[row.id] = Reachable(
                    Ref(id=row.id, name=row.name),
                    tuple(methods[row.id]),
                    tuple(schedules.hours_of(stored) for stored in row.working_hours or ()),
                    zone(row.time_zone),
                )
        return {one: self._people[one] for one in wanted if one in self._people}


async def _plan(session: AsyncSession, policy: PolicyRow) -> Plan:
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


async def _on_call(session: AsyncSession, team: UUID, now: datetime) -> OnCall:
    row = await schedules.of_team(session, team)
    if row is None:
        return OnCall()
    return on_call_at((await schedules.load(session, [row], since=now))[row.id], now)


async def _members(session: AsyncSession, team: UUID) -> tuple[UUID, ...]:
    statement = (
        select(MemberRow.person_id)
        .where(MemberRow.team_id == team)
        .order_by(col(MemberRow.position))
    )
    return tuple(await session.exec(statement))
