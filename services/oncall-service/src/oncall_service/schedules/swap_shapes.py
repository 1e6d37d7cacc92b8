"""Swaps, as the API takes and shows them."""

from datetime import datetime
from typing import Self
from uuid import UUID

from pydantic import Field, model_validator

from oncall_service.core.fields import Reference
from oncall_service.schedules.rules import Duty
from oncall_service.schedules.shapes import LONGEST_OVERRIDE
from oncall_service.schedules.swapping import SwapStatus
from shared.contracts.wire import Command, Instant, Ref, Text, Wire


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


class SwapView(Wire):
    """An offer and what became of it; ``override_id`` is what it was accepted by."""

    id: UUID
    schedule: Ref
    team: Ref
    giver: Ref
    to: Ref | None
    taker: Ref | None
    role: Duty
    start: datetime
    end: datetime
    note: Text
    status: SwapStatus
    override_id: UUID | None
    created_at: datetime
    decided_at: datetime | None
