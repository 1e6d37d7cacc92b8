"""The feed of changes: what ``GET /api/v1/events`` streams, as rows with ids that never skip.

The ids come from one locked row, taken as the last thing a transaction does and held to its
commit. So they become visible in their order, and "after the last one I saw" misses none; an
identity column would not do, because its values are handed out before the commits are ordered.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from pydantic import TypeAdapter

from shared.contracts.incident_api import FeedEvent
from shared.database import Connection
from shared.wakeups import notify

CHANNEL = "feed"
KEPT = timedelta(days=1)
READ_AT_ONCE = 500

_EVENTS = TypeAdapter(Sequence[FeedEvent])
_APPEND = """
WITH position AS (
    UPDATE feed_position SET last_id = last_id + %(count)s RETURNING last_id - %(count)s AS before
), appended AS (
    INSERT INTO feed (id, at, data)
    SELECT before + place, (data ->> 'occurred_at')::timestamptz, data
    FROM position,
         jsonb_array_elements(%(events)s::jsonb) WITH ORDINALITY AS event (data, place)
    RETURNING id
)
SELECT count(*) AS appended FROM appended
"""


@dataclass(frozen=True)
class Entry:
    """One change, with the id a client sends back as Last-Event-ID."""

    id: int
    data: dict[str, Any]


async def append(connection: Connection, events: Sequence[FeedEvent]) -> None:
    """Publish changes with the transaction's commit. Call it last: every other writer waits."""
    if not events:
        return
    await notify(connection, CHANNEL)
    cursor = await connection.execute(
        _APPEND, {"count": len(events), "events": _EVENTS.dump_json(events).decode()}
    )
    row = await cursor.fetchone()
    if row is None or row["appended"] < len(events):
        raise RuntimeError("the feed has lost its position")


async def position(connection: Connection) -> int:
    """The id of the newest change."""
    cursor = await connection.execute("SELECT last_id FROM feed_position")
    row = await cursor.fetchone()
    return int(row["last_id"]) if row else 0


async def resumable(connection: Connection, after: int) -> bool:
    """Whether everything after ``after`` is still here (and ``after`` is no id of the future)."""
    cursor = await connection.execute(
        "SELECT last_id, (SELECT min(id) FROM feed) AS oldest FROM feed_position"
    )
    row = await cursor.fetchone()
    if row is None or after > row["last_id"]:
        return False
    oldest = row["last_id"] + 1 if row["oldest"] is None else row["oldest"]
    return after >= int(oldest) - 1


async def read(connection: Connection, after: int) -> list[Entry]:
    """The changes after an id, oldest first, at most ``READ_AT_ONCE``."""
    cursor = await connection.execute(
        "SELECT id, data FROM feed WHERE id > %s ORDER BY id LIMIT %s", (after, READ_AT_ONCE)
    )
    return [Entry(**row) for row in await cursor.fetchall()]


async def forget(connection: Connection, *, now: datetime) -> int:
    """Drop what is older than a day; a client that was away longer starts anew."""
    cursor = await connection.execute(
        # Up to the newest old one: what stays has no gaps.
        "DELETE FROM feed WHERE id <= (SELECT max(id) FROM feed WHERE at < %s)",
        (now - KEPT,),
    )
    return cursor.rowcount
