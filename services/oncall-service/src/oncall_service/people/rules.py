"""When a page may reach a person, and by what, in which order. Pure.

Trouble that can wait keeps to a person's working hours and out of their quiet hours; whoever has
neither is told at once, whatever it is about.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from oncall_service.core.hours import Hours, Interval
from shared.contracts.wire import Severity

CAN_WAIT = frozenset({Severity.LOW})
"""Severities whose pages wait for working hours, and for the end of quiet hours."""

OFFICE_HOURS = Hours(frozenset(range(5)), time(9), time(18))
"""What is taken for the working hours of a person without any, where it is only counted."""

# From yesterday, whose night may still last, to the same weekday of next week.
_DAYS = range(-1, 8)
# Working hours and quiet hours push each other on so often; those that leave no room for good are
# of no use to anybody, and what waits for them is not to wait for ever.
_TRIES = 50


@dataclass(frozen=True, slots=True)
class Rule:
    """Pages of these severities (None: of any) go to a contact method after ``delay``."""

    method: UUID
    delay: timedelta
    severities: frozenset[Severity] | None = None

    def is_for(self, severity: Severity) -> bool:
        """Whether it says something of such a page."""
        return self.severities is None or severity in self.severities


def ways(
    methods: Sequence[UUID], rules: Sequence[Rule], severity: Severity
) -> list[tuple[UUID, timedelta]]:
    """By which of the working ``methods`` a page goes, each with its delay, the first first.

    Where no rule is left that says something, all of them ring at once: a rule must lose no page.
    """
    found = [(rule.method, rule.delay) for rule in rules if rule.is_for(severity)]
    usable = [way for way in found if way[0] in methods]
    if not usable:
        return [(method, timedelta()) for method in methods]
    return sorted(dict.fromkeys(usable), key=lambda way: way[1])


def next_time(hours: Sequence[Hours], where: ZoneInfo, now: datetime) -> datetime:
    """``now`` within the working hours, else the instant at which they begin next."""
    spans = _spans(hours, where, now)
    if _in_one(spans, now):
        return now
    return min((span.start for span in spans if span.start > now), default=now)


def not_before(
    working: Sequence[Hours], quiet: Sequence[Hours], where: ZoneInfo, now: datetime
) -> datetime:
    """When trouble that can wait may reach a person first."""
    at = now
    for _ in range(_TRIES):
        begins = next_time(working, where, at)
        ends = _end_of_quiet(quiet, where, begins)
        if ends == begins:
            return begins
        at = ends
    return now


def is_working_time(hours: Sequence[Hours], where: ZoneInfo, at: datetime) -> bool:
    """Whether an instant is within a person's working hours, or office hours without any."""
    return _in_one(_spans(hours or (OFFICE_HOURS,), where, at), at)


def _end_of_quiet(hours: Sequence[Hours], where: ZoneInfo, at: datetime) -> datetime:
    return max(
        (span.end for span in _spans(hours, where, at) if span.start <= at < span.end), default=at
    )


def _spans(hours: Sequence[Hours], where: ZoneInfo, now: datetime) -> list[Interval]:
    today = now.astimezone(where).date()
    return [
        span
        for ahead in _DAYS
        for each in hours
        if (span := each.on(today + timedelta(days=ahead), where)) is not None
    ]


def _in_one(spans: Collection[Interval], at: datetime) -> bool:
    return any(span.start <= at < span.end for span in spans)
