"""How busy the platform was at each time of the week: by day, at the weekend, while things burn."""

import math
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, NamedTuple

from staircases import Grid

# Past the five minutes for which Prometheus takes a sample for the present value.
ENDS_BEFORE_SECONDS = 600
_WEIGHT = {"critical": 1.0, "high": 0.6, "medium": 0.25, "low": 0.1}
_MOST_TROUBLE = 2.0
# The rush is over before the incident is.
_CALMS_DOWN_SECONDS = 7200


class Moment(NamedTuple):
    """A time, in seconds since 1970.

    ``days`` are those since the week began. ``trouble`` is 1 when a critical incident begins, and 2
    at most. ``busy`` is 0.3 in a quiet night, 1 on a working day, and 2 at most.
    """

    at: int
    days: float
    trouble: float
    busy: float


def moments(incidents: Iterable[Mapping[str, Any]], grid: Grid, every: int) -> Iterator[Moment]:
    """The multiples of ``every`` seconds, on which Grafana puts the points of a graph too.

    They end some minutes before the grid does, so that nothing made up is there now.
    """
    spans = [
        (_at(it, "created_at"), _at(it, "resolved_at"), _WEIGHT[it["severity"]]) for it in incidents
    ]
    first = math.ceil(grid.first / every) * every
    for at in range(first, grid.last - ENDS_BEFORE_SECONDS + 1, every):
        trouble = sum(
            weight * math.exp((begun - at) / _CALMS_DOWN_SECONDS)
            for begun, over, weight in spans
            if begun <= at < over
        )
        trouble = min(trouble, _MOST_TROUBLE)
        busy = 0.3 + 0.7 * _daylight(at) + 0.5 * trouble
        yield Moment(at, (at - grid.first) / 86400, trouble, busy)


def _daylight(at: int) -> float:
    """From 0 at night to 1 at one in the afternoon (UTC); less at a weekend."""
    wall = datetime.fromtimestamp(at, UTC)
    height = math.sin(math.pi * (wall.hour + wall.minute / 60 - 5) / 16)
    return max(0.0, height) * (0.4 if wall.weekday() >= 5 else 1.0)


def _at(incident: Mapping[str, Any], field: str) -> float:
    return datetime.fromisoformat(incident[field]).timestamp()
