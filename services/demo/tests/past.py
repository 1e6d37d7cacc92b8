"""The demonstration's week as series, read from the lines of an OpenMetrics file."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import NamedTuple

NOW = datetime(2026, 3, 4, 15, 31, tzinfo=UTC)
INSTANCE = "demonstration-7"


class Series(NamedTuple):
    """A name with its labels, and the values over the week by their time."""

    name: str
    labels: dict[str, str]
    values: dict[int, float]

    @property
    def last(self) -> float:
        """The value at the end."""
        return list(self.values.values())[-1]


def parsed(lines: Iterable[str]) -> list[Series]:
    """The series of an OpenMetrics file; one that has two values at a time is no file."""
    values: defaultdict[str, dict[int, float]] = defaultdict(dict)
    for line in lines:
        if line.startswith("# TYPE "):
            continue
        series, value, at = line.rsplit(" ", 2)
        assert int(at) not in values[series], f"{series} has two values at {at}"
        values[series][int(at)] = float(value)
    return [_series(text, found) for text, found in values.items()]


def _series(text: str, values: dict[int, float]) -> Series:
    name, _, labels = text.rstrip("}").partition("{")
    pairs = (label.split("=", 1) for label in labels.split('",'))
    return Series(name, {key: value.strip('"') for key, value in pairs}, values)


def named(measured: list[Series], name: str, **labels: str) -> list[Series]:
    return [
        series
        for series in measured
        if series.name == name and labels.items() <= series.labels.items()
    ]
