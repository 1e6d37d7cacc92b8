"""Swaps, as the API takes and shows them."""

from typing import Self

from pydantic import Field, model_validator

from oncall_service.core.fields import Reference
from oncall_service.schedules.shapes import LONGEST_OVERRIDE
from shared.contracts.rota import Duty
from shared.contracts.wire import Command, Instant, Text


class SwapCreate(Command):
    """The caller offers their duty from ``start`` until ``end``.

    ``to`` is a member of the team; without it any of them may take it. An administrator may offer
    in the name of another ``giver``.
    """

    schedule: Reference
    start: Instant
    end: Instant
    role: Duty = Duty.PRIMARY
    to: Reference | None = None
    giver: Reference | None = None
    note: Text = Field("", max_length=500)

    @model_validator(mode="after")
    def _ends_after_it_starts(self) -> Self:
        if not self.start < self.end <= self.start + LONGEST_OVERRIDE:
            raise ValueError("end must be after start, by a year at most")
        return self
