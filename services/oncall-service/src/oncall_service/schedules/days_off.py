"""Holidays: the public ones of a country, and days of one's own. Pure rules."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from functools import lru_cache
from zoneinfo import ZoneInfo

from holidays import country_holidays, list_supported_countries

from oncall_service.core.hours import ONE_DAY, Interval
from shared.zones import at_wall, wall_at


class OnHolidays(StrEnum):
    """What days off do to a layer: nothing, it rests on them, or it counts on them alone."""

    AS_USUAL = "as_usual"
    OFF = "off"
    ONLY = "only"


@dataclass(frozen=True, slots=True)
class DaysOff:
    """The public holidays of a country or a part of it (None: of none), and further dates."""

    country: str | None = None
    subdivision: str | None = None
    dates: frozenset[date] = frozenset()

    def includes(self, day: date) -> bool:
        """Whether a day is one."""
        if day in self.dates:
            return True
        return self.country is not None and day in public(self.country, self.subdivision, day.year)


NO_DAYS_OFF = DaysOff()


@lru_cache(maxsize=1000)
def public(country: str, subdivision: str | None, year: int) -> frozenset[date]:
    """The public holidays of a year in a country that is known here."""
    return frozenset(country_holidays(country, subdiv=subdivision, years=year))


def known_subdivisions(country: str) -> frozenset[str] | None:
    """The codes of the parts of a country; None: no such country is known."""
    parts = list_supported_countries().get(country)
    return None if parts is None else frozenset(parts)


def day_of(at: datetime, where: ZoneInfo) -> date:
    """The local day an instant belongs to; a day begins at its first midnight."""
    day = wall_at(at, where).date()
    # Where clocks fall back over midnight the date before is shown again: the new day has begun.
    return day + ONE_DAY if at >= at_wall(_midnight(day + ONE_DAY), where) else day


def between(days: DaysOff, where: ZoneInfo, start: datetime, end: datetime) -> Iterator[Interval]:
    """The days off that touch [start, end), whole, as stretches of time."""
    day = wall_at(start, where).date() - ONE_DAY
    last = wall_at(end, where).date() + ONE_DAY
    while day <= last:
        if days.includes(day):
            begins, ends = (at_wall(_midnight(one), where) for one in (day, day + ONE_DAY))
            if begins < ends:
                yield Interval(begins, ends)
        day += ONE_DAY


def _midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day)  # noqa: DTZ001 - a wall clock has no zone
