"""A gauge that grows by itself: the age of the oldest incident that nobody has acknowledged."""

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from staircases import Family, Grid, written

OLDEST = Family("incidents_unacknowledged_oldest_seconds", "gauge", "incident-management")


class Waiting(NamedTuple):
    """An incident nobody has acknowledged, from ``since`` to ``until``, in seconds since 1970."""

    severity: str
    since: float
    until: float


def lines(
    waiting: Sequence[Waiting], severities: Iterable[str], grid: Grid, instance: str
) -> Iterator[str]:
    """The lines of an OpenMetrics file, without its end: a series a severity, 0 without one."""
    yield f"# TYPE {OLDEST.name} {OLDEST.kind}\n"
    for severity in severities:
        series = written(OLDEST, OLDEST.name, instance, {"severity": severity})
        spans = [(one.since, one.until) for one in waiting if one.severity == severity]
        for at in grid.around(edge for span in spans for edge in span):
            # At the end nothing waits, so that nothing is added to what really does.
            open_ones = [since for since, until in spans if since <= at < until and at < grid.last]
            yield f"{series} {round(at - min(open_ones, default=at), 6)} {at}\n"
