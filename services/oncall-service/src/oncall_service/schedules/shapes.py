"""Schedules, their layers, overrides, and who is on call, as the API takes and shows them."""

from datetime import datetime, timedelta
from enum import StrEnum
from typing import Annotated, Any, Self
from uuid import UUID

from pydantic import AfterValidator, Field, NaiveDatetime, model_validator

from oncall_service.core.fields import Name, Reference, ZoneName
from oncall_service.core.hours import HoursModel
from oncall_service.schedules.changes import Effective
from oncall_service.schedules.rules import Duty
from shared.contracts.oncall_api import OnDuty
from shared.contracts.wire import EARLIEST, LATEST, Command, Instant, Line, Ref, Text, Wire

LONGEST_OVERRIDE = timedelta(days=366)


class Kind(StrEnum):
    """How long a turn is."""

    DAILY = "daily"
    WEEKLY = "weekly"
    CUSTOM = "custom"


LENGTH_DAYS = {Kind.DAILY: 1, Kind.WEEKLY: 7}


def _local_time(value: datetime) -> datetime:
    if not EARLIEST.year <= value.year < LATEST.year:
        raise ValueError("must lie between the years 2000 and 2099")
    return value


WallClock = Annotated[NaiveDatetime, AfterValidator(_local_time)]
"""A date and time without a zone: the schedule's own zone applies."""


class LayerModel(Command):
    """A rotation. ``start`` is the first hand-off; later ones keep its wall-clock time."""

    name: Line = "Rotation"
    role: Duty = Duty.PRIMARY
    kind: Kind = Kind.WEEKLY
    length_days: int | None = Field(None, ge=1, le=366)
    participants: list[Reference] = Field(min_length=1, max_length=200)
    start: WallClock
    hours: list[HoursModel] = Field([], max_length=20)

    @model_validator(mode="before")
    @classmethod
    def _length_of_its_kind(cls, data: Any) -> Any:
        # A length without a kind says enough.
        if isinstance(data, dict) and "length_days" in data and "kind" not in data:
            return {**data, "kind": Kind.CUSTOM}
        return data

    @model_validator(mode="after")
    def _length_fits(self) -> Self:
        if self.kind is Kind.CUSTOM and self.length_days is None:
            raise ValueError("a custom rotation needs length_days")
        if self.kind is not Kind.CUSTOM and self.length_days not in (None, LENGTH_DAYS[self.kind]):
            raise ValueError(
                f"a {self.kind} rotation has {LENGTH_DAYS[self.kind]} days; use custom"
            )
        return self

    @property
    def days(self) -> int:
        """The length of a turn in calendar days."""
        return self.length_days or LENGTH_DAYS[self.kind]


class ScheduleCreate(Command):
    """The schedule of a team: layers from the base upwards, a later one wins.

    ``effective`` says when a change of the layers or the time zone counts: at the next hand-off,
    going on from whoever is on call then (a ``start`` that lies ahead is the hand-off), or
    ``now``, as written. What was on call until then stays on record. A new schedule counts at once.
    """

    name: Name
    team: Reference
    time_zone: ZoneName = "UTC"
    layers: list[LayerModel] = Field([], max_length=20)
    effective: Effective = Effective.NEXT_HANDOFF


class ScheduleUpdate(Command):
    """The fields to change; ``layers`` replaces all of them, ``effective`` says from when on."""

    name: Name | None = None
    team: Reference | None = None
    time_zone: ZoneName | None = None
    layers: list[LayerModel] | None = Field(None, max_length=20)
    effective: Effective = Effective.NEXT_HANDOFF


class LayerView(Wire):
    """A layer as stored."""

    name: Text
    role: Duty
    kind: Kind
    length_days: int
    participants: list[Ref]
    start: datetime
    hours: list[HoursModel]


class DutiesView(Wire):
    """Who is on call at an instant."""

    primary: OnDuty | None
    secondary: OnDuty | None


class ChangeView(Wire):
    """The layers change at ``effective_at``: who is on call just before, and who from then on."""

    effective_at: datetime
    before: DutiesView
    after: DutiesView


class ScheduleView(Wire):
    """A schedule as it was asked for last.

    ``change`` is set while that is still to come, and in the answer to the request that changes it.
    """

    id: UUID
    name: Text
    team: Ref
    time_zone: Text
    layers: list[LayerView]
    change: ChangeView | None
    created_at: datetime


class OverrideCreate(Command):
    """``person`` takes over from ``start`` until ``end``. The same one twice is one."""

    schedule: Reference
    person: Reference
    start: Instant
    end: Instant
    role: Duty = Duty.PRIMARY
    note: Text = Field("", max_length=500)

    @model_validator(mode="after")
    def _ends_after_it_starts(self) -> Self:
        if self.end <= self.start:
            raise ValueError("end must be after start")
        if self.end - self.start > LONGEST_OVERRIDE:
            raise ValueError("an override lasts a year at most; change the layers instead")
        return self


class OverrideUpdate(Command):
    """The fields to change."""

    person: Reference | None = None
    start: Instant | None = None
    end: Instant | None = None
    role: Duty | None = None
    note: Text | None = Field(None, max_length=500)


class OverrideView(Wire):
    """An override as stored; pages do not find a person who is not ``reachable``."""

    id: UUID
    schedule: Ref
    team: Ref
    person: OnDuty
    role: Duty
    start: datetime
    end: datetime
    note: Text
    created_by: Text
    created_at: datetime
