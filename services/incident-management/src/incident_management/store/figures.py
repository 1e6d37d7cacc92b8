"""Exact figures of a window, by when it happened, from the incidents and what is left of them."""

from collections import Counter
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from incident_management.targets import Targets
from shared.contracts.incident_api import (
    DayCount,
    Durations,
    OpenNow,
    ServiceTally,
    SeverityTally,
    Stats,
    Tally,
    TeamTally,
)
from shared.contracts.incidents import Status
from shared.contracts.wire import Severity
from shared.database import Connection

# grouping() has a bit for each expression that a row is NOT grouped by.
_TOTAL, _BY_SEVERITY, _BY_SERVICE, _BY_TEAM = 0b111, 0b011, 0b101, 0b110
LISTED_AT_MOST = 100

# Every incident that people saw, those that are forgotten too.
_EVER = """(
    SELECT severity, service, team, created_at, acknowledged_at, resolved_at,
           merged_into IS NOT NULL AS merged
    FROM incidents WHERE NOT canary
    UNION ALL
    SELECT severity, service, team, created_at, acknowledged_at, resolved_at, merged
    FROM forgotten_incidents
) AS ever"""

_TALLIES = f"""
WITH happened AS (
    SELECT severity, service, team, true AS opened,
           NULL::float8 AS mtta, NULL::float8 AS mttr, false AS unseen
    FROM {_EVER}
    WHERE created_at >= %(since)s AND created_at < %(until)s
    UNION ALL
    SELECT severity, service, team, false,
           greatest(extract(epoch FROM acknowledged_at - created_at)::float8, 0), NULL, false
    FROM {_EVER}
    WHERE acknowledged_at >= %(since)s AND acknowledged_at < %(until)s
    UNION ALL
    SELECT severity, service, team, false,
           NULL, greatest(extract(epoch FROM resolved_at - created_at)::float8, 0),
           acknowledged_at IS NULL
    FROM {_EVER}
    WHERE NOT merged
      AND resolved_at >= %(since)s AND resolved_at < %(until)s
)
SELECT grouping(severity, service, team) AS grouped, severity, service, team,
       count(*) FILTER (WHERE opened) AS created,
       count(mtta) AS acknowledged,
       count(*) FILTER (WHERE mtta <= target.acknowledge) AS acknowledged_in_time,
       count(mttr) AS resolved,
       count(*) FILTER (WHERE mttr <= target.resolve) AS resolved_in_time,
       count(*) FILTER (WHERE unseen) AS never_acknowledged,
       avg(mtta) AS mtta_mean,
       percentile_disc(ARRAY[0.5, 0.95]) WITHIN GROUP (ORDER BY mtta) AS mtta_percentiles,
       avg(mttr) AS mttr_mean,
       percentile_disc(ARRAY[0.5, 0.95]) WITHIN GROUP (ORDER BY mttr) AS mttr_percentiles
FROM happened
JOIN unnest(%(severities)s::text[], %(acknowledge)s::float8[], %(resolve)s::float8[])
    AS target (severity, acknowledge, resolve) USING (severity)
GROUP BY GROUPING SETS ((), (severity), (service), (team))
ORDER BY grouped, created DESC, resolved DESC, service, team
"""  # noqa: S608 - constants

_OPEN = """
SELECT severity, status, service, team, count(*) AS held FROM incidents
WHERE NOT canary AND status <> 'resolved' GROUP BY severity, status, service, team
"""

_DAYS = f"""
SELECT to_char(created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD') AS day, count(*) AS created
FROM {_EVER}
WHERE created_at >= %(since)s AND created_at < %(until)s
GROUP BY day ORDER BY day
"""  # noqa: S608 - constants

_COUNTS = (
    *("created", "acknowledged", "acknowledged_in_time"),
    *("resolved", "resolved_in_time", "never_acknowledged"),
)


async def statistics(
    connection: Connection, targets: Targets, *, since: datetime, until: datetime
) -> Stats:
    """Figures over what happened in [since, until), and what is open now."""
    window = {"since": since, "until": until}
    rows = await (await connection.execute(_TALLIES, window | _limits(targets))).fetchall()
    held = await (await connection.execute(_OPEN)).fetchall()
    days = await (await connection.execute(_DAYS, window)).fetchall()
    by_severity = {row["severity"]: _tally(row) for row in _grouped(rows, _BY_SEVERITY)}
    return Stats(
        since=since,
        until=until,
        open=_open(held),
        total=next((Tally(**_tally(row)) for row in _grouped(rows, _TOTAL)), Tally()),
        by_severity=[
            SeverityTally(severity=severity, **by_severity.get(severity, {}))
            for severity in Severity
        ],
        by_service=[
            ServiceTally(service=name, **tally)
            for name, tally in _with_open("service", _grouped(rows, _BY_SERVICE), held)
        ],
        by_team=[
            TeamTally(team=name, **tally)
            for name, tally in _with_open("team", _grouped(rows, _BY_TEAM), held)
        ],
        by_day=[DayCount(**day) for day in days],
    )


def _limits(targets: Targets) -> dict[str, Any]:
    return {
        "severities": [severity.value for severity in Severity],
        "acknowledge": [targets.acknowledge[severity].total_seconds() for severity in Severity],
        "resolve": [targets.resolve[severity].total_seconds() for severity in Severity],
    }


def _grouped(rows: Iterable[dict[str, Any]], grouped: int) -> list[dict[str, Any]]:
    return [row for row in rows if row["grouped"] == grouped]


def _tally(row: dict[str, Any]) -> dict[str, Any]:
    return {
        **{name: row[name] for name in _COUNTS},
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


def _with_open(
    heading: str, rows: Iterable[dict[str, Any]], held: Iterable[dict[str, Any]]
) -> list[tuple[Any, dict[str, Any]]]:
    """Most incidents in the window first, then those under which some are only open."""
    still_open: Counter[str | None] = Counter()
    for row in held:
        still_open[row[heading]] += row["held"]
    found = [
        (row[heading], {"open": still_open.pop(row[heading], 0), **_tally(row)}) for row in rows
    ]
    quiet = sorted(still_open.items(), key=lambda item: item[0] or "")
    return [*found, *((name, {"open": count}) for name, count in quiet)][:LISTED_AT_MOST]
