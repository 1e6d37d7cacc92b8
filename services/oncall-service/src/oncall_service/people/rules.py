"""When trouble that can wait may reach a person: their own working hours. Pure.

A person without any is told at once, whatever it is about.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from oncall_service.core.hours import Hours
from shared.contracts.wire import Severity

CAN_WAIT = frozenset({Severity.LOW})
"""Severities whose pages wait for working hours, where a person has them."""

# From yesterday, whose night may still last, to the same weekday of next week.
_DAYS = range(-1, 8)


def next_time(hours: Sequence[Hours], where: ZoneInfo, now: datetime) -> datetime:
    """``now`` within the working hours, else the instant at which they begin next."""
    today = now.astimezone(where).date()
    spans = [
        span
        for ahead in _DAYS
        for each in hours
        if (span := each.on(today + timedelta(days=ahead), where)) is not None
    ]
    if any(span.start <= now < span.end for span in spans):
        return now
    return min((span.start for span in spans if span.start > now), default=now)
