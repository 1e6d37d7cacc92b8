"""How long a turn is, counted on a wall clock: hours, days or calendar months. Pure rules."""

from calendar import monthrange
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum


class Unit(StrEnum):
    """What turns are counted in."""

    HOUR = "hour"
    DAY = "day"
    MONTH = "month"


_LENGTH = {Unit.HOUR: timedelta(hours=1), Unit.DAY: timedelta(days=1)}


@dataclass(frozen=True, slots=True)
class Period:
    """``count`` units, at least one."""

    unit: Unit
    count: int

    def after(self, start: datetime, number: int) -> datetime:
        """What the clock shows ``number`` periods after it showed the naive ``start``.

        Months are counted from the day of ``start`` each time, so that a rotation of the 31st has
        its hand-off on the last day of a shorter month and on the 31st again after it.
        """
        if self.unit is not Unit.MONTH:
            return start + number * self.count * _LENGTH[self.unit]
        years, month = divmod(start.month - 1 + number * self.count, 12)
        year = start.year + years
        day = min(start.day, monthrange(year, month + 1)[1])
        return start.replace(year=year, month=month + 1, day=day)

    def passed(self, start: datetime, wall: datetime) -> int:
        """The last number of periods after which the clock showed no more than ``wall``."""
        if self.unit is not Unit.MONTH:
            return (wall - start) // (self.count * _LENGTH[self.unit])
        months = 12 * (wall.year - start.year) + wall.month - start.month
        number = months // self.count
        return number - 1 if self.after(start, number) > wall else number


def days(count: int) -> Period:
    """So many calendar days."""
    return Period(Unit.DAY, count)
