"""When each heartbeat was last heard, and from whom, in the database."""

from collections.abc import Mapping
from datetime import datetime
from typing import Final
from uuid import UUID

from shared.database import Connection

PROMETHEUS: Final = "vigie-prometheus"
"""The heartbeat of our own Prometheus, for which there is always room: a name that nobody gives to
theirs, because it is what the dead man's switch listens to."""

MOST: Final = 20
"""Others than that one; whoever may send alerts must not make rows and series without end."""


async def note(connection: Connection, heard: Mapping[str, UUID], now: datetime) -> set[str]:
    """Note heartbeats by name, with their integration; those there was no room for."""
    noted = set()
    # In one order, so that no two transactions wait for each other.
    for name in sorted(heard):
        cursor = await connection.execute(
            """
            INSERT INTO heartbeats AS known (name, integration_id, last_at)
            SELECT %(name)s, %(integration)s, %(now)s
            WHERE %(name)s = %(ours)s OR EXISTS (SELECT FROM heartbeats WHERE name = %(name)s)
               OR (SELECT count(*) FROM heartbeats WHERE name <> %(ours)s) < %(most)s
            ON CONFLICT (name) DO UPDATE SET
                integration_id = excluded.integration_id,
                last_at = greatest(known.last_at, excluded.last_at)
            RETURNING name
            """,
            {
                "name": name,
                "integration": heard[name],
                "now": now,
                "ours": PROMETHEUS,
                "most": MOST,
            },
        )
        if await cursor.fetchone() is not None:
            noted.add(name)
    return set(heard) - noted


async def last(connection: Connection) -> dict[str, datetime]:
    """When each was last heard, by its name; few more than ``MOST``, the newest."""
    cursor = await connection.execute(
        "SELECT name, last_at FROM heartbeats ORDER BY name <> %s, last_at DESC LIMIT %s",
        (PROMETHEUS, MOST + 1),
    )
    return {row["name"]: row["last_at"] for row in await cursor.fetchall()}


async def forget(connection: Connection, before: datetime) -> None:
    """Remove those that were last heard before an instant."""
    await connection.execute("DELETE FROM heartbeats WHERE last_at < %s", (before,))
