"""Figures as ratios and as a table; a figure counts only beside another one of the same run."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from loading import Load, Seen
from peers import Limit

Figures = Mapping[Load, Seen]


def ratios(ours: Figures, theirs: Figures, limits: Sequence[Limit]) -> dict[str, float]:
    """What the platform does against Alertmanager, and against durable commits of one row."""
    found: dict[str, float] = {}
    for load, seen in ours.items():
        peer = theirs.get(load)
        if peer is None or not peer.alerts_per_second:
            continue
        found[f"{load.name}: alerts a second"] = seen.alerts_per_second / peer.alerts_per_second
        if peer.p99:
            found[f"{load.name}: p99"] = seen.p99 / peer.p99
    best = max((limit.commits_per_second for limit in limits), default=0.0)
    one_by_one = [seen for load, seen in ours.items() if load.mode == "new" and load.batch == 1]
    if best and one_by_one:
        fastest = max(seen.requests_per_second for seen in one_by_one)
        found["new alerts one a request: against durable commits of pgbench"] = fastest / best
    return found


def document(
    ours: Figures, theirs: Figures, limits: Sequence[Limit], about: Mapping[str, Any]
) -> dict[str, Any]:
    """Everything, as JSON."""
    return {
        **about,
        "platform": [{**asdict(load), **seen.document()} for load, seen in ours.items()],
        "alertmanager": [{**asdict(load), **seen.document()} for load, seen in theirs.items()],
        "pgbench": [asdict(limit) for limit in limits],
        "ratios": ratios(ours, theirs, limits),
    }


def table(title: str, figures: Figures) -> str:
    """Figures of one server, a line each."""
    lines = [
        f"\n{title}",
        f"  {'load':44} {'alerts/s':>9} {'p50':>8} {'p95':>8} {'p99 ms':>8}  cores, MiB",
    ]
    for load, seen in figures.items():
        costs = ", ".join(
            f"{name} {cores:.2f}, {seen.costs.memory.get(name, 0):.0f}"
            for name, cores in seen.costs.cores.items()
        )
        trouble = f"  REFUSED {seen.refused}, BROKEN {seen.broken}"
        lines.append(
            f"  {load.name:44} {seen.alerts_per_second:9.0f} {seen.p50:8.1f} {seen.p95:8.1f} "
            f"{seen.p99:8.1f}  {costs}{trouble if seen.refused or seen.broken else ''}"
        )
    return "\n".join(lines)


def limits_table(limits: Sequence[Limit]) -> str:
    """What pgbench came to."""
    lines = ["\npgbench: durable upserts of one row, on the same PostgreSQL"]
    lines += [
        f"  {limit.clients:3} clients {limit.commits_per_second:9.0f} commits/s, "
        f"{limit.latency:.1f} ms on the average"
        for limit in limits
    ]
    return "\n".join(lines)


def ratios_table(found: Mapping[str, float]) -> str:
    """The ratios, a line each."""
    lines = ["\nThe platform against Alertmanager (and against pgbench), as ratios of this run"]
    lines += [f"  {name:66} {value:7.3f}" for name, value in found.items()]
    return "\n".join(lines)
