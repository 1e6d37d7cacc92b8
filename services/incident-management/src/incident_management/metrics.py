"""What incident-management counts: rows incremented with the change; and its page of metrics."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from prometheus_client.metrics_core import Metric

from incident_management.measures import BUCKETS
from incident_management.store import gauges
from incident_management.targets import Targets
from shared import counters, outbox
from shared.clock import Clock
from shared.contracts.wire import Severity
from shared.counters import CounterDef, HistogramDef, Increments
from shared.database import Database
from shared.metrics import Collect

REACHED_OPEN, REACHED_ACK, REACHED_RESOLVED = "open", "ack", "resolved"
NO_TEAM = "none"

_SEVERITIES = [{"severity": severity.value} for severity in Severity]
_BY_SEVERITY = {"severity": [severity.value for severity in Severity]}

INCIDENTS = CounterDef(
    "incidents_total",
    "Incidents that reached a state, each counted once a state; merged ones do not reach resolved.",
    ("status",),
    [{"status": status} for status in (REACHED_OPEN, REACHED_ACK, REACHED_RESOLVED)],
)
CREATED = CounterDef(
    "incidents_created_total",
    "Incidents that were opened, by service and severity; a service begins at zero.",
    ("service", "severity"),
    # Whoever may send an alert chooses the name of the service.
    free=("service",),
    most=200,
    among=_BY_SEVERITY,
)
_WHOSE = ("service", "team", "severity")
_BY_SEVERITY_IN_TIME = {**_BY_SEVERITY, "in_time": ("yes", "no")}


def _by_whom(
    name: str, text: str, *labels: str, among: Mapping[str, Sequence[str]] = _BY_SEVERITY
) -> CounterDef:
    """By service and team, whose names are chosen by others: for means and shares of each."""
    text = f"{text}; team none has none. A service with a team begins at zero."
    free = ("service", "team")
    return CounterDef(name, text, (*_WHOSE, *labels), free=free, most=200, among=among)


ACKNOWLEDGED = _by_whom(
    "incidents_acknowledged_total",
    "Incidents that were acknowledged, in_time yes: within the target of their severity",
    "in_time",
    among=_BY_SEVERITY_IN_TIME,
)
RESOLVED = _by_whom(
    "incidents_resolved_total",
    "Incidents that were resolved, in_time yes: within the target of their severity",
    "in_time",
    among=_BY_SEVERITY_IN_TIME,
)
ACKNOWLEDGE_SECONDS = _by_whom(
    "incident_acknowledge_seconds_total",
    "Sum of the times from the creation of an incident to its first acknowledgement",
)
RESOLVE_SECONDS = _by_whom(
    "incident_resolve_seconds_total",
    "Sum of the times from the creation of an incident to its resolution",
)
NEVER_ACKNOWLEDGED = _by_whom(
    "incidents_never_acknowledged_total",
    "Incidents that were resolved without ever having been acknowledged",
)
MTTA = HistogramDef(
    "incident_mtta_seconds",
    "Time from the creation of an incident to its first acknowledgement.",
    BUCKETS,
    ("severity",),
    _SEVERITIES,
)
MTTR = HistogramDef(
    "incident_mttr_seconds",
    "Time from the creation of an incident to its resolution.",
    BUCKETS,
    ("severity",),
    _SEVERITIES,
)

COUNTED = (
    *(INCIDENTS, CREATED, ACKNOWLEDGED, RESOLVED, NEVER_ACKNOWLEDGED),
    *(ACKNOWLEDGE_SECONDS, RESOLVE_SECONDS, MTTA, MTTR),
)


def count_opened(increments: Increments, service: str, severity: Severity) -> None:
    """Count a new incident, by each figure that does."""
    increments.inc(INCIDENTS, status=REACHED_OPEN)
    increments.inc(CREATED, service=service, severity=severity.value)


@dataclass(frozen=True)
class Whose:
    """What an incident is counted under."""

    service: str
    team: str | None
    severity: Severity

    @property
    def labels(self) -> dict[str, str]:
        """As every counter by service and team has them."""
        return {
            "service": self.service,
            "team": self.team or NO_TEAM,
            "severity": self.severity.value,
        }


def count_acknowledged(
    increments: Increments, whose: Whose, seconds: float, targets: Targets
) -> None:
    """Count a first acknowledgement after so many seconds, by each figure that does."""
    in_time = _yes_or_no(targets.acknowledged_in_time(whose.severity, seconds))
    increments.inc(INCIDENTS, status=REACHED_ACK)
    increments.observe(MTTA, seconds, severity=whose.severity.value)
    _begin(increments, whose)
    increments.inc(ACKNOWLEDGED, 1, in_time=in_time, **whose.labels)
    increments.inc(ACKNOWLEDGE_SECONDS, seconds, **whose.labels)


def count_resolved(
    increments: Increments, whose: Whose, seconds: float, targets: Targets, *, acknowledged: bool
) -> None:
    """Count an end after so many seconds, by each figure that does."""
    in_time = _yes_or_no(targets.resolved_in_time(whose.severity, seconds))
    increments.inc(INCIDENTS, status=REACHED_RESOLVED)
    increments.observe(MTTR, seconds, severity=whose.severity.value)
    _begin(increments, whose)
    increments.inc(RESOLVED, 1, in_time=in_time, **whose.labels)
    increments.inc(RESOLVE_SECONDS, seconds, **whose.labels)
    if not acknowledged:
        increments.inc(NEVER_ACKNOWLEDGED, 1, **whose.labels)


def _begin(increments: Increments, whose: Whose) -> None:
    """Let a service with its team begin at zero in each figure: a share needs both of its parts."""
    for counter in (ACKNOWLEDGE_SECONDS, RESOLVE_SECONDS, NEVER_ACKNOWLEDGED):
        increments.zero(counter, **whose.labels)
    for counter in (ACKNOWLEDGED, RESOLVED):
        increments.zero(counter, in_time="yes", **whose.labels)


def _yes_or_no(is_so: bool) -> str:
    return "yes" if is_so else "no"


def collector(
    database: Database, clock: Clock, targets: Targets, topics: tuple[str, ...]
) -> Collect:
    """Everything /metrics shows that lives in the database, read in one transaction."""

    async def collect() -> Iterable[Metric]:
        async with database.transaction() as connection:
            return [
                *await counters.families(connection, COUNTED),
                *await gauges.read(connection, clock.now(), targets),
                *await outbox.families(connection, topics, now=clock.now()),
            ]

    return collect
