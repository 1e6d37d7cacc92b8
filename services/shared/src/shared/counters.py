"""Business counters and histograms as rows, incremented in the transaction of what they count.

They are read at scrape, so a restart, a second replica or the retention of the rows they counted
never bends a graph. Each counter is spread over a few shards, because one hot row would make
every transaction that counts the same thing wait for the one before it.
"""

import json
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import product
from typing import TypeAlias

from prometheus_client.core import CounterMetricFamily, HistogramMetricFamily
from prometheus_client.metrics_core import Metric

from shared.database import Connection

SHARDS = 8

# Two scrapes: a series that Prometheus first sees at 1 is one that increase() never saw rise.
HELD_SECONDS = 40.0

# What stands for every text that came when there were too many already.
OTHER = "other"
LONGEST_TEXT = 100

Labels: TypeAlias = Mapping[str, str]


@dataclass(frozen=True)
class CounterDef:
    """A counter: its name on /metrics, and every label set that starts at zero.

    ``free`` are the labels whose text comes from outside. A text that is new is shown at zero for
    ``HELD_SECONDS`` before its count, with a zero for each of the ``among`` values of the other
    labels, so that increase() sees the first event. Of their texts (of their combinations,
    where there are several) ``most`` are kept apart and the rest is counted as "other", so that
    nobody who may send something can make series without end. ``stored`` is what its rows are
    called where that is not its name: when the labels change, rows of a release before keep theirs.
    """

    name: str
    help: str
    labels: tuple[str, ...] = ()
    zeros: Sequence[Labels] = ()
    free: tuple[str, ...] = ()
    most: int = 200
    among: Mapping[str, Sequence[str]] = field(default_factory=dict)
    stored: str = ""

    @property
    def row(self) -> str:
        """What its rows are called."""
        return self.stored or self.name

    def free_texts(self, key: str) -> tuple[str, ...]:
        """Those of a stored label set."""
        values: list[str] = json.loads(key)
        return tuple(
            value for name, value in zip(self.labels, values, strict=True) if name in self.free
        )

    def cut(self, key: str) -> str:
        """The label set with its free texts at most as long as they may be."""
        values = zip(self.labels, json.loads(key), strict=True)
        return _json(tuple(short(value) if name in self.free else value for name, value in values))

    def beside(self, key: str) -> list[str]:
        """The label sets that begin at zero with this one: the same texts, every other value."""
        choices = [
            self.among.get(name, [value])
            for name, value in zip(self.labels, json.loads(key), strict=True)
        ]
        return [_json(values) for values in product(*choices)]

    def folded(self, key: str) -> str:
        """The label set that stands for this one when there are too many."""
        values = zip(self.labels, json.loads(key), strict=True)
        return _json(tuple(OTHER if name in self.free else value for name, value in values))


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
        self._open: dict[str, CounterDef] = {}

    def inc(self, counter: CounterDef, amount: float = 1, **labels: str) -> None:
        """Count ``amount`` more."""
        if counter.free:
            self._open[counter.row] = counter
            labels |= {name: short(labels[name]) for name in counter.free if name in labels}
        self._values[counter.row, _key(counter.labels, labels)] += amount

    def observe(self, histogram: HistogramDef, value: float, **labels: str) -> None:
        """Add one observation."""
        key = _key(histogram.labels, labels)
        bound = next((str(bound) for bound in histogram.buckets if value <= bound), "+Inf")
        self._values[f"{histogram.name}|{bound}", key] += 1
        self._values[f"{histogram.name}|sum", key] += value

    def zero(self, counter: CounterDef, **labels: str) -> None:
        """Let a series begin, with whom it belongs to, before there is anything to count."""
        self.inc(counter, 0, **labels)

    def begin(self, definition: CounterDef, key: str) -> None:
        """Let what stands beside a new label set begin at zero."""
        for other in definition.beside(key):
            self._values[definition.row, other] += 0

    def rows(self) -> list[tuple[str, str, float]]:
        """(name, labels, amount) in the one order every transaction locks them in."""
        return [(name, labels, value) for (name, labels), value in sorted(self._values.items())]

    def free(self) -> list[tuple[CounterDef, str]]:
        """(definition, labels) of what is counted under texts from outside."""
        return [(self._open[name], labels) for name, labels in self._values if name in self._open]

    def move(self, definition: CounterDef, key: str, to: str) -> None:
        """Count under ``to`` what was to be counted under ``key``."""
        self._values[definition.row, to] += self._values.pop((definition.row, key))


async def add(connection: Connection, increments: Increments) -> None:
    """Write the increments.

    Call it last: the rows stay locked until the commit, and sorted order keeps two transactions
    that count the same things from waiting for each other.
    """
    await _fold(connection, increments)
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


async def _fold(connection: Connection, increments: Increments) -> None:
    """Count new texts as "other" where there are as many as there may be."""
    counted = increments.free()
    if not counted:
        return
    cursor = await connection.execute(
        """
        SELECT t.name, t.labels FROM unnest(%s::text[], %s::text[]) AS t (name, labels)
        WHERE NOT EXISTS (
            SELECT FROM counters c WHERE c.name = t.name AND c.labels = t.labels
        )
        """,
        ([definition.row for definition, _ in counted], [labels for _, labels in counted]),
    )
    new = {(row["name"], row["labels"]) for row in await cursor.fetchall()}
    if not new:
        return
    cursor = await connection.execute(
        "SELECT DISTINCT name, labels FROM counters WHERE name = ANY(%s)",
        (sorted({name for name, _ in new}),),
    )
    stored: defaultdict[str, list[str]] = defaultdict(list)
    for row in await cursor.fetchall():
        stored[row["name"]].append(row["labels"])
    known: dict[str, set[tuple[str, ...]]] = {}
    for definition, key in sorted(counted, key=lambda pair: (pair[0].row, pair[1])):
        if (definition.row, key) not in new:
            continue
        if definition.row not in known:
            known[definition.row] = _apart(definition, stored[definition.row])
        texts, apart = definition.free_texts(key), known[definition.row]
        if texts in apart or len(apart) < definition.most:
            apart.add(texts)
            increments.begin(definition, key)
        else:
            increments.move(definition, key, definition.folded(key))


async def forget(
    connection: Connection,
    definitions: Iterable[CounterDef],
    living: Mapping[str, Collection[str]],
) -> None:
    """Remove what was counted for those who are gone; see ``families``."""
    for definition in definitions:
        cursor = await connection.execute(
            "SELECT DISTINCT labels FROM counters WHERE name = %s", (definition.row,)
        )
        gone = [
            row["labels"]
            for row in await cursor.fetchall()
            if not _lives(definition, row["labels"], living)
        ]
        await connection.execute(
            "DELETE FROM counters WHERE name = %s AND labels = ANY(%s)", (definition.row, gone)
        )


async def families(
    connection: Connection,
    definitions: Sequence[CounterDef | HistogramDef],
    living: Mapping[str, Collection[str]] | None = None,
) -> list[Metric]:
    """Every defined metric with its current values, zeros included.

    ``living`` says by label who there is: series of somebody else are not shown.
    """
    cursor = await connection.execute(
        """
        SELECT name, labels, sum(value) AS value,
               min(coalesce(born_at, '-infinity')) > now() - make_interval(secs => %s) AS is_new
        FROM counters GROUP BY name, labels
        """,
        (HELD_SECONDS,),
    )
    free = {
        definition.row
        for definition in definitions
        if isinstance(definition, CounterDef) and definition.free
    }
    stored: defaultdict[str, dict[str, float]] = defaultdict(dict)
    for row in await cursor.fetchall():
        held = row["is_new"] and row["name"] in free
        stored[row["name"]][row["labels"]] = 0.0 if held else row["value"]
    return [
        (
            _counter(definition, stored, living or {})
            if isinstance(definition, CounterDef)
            else _histogram(definition, stored)
        )
        for definition in definitions
    ]


Stored: TypeAlias = Mapping[str, Mapping[str, float]]


def short(text: str) -> str:
    """A text that may be a label, cut with a mark where it is too long for one."""
    return text if len(text) <= LONGEST_TEXT else text[: LONGEST_TEXT - 1] + "…"


def _counter(
    definition: CounterDef, stored: Stored, living: Mapping[str, Collection[str]]
) -> Metric:
    family = CounterMetricFamily(definition.name, definition.help, labels=definition.labels)
    values = stored.get(definition.row, {})
    if definition.free:
        values = _bounded(
            definition,
            {key: value for key, value in values.items() if _lives(definition, key, living)},
        )
    for key in _all_keys(definition, values):
        family.add_metric(json.loads(key), values.get(key, 0.0))
    return family


def _bounded(definition: CounterDef, values: Mapping[str, float]) -> Mapping[str, float]:
    """No more than there may be: an older release stored whatever came."""
    kept = set(sorted(_apart(definition, map(definition.cut, values)))[: definition.most])
    summed: defaultdict[str, float] = defaultdict(float)
    for key, value in values.items():
        short_key = definition.cut(key)
        fits = definition.free_texts(short_key) in kept
        summed[short_key if fits else definition.folded(key)] += value
    return summed


def _apart(definition: CounterDef, keys: Iterable[str]) -> set[tuple[str, ...]]:
    """The texts that are counted on their own."""
    return {definition.free_texts(key) for key in keys} - {(OTHER,) * len(definition.free)}


def _lives(definition: CounterDef, key: str, living: Mapping[str, Collection[str]]) -> bool:
    return all(
        value == OTHER or value in living[name]
        for name, value in zip(definition.labels, json.loads(key), strict=True)
        if name in living
    )


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
    return _json(tuple(labels[name] for name in names))


# The same few label sets are counted again and again.
@lru_cache(maxsize=4096)
def _json(values: tuple[str, ...]) -> str:
    return json.dumps(values, ensure_ascii=False)
