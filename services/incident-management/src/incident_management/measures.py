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


_ANCHORS = (
    *(1, 5, 10, 30, 60, 120, 300, 600, 900, 1800),
    *(3600, 7200, 14400, 28800, 43200, 86400, 172800, 604800),
)
"""Bounds that a person names, in seconds; those of every release so far are among them."""

_DAY, _FINE_TO = 86400, 28800


def _bounds() -> tuple[float, ...]:
    """From one anchor to the next in small steps: a tenth up to eight hours, a third up to a day.

    A quantile is wrong by up to a step. Beyond a day there are the anchors alone. Tenths of a
    second up to ten, whole ones from there.
    """
    found = [_ANCHORS[0] * 10]
    for anchor in (10 * seconds for seconds in _ANCHORS[1:]):
        percent = 110 if found[-1] < 10 * _FINE_TO else 130
        while found[-1] < 10 * _DAY and (following := _following(found[-1], percent)) < anchor:
            found.append(following)
        found.append(anchor)
    return tuple(tenths / 10 for tenths in found)


def _following(tenths: int, percent: int) -> int:
    unit = 1 if tenths < 100 else 10
    return tenths * percent // 100 // unit * unit


BUCKETS = _bounds()
"""Upper bounds of the histograms, in seconds: fine where a person acknowledges and resolves."""
