"""The figures of a report, over a window."""

import math
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from incident_management import calendars
from incident_management.measures import BUCKETS
from incident_management.store.happened import EVER, HAPPENED, MEANT, TALLIED, Window, tally, total
from incident_management.targets import Targets
from shared.contracts.incident_api import Durations, Tally
from shared.contracts.reports import Bucket, IncidentReport, Noise, ReportDay, ServiceLoad
from shared.database import Connection

LISTED_AT_MOST = 100
NOISIEST = 20

# grouping() has a bit for each expression that a row is NOT grouped by.
_ALL, _BY_DAY, _BY_SERVICE = 0b11, 0b01, 0b10

_TALLIES = f"""{HAPPENED}
SELECT grouping(width_bucket(at, %(days)s::timestamptz[]), service) AS grouped,
       width_bucket(at, %(days)s::timestamptz[]) AS day, service, {TALLIED}
GROUP BY GROUPING SETS ((), (width_bucket(at, %(days)s::timestamptz[])), (service))
ORDER BY created DESC, resolved DESC, service
"""

_DISTRIBUTIONS = f"""{HAPPENED}
SELECT mtta IS NOT NULL AS seen,
       width_bucket(coalesce(mtta, mttr), %(bounds)s::float8[]) AS bucket, count(*) AS counted
FROM happened WHERE NOT opened GROUP BY seen, bucket
"""  # noqa: S608 - constants

_QUARTERS = f"""
SELECT floor(extract(epoch FROM created_at) / %(quarter)s)::bigint AS quarter, count(*) AS created
FROM {EVER}
WHERE created_at >= %(since)s AND created_at < %(until)s AND {MEANT}
GROUP BY quarter
"""  # noqa: S608 - constants

_NOISIEST = f"""
SELECT service, correlation_key, count(*) AS incidents, sum(alert_count) AS alerts,
       max(number) AS number
FROM incidents
WHERE NOT canary AND merged_into IS NULL
  AND created_at >= %(since)s AND created_at < %(until)s AND {MEANT}
GROUP BY service, correlation_key, CASE WHEN correlation_key IS NULL THEN title END
ORDER BY incidents DESC, alerts DESC, number DESC LIMIT %(limit)s
"""  # noqa: S608 - constants

_TITLES = "SELECT number, title FROM incidents WHERE number = ANY(%s)"


async def incidents(
    connection: Connection, targets: Targets, window: Window, where: ZoneInfo
) -> IncidentReport:
    """What happened in a window, by the days and hours of a place."""
    days = calendars.days(window.since, window.until, where)
    meant = {
        **window.parameters(targets),
        "days": [begins for _, begins in days],
        # A bound belongs to the bucket below it, as in the histograms.
        "bounds": [math.nextafter(bound, math.inf) for bound in BUCKETS],
        "quarter": calendars.QUARTER.total_seconds(),
        "limit": NOISIEST,
    }

    async def asked(statement: str) -> list[dict[str, Any]]:
        return await (await connection.execute(statement.encode(), meant)).fetchall()

    rows = await asked(_TALLIES)
    by_day = {row["day"]: tally(row) for row in rows if row["grouped"] == _BY_DAY}
    distributions = await asked(_DISTRIBUTIONS)
    return IncidentReport(
        since=window.since,
        until=window.until,
        zone=where.key,
        total=next((Tally(**tally(row)) for row in rows if row["grouped"] == _ALL), Tally()),
        previous=await total(connection, targets, window.before()),
        by_day=[
            _day(day.isoformat(), by_day.get(place, {})) for place, (day, _) in enumerate(days, 1)
        ],
        by_service=[
            ServiceLoad(service=row["service"], **_of(tally(row), "created", "mtta", "mttr"))
            for row in rows
            if row["grouped"] == _BY_SERVICE
        ][:LISTED_AT_MOST],
        by_hour=calendars.weekly(_quarters(await asked(_QUARTERS)), where),
        mtta=_buckets(row for row in distributions if row["seen"]),
        mttr=_buckets(row for row in distributions if not row["seen"]),
        noisiest=await _noises(connection, await asked(_NOISIEST)),
    )


def _day(day: str, figures: Mapping[str, Any]) -> ReportDay:
    if not figures:
        return ReportDay(day=day, mtta=Durations(), mttr=Durations())
    return ReportDay(day=day, **_of(figures, "created", "resolved", "mtta", "mttr"))


def _of(figures: Mapping[str, Any], *names: str) -> dict[str, Any]:
    return {name: figures[name] for name in names}


def _quarters(rows: Iterable[Mapping[str, Any]]) -> dict[datetime, int]:
    seconds = calendars.QUARTER.total_seconds()
    return {datetime.fromtimestamp(row["quarter"] * seconds, UTC): row["created"] for row in rows}


def _buckets(rows: Iterable[Mapping[str, Any]]) -> list[Bucket]:
    counted = {row["bucket"]: row["counted"] for row in rows}
    return [
        Bucket(up_to=bound, count=counted.get(place, 0))
        for place, bound in enumerate([*BUCKETS, None])
    ]


async def _noises(connection: Connection, rows: list[dict[str, Any]]) -> list[Noise]:
    cursor = await connection.execute(_TITLES, ([row["number"] for row in rows],))
    titles = {row["number"]: row["title"] for row in await cursor.fetchall()}
    # One that was forgotten between the two questions has no title any more.
    known = [row for row in rows if row["number"] in titles]
    return [Noise(**row, title=titles[row["number"]]) for row in known]
