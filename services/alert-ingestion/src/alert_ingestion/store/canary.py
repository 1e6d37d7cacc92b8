"""The walks of the canary, and what is left of them, in the database."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from alert_ingestion.model import CANARY, Step
from shared.database import Connection

_GOES_ON = "resolved_at IS NULL AND failed_at IS NULL"


@dataclass(frozen=True, slots=True)
class Walk:
    """A walk that is over: its id, and when it was complete; None when it failed."""

    id: UUID
    resolved_at: datetime | None


async def is_walking(connection: Connection) -> bool:
    """Whether a walk goes on."""
    cursor = await connection.execute(
        f"SELECT EXISTS (SELECT FROM canary_walks WHERE {_GOES_ON}) AS walking"  # noqa: S608
    )
    row = await cursor.fetchone()
    return row is not None and row["walking"]


async def last_start(connection: Connection) -> datetime | None:
    """When the last walk began, or since when there could be one; None: that begins now."""
    cursor = await connection.execute(
        "SELECT coalesce((SELECT max(started_at) FROM canary_walks), "
        "(SELECT created_at FROM integrations WHERE id = %s)) AS since",
        (CANARY,),
    )
    row = await cursor.fetchone()
    return None if row is None else row["since"]


async def begin(connection: Connection, walk: UUID, now: datetime) -> None:
    """Note that a walk begins."""
    await connection.execute(
        "INSERT INTO canary_walks (id, started_at) VALUES (%s, %s)", (walk, now)
    )


async def note_opened(connection: Connection, walk: UUID, incident: UUID | None) -> None:
    """Note that the walk's alert was taken in."""
    await connection.execute(
        "UPDATE canary_walks SET incident_id = %s WHERE id = %s", (incident, walk)
    )


async def walk_of(connection: Connection, incident: UUID) -> UUID | None:
    """The walk whose alert has this incident: the fingerprint of the alert is its id."""
    cursor = await connection.execute(
        "SELECT fingerprint FROM alerts WHERE incident_id = %s AND integration_id = %s",
        (incident, CANARY),
    )
    row = await cursor.fetchone()
    return None if row is None else UUID(row["fingerprint"])


async def note_paged(connection: Connection, walk: UUID, now: datetime) -> datetime | None:
    """Note that the walk's page was sent; when it began, None if it did not wait for that."""
    return await _note(connection, "paged_at", "paged_at IS NULL", walk, now)


async def note_resolved(connection: Connection, walk: UUID, now: datetime) -> datetime | None:
    """Note that the walk is complete; when it began, None if it did not wait for that."""
    return await _note(connection, "resolved_at", "paged_at IS NOT NULL", walk, now)


async def _note(
    connection: Connection, column: str, condition: str, walk: UUID, now: datetime
) -> datetime | None:
    cursor = await connection.execute(
        f"UPDATE canary_walks SET {column} = %s "  # noqa: S608 - constants
        f"WHERE id = %s AND {condition} AND {_GOES_ON} RETURNING started_at".encode(),
        (now, walk),
    )
    row = await cursor.fetchone()
    return None if row is None else row["started_at"]


async def overdue(connection: Connection, now: datetime, patience: timedelta) -> list[UUID]:
    """Walks that go on for too long; one that began in the future had another clock."""
    cursor = await connection.execute(
        f"SELECT id FROM canary_walks WHERE {_GOES_ON} "  # noqa: S608 - a constant
        "AND NOT started_at BETWEEN %(now)s - %(patience)s AND %(now)s + %(patience)s",
        {"now": now, "patience": patience},
    )
    return [row["id"] for row in await cursor.fetchall()]


async def fail(connection: Connection, walk: UUID, now: datetime) -> Step | None:
    """Give a walk up; the step it did not get to, None if it is over already."""
    cursor = await connection.execute(
        f"""
        UPDATE canary_walks SET failed_at = %s, failed_step = CASE
            WHEN paged_at IS NOT NULL THEN 'resolved'
            WHEN incident_id IS NOT NULL THEN 'paged' ELSE 'opened' END
        WHERE id = %s AND {_GOES_ON} RETURNING failed_step
        """,  # noqa: S608 - a constant
        (now, walk),
    )
    row = await cursor.fetchone()
    return None if row is None else Step(row["failed_step"])


async def last_success(connection: Connection) -> datetime | None:
    """When the last walk was complete that ever was."""
    cursor = await connection.execute("SELECT max(resolved_at) AS at FROM canary_walks")
    row = await cursor.fetchone()
    return None if row is None else row["at"]


async def last_over(connection: Connection) -> Walk | None:
    """The last walk that is over."""
    cursor = await connection.execute(
        f"SELECT id, resolved_at FROM canary_walks WHERE NOT ({_GOES_ON}) "  # noqa: S608
        "ORDER BY started_at DESC LIMIT 1"
    )
    row = await cursor.fetchone()
    return None if row is None else Walk(**row)


async def forget_alerts(connection: Connection, before: datetime) -> None:
    """Remove the alerts of walks before an instant, with everything that was stored with them."""
    await connection.execute(
        """
        WITH gone AS (
            DELETE FROM alerts
            WHERE integration_id = %s AND status = 'resolved' AND first_seen < %s
            RETURNING incident_id, inbox_id),
        bodies AS (DELETE FROM inbox WHERE id IN (SELECT inbox_id FROM gone)),
        grouped AS (DELETE FROM groups WHERE incident_id IN (SELECT incident_id FROM gone))
        DELETE FROM incidents WHERE id IN (SELECT incident_id FROM gone)
        """,
        (CANARY, before),
    )


async def forget_walks(connection: Connection, before: datetime) -> None:
    """Remove walks before an instant, but for the last one that was complete."""
    await connection.execute(
        f"DELETE FROM canary_walks WHERE started_at < %s AND NOT ({_GOES_ON}) "  # noqa: S608
        "AND (resolved_at IS NULL OR resolved_at < (SELECT max(resolved_at) FROM canary_walks))",
        (before,),
    )
