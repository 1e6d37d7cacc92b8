"""Series as staircases, read at times that show each step: samples with timestamps.

What happened adds to a series at its time. The series is read just before and just after each step,
at the times at which a scrape would have, so that any window that is cut there holds what happened
in it; and now and then in between. A gauge is read as often as Prometheus takes a sample for the
present value; of a counter, dashboards look for the value before a window up to an hour back.
"""

import math
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from itertools import accumulate
from typing import NamedTuple

JOB = "vigie"
# Within the five minutes for which Prometheus takes a sample for the present value.
STEP_SECONDS = 300
COUNTERS_SECONDS = 1800
SCRAPE_SECONDS = 15
_ALWAYS = -math.inf


class Family(NamedTuple):
    """A metric: its kind, the service that exposes it, and the buckets of a histogram."""

    name: str
    kind: str
    service: str
    buckets: tuple[float, ...] = ()


class Grid(NamedTuple):
    """When the samples are taken: multiples of the step, in seconds since 1970."""

    first: int
    last: int

    @classmethod
    def between(cls, start: datetime, end: datetime) -> "Grid":
        """The last multiple up to ``start``, to the last one up to ``end``."""
        first, last = (int(at.timestamp()) // STEP_SECONDS * STEP_SECONDS for at in (start, end))
        return cls(first, last)

    def times(self, every: int = STEP_SECONDS) -> set[int]:
        """Those that are so many seconds apart, and the last one."""
        return {*range(self.first, self.last + 1, every), self.last}

    def within(self, at: float) -> float:
        """Just after the first sample at the earliest, with the last one at the latest."""
        return at if at == _ALWAYS else min(max(at, self.first + 1), self.last)

    def around(self, changes: Iterable[float], every: int = STEP_SECONDS) -> list[int]:
        """``times``, and the last scrape before each change, and the first one after."""
        steps = [at for at in changes if at != _ALWAYS]
        after = {math.ceil(at / SCRAPE_SECONDS) * SCRAPE_SECONDS for at in steps}
        before = {at - SCRAPE_SECONDS for at in after}
        return sorted(
            {at for at in before | after if self.first <= at <= self.last} | self.times(every)
        )


class Staircases:
    """By family and series, how much is added when, in seconds since 1970."""

    def __init__(self, instance: str) -> None:
        self._instance = instance
        self._families: defaultdict[Family, defaultdict[str, list[tuple[float, float]]]]
        self._families = defaultdict(lambda: defaultdict(list))

    def add(
        self, family: Family, at: float, amount: float = 1, *, suffix: str = "", **labels: str
    ) -> None:
        """``amount`` more (or less, of a gauge) from ``at`` on."""
        suffix = "_total" if family.kind == "counter" else suffix
        series = written(family, family.name + suffix, self._instance, labels)
        self._families[family][series].append((at, amount))

    def begin(self, family: Family, **labels: str) -> None:
        """Let a series begin at zero."""
        self.add(family, 0, 0, **labels)

    def always(self, family: Family, value: float, **labels: str) -> None:
        """Let a gauge have one value all the time."""
        series = written(family, family.name, self._instance, labels)
        self._families[family][series] = [(_ALWAYS, value)]

    def observe(self, family: Family, at: float, seconds: float | None, **labels: str) -> None:
        """One observation of a histogram; None makes its series begin at zero."""
        count = 0 if seconds is None else 1
        value = seconds or 0.0
        for bound in family.buckets:
            amount = count if value <= bound else 0
            self.add(family, at, amount, suffix="_bucket", le=str(bound), **labels)
        self.add(family, at, count, suffix="_bucket", le="+Inf", **labels)
        self.add(family, at, value, suffix="_sum", **labels)
        self.add(family, at, count, suffix="_count", **labels)

    def lines(self, grid: Grid) -> Iterator[str]:
        """The lines of an OpenMetrics file, without its end.

        What happened outside the grid counts at its edge, after the first sample and with the last:
        counters begin at zero and end with everything, and nothing stays open.
        """
        for family, members in self._families.items():
            yield f"# TYPE {family.name} {family.kind}\n"
            every = STEP_SECONDS if family.kind == "gauge" else COUNTERS_SECONDS
            for series, changes in members.items():
                for at, value in _read(changes, grid, every):
                    yield f"{series} {value} {at}\n"


def written(family: Family, name: str, instance: str, labels: Mapping[str, str]) -> str:
    """A series of a family, as a line of the file begins."""
    # A label of the metric's own wins over the target's: honor_labels.
    held = {"job": JOB, "instance": instance, "service": family.service, **labels}
    pairs = ",".join(f'{label}="{_escaped(value)}"' for label, value in sorted(held.items()))
    return f"{name}{{{pairs}}}"


def _read(changes: list[tuple[float, float]], grid: Grid, every: int) -> Iterator[tuple[int, str]]:
    """(time, value) at times of the grid, and around every change."""
    ordered = sorted((grid.within(at), amount) for at, amount in changes if amount)
    steps = [at for at, _ in ordered]
    # Sums of microseconds: whatever lies behind the sixth digit is of the arithmetic.
    heights = [
        repr(round(height, 6)) for height in accumulate((a for _, a in ordered), initial=0.0)
    ]
    for at in grid.around(steps, every):
        yield at, heights[bisect_right(steps, at)]


def _escaped(value: str) -> str:
    return value.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")
