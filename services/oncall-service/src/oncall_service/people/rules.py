"""When trouble that can wait may reach a person: their own working hours. Pure.

A person without any is told at once, whatever it is about.
"""

from collections.abc import Sequence
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from oncall_service.core.hours import Hours, Interval
from shared.contracts.wire import Severity

CAN_WAIT = frozenset({Severity.LOW})
"""Severities whose pages wait for working hours, where a person has them."""

OFFICE_HOURS = Hours(frozenset(range(5)), time(9), time(18))
"""What is taken for the working hours of a person without any, where it is only counted."""

# From yesterday, whose night may still last, to the same weekday of next week.
_DAYS = range(-1, 8)


def next_time(hours: Sequence[Hours], where: ZoneInfo, now: datetime) -> datetime:
    """``now`` within the working hours, else the instant at which they begin next."""
    spans = _spans(hours, where, now)
    if _in_one(spans, now):
        return now
    return min((span.start for span in spans if span.start > now), default=now)


def is_working_time(hours: Sequence[Hours], where: ZoneInfo, at: datetime) -> bool:
    """Whether an instant is within a person's working hours, or office hours without any."""
    return _in_one(_spans(hours or (OFFICE_HOURS,), where, at), at)


def _spans(hours: Sequence[Hours], where: ZoneInfo, now: datetime) -> list[Interval]:
    today = now.astimezone(where).date()
    return [
        span
        for ahead in _DAYS
        for each in hours
        if (span := each.on(today + timedelta(days=ahead), where)) is not None
    ]


def _in_one(spans: Sequence[Interval], at: datetime) -> bool:
    return any(span.start <= at < span.end for span in spans)
