"""From an incident to the team, the policy and the people, as one transaction reads them."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlmodel.ext.asyncio.session import AsyncSession

from oncall_service.core.hours import Hours, hours_of
from oncall_service.core.store import lookup
from oncall_service.core.zones import zone
from oncall_service.paging.steps import Roster
from oncall_service.people import store as people
from oncall_service.policies import store as policies
from oncall_service.policies.rules import BUILT_IN, BUILT_IN_PLAN, Plan
from oncall_service.schedules.oncall import Rota, rota
from oncall_service.schedules.rules import OnCall, next_change, on_call_at
from oncall_service.tables import ContactMethodRow, PolicyRow, ServiceRow, TeamRow
from oncall_service.teams import store as teams
from shared.contracts.wire import Ref


@dataclass(frozen=True, slots=True)
class Route:
    """Which team answers, and how it is paged."""

    team: UUID
    team_name: str
    policy_name: str
    plan: Plan


@dataclass(frozen=True, slots=True)
class Reachable:
    """A person, how they are reached, when trouble that can wait may reach them.

    ``status_updates``: they want to hear what became of what they were paged for.
    """

    ref: Ref
    methods: tuple[ContactMethodRow, ...]
    working_hours: tuple[Hours, ...]
    zone: ZoneInfo
    status_updates: bool


class Directory:
    """Routes, rosters and contact methods as one transaction reads them: each once.

    A storm asks the same of them a thousand times.
    """

    def __init__(self, session: AsyncSession, now: datetime) -> None:
        self._session = session
        self._now = now
        self._teams: dict[str, str | None] = {}
        self._routes: dict[tuple[str, str | None], Route] = {}
        self._rosters: dict[tuple[UUID, Plan], Roster] = {}
        self._rotas: dict[UUID, Rota | None] = {}
        self._hand_offs: dict[tuple[UUID, datetime], datetime | None] = {}
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
        """The team the incident names, else the one the directory names, else the catch-all."""
        if (service, team) not in self._routes:
            self._routes[service, team] = await _route(self._session, service=service, team=team)
        return self._routes[service, team]

    async def roster(self, team: UUID, plan: Plan) -> Roster:
        """Everybody a step of this team's run may reach now."""
        if (team, plan) not in self._rosters:
            self._rosters[team, plan] = await self._roster(team, plan)
        return self._rosters[team, plan]

    async def has_schedule(self, team: UUID) -> bool:
        """Whether the team has a rotation at all."""
        return await self._rota(team) is not None

    async def hand_off(self, team: UUID, until: datetime) -> tuple[int | None, datetime | None]:
        """The revision of the team's schedule, and when who is on call changes before ``until``."""
        on = await self._rota(team)
        if on is None:
            return None, None
        if (team, until) not in self._hand_offs:
            ahead = max(until - self._now, timedelta())
            self._hand_offs[team, until] = next_change(on.schedule, self._now, ahead)
        return on.revision, self._hand_offs[team, until]

    async def people(self, ids: Iterable[UUID]) -> dict[UUID, Reachable]:
        """People, and how they are reached; whoever does not exist is left out."""
        wanted = list(ids)
        missing = [one for one in wanted if one not in self._people]
        if missing:
            methods = await people.enabled_methods(self._session, missing)
            for row in await people.by_ids(self._session, missing):
                self._people[row.id] = Reachable(
                    Ref(id=row.id, name=row.name),
                    tuple(methods.get(row.id, ())),
                    tuple(hours_of(stored) for stored in row.working_hours or ()),
                    zone(row.time_zone),
                    row.status_updates,
                )
        return {one: self._people[one] for one in wanted if one in self._people}

    async def _roster(self, team: UUID, plan: Plan) -> Roster:
        session = self._session
        on = await self._rota(team)
        state = on_call_at(on.schedule, self._now) if on else OnCall()
        members = await teams.members(session, team)
        catch_all = await teams.catch_all(session)
        last_resort = (
            *await teams.members(session, catch_all.id),
            *await people.administering(session),
        )
        # Those a step could name, and nobody else of the installation.
        concerned = {state.primary, state.secondary, plan.fallback, *members, *last_resort}
        concerned.update(step.person for step in plan.steps)
        return Roster(
            reachable=await people.reachable(
                session, [person for person in concerned if person is not None]
            ),
            primary=state.primary,
            secondary=state.secondary,
            members=members,
            fallback=plan.fallback,
            last_resort=last_resort,
        )

    async def _rota(self, team: UUID) -> Rota | None:
        if team not in self._rotas:
            self._rotas[team] = await rota(self._session, team, self._now)
        return self._rotas[team]


async def _route(session: AsyncSession, *, service: str, team: str | None) -> Route:
    entry = await lookup.find(session, ServiceRow, service) if service else None
    owner = await lookup.find(session, TeamRow, team) if team else None
    if owner is None and entry is not None:
        owner = await session.get(TeamRow, entry.team_id)
    if owner is None:
        owner = await teams.catch_all(session)
    policy = None
    if entry is not None and entry.policy_id is not None and entry.team_id == owner.id:
        policy = await session.get(PolicyRow, entry.policy_id)
    if policy is None:
        policy = await policies.first_of(session, owner.id)
    if policy is None:
        return Route(owner.id, owner.name, BUILT_IN, BUILT_IN_PLAN)
    return Route(owner.id, owner.name, policy.name, await policies.plan(session, policy))
