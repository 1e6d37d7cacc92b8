from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from psycopg import sql
from psycopg.types.json import Jsonb

from alert_ingestion.matchers import from_stored
from alert_ingestion.silencing import Silence
from alert_ingestion.windows import Recurrence, Span
from shared.asking import Ask
from shared.database import Connection

_COLUMNS: Final = (
    "id, integration_id, matchers, starts_at, ends_at, rrule, zone, duration_seconds, author, "
    "comment, created_at, updated_at"
)


def in_force(now: datetime) -> Ask[list[Silence]]:
    """Those that have begun and are not over; one that recurs may hold nothing now."""
    return Ask(
        f"SELECT {_COLUMNS} FROM silences "  # noqa: S608 - constants
        "WHERE starts_at <= %(now)s AND ends_at > %(now)s",
        {"now": now},
        lambda rows: [from_row(row) for row in rows],
    )


def from_row(row: Mapping[str, Any]) -> Silence:
    """A silence from a row as these statements select it."""
    recurrence = None
    if row["rrule"] is not None:
        duration = timedelta(seconds=row["duration_seconds"])
        recurrence = Recurrence(row["rrule"], row["zone"], duration)
    return Silence(
        id=row["id"],
        matchers=from_stored(row["matchers"]),
        span=Span(row["starts_at"], row["ends_at"], recurrence),
        author=row["author"],
        comment=row["comment"],
        created_at=row["created_at"],
        updated_at=row["updated_at"],
        integration_id=row["integration_id"],
    )


def _values(silence: Silence) -> dict[str, Any]:
    recurrence = silence.span.recurrence
    return {
        "id": silence.id,
        "integration_id": silence.integration_id,
        "matchers": Jsonb([matcher.stored() for matcher in silence.matchers]),
        "starts_at": silence.span.starts_at,
        "ends_at": silence.span.ends_at,
        "rrule": None if recurrence is None else recurrence.rule,
        "zone": None if recurrence is None else recurrence.zone,
        "duration_seconds": (
            None if recurrence is None else int(recurrence.duration.total_seconds())
        ),
        "author": silence.author,
        "comment": silence.comment,
        "created_at": silence.created_at,
        "updated_at": silence.updated_at,
    }


async def put(connection: Connection, silence: Silence) -> None:
    """Store a silence, or what was changed of one."""
    values = _values(silence)
    names = [sql.Identifier(name) for name in values]
    await connection.execute(
        sql.SQL(
            "INSERT INTO silences ({names}) VALUES ({values}) ON CONFLICT (id) DO UPDATE SET {sets}"
        ).format(
            names=sql.SQL(", ").join(names),
            values=sql.SQL(", ").join(map(sql.Placeholder, values)),
            sets=sql.SQL(", ").join(
                sql.SQL("{name} = excluded.{name}").format(name=name) for name in names
            ),
        ),
        values,
    )


async def by_id(
    connection: Connection, silence_id: UUID, *, to_change: bool = False
) -> Silence | None:
    """One silence, those that are over too; locked if it is about to be changed."""
    locked = " FOR NO KEY UPDATE" if to_change else ""
    cursor = await connection.execute(
        f"SELECT {_COLUMNS} FROM silences WHERE id = %s{locked}".encode(),  # noqa: S608
        (silence_id,),
    )
    row = await cursor.fetchone()
    return None if row is None else from_row(row)


async def page(
    connection: Connection,
    *,
    ended_after: datetime | None,
    integration_id: UUID | None = None,
    before: UUID | None = None,
    limit: int,
) -> list[Silence]:
    """Silences, the newest first, at most ``limit``; with ``ended_after`` only those not over then.

    With ``integration_id`` those that can be about its alerts.
    """
    cursor = await connection.execute(
        f"SELECT {_COLUMNS} FROM silences "  # noqa: S608 - constants
        "WHERE (%(ended)s::timestamptz IS NULL OR ends_at > %(ended)s) "
        "AND (%(integration)s::uuid IS NULL OR integration_id IS NULL "
        "     OR integration_id = %(integration)s) "
        "AND (%(before)s::uuid IS NULL OR id < %(before)s) ORDER BY id DESC LIMIT %(limit)s",
        {"ended": ended_after, "integration": integration_id, "before": before, "limit": limit},
    )
    return [from_row(row) for row in await cursor.fetchall()]


async def purge(connection: Connection, ended_before: datetime) -> None:
    """Forget silences that were over before an instant."""
    await connection.execute("DELETE FROM silences WHERE ends_at < %s", (ended_before,))
