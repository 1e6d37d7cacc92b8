"""When a silence holds: once, or again and again by the wall clock of a zone.

A maintenance window from 22:00 to 06:00 begins and ends at those times of its zone, also in the
night in which the clocks change, so it is an hour shorter or longer then. A time that the clocks
skip is the moment at which they skip it; one that comes twice is taken the first time.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Final
from zoneinfo import ZoneInfo

from dateutil.rrule import rrule, rruleset, rrulestr

LONGEST: Final = timedelta(days=31)
"""Of one window of those that recur."""

# RFC 5545 lets a rule ask for every second; a window a quarter of an hour is often enough.
_FREQUENCIES: Final = ("HOURLY", "DAILY", "WEEKLY", "MONTHLY", "YEARLY")
_LONGEST_RULE: Final = 500

# However long the clocks are set forward: no zone has skipped more than a day.
_MOST_SKIPPED: Final = timedelta(hours=26)


class InvalidRecurrence(ValueError):
    """A rule that cannot be followed; its text says why."""


@dataclass(frozen=True, slots=True)
class Window:
    """One stretch of time, the end not included."""

    starts_at: datetime
    ends_at: datetime


@dataclass(frozen=True, slots=True)
class Recurrence:
    """Windows by a rule of RFC 5545 (``FREQ=WEEKLY;BYDAY=SA``), in the wall clock of a zone.

    Attributes:
        rule: the rule, without DTSTART.
        zone: an IANA name.
        duration: of each window, by the wall clock.
    """

    rule: str
    zone: str
    duration: timedelta


@dataclass(frozen=True, slots=True)
class Span:
    """All the time of a silence: from a start to an end, and within it perhaps only windows."""

    starts_at: datetime
    ends_at: datetime
    recurrence: Recurrence | None = None

    def window(self, now: datetime) -> Window | None:
        """The window that ``now`` lies in, if it lies in one."""
        if not self.starts_at <= now < self.ends_at:
            return None
        holding = None
        for window in self.windows(now):
            if window.starts_at > now:
                break
            if holding is None or window.ends_at > holding.ends_at:
                holding = window
        return holding

    def windows(self, after: datetime) -> Iterator[Window]:
        """The windows that are not over at an instant, in order of their start."""
        if self.recurrence is None:
            found: Iterable[Window] = [Window(self.starts_at, self.ends_at)]
        else:
            found = _windows(self.starts_at, self.recurrence, max(after, self.starts_at))
        for window in found:
            if window.starts_at >= self.ends_at:
                return
            if window.ends_at > after:
                yield Window(window.starts_at, min(window.ends_at, self.ends_at))

    def next_start(self, after: datetime) -> datetime | None:
        """When the next window begins after an instant; None when none does."""
        starts = (one.starts_at for one in self.windows(after) if one.starts_at > after)
        return next(starts, None)


def check(recurrence: Recurrence, starts_at: datetime) -> None:
    """Raise InvalidRecurrence unless windows by these words can be worked out."""
    if not timedelta(minutes=1) <= recurrence.duration <= LONGEST:
        raise InvalidRecurrence("A window lasts between a minute and 31 days.")
    try:
        ZoneInfo(recurrence.zone)
    except (KeyError, ValueError, OSError) as error:
        raise InvalidRecurrence(f"'{recurrence.zone}' is no time zone.") from error
    _rule(recurrence, _wall(starts_at, ZoneInfo(recurrence.zone)))


def _windows(first: datetime, recurrence: Recurrence, now: datetime) -> Iterator[Window]:
    """The windows from the last that can hold ``now`` on, in order of their start."""
    zone = ZoneInfo(recurrence.zone)
    start = _wall(first, zone)
    # One that began earlier is over, even if the clocks were set back meanwhile.
    since = _wall(now, zone) - recurrence.duration - _MOST_SKIPPED
    for wall in _rule(recurrence, start).xafter(since, inc=True):
        yield Window(_instant(wall, zone), _instant(wall + recurrence.duration, zone))


def _rule(recurrence: Recurrence, start: datetime) -> rrule:
    text = recurrence.rule.strip().upper().removeprefix("RRULE:")
    if len(text) > _LONGEST_RULE or "\n" in text or "DTSTART" in text:
        raise InvalidRecurrence("A rule is one line of RFC 5545, without DTSTART.")
    frequency = dict(part.partition("=")[::2] for part in text.split(";")).get("FREQ")
    if frequency not in _FREQUENCIES:
        raise InvalidRecurrence(f"FREQ has to be one of {', '.join(_FREQUENCIES)}.")
    try:
        rule = rrulestr(text, dtstart=start, ignoretz=True)
    except (ValueError, TypeError, KeyError) as error:
        raise InvalidRecurrence(f"'{recurrence.rule}' is no rule of RFC 5545: {error}") from error
    if isinstance(rule, rruleset):
        raise InvalidRecurrence("A rule is one RRULE.")
    return rule


def _wall(instant: datetime, zone: tzinfo) -> datetime:
    """What a clock in the zone shows at an instant."""
    return instant.astimezone(zone).replace(tzinfo=None)


def _instant(wall: datetime, zone: tzinfo) -> datetime:
    """The instant at which a clock in the zone shows a time first, or skips it."""
    aware = wall.replace(tzinfo=zone, fold=0)
    instant = aware.astimezone(UTC)
    if _wall(instant, zone) == wall:
        return instant
    # It is skipped: the offset before the change puts it after the change by as much as it lies
    # after its start.
    before, after = aware.utcoffset(), wall.replace(tzinfo=zone, fold=1).utcoffset()
    if before is None or after is None:
        return instant
    return _change_between(instant - abs(after - before), instant, zone)


def _change_between(low: datetime, high: datetime, zone: tzinfo) -> datetime:
    """The instant in (low, high] at which the zone's offset changes, to the second."""
    offset = low.astimezone(zone).utcoffset()
    while high - low > timedelta(seconds=1):
        middle = low + (high - low) / 2
        if middle.astimezone(zone).utcoffset() == offset:
            low = middle
        else:
            high = middle
    return high.replace(microsecond=0)
