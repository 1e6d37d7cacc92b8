"""When each heartbeat was last heard, and from whom, in the database."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from alert_ingestion.heartbeats import Expected
from shared.contracts.wire import Severity
from shared.database import Connection

PROMETHEUS: Final = "vigie-prometheus"
"""The heartbeat of our own Prometheus, for which there is always room: a name that nobody gives to
theirs, because it is what the dead man's switch listens to."""

MOST: Final = 20
"""Others than that one; whoever may send alerts must not make rows and series without end."""


async def note(
    connection: Connection, heard: Mapping[str, UUID], back: Collection[str], now: datetime
) -> set[str]:
    """Note heartbeats by name, with their integration; those that were not taken.

    There is no room for more of those that nobody expects, or it is another integration's. Those
    in ``back`` are missed no more: their alerts end in this transaction.
    """
    noted = set()
    # In one order, so that no two transactions wait for each other.
    for name in sorted(heard):
        cursor = await connection.execute(
            """
            INSERT INTO heartbeats AS known (name, integration_id, last_at)
            SELECT %(name)s, %(integration)s, %(now)s
            WHERE %(name)s = %(ours)s OR EXISTS (SELECT FROM heartbeats WHERE name = %(name)s)
               OR (SELECT count(*) FROM heartbeats
                   WHERE name <> %(ours)s AND interval_seconds IS NULL) < %(most)s
            ON CONFLICT (name) DO UPDATE SET
                integration_id = excluded.integration_id,
                last_at = greatest(known.last_at, excluded.last_at),
                missed_at = CASE WHEN %(back)s THEN NULL ELSE known.missed_at END
            -- Of one that is expected nobody else can say that it is alive.
            WHERE known.interval_seconds IS NULL OR known.integration_id = excluded.integration_id
            RETURNING name
            """,
            {
                "name": name,
                "integration": heard[name],
                "now": now,
                "back": name in back,
                "ours": PROMETHEUS,
                "most": MOST,
            },
        )
        if await cursor.fetchone() is not None:
            noted.add(name)
    return set(heard) - noted


async def last(connection: Connection) -> dict[str, datetime]:
    """When each was last heard, by its name: all that are expected, of others the newest."""
    cursor = await connection.execute(
        "SELECT name, last_at FROM heartbeats WHERE interval_seconds IS NOT NULL "
        "AND last_at IS NOT NULL UNION ALL (SELECT name, last_at FROM heartbeats "
        "WHERE interval_seconds IS NULL ORDER BY name <> %s, last_at DESC LIMIT %s)",
        (PROMETHEUS, MOST + 1),
    )
    return {row["name"]: row["last_at"] for row in await cursor.fetchall()}


async def forget(connection: Connection, before: datetime) -> None:
    """Remove those that nobody expects and that were last heard before an instant."""
    await connection.execute(
        "DELETE FROM heartbeats WHERE last_at < %s AND interval_seconds IS NULL", (before,)
    )


@dataclass(frozen=True, slots=True)
class Heartbeat:
    """One that is expected; ``missed_at`` is since when the alert says that it is missed."""

    name: str
    integration_id: UUID
    integration: str
    interval_seconds: int
    grace_seconds: int
    service: str
    severity: Severity
    description: str
    paused: bool
    created_at: datetime
    last_at: datetime | None = None
    missed_at: datetime | None = None

    @property
    def expected(self) -> Expected:
        """As the rules see it."""
        return Expected(
            timedelta(seconds=self.interval_seconds),
            timedelta(seconds=self.grace_seconds),
            self.paused,
        )


_EXPECTED: Final = (
    "SELECT h.name, h.integration_id, i.name AS integration, h.interval_seconds, "
    "h.grace_seconds, h.service, h.severity, h.description, h.paused, h.created_at, h.last_at, "
    "h.missed_at FROM heartbeats AS h JOIN integrations AS i ON i.id = h.integration_id "
    "WHERE h.interval_seconds IS NOT NULL"
)


def _from_row(row: Mapping[str, Any]) -> Heartbeat:
    return Heartbeat(**{**row, "severity": Severity(row["severity"])})


async def put(connection: Connection, heartbeat: Heartbeat) -> None:
    """Expect a heartbeat, or change what is expected of it.

    When it was heard stays; what was heard before anybody expected it arms nothing.
    """
    await connection.execute(
        """
        INSERT INTO heartbeats (name, integration_id, interval_seconds, grace_seconds, service,
            severity, description, paused, created_at)
        VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s)
        ON CONFLICT (name) DO UPDATE SET
            integration_id = excluded.integration_id,
            last_at = CASE WHEN heartbeats.interval_seconds IS NOT NULL
                      THEN heartbeats.last_at END,
            interval_seconds = excluded.interval_seconds,
            grace_seconds = excluded.grace_seconds,
            service = excluded.service,
            severity = excluded.severity,
            description = excluded.description,
            paused = excluded.paused,
            created_at = coalesce(heartbeats.created_at, excluded.created_at)
        """,
        (
            heartbeat.name,
            heartbeat.integration_id,
            heartbeat.interval_seconds,
            heartbeat.grace_seconds,
            heartbeat.service,
            heartbeat.severity.value,
            heartbeat.description,
            heartbeat.paused,
            heartbeat.created_at,
        ),
    )


async def expected(
    connection: Connection, name: str, *, to_change: bool = False
) -> Heartbeat | None:
    """An expected heartbeat by its name; locked if it is about to be changed."""
    locked = " FOR NO KEY UPDATE OF h" if to_change else ""
    cursor = await connection.execute(f"{_EXPECTED} AND h.name = %s{locked}".encode(), (name,))
    row = await cursor.fetchone()
    return None if row is None else _from_row(row)


async def expected_among(connection: Connection, names: Collection[str]) -> dict[str, Heartbeat]:
    """Those of some names that are expected."""
    cursor = await connection.execute(f"{_EXPECTED} AND h.name = ANY(%s)", (sorted(names),))
    return {row["name"]: _from_row(row) for row in await cursor.fetchall()}


async def page(connection: Connection, *, after: str | None, limit: int) -> list[Heartbeat]:
    """Those that are expected, by name, at most ``limit``."""
    cursor = await connection.execute(
        f"{_EXPECTED} AND (%(after)s::text IS NULL OR h.name > %(after)s) "
        "ORDER BY h.name LIMIT %(limit)s",
        {"after": after, "limit": limit},
    )
    return [_from_row(row) for row in await cursor.fetchall()]


async def changed(
    connection: Connection, now: datetime, limit: int, *, listening_for: timedelta
) -> list[Heartbeat]:
    """Those whose alert has to begin or to end, at most ``limit``.

    What was sent while nobody listened is missed by nobody: none is before this process has been
    ``listening_for`` its interval and grace, or for ten minutes. One whose integration is paused or
    revoked is neither heard nor missed.
    """
    cursor = await connection.execute(
        f"{_EXPECTED} AND i.paused_at IS NULL AND i.revoked_at IS NULL AND ("
        "  h.missed_at IS NULL AND NOT h.paused AND h.last_at + make_interval(secs => "
        "    h.interval_seconds + h.grace_seconds) <= %(now)s "
        "    AND least(h.interval_seconds + h.grace_seconds, 600) <= %(listening)s "
        "  OR h.missed_at IS NOT NULL AND (h.paused OR h.last_at + make_interval(secs => "
        "    h.interval_seconds + h.grace_seconds) > %(now)s)) "
        "ORDER BY h.last_at LIMIT %(limit)s",
        {"now": now, "limit": limit, "listening": listening_for.total_seconds()},
    )
    return [_from_row(row) for row in await cursor.fetchall()]


async def note_missed(
    connection: Connection, heartbeat: Heartbeat, missed_at: datetime | None
) -> bool:
    """Note since when it is missed, or that it is not; False when something changed meanwhile."""
    cursor = await connection.execute(
        "UPDATE heartbeats SET missed_at = %s WHERE name = %s "
        "AND missed_at IS NOT DISTINCT FROM %s AND last_at IS NOT DISTINCT FROM %s "
        "AND interval_seconds = %s AND grace_seconds = %s AND paused = %s "
        "AND integration_id = %s",
        (
            missed_at,
            heartbeat.name,
            heartbeat.missed_at,
            heartbeat.last_at,
            heartbeat.interval_seconds,
            heartbeat.grace_seconds,
            heartbeat.paused,
            heartbeat.integration_id,
        ),
    )
    return cursor.rowcount == 1


async def remove(connection: Connection, heartbeat: Heartbeat) -> bool:
    """Expect it no more, and forget when it was heard; False when its alert is another by now."""
    cursor = await connection.execute(
        "DELETE FROM heartbeats WHERE name = %s AND integration_id = %s "
        "AND missed_at IS NOT DISTINCT FROM %s",
        (heartbeat.name, heartbeat.integration_id, heartbeat.missed_at),
    )
    return cursor.rowcount == 1
