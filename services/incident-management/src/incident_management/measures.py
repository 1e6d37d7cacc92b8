"""How fast incidents are seen and solved.

MTTA is the mean of (first acknowledged_at - created_at), MTTR the mean of (resolved_at -
created_at), both in seconds. Merged incidents are in neither: their survivor is measured.
"""

import re
from dataclasses import dataclass
from datetime import datetime, timedelta

LONGEST_WINDOW = timedelta(days=3660)

_WINDOW = re.compile(r"(?P<count>[1-9][0-9]{0,5})(?P<unit>[mhdw])")
_UNITS = {
    "m": timedelta(minutes=1),
    "h": timedelta(hours=1),
    "d": timedelta(days=1),
    "w": timedelta(weeks=1),
}


@dataclass(frozen=True)
class Span:
    """The instants of one incident that its measures come from."""

    created_at: datetime
    acknowledged_at: datetime | None = None
    resolved_at: datetime | None = None
    merged: bool = False


def time_to_acknowledge(span: Span) -> float | None:
    """Seconds from creation to the first acknowledgement; None without one, or when merged."""
    return _seconds(span, span.acknowledged_at)


def time_to_resolve(span: Span) -> float | None:
    """Seconds from creation to the end; None while it lasts, or when merged."""
    return _seconds(span, span.resolved_at)


def _seconds(span: Span, end: datetime | None) -> float | None:
    if end is None or span.merged:
        return None
    # Two machines' clocks meet here (the sender of the alert, this service): never negative.
    return max(0.0, (end - span.created_at).total_seconds())


def parse_window(text: str) -> timedelta:
    """A window as a person writes it: ``90m``, ``24h``, ``7d``, ``4w``.

    Raises:
        ValueError: it is not of that form, or longer than ten years.
    """
    found = _WINDOW.fullmatch(text)
    if not found:
        raise ValueError("must be a number and a unit, like 90m, 24h, 7d or 4w")
    window = int(found["count"]) * _UNITS[found["unit"]]
    if window > LONGEST_WINDOW:
        raise ValueError("must not be longer than ten years")
    return window


_MINUTE, _HOUR, _DAY = 60.0, 3600.0, 86400.0
BUCKETS = (
    30.0, _MINUTE, 2 * _MINUTE, 5 * _MINUTE, 10 * _MINUTE, 15 * _MINUTE, 30 * _MINUTE,
    _HOUR, 2 * _HOUR, 4 * _HOUR, 8 * _HOUR, _DAY, 2 * _DAY, 7 * _DAY,
)  # fmt: skip
"""Upper bounds of the histograms: what a team promises is in minutes, what it forgets in days."""
