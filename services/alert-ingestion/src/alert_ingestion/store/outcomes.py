"""What became of a request, for a sender that asks later."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from shared.database import Connection


@dataclass(frozen=True, slots=True)
class Outcome:
    """A request of which the outcome is kept; None while it waits to be replayed."""

    format: str
    received_at: datetime
    outcome: Any


async def find(connection: Connection, integration_id: UUID, request_id: UUID) -> Outcome | None:
    """The outcome of a request of this integration."""
    cursor = await connection.execute(
        "SELECT format, received_at, outcome FROM inbox WHERE id = %s AND integration_id = %s",
        (request_id, integration_id),
    )
    row = await cursor.fetchone()
    return None if row is None else Outcome(**row)
