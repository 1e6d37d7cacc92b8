"""A layer as somebody asked for it, as JSON and back, and as the rule that it is."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from oncall_service.core.hours import HoursModel, hours_of
from oncall_service.schedules.days_off import NO_DAYS_OFF, DaysOff, OnHolidays
from oncall_service.schedules.periods import Period, Unit, days
from oncall_service.schedules.rotation import Rotation
from oncall_service.schedules.rules import Layer
from shared.contracts.rota import Duty
from shared.zones import zone


class Kind(StrEnum):
    """What the length of a turn is counted in; custom: days of any number."""

    HOURLY = "hourly"
    DAILY = "daily"
    WEEKLY = "weekly"
    MONTHLY = "monthly"
    CUSTOM = "custom"


DAYS = {Kind.DAILY: 1, Kind.WEEKLY: 7}
"""How many days a unit of these kinds has."""


@dataclass(frozen=True, slots=True)
class Definition:
    """What makes a layer; ``start`` is on the wall clock of the schedule's zone.

    A turn lasts ``every`` units of the ``kind``; ``length_days`` is None where it has no number of
    days.
    """

    name: str
    duty: Duty
    kind: Kind
    every: int
    length_days: int | None
    start: datetime
    hours: tuple[HoursModel, ...]
    participants: tuple[UUID, ...]
    on_holidays: OnHolidays

    @property
    def period(self) -> Period:
        """How long a turn is."""
        if self.length_days is not None:
            return days(self.length_days)
        return Period(Unit.HOUR if self.kind is Kind.HOURLY else Unit.MONTH, self.every)

    def rule(self, time_zone: str, days_off: DaysOff, turns_ahead: int = 0) -> Layer:
        """The layer that the rules work with."""
        rotation = Rotation(
            participants=self.participants,
            start=self.start,
            period=self.period,
            zone=zone(time_zone),
            hours=tuple(hours_of(hours.model_dump(mode="json")) for hours in self.hours),
            turns_ahead=turns_ahead,
            # A layer that takes no notice of them is the same whatever they are.
            days_off=NO_DAYS_OFF if self.on_holidays is OnHolidays.AS_USUAL else days_off,
            on_holidays=self.on_holidays,
        )
        return Layer(self.name, rotation, self.duty)

    def stored(
        self, turns_ahead: int, names: Mapping[UUID, str], holidays: Mapping[str, Any] | None
    ) -> dict[str, Any]:
        """As JSON that outlives its people and the holidays of its schedule: they are in it."""
        return {
            "name": self.name,
            "duty": self.duty,
            "kind": self.kind,
            "every": self.every,
            "length_days": self.length_days,
            "start": self.start.isoformat(),
            "hours": [hours.model_dump(mode="json") for hours in self.hours],
            "participants": [{"id": str(one), "name": names[one]} for one in self.participants],
            "turns_ahead": turns_ahead,
            "on_holidays": self.on_holidays,
            "holidays": holidays,
        }


def restored(stored: Mapping[str, Any], time_zone: str) -> Layer:
    """The layer of a past that was stored, perhaps by a release that knew days alone."""
    return Definition(
        name=stored["name"],
        duty=Duty(stored["duty"]),
        kind=Kind(stored["kind"]),
        every=stored.get("every", 1),
        length_days=stored["length_days"],
        start=datetime.fromisoformat(stored["start"]),
        hours=tuple(HoursModel.model_validate(hours) for hours in stored["hours"]),
        participants=tuple(UUID(one["id"]) for one in stored["participants"]),
        on_holidays=OnHolidays(stored.get("on_holidays", OnHolidays.AS_USUAL)),
    ).rule(time_zone, days_off_of(stored.get("holidays")), stored["turns_ahead"])


def days_off_of(stored: Mapping[str, Any] | None) -> DaysOff:
    """The holidays of a schedule from their stored form, a ``HolidaysModel`` as JSON."""
    if stored is None:
        return NO_DAYS_OFF
    dates = frozenset(date.fromisoformat(one) for one in stored["dates"])
    return DaysOff(stored["country"], stored["subdivision"], dates)
