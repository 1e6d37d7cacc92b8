"""What Prometheus would have measured of a week: its incidents as OpenMetrics with timestamps.

A pure function of the incidents. Each series is a staircase: what happened adds to it at its time,
and the staircase is read every few minutes, as a scrape would. The labels are those that
Prometheus gives the live series (job ``vigie`` of prometheus.yml) but for ``instance``: a series
of its own, because samples between those of a living counter would look like resets.
"""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from itertools import accumulate
from typing import Any, NamedTuple

import people

from incident_management.measures import MTTA_BUCKETS, MTTR_BUCKETS

JOB = "vigie"
# Within the five minutes for which Prometheus takes a sample for the present value.
STEP_SECONDS = 300

_SEVERITIES = ("critical", "high", "medium", "low")
_UNRESOLVED = ("open", "acknowledged", "in_progress")
_REACHED = ("open", "ack", "resolved")
_RESULTS = ("new_incident", "existing_incident", "duplicate")


class Family(NamedTuple):
    """A metric: its kind, and the service that exposes it."""

    name: str
    kind: str
    service: str


INCIDENTS = Family("incidents", "counter", "incident-management")
CREATED = Family("incidents_created", "counter", "incident-management")
MTTA = Family("incident_mtta_seconds", "histogram", "incident-management")
MTTR = Family("incident_mttr_seconds", "histogram", "incident-management")
OPEN = Family("incidents_open", "gauge", "incident-management")
RECEIVED = Family("alerts_received", "counter", "alert-ingestion")
CORRELATED = Family("alerts_correlated", "counter", "alert-ingestion")
ESCALATIONS = Family("escalations", "counter", "oncall-service")
PAGES = Family("oncall_pages", "counter", "oncall-service")
NOTIFICATIONS = Family("oncall_notifications_sent", "counter", "oncall-service")

BUCKETS = {MTTA: MTTA_BUCKETS, MTTR: MTTR_BUCKETS}


class Grid(NamedTuple):
    """When the samples are taken: multiples of the step, in seconds since 1970."""

    first: int
    last: int

    @classmethod
    def between(cls, start: datetime, end: datetime) -> "Grid":
        """The last multiple up to ``start``, to the last one up to ``end``."""
        first, last = (int(at.timestamp()) // STEP_SECONDS * STEP_SECONDS for at in (start, end))
        return cls(first, last)

    def times(self) -> range:
        """Every one of them."""
        return range(self.first, self.last + 1, STEP_SECONDS)


class _Series(NamedTuple):
    name: str
    labels: tuple[tuple[str, str], ...]


class _Week:
    """The staircases: by family and series, how much is added when."""

    def __init__(self, instance: str) -> None:
        self._instance = instance
        self.families: defaultdict[Family, defaultdict[_Series, list[tuple[float, float]]]]
        self.families = defaultdict(lambda: defaultdict(list))

    def add(
        self, family: Family, at: float, amount: float = 1, *, suffix: str = "", **labels: str
    ) -> None:
        """``amount`` more (or less, of a gauge) from ``at`` on."""
        suffix = "_total" if family.kind == "counter" else suffix
        # A label of the metric's own wins over the target's: honor_labels.
        held = {"job": JOB, "instance": self._instance, "service": family.service, **labels}
        series = _Series(family.name + suffix, tuple(sorted(held.items())))
        self.families[family][series].append((at, amount))

    def observe(self, family: Family, at: float, seconds: float | None, **labels: str) -> None:
        """One observation of a histogram; None makes its series begin at zero."""
        count = 0 if seconds is None else 1
        value = seconds or 0.0
        for bound in BUCKETS[family]:
            amount = count if value <= bound else 0
            self.add(family, at, amount, suffix="_bucket", le=str(bound), **labels)
        self.add(family, at, count, suffix="_bucket", le="+Inf", **labels)
        self.add(family, at, value, suffix="_sum", **labels)
        self.add(family, at, count, suffix="_count", **labels)


def text(incidents: Iterable[Mapping[str, Any]], grid: Grid, instance: str) -> Iterator[str]:
    """The lines of an OpenMetrics file.

    What happened outside the grid counts at its edge, after the first sample and with the last:
    counters begin at zero and end with everything, and nothing stays open.
    """
    week = _Week(instance)
    _zeros(week)
    for incident in incidents:
        _incident(week, incident)
    for family, members in week.families.items():
        yield f"# TYPE {family.name} {family.kind}\n"
        for series, changes in members.items():
            labels = ",".join(f'{name}="{_escaped(value)}"' for name, value in series.labels)
            for at, value in _read(changes, grid):
                yield f"{series.name}{{{labels}}} {value} {at}\n"
    yield "# EOF\n"


def _zeros(week: _Week) -> None:
    """Every series that the services expose before anything happened, for the same panels."""
    for severity in _SEVERITIES:
        for status in _UNRESOLVED:
            week.add(OPEN, 0, 0, severity=severity, status=status)
        week.observe(MTTA, 0, None, severity=severity)
        week.observe(MTTR, 0, None, severity=severity)
        week.add(RECEIVED, 0, 0, severity=severity)
    for status in _REACHED:
        week.add(INCIDENTS, 0, 0, status=status)
    for result in _RESULTS:
        week.add(CORRELATED, 0, 0, result=result)


def _incident(week: _Week, incident: Mapping[str, Any]) -> None:
    severity, service = incident["severity"], incident["service"]
    created, resolved = _at(incident, "created_at"), _at(incident, "resolved_at")
    assert created is not None
    assert resolved is not None
    acknowledged = _at(incident, "acknowledged_at")
    week.add(INCIDENTS, created, status="open")
    week.add(CREATED, created, service=service, severity=severity)
    if acknowledged is not None:
        week.add(INCIDENTS, acknowledged, status="ack")
        week.observe(MTTA, acknowledged, _between(incident, "acknowledged_at"), severity=severity)
    week.add(INCIDENTS, resolved, status="resolved")
    week.observe(MTTR, resolved, _between(incident, "resolved_at"), severity=severity)
    _states(week, incident, severity)
    _alerts(week, incident, created, resolved)
    _pages(week, incident, created)


def _states(week: _Week, incident: Mapping[str, Any], severity: str) -> None:
    """Open, acknowledged, in progress: in each from its time to that of the next."""
    fields = ("created_at", "acknowledged_at", "in_progress_at")
    entered = [
        (at, status)
        for status, field in zip(_UNRESOLVED, fields, strict=True)
        if (at := _at(incident, field)) is not None
    ]
    leaves = [*(at for at, _ in entered[1:]), _at(incident, "resolved_at")]
    for (at, status), left in zip(entered, leaves, strict=True):
        assert left is not None
        week.add(OPEN, at, 1, severity=severity, status=status)
        week.add(OPEN, left, -1, severity=severity, status=status)


def _alerts(week: _Week, incident: Mapping[str, Any], created: float, resolved: float) -> None:
    """Its alerts, one a minute; those of what ended by itself were resolved by their sender."""
    for number in range(incident["alert_count"]):
        at = min(created + 60 * number, resolved)
        week.add(RECEIVED, at, severity=incident["severity"])
        week.add(CORRELATED, at, result="existing_incident" if number else "new_incident")
        if "resolved_by" not in incident:
            week.add(RECEIVED, resolved, severity=incident["severity"])


def _pages(week: _Week, incident: Mapping[str, Any], created: float) -> None:
    """An escalation each; every page of the timeline is a message that went out by the log."""
    team = people.team_of(incident["service"]).name
    week.add(ESCALATIONS, created, team=team)
    for entry in incident["timeline"]:
        if entry.get("kind") == "page.target":
            at = datetime.fromisoformat(entry["at"]).timestamp()
            week.add(PAGES, at, team=team, person=incident["assignee"]["name"])
            week.add(NOTIFICATIONS, at, channel="log", outcome="sent")


def _at(incident: Mapping[str, Any], field: str) -> float | None:
    return datetime.fromisoformat(incident[field]).timestamp() if field in incident else None


def _between(incident: Mapping[str, Any], field: str) -> float:
    created, end = (datetime.fromisoformat(incident[name]) for name in ("created_at", field))
    return (end - created).total_seconds()


def _read(changes: list[tuple[float, float]], grid: Grid) -> Iterator[tuple[int, str]]:
    """(time, value) at every time of the grid."""
    # Just after the first sample at the earliest, with the last one at the latest.
    ordered = sorted((min(max(at, grid.first + 1), grid.last), amount) for at, amount in changes)
    times = [at for at, _ in ordered]
    heights = [0.0, *accumulate(amount for _, amount in ordered)]
    for at in grid.times():
        # Sums of microseconds: whatever lies behind the sixth digit is of the arithmetic.
        yield at, repr(round(heights[bisect_right(times, at)], 6))


def _escaped(value: str) -> str:
    return value.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")
