from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from alert_ingestion.model import Integration
from shared import context
from shared.database import Connection


@dataclass(frozen=True, slots=True)
class Request:
    """An accepted request as it came."""

    id: UUID
    integration: Integration
    format: str
    body: bytes


async def insert(connection: Connection, request: Request, now: datetime) -> None:
    """Keep the raw body of an accepted request."""
    await connection.execute(
        "INSERT INTO inbox (id, integration_id, format, received_at, body, request_id) "
        "VALUES (%s, %s, %s, %s, %s, %s)",
        (
            request.id,
            request.integration.id,
            request.format,
            now,
            request.body,
            context.current().get("request_id"),
        ),
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
