from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from alert_ingestion.model import Delivery
from shared import context
from shared.database import Connection


async def insert(
    connection: Connection, deliveries: Sequence[tuple[UUID, Delivery]], now: datetime
) -> None:
    """Keep the raw bodies of accepted requests, under the ids given."""
    request_id = context.current().get("request_id")
    async with connection.cursor() as cursor:
        await cursor.executemany(
            "INSERT INTO inbox (id, integration_id, format, received_at, body, request_id) "
            "VALUES (%s, %s, %s, %s, %s, %s)",
            [
                (inbox_id, delivery.integration.id, delivery.format, now, delivery.body, request_id)
                for inbox_id, delivery in deliveries
            ],
        )


async def purge(connection: Connection, older_than: datetime, limit: int) -> int:
    """Forget raw bodies received before ``older_than``, at most ``limit``; how many there were."""
    cursor = await connection.execute(
        "DELETE FROM inbox WHERE id IN (SELECT id FROM inbox WHERE received_at < %s "
        "ORDER BY received_at LIMIT %s FOR UPDATE SKIP LOCKED)",
        (older_than, limit),
    )
    return cursor.rowcount


async def purge_events(connection: Connection, older_than: datetime) -> None:
    """Forget which events were processed long ago; nobody repeats those."""
    await connection.execute("DELETE FROM processed_events WHERE processed_at < %s", (older_than,))
