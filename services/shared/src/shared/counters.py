"""Business counters and histograms as rows, incremented in the transaction of what they count.

They are read at scrape, so a restart, a second replica or the retention of the rows they counted
never bends a graph. Each counter is spread over a few shards, because one hot row would make
every transaction that counts the same thing wait for the one before it.
"""

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from prometheus_client.core import CounterMetricFamily, HistogramMetricFamily
from prometheus_client.metrics_core import Metric

from shared.database import Connection

SHARDS = 8

Labels: TypeAlias = Mapping[str, str]


@dataclass(frozen=True)
class CounterDef:
    """A counter: its name on /metrics, and every label set that starts at zero."""

    name: str
    help: str
    labels: tuple[str, ...] = ()
    zeros: Sequence[Labels] = ()


@dataclass(frozen=True)
class HistogramDef:
    """A histogram; ``buckets`` are upper bounds in its unit, ascending, without +Inf."""

    name: str
    help: str
    buckets: tuple[float, ...]
    labels: tuple[str, ...] = ()
    zeros: Sequence[Labels] = ()


class Increments:
    """What one transaction counts; hand it to :func:`add` as the transaction's last statement."""

    def __init__(self) -> None:
        self._values: defaultdict[tuple[str, str], float] = defaultdict(float)

    def inc(self, counter: CounterDef, amount: float = 1, **labels: str) -> None:
        """Count ``amount`` more."""
        self._values[counter.name, _key(counter.labels, labels)] += amount

    def observe(self, histogram: HistogramDef, value: float, **labels: str) -> None:
        """Add one observation."""
        key = _key(histogram.labels, labels)
        bound = next((str(bound) for bound in histogram.buckets if value <= bound), "+Inf")
        self._values[f"{histogram.name}|{bound}", key] += 1
        self._values[f"{histogram.name}|sum", key] += value

    def rows(self) -> list[tuple[str, str, float]]:
        """(name, labels, amount) in the one order every transaction locks them in."""
        return [(name, labels, value) for (name, labels), value in sorted(self._values.items())]


async def add(connection: Connection, increments: Increments) -> None:
    """Write the increments.

    Call it last: the rows stay locked until the commit, and sorted order keeps two transactions
    that count the same things from waiting for each other.
    """
    rows = increments.rows()
    if not rows:
        return
    names, labels, values = zip(*rows, strict=True)
    await connection.execute(
        """
        INSERT INTO counters AS c (name, labels, shard, value)
        SELECT name, labels, pg_backend_pid() %% %s, amount
        FROM unnest(%s::text[], %s::text[], %s::float8[]) AS t (name, labels, amount)
        ORDER BY name, labels
        ON CONFLICT (name, labels, shard) DO UPDATE SET value = c.value + excluded.value
        """,
        (SHARDS, list(names), list(labels), list(values)),
    )


async def families(
    connection: Connection, definitions: Iterable[CounterDef | HistogramDef]
) -> list[Metric]:
    """Every defined metric with its current values, zeros included."""
    cursor = await connection.execute(
        "SELECT name, labels, sum(value) AS value FROM counters GROUP BY name, labels"
    )
    stored: defaultdict[str, dict[str, float]] = defaultdict(dict)
    for row in await cursor.fetchall():
        stored[row["name"]][row["labels"]] = row["value"]
    return [
        (
            _counter(definition, stored)
            if isinstance(definition, CounterDef)
            else _histogram(definition, stored)
        )
        for definition in definitions
    ]


Stored: TypeAlias = Mapping[str, Mapping[str, float]]


def _counter(definition: CounterDef, stored: Stored) -> Metric:
    family = CounterMetricFamily(definition.name, definition.help, labels=definition.labels)
    values = stored.get(definition.name, {})
    for key in _all_keys(definition, values):
        family.add_metric(json.loads(key), values.get(key, 0.0))
    return family


def _histogram(definition: HistogramDef, stored: Stored) -> Metric:
    family = HistogramMetricFamily(definition.name, definition.help, labels=definition.labels)
    bounds = [*map(str, definition.buckets), "+Inf"]
    sums = stored.get(f"{definition.name}|sum", {})
    for key in _all_keys(definition, sums):
        cumulative, buckets = 0.0, []
        for bound in bounds:
            cumulative += stored.get(f"{definition.name}|{bound}", {}).get(key, 0.0)
            buckets.append((bound, cumulative))
        family.add_metric(json.loads(key), buckets, sum_value=sums.get(key, 0.0))
    return family


def _all_keys(definition: CounterDef | HistogramDef, values: Iterable[str]) -> list[str]:
    zeros = definition.zeros or ([{}] if not definition.labels else [])
    return sorted({*values, *(_key(definition.labels, zero) for zero in zeros)})


def _key(names: tuple[str, ...], labels: Labels) -> str:
    if set(names) != set(labels):
        raise ValueError(f"expected the labels {names}, got {tuple(labels)}")
    return json.dumps([labels[name] for name in names], ensure_ascii=False)
