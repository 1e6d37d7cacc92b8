"""Exact figures of a window, by when it happened, from the incidents and what is left of them."""

from collections import Counter
from collections.abc import Iterable
from typing import Any

from incident_management.store.happened import EVER, HAPPENED, TALLIED, Window, tally, total
from incident_management.targets import Targets
from shared.contracts.incident_api import (
    DayCount,
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

_TALLIES = f"""{HAPPENED}
SELECT grouping(severity, service, team) AS grouped, severity, service, team, {TALLIED}
GROUP BY GROUPING SETS ((), (severity), (service), (team))
ORDER BY grouped, created DESC, resolved DESC, service, team
"""

_OPEN = """
SELECT severity, status, service, team, count(*) AS held FROM incidents
WHERE NOT canary AND status <> 'resolved' GROUP BY severity, status, service, team
"""

_DAYS = f"""
SELECT to_char(created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD') AS day, count(*) AS created
FROM {EVER}
WHERE created_at >= %(since)s AND created_at < %(until)s
GROUP BY day ORDER BY day
"""  # noqa: S608 - constants


async def statistics(
    connection: Connection, targets: Targets, window: Window, *, compare: bool
) -> Stats:
    """Figures over what happened in a window, and what is open now.

    ``compare``: with the total of the window before.
    """
    meant = window.parameters(targets)
    rows = await (await connection.execute(_TALLIES.encode(), meant)).fetchall()
    held = await (await connection.execute(_OPEN)).fetchall()
    days = await (await connection.execute(_DAYS.encode(), meant)).fetchall()
    previous = await total(connection, targets, window.before()) if compare else None
    by_severity = {row["severity"]: tally(row) for row in _grouped(rows, _BY_SEVERITY)}
    return Stats(
        since=window.since,
        until=window.until,
        previous=previous,
        open=_open(held),
        total=next((Tally(**tally(row)) for row in _grouped(rows, _TOTAL)), Tally()),
        by_severity=[
            SeverityTally(severity=severity, **by_severity.get(severity, {}))
            for severity in Severity
        ],
        by_service=[
            ServiceTally(service=name, **figures)
            for name, figures in _with_open("service", _grouped(rows, _BY_SERVICE), held)
        ],
        by_team=[
            TeamTally(team=name, **figures)
            for name, figures in _with_open("team", _grouped(rows, _BY_TEAM), held)
        ],
        by_day=[DayCount(**day) for day in days],
    )


def _grouped(rows: Iterable[dict[str, Any]], grouped: int) -> list[dict[str, Any]]:
    return [row for row in rows if row["grouped"] == grouped]


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
        (row[heading], {"open": still_open.pop(row[heading], 0), **tally(row)}) for row in rows
    ]
    quiet = sorted(still_open.items(), key=lambda item: item[0] or "")
    return [*found, *((name, {"open": count}) for name, count in quiet)][:LISTED_AT_MOST]
