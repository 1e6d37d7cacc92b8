"""The teams, calendars and people that a run may ask, as they were read at one instant.

The engine asks it who is there now, a simulation who will be there later.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from oncall_service.core.hours import Hours
from oncall_service.paging.steps import Crew, Roster
from oncall_service.people.rules import Rule, is_working_time, not_before, ways
from oncall_service.policies.rules import Plan
from oncall_service.schedules.rules import OnCall, Schedule, on_call_at
from oncall_service.schedules.timeline import next_change, shifts
from oncall_service.tables import ContactMethodRow
from shared.contracts.wire import Ref, Severity


@dataclass(frozen=True, slots=True)
class Reachable:
    """A person, how they are reached, when trouble that can wait may reach them.

    ``status_updates``: they want to hear what became of what they were paged for.
    """

    ref: Ref
    methods: tuple[ContactMethodRow, ...]
    rules: tuple[Rule, ...]
    working_hours: tuple[Hours, ...]
    quiet_hours: tuple[Hours, ...]
    zone: ZoneInfo
    status_updates: bool

    def not_before(self, now: datetime) -> datetime:
        """When trouble that can wait may reach them first."""
        return not_before(self.working_hours, self.quiet_hours, self.zone, now)

    def works_at(self, at: datetime) -> bool:
        """Whether an instant is within their working hours."""
        return is_working_time(self.working_hours, self.zone, at)

    def ways(self, severity: Severity) -> list[tuple[ContactMethodRow, timedelta]]:
        """By what a page goes to them, and when after it."""
        by_id = {method.id: method for method in self.methods}
        found = ways(list(by_id), self.rules, severity)
        return [(by_id[method], delay) for method, delay in found]


@dataclass(frozen=True, slots=True)
class TeamCalendar:
    """The members of a team, and its schedule if it has one."""

    members: tuple[UUID, ...]
    schedule: Schedule | None = None

    def on_call(self, at: datetime) -> OnCall:
        """Who is on call at an instant, and by what."""
        return on_call_at(self.schedule, at) if self.schedule else OnCall()

    def crew(self, at: datetime) -> Crew:
        """The team at an instant."""
        on = self.on_call(at)
        return Crew(on.primary, on.secondary, self.members)

    @property
    def people(self) -> frozenset[UUID]:
        """Everybody that a step for this team may reach, whenever it is done."""
        if self.schedule is None:
            return frozenset(self.members)
        eras = (*(era.layers for era in self.schedule.eras), self.schedule.layers)
        turns = {one for layers in eras for layer in layers for one in layer.rotation.participants}
        taken_over = {override.person for override in self.schedule.overrides}
        return frozenset({*self.members, *turns, *taken_over})


class _NotBefore(Mapping[UUID, datetime]):
    """When trouble that can wait may reach people first: worked out for those who are asked for."""

    def __init__(self, people: Mapping[UUID, Reachable], at: datetime) -> None:
        self._people = people
        self._at = at

    def __getitem__(self, person: UUID) -> datetime:
        return self._people[person].not_before(self._at)

    def __iter__(self) -> Iterator[UUID]:
        return iter(self._people)

    def __len__(self) -> int:
        return len(self._people)


@dataclass(frozen=True, slots=True)
class World:
    """What a run of ``plan`` for ``team`` may meet; ``teams`` are its own and those it asks.

    ``reachable`` are the ``people`` who have a working contact method.
    """

    team: UUID
    plan: Plan
    teams: Mapping[UUID, TeamCalendar]
    people: Mapping[UUID, Reachable]
    reachable: frozenset[UUID]
    last_resort: tuple[UUID, ...]

    def on_call(self, at: datetime) -> OnCall:
        """Who is on call for the run's team at an instant, and by what."""
        return self.teams[self.team].on_call(at)

    def roster(self, at: datetime) -> Roster:
        """Everybody a step may reach at an instant."""
        own = self.teams[self.team].crew(at)
        return Roster(
            primary=own.primary,
            secondary=own.secondary,
            members=own.members,
            reachable=self.reachable,
            fallback=self.plan.fallback,
            last_resort=self.last_resort,
            others={team: self.teams[team].crew(at) for team in self.plan.teams},
            working=(
                frozenset(one for one, person in self.people.items() if person.works_at(at))
                if any(step.hours for step in self.plan.steps)
                else frozenset()
            ),
            not_before=_NotBefore(self.people, at),
        )

    def changes(self, start: datetime, end: datetime) -> set[datetime]:
        """When who is on call changes in [start, end), in any of the schedules."""
        return {
            shift.start
            for team in self.teams.values()
            if team.schedule is not None
            for shift in shifts(team.schedule, start, end)
        }

    def intended(self, at: datetime) -> bool:
        """Whether nobody needs to be on call for the run's team at an instant."""
        return self.on_call(at).intended

    @property
    def has_schedule(self) -> bool:
        """Whether the run's team has a rotation at all."""
        return self.teams[self.team].schedule is not None

    def hand_off(self, at: datetime, until: datetime) -> datetime | None:
        """When who is on call changes next, before ``until``, in any of the schedules."""
        ahead = max(until - at, timedelta())
        changes = [
            change
            for team in self.teams.values()
            if team.schedule is not None
            and (change := next_change(team.schedule, at, ahead)) is not None
        ]
        return min(changes, default=None)
