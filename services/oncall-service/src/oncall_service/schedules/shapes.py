"""Schedules, their layers, overrides, and who is on call, as the API takes and shows them."""

from datetime import date, datetime, timedelta
from typing import Annotated, Any, Self
from uuid import UUID

from pydantic import (
    AfterValidator,
    Field,
    NaiveDatetime,
    StringConstraints,
    ValidationInfo,
    field_validator,
    model_validator,
)

from oncall_service.core.fields import Name, Reference, ZoneName
from oncall_service.core.hours import HoursModel
from oncall_service.schedules.changes import Effective
from oncall_service.schedules.days_off import OnHolidays, known_subdivisions
from oncall_service.schedules.definitions import DAYS, Kind
from shared.contracts.oncall_api import OnDuty
from shared.contracts.rota import Duty
from shared.contracts.wire import EARLIEST, LATEST, Command, Instant, Line, Ref, Text, Wire

LONGEST_OVERRIDE = timedelta(days=366)


MOST_OF = {Kind.HOURLY: 366 * 24, Kind.DAILY: 366, Kind.WEEKLY: 52, Kind.MONTHLY: 12}
"""How many units a turn has at most: a year's."""


def _local_time(value: datetime) -> datetime:
    if not EARLIEST.year <= value.year < LATEST.year:
        raise ValueError("must lie between the years 2000 and 2099")
    return value


WallClock = Annotated[NaiveDatetime, AfterValidator(_local_time)]
"""A date and time without a zone: the schedule's own zone applies."""


class LayerModel(Command):
    """A rotation. ``start`` is the first hand-off; later ones keep its wall-clock time.

    A turn lasts ``every`` hours, days, weeks or months, or, of kind custom, ``length_days``.
    Hand-offs of months are on the day of ``start``, or on the last of a month that is too short.
    """

    name: Line = "Rotation"
    role: Duty = Duty.PRIMARY
    kind: Kind = Kind.WEEKLY
    every: int = Field(1, ge=1)
    length_days: int | None = Field(None, ge=1, le=366)
    participants: list[Reference] = Field(min_length=1, max_length=200)
    start: WallClock
    hours: list[HoursModel] = Field([], max_length=20)
    on_holidays: OnHolidays = OnHolidays.AS_USUAL

    @model_validator(mode="before")
    @classmethod
    def _length_of_its_kind(cls, data: Any) -> Any:
        # A length without a kind says enough.
        if isinstance(data, dict) and "length_days" in data and "kind" not in data:
            return {**data, "kind": Kind.CUSTOM}
        return data

    @model_validator(mode="after")
    def _length_fits(self) -> Self:
        if self.kind is Kind.CUSTOM:
            if self.length_days is None:
                raise ValueError("a custom rotation needs length_days")
            if self.every != 1:
                raise ValueError("a custom rotation has length_days, and no every")
            return self
        if self.every > MOST_OF[self.kind]:
            raise ValueError(f"every of a {self.kind} rotation is {MOST_OF[self.kind]} at most")
        if self.length_days not in (None, self.days):
            raise ValueError(
                f"length_days does not fit a {self.kind} rotation: use every, or the kind custom"
            )
        return self

    @property
    def days(self) -> int | None:
        """The length of a turn in calendar days; None for hours and months."""
        if self.kind is Kind.CUSTOM:
            return self.length_days
        return self.every * DAYS[self.kind] if self.kind in DAYS else None


class HolidaysModel(Command):
    """Days off: the public holidays of a country (ISO 3166) or a part of it, and further dates."""

    country: Annotated[str, StringConstraints(to_upper=True)] | None = None
    subdivision: Line | None = None
    dates: list[date] = Field([], max_length=500)

    @field_validator("country")
    @classmethod
    def _known_country(cls, value: str | None) -> str | None:
        if value is not None and known_subdivisions(value) is None:
            raise ValueError("no holidays are known of this country; use a code such as FR")
        return value

    @field_validator("subdivision")
    @classmethod
    def _known_subdivision(cls, value: str | None, info: ValidationInfo) -> str | None:
        country = info.data.get("country")
        if value is not None and "country" in info.data:
            known = known_subdivisions(country) if country else None
            if value not in (known or ()):
                raise ValueError("no such part of the country is known")
        return value

    @field_validator("dates")
    @classmethod
    def _each_once(cls, value: list[date]) -> list[date]:
        return sorted(set(value))


class ScheduleCreate(Command):
    """The schedule of a team: layers from the base upwards, a later one wins.

    ``effective`` says when a change of the layers or the time zone counts: at the next hand-off,
    going on from whoever is on call then (a ``start`` that lies ahead is the hand-off), or
    ``now``, as written. What was on call until then stays on record. A new schedule counts at once.
    ``holidays`` are what ``on_holidays`` of a layer speaks of; nobody is warned of a gap in the
    weekly hours of ``intended_gaps``.
    """

    name: Name
    team: Reference
    time_zone: ZoneName = "UTC"
    layers: list[LayerModel] = Field([], max_length=20)
    holidays: HolidaysModel | None = None
    intended_gaps: list[HoursModel] = Field([], max_length=20)
    effective: Effective = Effective.NEXT_HANDOFF


class ScheduleUpdate(Command):
    """The fields to change; ``layers`` replaces all of them, ``effective`` says from when on.

    ``holidays`` null: none.
    """

    name: Name | None = None
    team: Reference | None = None
    time_zone: ZoneName | None = None
    layers: list[LayerModel] | None = Field(None, max_length=20)
    holidays: HolidaysModel | None = None
    intended_gaps: list[HoursModel] | None = Field(None, max_length=20)
    effective: Effective = Effective.NEXT_HANDOFF


class LayerView(Wire):
    """A layer as stored; ``length_days`` is null for turns of hours and months."""

    name: Text
    role: Duty
    kind: Kind
    every: int
    length_days: int | None
    participants: list[Ref]
    start: datetime
    hours: list[HoursModel]
    on_holidays: OnHolidays


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
    holidays: HolidaysModel | None
    intended_gaps: list[HoursModel]
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
