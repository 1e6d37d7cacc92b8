"""Days and hours on the clock of a place, of instants. Pure."""

from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from shared.zones import at_wall, wall_at

QUARTER = timedelta(minutes=15)
"""Clocks of the whole world change by multiples of it."""


def days(since: datetime, until: datetime, where: ZoneInfo) -> list[tuple[date, datetime]]:
    """The days that [since, until) touches, each with the instant at which it begins."""
    day = wall_at(since, where).date()
    found = [(day, _midnight(day, where))]
    while (begins := _midnight(day := day + timedelta(days=1), where)) < until:
        found.append((day, begins))
    return found


def _midnight(day: date, where: ZoneInfo) -> datetime:
    return at_wall(datetime.combine(day, time()), where)


def weekly(counts: Mapping[datetime, int], where: ZoneInfo) -> list[list[int]]:
    """Counts by the quarter of an hour, as a row of 24 hours for each weekday from Monday."""
    found = [[0] * 24 for _ in range(7)]
    for quarter, count in counts.items():
        wall = wall_at(quarter, where)
        found[wall.weekday()][wall.hour] += count
    return found
