"""From an incident to the team, the policy and the people, as one transaction reads them."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from oncall_service.core.hours import hours_of
from oncall_service.core.store import lookup
from oncall_service.paging.steps import Roster
from oncall_service.paging.world import Reachable, TeamCalendar, World
from oncall_service.people import store as people
from oncall_service.people.rules import Rule
from oncall_service.policies import store as policies
from oncall_service.policies.rules import BUILT_IN, BUILT_IN_PLAN, Plan
from oncall_service.schedules.oncall import Rota, rota
from oncall_service.tables import (
    ContactMethodRow,
    PolicyRow,
    RuleRow,
    ServiceRow,
    TeamRow,
)
from oncall_service.teams import store as teams
from shared.contracts.wire import Ref, Severity
from shared.zones import zone


@dataclass(frozen=True, slots=True)
class Route:
    """Which team answers, and how it is paged."""

    team: UUID
    team_name: str
    policy_name: str
    plan: Plan


class Directory:
    """Routes, calendars and contact methods as one transaction reads them: each once.

    A storm asks the same of them a thousand times. ``since`` is the instant from which on their
    calendars are asked for, mostly now.
    """

    def __init__(self, session: AsyncSession, since: datetime) -> None:
        self._session = session
        self._since = since
        self._teams: dict[str, str | None] = {}
        self._routes: dict[tuple[str, str | None], Route] = {}
        self._own_routes: dict[UUID, Route] = {}
        self._plans: dict[UUID, Plan] = {}
        self._worlds: dict[tuple[UUID, Plan], World] = {}
        self._rosters: dict[tuple[UUID, Plan], Roster] = {}
        self._rotas: dict[UUID, Rota | None] = {}
        self._hand_offs: dict[tuple[UUID, Plan, datetime], datetime | None] = {}
        self._people: dict[UUID, Reachable] = {}
        self._last_resort: tuple[UUID, ...] | None = None

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
            self._routes[service, team] = await self._route(service, team)
        return self._routes[service, team]

    async def by_policy(self, name: str) -> Route:
        """The route of an incident that is paged by this policy, which exists."""
        policy = await lookup.get(self._session, PolicyRow, name)
        return await self._by_policy(await self._session.get_one(TeamRow, policy.team_id), policy)

    async def world(self, team: UUID, plan: Plan) -> World:
        """Everything that a run of this team may meet."""
        if (team, plan) not in self._worlds:
            self._worlds[team, plan] = await self._world(team, plan)
        return self._worlds[team, plan]

    async def roster(self, team: UUID, plan: Plan) -> Roster:
        """Everybody a step of this team's run may reach now."""
        if (team, plan) not in self._rosters:
            world = await self.world(team, plan)
            self._rosters[team, plan] = world.roster(self._since)
        return self._rosters[team, plan]

    async def has_schedule(self, team: UUID) -> bool:
        """Whether the team has a rotation at all."""
        return await self._rota(team) is not None

    async def hand_off(
        self, team: UUID, plan: Plan, until: datetime
    ) -> tuple[int | None, datetime | None]:
        """The revision of the team's schedule, and when who is on call changes before ``until``."""
        if (team, plan, until) not in self._hand_offs:
            world = await self.world(team, plan)
            self._hand_offs[team, plan, until] = world.hand_off(self._since, until)
        on = await self._rota(team)
        return on.revision if on else None, self._hand_offs[team, plan, until]

    async def webhooks(self, ids: Collection[UUID]) -> Sequence[ContactMethodRow]:
        """The webhooks that steps call; one that is gone is left out."""
        return await people.methods_by_ids(self._session, ids) if ids else ()

    async def people(self, ids: Iterable[UUID]) -> dict[UUID, Reachable]:
        """People, and how they are reached; whoever does not exist is left out."""
        wanted = list(ids)
        missing = [one for one in wanted if one not in self._people]
        if missing:
            methods = await people.enabled_methods(self._session, missing)
            rules = await people.rules_of(self._session, missing)
            for row in await people.by_ids(self._session, missing):
                self._people[row.id] = Reachable(
                    Ref(id=row.id, name=row.name),
                    tuple(methods.get(row.id, ())),
                    tuple(map(rule_of, rules.get(row.id, ()))),
                    tuple(hours_of(stored) for stored in row.working_hours or ()),
                    tuple(hours_of(stored) for stored in row.quiet_hours or ()),
                    zone(row.time_zone),
                    row.status_updates,
                )
        return {one: self._people[one] for one in wanted if one in self._people}

    async def _route(self, service: str, team: str | None) -> Route:
        entry = await lookup.find(self._session, ServiceRow, service) if service else None
        owner = await lookup.find(self._session, TeamRow, team) if team else None
        if owner is None and entry is not None:
            owner = await self._session.get(TeamRow, entry.team_id)
        if owner is None:
            owner = await teams.catch_all(self._session)
        if entry is not None and entry.policy_id is not None and entry.team_id == owner.id:
            policy = await self._session.get(PolicyRow, entry.policy_id)
            if policy is not None:
                return await self._by_policy(owner, policy)
        return await self._by_team(owner)

    async def _by_team(self, team: TeamRow) -> Route:
        """By the team's own policy, the same for all its services that name none."""
        if team.id not in self._own_routes:
            policy = await policies.first_of(self._session, team.id)
            self._own_routes[team.id] = (
                await self._by_policy(team, policy)
                if policy is not None
                else Route(team.id, team.name, BUILT_IN, BUILT_IN_PLAN)
            )
        return self._own_routes[team.id]

    async def _by_policy(self, team: TeamRow, policy: PolicyRow) -> Route:
        if policy.id not in self._plans:
            self._plans[policy.id] = await policies.plan(self._session, policy)
        return Route(team.id, team.name, policy.name, self._plans[policy.id])

    async def _world(self, team: UUID, plan: Plan) -> World:
        calendars = {one: await self._calendar(one) for one in {team, *plan.teams}}
        last_resort = await self._everybody_else()
        # Those a step could name, and nobody else of the installation.
        concerned = {*plan.people, *last_resort}
        for calendar in calendars.values():
            concerned |= calendar.people
        known = await self.people(concerned)
        reachable = frozenset(one for one, person in known.items() if person.methods)
        return World(team, plan, calendars, known, reachable, last_resort)

    async def _everybody_else(self) -> tuple[UUID, ...]:
        """The members of the catch-all team and the administrators: the same for every team."""
        if self._last_resort is None:
            catch_all = await teams.catch_all(self._session)
            self._last_resort = (
                *await teams.members(self._session, catch_all.id),
                *await people.administering(self._session),
            )
        return self._last_resort

    async def _calendar(self, team: UUID) -> TeamCalendar:
        on = await self._rota(team)
        members = await teams.members(self._session, team)
        return TeamCalendar(members, on.schedule if on else None)

    async def _rota(self, team: UUID) -> Rota | None:
        if team not in self._rotas:
            self._rotas[team] = await rota(self._session, team, self._since)
        return self._rotas[team]


def rule_of(row: RuleRow) -> Rule:
    """A stored notification rule."""
    return Rule(
        row.contact_method_id,
        timedelta(minutes=row.delay_minutes),
        frozenset(map(Severity, row.severities)) if row.severities else None,
    )
