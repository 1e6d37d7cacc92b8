"""What is so at the moment of a scrape, read from the incidents, and what it is compared with."""

from collections.abc import Iterable
from datetime import datetime

from prometheus_client.core import GaugeMetricFamily
from prometheus_client.metrics_core import Metric

from incident_management.targets import Targets
from shared.contracts.incidents import Status
from shared.contracts.wire import Severity
from shared.database import Connection

_UNRESOLVED = [status for status in Status if status is not Status.RESOLVED]


async def read(connection: Connection, now: datetime, targets: Targets) -> Iterable[Metric]:
    """Every gauge about incidents."""
    return [
        await _open_now(connection),
        await _oldest_unacknowledged(connection, now),
        _targets(targets),
    ]


async def _open_now(connection: Connection) -> Metric:
    cursor = await connection.execute(
        "SELECT severity, status, count(*) AS held FROM incidents "
        "WHERE NOT canary AND status <> 'resolved' GROUP BY severity, status"
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


async def _oldest_unacknowledged(connection: Connection, now: datetime) -> Metric:
    cursor = await connection.execute(
        "SELECT severity, min(created_at) AS since FROM incidents "
        "WHERE NOT canary AND status = 'open' AND acknowledged_at IS NULL GROUP BY severity"
    )
    since = {row["severity"]: row["since"] for row in await cursor.fetchall()}
    family = GaugeMetricFamily(
        "incidents_unacknowledged_oldest_seconds",
        "Age of the oldest open incident that nobody has acknowledged; 0 without one.",
        labels=["severity"],
    )
    for severity in Severity:
        age = (now - since.get(severity, now)).total_seconds()
        family.add_metric([severity], max(0.0, age))
    return family


def _targets(targets: Targets) -> Metric:
    family = GaugeMetricFamily(
        "incident_target_seconds",
        "Within which time an incident is to be acknowledged and resolved: a setting.",
        labels=["severity", "step"],
    )
    for severity in Severity:
        family.add_metric([severity, "acknowledge"], targets.acknowledge[severity].total_seconds())
        family.add_metric([severity, "resolve"], targets.resolve[severity].total_seconds())
    return family
