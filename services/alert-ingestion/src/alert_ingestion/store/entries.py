"""What was decided about alerts beside what their incidents tell: held back, let go, flapping."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from shared.database import Connection


@dataclass(frozen=True, slots=True)
class Entry:
    """One decision: its named reason, and the facts of it."""

    alert_id: UUID
    at: datetime
    reason: str
    data: Mapping[str, Any]


async def insert(connection: Connection, entries: Sequence[Entry]) -> None:
    """Store decisions, in order."""
    if entries:
        await connection.execute(
            "INSERT INTO alert_entries (alert_id, at, reason, data) "
            "SELECT alert_id, at, reason, data "
            "FROM jsonb_to_recordset(%s::jsonb) AS r "
            "(alert_id uuid, at timestamptz, reason text, data jsonb)",
            (msgspec.json.encode(entries).decode(),),
        )


async def of_alert(
    connection: Connection, alert_id: UUID, *, after: int, limit: int
) -> list[tuple[int, Entry]]:
    """The decisions about an alert with their numbers, oldest first, at most ``limit``."""
    cursor = await connection.execute(
        "SELECT seq, alert_id, at, reason, data FROM alert_entries "
        "WHERE alert_id = %s AND seq > %s ORDER BY seq LIMIT %s",
        (alert_id, after, limit),
    )
    return [(row.pop("seq"), Entry(**row)) for row in await cursor.fetchall()]


async def purge(connection: Connection, older_than: datetime, limit: int) -> int:
    """Forget a batch of decisions that were made before an instant; how many there were."""
    cursor = await connection.execute(
        "DELETE FROM alert_entries WHERE seq IN "
        "(SELECT seq FROM alert_entries WHERE at < %s ORDER BY at LIMIT %s)",
        (older_than, limit),
    )
    return cursor.rowcount
