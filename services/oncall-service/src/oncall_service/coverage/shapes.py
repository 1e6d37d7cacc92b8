"""What the coverage check takes and answers."""

from datetime import datetime
from typing import Self

from pydantic import model_validator

from oncall_service.coverage.rules import Lack, Level
from oncall_service.policies.rules import Target
from oncall_service.policies.shapes import PolicyCreate
from oncall_service.schedules.shapes import ScheduleCreate
from shared.contracts.wire import Command, Ref, Severity, Text, Wire


class CoveragePreview(Command):
    """A schedule, a policy or both, as they would be saved under their names."""

    schedule: ScheduleCreate | None = None
    policy: PolicyCreate | None = None

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if self.schedule is None and self.policy is None:
            raise ValueError("give a schedule or a policy")
        return self


class HoleView(Wire):
    """Something on the way from a service to a person that leads nowhere in [start, end).

    ``services`` are paged by the policy (empty: the team's own incidents, and those of services
    that nobody claims for the catch-all team). ``step`` is counted from 0. ``severities`` empty:
    of any. ``level`` broken: nobody of the policy can be asked, and a page goes to the fallback or
    the last resort; weak: a part of the policy leads nowhere.
    """

    level: Level
    reason: Lack
    why: Text
    services: list[Text]
    team: Ref
    policy: Text
    step: int | None
    target: Target | None
    target_team: Ref | None
    person: Ref | None
    severities: list[Severity]
    start: datetime
    end: datetime


class CoverageView(Wire):
    """What was found for [at, until); ``ok``: nothing is broken."""

    at: datetime
    until: datetime
    ok: bool
    broken: int
    weak: int
    holes: list[HoleView]


class Found(Wire):
    """A hole as it is stored, without words."""

    level: Level
    reason: Lack
    services: list[Text]
    team: Ref
    policy: Text
    step: int | None = None
    target: Target | None = None
    target_team: Ref | None = None
    person: Ref | None = None
    severities: list[Severity] = []
    start: datetime
    end: datetime


class Report(Wire):
    """What a look ahead has found."""

    at: datetime
    until: datetime
    found: list[Found]

    def count(self, level: Level) -> int:
        """How many holes of a level there are."""
        return sum(hole.level is level for hole in self.found)
