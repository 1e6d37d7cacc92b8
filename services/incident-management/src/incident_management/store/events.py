"""Which events were applied, so that their repetition changes nothing."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from shared.database import Connection


async def processed(connection: Connection, event_ids: Sequence[UUID]) -> dict[UUID, UUID | None]:
    """Which of these events were applied before, and to which incident."""
    cursor = await connection.execute(
        "SELECT event_id, incident_id FROM processed_events WHERE event_id = ANY(%s)",
        (list(event_ids),),
    )
    return {row["event_id"]: row["incident_id"] for row in await cursor.fetchall()}


async def remember(
    connection: Connection, applied: Mapping[UUID, UUID | None], *, now: datetime
) -> None:
    """Remember that these events were applied, each to the incident it names."""
    if applied:
        await connection.execute(
            "INSERT INTO processed_events (processed_at, event_id, incident_id) "
            "SELECT %s, * FROM unnest(%s::uuid[], %s::uuid[])",
            (now, list(applied), list(applied.values())),
        )
