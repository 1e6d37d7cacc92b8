"""Exact figures over the incidents of a window, computed from the incidents themselves."""

from datetime import datetime
from typing import Any

from shared.contracts.incident_api import (
    DayCount,
    Durations,
    OpenNow,
    ServiceTally,
    SeverityTally,
    Stats,
    Tally,
)
from shared.contracts.incidents import Status
from shared.contracts.wire import Severity
from shared.database import Connection

# grouping() has a bit for each expression that a row is NOT grouped by.
_TOTAL, _BY_SERVICE, _BY_SEVERITY = 3, 2, 1
SERVICES_AT_MOST = 100

_TALLIES = """
WITH handled AS (
    SELECT severity, service,
           greatest(extract(epoch FROM acknowledged_at - created_at)::float8, 0) AS mtta,
           greatest(extract(epoch FROM resolved_at - created_at)::float8, 0) AS mttr,
           acknowledged_at, resolved_at
    FROM incidents
    WHERE merged_into IS NULL AND created_at >= %(since)s AND created_at < %(until)s
)
SELECT grouping(severity, service) AS grouped, severity, service,
       count(*) AS created, count(acknowledged_at) AS acknowledged, count(resolved_at) AS resolved,
       avg(mtta) FILTER (WHERE acknowledged_at IS NOT NULL) AS mtta_mean,
       percentile_cont(ARRAY[0.5, 0.95]::float8[]) WITHIN GROUP (ORDER BY mtta)
           FILTER (WHERE acknowledged_at IS NOT NULL) AS mtta_percentiles,
       avg(mttr) FILTER (WHERE resolved_at IS NOT NULL) AS mttr_mean,
       percentile_cont(ARRAY[0.5, 0.95]::float8[]) WITHIN GROUP (ORDER BY mttr)
           FILTER (WHERE resolved_at IS NOT NULL) AS mttr_percentiles
FROM handled
GROUP BY GROUPING SETS ((), (severity), (service))
ORDER BY grouped, created DESC, service
"""

_OPEN = """
SELECT severity, status, service, count(*) AS held FROM incidents
WHERE status <> 'resolved' GROUP BY severity, status, service
"""

_DAYS = """
SELECT to_char(created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD') AS day, count(*) AS created
FROM incidents
WHERE merged_into IS NULL AND created_at >= %(since)s AND created_at < %(until)s
GROUP BY day ORDER BY day
"""


async def statistics(connection: Connection, *, since: datetime, until: datetime) -> Stats:
    """Figures over incidents created in [since, until), and what is open now.

    greatest() ignores NULL, hence the FILTERs: an incident that nobody acknowledged has no time
    to acknowledge, not one of zero.
    """
    window = {"since": since, "until": until}
    tallies = await (await connection.execute(_TALLIES, window)).fetchall()
    held = await (await connection.execute(_OPEN)).fetchall()
    days = await (await connection.execute(_DAYS, window)).fetchall()
    by_severity = {
        row["severity"]: _tally(row) for row in tallies if row["grouped"] == _BY_SEVERITY
    }
    return Stats(
        since=since,
        until=until,
        open=_open(held),
        total=next((Tally(**_tally(row)) for row in tallies if row["grouped"] == _TOTAL), Tally()),
        by_severity=[
            SeverityTally(severity=severity, **by_severity.get(severity, {}))
            for severity in Severity
        ],
        by_service=_services(tallies, held),
        by_day=[DayCount(**day) for day in days],
    )


def _tally(row: dict[str, Any]) -> dict[str, Any]:
    return {
        "created": row["created"],
        "acknowledged": row["acknowledged"],
        "resolved": row["resolved"],
        "mtta": _durations(row["acknowledged"], row["mtta_mean"], row["mtta_percentiles"]),
        "mttr": _durations(row["resolved"], row["mttr_mean"], row["mttr_percentiles"]),
    }


def _durations(count: int, mean: float | None, percentiles: list[float] | None) -> Durations:
    if not count or percentiles is None:
        return Durations(count=0)
    p50, p95 = percentiles
    return Durations(count=count, mean_seconds=mean, p50_seconds=p50, p95_seconds=p95)


def _open(held: list[dict[str, Any]]) -> OpenNow:
    by_severity = dict.fromkeys(Severity, 0)
    by_status: dict[Status, int] = {status: 0 for status in Status if status is not Status.RESOLVED}
    for row in held:
        by_severity[Severity(row["severity"])] += row["held"]
        by_status[Status(row["status"])] += row["held"]
    return OpenNow(total=sum(by_status.values()), by_severity=by_severity, by_status=by_status)


def _services(tallies: list[dict[str, Any]], held: list[dict[str, Any]]) -> list[ServiceTally]:
    """Most incidents in the window first, then the services that only have open ones."""
    still_open: dict[str, int] = {}
    for row in held:
        still_open[row["service"]] = still_open.get(row["service"], 0) + row["held"]
    found = [
        ServiceTally(service=row["service"], open=still_open.pop(row["service"], 0), **_tally(row))
        for row in tallies
        if row["grouped"] == _BY_SERVICE
    ]
    quiet = [ServiceTally(service=name, open=count) for name, count in sorted(still_open.items())]
    return [*found, *quiet][:SERVICES_AT_MOST]
