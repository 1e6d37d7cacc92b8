"""Links of messages that have done what they can do once."""

from datetime import datetime
from uuid import UUID

from shared.database import Connection


async def is_used(connection: Connection, link: UUID) -> bool:
    """Whether it was used before."""
    cursor = await connection.execute("SELECT 1 FROM used_links WHERE id = %s", (link,))
    return await cursor.fetchone() is not None


async def use(connection: Connection, link: UUID, incident: UUID, now: datetime) -> bool:
    """Note that it is used now; False if it was before. Of two at once one waits for the other."""
    cursor = await connection.execute(
        "INSERT INTO used_links (id, incident_id, used_at) VALUES (%s, %s, %s) "
        "ON CONFLICT DO NOTHING",
        (link, incident, now),
    )
    return cursor.rowcount == 1


async def forget(connection: Connection, before: datetime) -> None:
    """Drop those that are too old to be taken anyway."""
    await connection.execute("DELETE FROM used_links WHERE used_at < %s", (before,))
