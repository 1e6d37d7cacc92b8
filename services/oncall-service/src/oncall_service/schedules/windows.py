"""Weekly hours and days off as stretches of time. Pure rules."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from oncall_service.core.hours import ONE_DAY, Hours, Interval
from shared.zones import wall_at


def weekly(
    hours: Sequence[Hours], where: ZoneInfo, start: datetime, end: datetime
) -> Iterator[Interval]:
    """Every stretch of these hours that touches [start, end], and perhaps some next to it."""
    # A window lasts a day at most, of a local day: a day more on either side is enough.
    day = wall_at(start, where).date() - 2 * ONE_DAY
    last = wall_at(end, where).date() + ONE_DAY
    while day <= last:
        for one in hours:
            window = one.on(day, where)
            if window is not None and window.start < window.end:
                yield window
        day += ONE_DAY


def within(intervals: Iterable[Interval], at: datetime) -> bool:
    """Whether an instant lies in one of these."""
    return any(one.start <= at < one.end for one in intervals)


def covered(intervals: Iterable[Interval], moments: Iterable[datetime]) -> Iterator[bool]:
    """Of each of these moments, which are in order, whether it lies in one of the intervals."""
    coming = sorted(intervals, key=lambda one: one.start)
    number, until = 0, None
    for at in moments:
        while number < len(coming) and coming[number].start <= at:
            until = max(until or coming[number].end, coming[number].end)
            number += 1
        yield until is not None and at < until
