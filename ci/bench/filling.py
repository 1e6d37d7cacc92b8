"""A database with much in it, of one incident and one alert: copies that differ where it counts."""

from collections.abc import Mapping

import psycopg
from psycopg import sql

OPEN = 150
"""So many incidents are not over: more than a team has, and less than a page shows."""

# Per column, how the n-th copy differs; everything else is as in the row that is copied.
INCIDENT = {
    "id": "gen_random_uuid()",
    "number": "1000 + n",
    "title": "'p99 latency of service-' || n % 40 || ' is above its objective, case ' || n",
    "service": "'service-' || n % 40",
    "severity": "(ARRAY['critical','high','medium','low'])[1 + n % 4]",
    "status": "CASE WHEN n <= {open} THEN 'open' ELSE 'resolved' END",
    "team": "'Catch-all'",
    "correlation_key": "'service=service-' || n % 40 || ',case=' || n",
    "created_at": "now() - n * interval '10 minutes'",
    "acknowledged_at": (
        "CASE WHEN n <= {open} THEN NULL"
        " ELSE now() - n * interval '10 minutes' + interval '3 minutes' END"
    ),
    "resolved_at": (
        "CASE WHEN n <= {open} THEN NULL"
        " ELSE now() - n * interval '10 minutes' + interval '50 minutes' END"
    ),
    "recurrence_of": "NULL",
}
ALERT = {
    "id": "gen_random_uuid()",
    "fingerprint": "'copy-' || n",
    "service": "'service-' || n % 40",
    "message": "'p99 latency of service-' || n % 40 || ', case ' || n",
}


def fill(database: psycopg.Connection, incidents: int, alerts: int) -> None:
    """Copies of the newest incident and of the newest live alert, then fresh statistics."""
    changes = {name: each.format(open=OPEN) for name, each in INCIDENT.items()}
    _copy(database, ("incidents", "incidents"), incidents, changes)
    _copy(database, ("alerts", "alerts"), alerts, ALERT)
    database.execute("VACUUM (ANALYZE)")


def _copy(
    database: psycopg.Connection, table: tuple[str, str], count: int, changes: Mapping[str, str]
) -> None:
    schema, name = table
    found = database.execute(
        "SELECT column_name FROM information_schema.columns WHERE table_schema = %s"
        " AND table_name = %s AND is_generated = 'NEVER' AND identity_generation IS NULL"
        " ORDER BY ordinal_position",
        (schema, name),
    ).fetchall()
    columns = [column for (column,) in found]
    # Our own expressions, from the tables above.
    values = [
        sql.SQL(changes[column]) if column in changes else sql.Identifier("one", column)
        for column in columns
    ]
    database.execute(
        sql.SQL(
            "INSERT INTO {table} ({columns}) SELECT {values}"
            " FROM (SELECT * FROM {table} ORDER BY id DESC LIMIT 1) AS one,"
            " generate_series(1, {count}) AS n"
        ).format(
            table=sql.Identifier(schema, name),
            columns=sql.SQL(", ").join(map(sql.Identifier, columns)),
            values=sql.SQL(", ").join(values),
            count=sql.Literal(count),
        )
    )
