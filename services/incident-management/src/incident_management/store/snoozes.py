"""Which incidents were to be left alone until now."""

from datetime import datetime
from uuid import UUID

from shared.database import Connection

AT_ONCE = 100


async def over(connection: Connection, now: datetime) -> list[UUID]:
    """Those whose snooze is over and that nobody else wakes, locked, the longest due first."""
    cursor = await connection.execute(
        "SELECT id FROM incidents WHERE snoozed_until <= %s ORDER BY snoozed_until LIMIT %s "
        "FOR UPDATE SKIP LOCKED",
        (now, AT_ONCE),
    )
    return [row["id"] for row in await cursor.fetchall()]
