"""What incident-management counts: rows incremented with the change, and gauges read at scrape."""

from collections.abc import Iterable

from prometheus_client.core import GaugeMetricFamily
from prometheus_client.metrics_core import Metric

from incident_management.measures import MTTA_BUCKETS, MTTR_BUCKETS
from shared import counters, outbox
from shared.clock import Clock
from shared.contracts.incidents import Status
from shared.contracts.wire import Severity
from shared.counters import CounterDef, HistogramDef, Increments
from shared.database import Connection, Database
from shared.metrics import Collect

REACHED_OPEN, REACHED_ACK, REACHED_RESOLVED = "open", "ack", "resolved"

_SEVERITIES = [{"severity": severity.value} for severity in Severity]
_UNRESOLVED = [status for status in Status if status is not Status.RESOLVED]

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
    among={"severity": [severity.value for severity in Severity]},
)
MTTA = HistogramDef(
    "incident_mtta_seconds",
    "Time from the creation of an incident to its first acknowledgement.",
    MTTA_BUCKETS,
    ("severity",),
    _SEVERITIES,
)
MTTR = HistogramDef(
    "incident_mttr_seconds",
    "Time from the creation of an incident to its resolution.",
    MTTR_BUCKETS,
    ("severity",),
    _SEVERITIES,
)


def count_opened(increments: Increments, service: str, severity: Severity) -> None:
    """Count a new incident, by each figure that does."""
    increments.inc(INCIDENTS, status=REACHED_OPEN)
    increments.inc(CREATED, service=service, severity=severity.value)


def collector(database: Database, clock: Clock, topics: tuple[str, ...]) -> Collect:
    """Everything /metrics shows that lives in the database, read in one transaction."""

    async def collect() -> Iterable[Metric]:
        async with database.transaction() as connection:
            return [
                *await counters.families(connection, [INCIDENTS, CREATED, MTTA, MTTR]),
                await _open_now(connection),
                *await outbox.families(connection, topics, now=clock.now()),
            ]

    return collect


async def _open_now(connection: Connection) -> Metric:
    cursor = await connection.execute(
        "SELECT severity, status, count(*) AS held FROM incidents "
        "WHERE status <> 'resolved' GROUP BY severity, status"
    )
    held = {(row["severity"], row["status"]): row["held"] for row in await cursor.fetchall()}
    family = GaugeMetricFamily(
        "incidents_open",
        "Incidents that are not over, by severity and state.",
        labels=["severity", "status"],
    )
    for severity in Severity:
        for status in _UNRESOLVED:
            family.add_metric([severity, status], held.get((severity, status), 0))
    return family
