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
