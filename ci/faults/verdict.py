"""What a drill found, and whether it is good enough."""

import statistics
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from ledger import Ledger
from phones import Phones
from stack import Stack
from watching import Watch

SEVERITIES = ("critical", "high", "medium", "low")


@dataclass(frozen=True)
class Times:
    """Seconds from the 201 of an incident's first alert to the first message about it."""

    count: int
    p50: float
    p95: float
    max: float

    @classmethod
    def of(cls, seconds: Sequence[float]) -> "Times":
        """Of at least one."""
        ordered = sorted(seconds)
        return cls(
            len(ordered),
            round(statistics.median(ordered), 2),
            round(ordered[min(len(ordered) - 1, int(len(ordered) * 0.95))], 2),
            round(ordered[-1], 2),
        )


@dataclass
class Findings:
    """The books of a drill, closed."""

    accepted: int
    answers: int
    lost: int
    doubled: int
    unpaged: int
    repeats: int
    set_aside: int
    beyond_the_rate: int
    seconds_to_first_page: dict[str, Times]
    memory: dict[str, dict[str, int]]
    refused: dict[str, int]
    more: dict[str, Any] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)

    def document(self) -> dict[str, Any]:
        """As JSON."""
        return asdict(self)


def close_books(
    stack: Stack, ledger: Ledger, phones: Phones, watch: Watch, *, burst: int, interval: float
) -> Findings:
    """Compare what was promised with what is there."""
    stored = stack.items("alert-ingestion", "/api/v1/alerts")
    fingerprints = Counter(alert["fingerprint"] for alert in stored)
    held = {alert["id"]: alert["incident_id"] for alert in stored}
    incidents = {incident["id"]: incident for incident in stack.incidents()}
    promised = {each.alert_id for each in ledger.accepted.values()}
    in_incidents = sum(incident["alert_count"] for incident in incidents.values())
    # One incident a service and severity is what these senders asked for.
    kinds = Counter(incident["correlation_key"] for incident in incidents.values())
    first_word = phones.first_word()
    first_promise: dict[str, tuple[float, str]] = {}
    for each in ledger.accepted.values():
        incident_id = held.get(each.alert_id, each.incident_id)
        before = first_promise.get(incident_id)
        if before is None or each.at < before[0]:
            first_promise[incident_id] = (each.at, each.severity)
    waited: dict[str, list[float]] = {}
    for incident_id, (at, severity) in first_promise.items():
        if incident_id in first_word:
            waited.setdefault(severity, []).append(first_word[incident_id] - at)
    return Findings(
        accepted=len(ledger.accepted),
        answers=ledger.replies,
        lost=len(promised - held.keys())
        + len(set(held.values()) - incidents.keys())
        + max(0, len(stored) - in_incidents),
        doubled=sum(count - 1 for key, count in fingerprints.items() if key in ledger.accepted)
        + sum(count - 1 for count in kinds.values()),
        unpaged=len(first_promise.keys() - first_word.keys()),
        repeats=phones.repeats(),
        set_aside=set_aside(stack),
        beyond_the_rate=len(phones.beyond_the_rate(burst, interval)),
        seconds_to_first_page={
            severity: Times.of(waited[severity]) for severity in SEVERITIES if severity in waited
        },
        memory={
            name: {"peak_mb": watch.peak[name] >> 20, "swap_mb": watch.swap[name] >> 20}
            for name in watch.peak
        },
        refused=dict(ledger.refused),
    )


def set_aside(stack: Stack) -> int:
    """Messages between the services that were given up."""
    return int(
        sum(
            value
            for name in ("alert-ingestion", "incident-management", "oncall-service")
            for series, value in stack.samples(name).items()
            if series.startswith("outbox_dead")
        )
    )


def faults(findings: Findings, limits: Mapping[str, int], critical_p95: float | None) -> list[str]:
    """Sentences about what is not good enough."""
    found = [
        *findings.faults,
        *(
            f"{name}: {count}, and none is allowed"
            for name in ("lost", "doubled", "unpaged", "set_aside", "beyond_the_rate")
            if (count := getattr(findings, name))
        ),
    ]
    for name, used in findings.memory.items():
        if used["peak_mb"] > limits[name] >> 20:
            found.append(f"{name} used {used['peak_mb']} MB of {limits[name] >> 20}")
        if used["swap_mb"]:
            found.append(f"{name} was swapped out, {used['swap_mb']} MB: its peak says nothing")
    critical = findings.seconds_to_first_page.get("critical")
    if critical_p95 is not None and (critical is None or critical.p95 > critical_p95):
        said = f"{critical.p95} s" if critical else "unknown"
        found.append(f"p95 of critical to the first page: {said}, allowed are {critical_p95} s")
    return found


def table(findings: Findings, limits: Mapping[str, int]) -> str:
    """For people."""
    counts = (
        f"accepted {findings.accepted} alerts in {findings.answers} answers  "
        f"lost {findings.lost}  doubled {findings.doubled}  unpaged {findings.unpaged}  "
        f"set aside {findings.set_aside}  "
        f"repeats by idempotency key {findings.repeats}  "
        f"people beyond the rate {findings.beyond_the_rate}"
    )
    lines = [
        counts,
        "from 201 to the first page, seconds:",
        *(
            f"  {severity:9} {times.count:6} incidents  p50 {times.p50:7.2f}  "
            f"p95 {times.p95:7.2f}  max {times.max:7.2f}"
            for severity, times in findings.seconds_to_first_page.items()
        ),
        "memory, peak of limit:",
        *(
            f"  {name:20} {used['peak_mb']:4} of {limits[name] >> 20} MB, swap {used['swap_mb']}"
            for name, used in findings.memory.items()
        ),
    ]
    if findings.refused:
        lines.append(f"answers that were no promise, sent again: {findings.refused}")
    lines += [f"{name}: {value}" for name, value in findings.more.items()]
    return "\n".join(lines)
