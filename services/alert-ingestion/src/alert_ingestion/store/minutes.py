"""Alerts received a minute: rows that no two connections wait for each other about."""

from datetime import datetime, timedelta
from typing import Final

from alert_ingestion.store.activity import SHARDS
from shared.database import Connection

MINUTE: Final = timedelta(minutes=1)


async def add(connection: Connection, received: int, now: datetime) -> None:
    """So many more were received."""
    if received:
        await connection.execute(
            "INSERT INTO received_minutes AS known (minute, shard, received) "
            "VALUES (%s, pg_backend_pid() %% %s, %s) ON CONFLICT (minute, shard) "
            "DO UPDATE SET received = known.received + excluded.received",
            (beginning(now), SHARDS, received),
        )


async def since(connection: Connection, first: datetime) -> dict[datetime, int]:
    """The minutes from ``first`` on in which any were received."""
    cursor = await connection.execute(
        "SELECT minute, sum(received)::bigint AS received FROM received_minutes "
        "WHERE minute >= %s GROUP BY minute",
        (first,),
    )
    return {row["minute"]: row["received"] for row in await cursor.fetchall()}


async def purge(connection: Connection, older_than: datetime) -> None:
    """Forget the minutes before an instant."""
    await connection.execute("DELETE FROM received_minutes WHERE minute < %s", (older_than,))


def beginning(instant: datetime) -> datetime:
    """When the minute of an instant begins."""
    return instant.replace(second=0, microsecond=0)
