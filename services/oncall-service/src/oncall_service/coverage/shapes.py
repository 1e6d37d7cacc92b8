"""What the coverage check takes and answers."""

from datetime import datetime
from typing import Self

from pydantic import model_validator

from oncall_service.coverage.rules import Level
from oncall_service.policies.shapes import PolicyCreate
from oncall_service.schedules.shapes import ScheduleCreate
from shared.contracts.oncall_api import HoleView
from shared.contracts.wire import Command, Wire


class CoveragePreview(Command):
    """A schedule, a policy or both, as they would be saved under their names."""

    schedule: ScheduleCreate | None = None
    policy: PolicyCreate | None = None

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if self.schedule is None and self.policy is None:
            raise ValueError("give a schedule or a policy")
        return self


class Report(Wire):
    """What a look ahead has found; its holes are put into words when they are shown."""

    at: datetime
    until: datetime
    found: list[HoleView]

    def count(self, level: Level) -> int:
        """How many holes of a level there are."""
        return sum(hole.level == level for hole in self.found)
