"""What the platform would have measured of itself in that week, as OpenMetrics with timestamps.

A pure function of the incidents, the grid and the instance, from whose name chance is drawn. Only
what Platform Health draws over time is here: ``up`` and what is asked for now alone are never made
up. All of it has ended by now (pulse.py), so that no tile and no alert about the present sees it;
and rules that look back find nothing that fails often, waits long, or is slow.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from random import Random
from typing import Any, NamedTuple, TypeAlias

import traffic
from pulse import Moment, moments
from staircases import STEP_SECONDS, Family, Grid, written

_ALERTS, _INCIDENTS, _ONCALL, _WEB = (
    "alert-ingestion",
    "incident-management",
    "oncall-service",
    "web-ui",
)
_MB = 1_000_000
_RESIDENT = {_ALERTS: 104, _INCIDENTS: 112, _ONCALL: 121, _WEB: 98}
_TOPICS = {
    "alert-events": (_ALERTS, 12),
    "alerts": (_INCIDENTS, 4),
    "oncall": (_INCIDENTS, 8),
    "page-events": (_ONCALL, 6),
}
# Of those that work every few seconds, the service and the interval.
ENGINES = {
    "timeouts": (_ALERTS, 5),
    "escalation": (_ONCALL, 1),
    "sending": (_ONCALL, 1),
    "neighbours": (_WEB, 15),
}

_Value: TypeAlias = Callable[[Moment, Random], float]
"""Of a gauge its value, of a counter what it gains until the moment."""


class _Series(NamedTuple):
    family: Family
    labels: Mapping[str, str]
    value: _Value


def lines(incidents: Sequence[Mapping[str, Any]], grid: Grid, instance: str) -> Iterator[str]:
    """The lines of an OpenMetrics file, without its end."""
    # A gauge is read as often as Prometheus takes a sample for the present value.
    gauges = list(moments(incidents, grid, STEP_SECONDS))
    counters = list(moments(incidents, grid, traffic.EVERY_SECONDS))
    for (name, kind), members in groupby(_families(), lambda it: it.family[:2]):
        yield f"# TYPE {name} {kind}\n"
        for series in members:
            yield from _samples(series, gauges if kind == "gauge" else counters, instance)
    yield from traffic.lines(counters, instance)


def _samples(series: _Series, week: Iterable[Moment], instance: str) -> Iterator[str]:
    family, grows = series.family, series.family.kind == "counter"
    name = written(
        family, f"{family.name}_total" if grows else family.name, instance, series.labels
    )
    chance, value = Random(name), 0.0  # noqa: S311 - a story, not a secret
    for it in week:
        value = series.value(it, chance) + (value if grows else 0)
        yield f"{name} {round(value, 3)} {it.at}\n"


def _families() -> Iterator[_Series]:
    yield from _processes()
    yield from _work()
    yield from _database()


def _processes() -> Iterator[_Series]:
    """What each process measures of itself."""
    for name, value in {
        "process_resident_memory_bytes": lambda service: _about(
            _RESIDENT[service] * _MB, 6 * _MB, 0.01
        ),
        "process_open_fds": lambda _: _whole(27, 8),
        # All of them on the same disk, which fills up slowly.
        "disk_free_bytes": lambda _: _growing(41_000 * _MB, -260 * _MB),
        "disk_size_bytes": lambda _: _about(63_000 * _MB),
    }.items():
        for service in _RESIDENT:
            yield _replica(name, "gauge", service, value(service))
    for service in _RESIDENT:
        yield _replica("process_cpu_seconds", "counter", service, _about(5, 16, 0.08))
    for engine, (service, interval) in ENGINES.items():
        age = _up_to(0.9 * interval)
        yield _replica("engine_cycle_age_seconds", "gauge", service, age, engine=engine)


def _work() -> Iterator[_Series]:
    """What is owed to neighbours and people, and the canary."""
    for name, each in (("outbox_depth", 1), ("outbox_oldest_age_seconds", 0.3)):
        for topic, (service, _) in _TOPICS.items():
            yield _series(name, "gauge", service, _owed(topic, each), topic=topic)
    for topic, (service, often) in _TOPICS.items():
        yield _series("outbox_delivered", "counter", service, _whole(4, often), topic=topic)
    yield _series("notifications_pending", "gauge", _ONCALL, _rarely(0.1, 2))
    yield _series("notifications_waiting", "gauge", _ONCALL, _rarely(0.3, 3))
    yield _series("oncall_notifications_bundled", "counter", _ONCALL, _rarely(0.2, 3))
    for outcome, walks in (("ok", traffic.WALKS), ("failed", 0)):
        yield _series("canary_walks", "counter", _ALERTS, _about(walks), outcome=outcome)


def _database() -> Iterator[_Series]:
    """What incident-management reads of PostgreSQL; counters gain this much in ten minutes."""
    for state, often in (("active", 1.2), ("idle", 5), ("idle in transaction", 0.4)):
        held = _whole(12 if state == "idle" else 0, often)
        yield _database_gauge("postgres_connections", held, state=state)
    yield _database_gauge("postgres_connections_max", _about(147))
    yield _database_gauge("postgres_longest_transaction_seconds", _up_to(0.06))
    yield _database_gauge("postgres_lock_waiters", _rarely(0.03, 1))
    yield _database_gauge("postgres_database_size_bytes", _growing(24 * _MB, 1.7 * _MB))
    for outcome, value in (("commit", _whole(3600, 4200)), ("rollback", _whole(20, 30))):
        yield _series("postgres_transactions", "counter", _INCIDENTS, value, outcome=outcome)
    for name, value in (
        ("postgres_block_hits", _whole(90_000, 260_000)),
        ("postgres_block_reads", _whole(100, 900)),
        ("postgres_deadlocks", _about(0)),
    ):
        yield _series(name, "counter", _INCIDENTS, value)


def _series(name: str, kind: str, service: str, value: _Value, **labels: str) -> _Series:
    return _Series(Family(name, kind, service), labels, value)


def _replica(name: str, kind: str, service: str, value: _Value, **labels: str) -> _Series:
    return _series(name, kind, service, value, job=traffic.REPLICAS, **labels)


def _database_gauge(name: str, value: _Value, **labels: str) -> _Series:
    return _series(name, "gauge", _INCIDENTS, value, **labels)


def _about(base: float, more: float = 0, noise: float = 0) -> _Value:
    """``base`` and ``more`` on a busy day, give or take a share of it."""
    return lambda it, chance: (base + more * it.busy) * chance.uniform(1 - noise, 1 + noise)


def _whole(base: float, more: float) -> _Value:
    """The same, in whole ones."""
    return lambda it, chance: int((base + more * it.busy) * chance.uniform(0.93, 1.07) + 0.5)


def _up_to(most: float) -> _Value:
    return lambda _, chance: chance.uniform(0, most)


def _growing(base: float, a_day: float) -> _Value:
    return lambda it, _: round(base + a_day * it.days)


def _rarely(likely: float, most: int) -> _Value:
    """None, but now and then; ``likely`` is how probable some are in the worst trouble."""
    return lambda it, chance: (
        chance.randint(1, most) if chance.random() < 0.004 + likely * it.trouble / 2 else 0
    )


def _owed(topic: str, each: float) -> _Value:
    """Like ``_rarely``, and for whatever is asked of a topic there are as many."""
    return lambda it, _: each * _rarely(0.1, 3)(it, Random(f"{topic} {it.at}"))  # noqa: S311
