"""Weekly hours on a wall clock: as the API takes them, as they are stored, as rules use them."""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from typing import Annotated, Any
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, Field

from shared.contracts.wire import Command
from shared.zones import at_wall

ONE_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Interval:
    """``start`` is in it, ``end`` is not; both are UTC."""

    start: datetime
    end: datetime


@dataclass(frozen=True, slots=True)
class Hours:
    """A weekly window, by the wall clock of its zone.

    ``weekdays`` are the days it begins on (0 is Monday). An ``end`` that is not after ``start`` is
    on the next day, so 18:00 to 09:00 is a night and 00:00 to 00:00 a whole day.
    """

    weekdays: frozenset[int]
    start: time
    end: time

    def on(self, day: date, where: ZoneInfo) -> Interval | None:
        """The window that begins on ``day``, or None."""
        if day.weekday() not in self.weekdays:
            return None
        last = day if self.end > self.start else day + ONE_DAY
        return Interval(
            at_wall(datetime.combine(day, self.start), where),
            at_wall(datetime.combine(last, self.end), where),
        )


class Weekday(StrEnum):
    """Days as they are written in a schedule."""

    MON = "mon"
    TUE = "tue"
    WED = "wed"
    THU = "thu"
    FRI = "fri"
    SAT = "sat"
    SUN = "sun"


def _plain_time(value: time) -> time:
    if value.tzinfo is not None or value.second or value.microsecond:
        raise ValueError("must be a wall-clock time such as 09:00")
    return value


TimeOfDay = Annotated[time, AfterValidator(_plain_time)]


class HoursModel(Command):
    """When a layer counts: from ``start`` to ``end`` on the days it begins on.

    An end that is not after the start is on the next day.
    """

    days: list[Weekday] = Field(list(Weekday), min_length=1, max_length=7)
    start: TimeOfDay
    end: TimeOfDay


def hours_of(stored: dict[str, Any]) -> Hours:
    """Weekly hours from their stored form, which is a ``HoursModel`` as JSON."""
    order = list(Weekday)
    return Hours(
        weekdays=frozenset(order.index(Weekday(day)) for day in stored["days"]),
        start=time.fromisoformat(stored["start"]),
        end=time.fromisoformat(stored["end"]),
    )
