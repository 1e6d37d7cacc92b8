from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import msgspec

from alert_ingestion.model import InboxState, Sent
from shared.database import Connection


@dataclass(frozen=True, slots=True)
class Request:
    """An authentic request as it came, and what became of it so far.

    ``reason`` and ``detail`` say why it is dead, ``failed`` which of its items are (None: all).
    """

    id: UUID
    integration_id: UUID
    format: str
    sent: Sent
    received_at: datetime
    request_id: str | None
    state: InboxState = InboxState.TAKEN
    reason: str | None = None
    detail: str | None = None
    failed: tuple[int, ...] | None = None
    outcome: Any = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a request, for a sender that asks later; None while it waits for a replay."""

    format: str
    received_at: datetime
    outcome: Any


@dataclass(frozen=True, slots=True)
class Kept:
    """A body as it came."""

    id: UUID
    received_at: datetime
    body: bytes


_BESIDE: Final = ("path", "query", "headers")


async def insert(connection: Connection, requests: Sequence[Request]) -> None:
    """Keep requests as they came, in one statement."""
    if not requests:
        return
    meta = [
        {
            "id": request.id,
            "integration_id": request.integration_id,
            "format": request.format,
            "received_at": request.received_at,
            "request_id": request.request_id,
            "beside": _beside(request.sent),
            "state": request.state,
            "reason": request.reason,
            "detail": request.detail,
            "failed": request.failed,
            "outcome": request.outcome,
        }
        for request in requests
    ]
    # Bodies are no text: each is its own bytes beside the row that it belongs to.
    await connection.execute(
        "INSERT INTO inbox (id, integration_id, format, received_at, request_id, beside, state, "
        "reason, detail, failed, outcome, body) "
        "SELECT r.id, r.integration_id, r.format, r.received_at, r.request_id, r.beside, r.state, "
        "r.reason, r.detail, r.failed, r.outcome, b.body "
        "FROM jsonb_array_elements(%s::jsonb) WITH ORDINALITY AS one (value, place) "
        "CROSS JOIN LATERAL jsonb_populate_record(NULL::inbox, one.value) AS r "
        "JOIN unnest(%b::bytea[]) WITH ORDINALITY AS b (body, place) USING (place)",
        (msgspec.json.encode(meta).decode(), [request.sent.body for request in requests]),
    )


async def keep_dead(connection: Connection, request: Request) -> None:
    """Keep a request of which something is dead, whether or not it is kept already."""
    cursor = await connection.execute(
        "UPDATE inbox SET state = %s, reason = %s, detail = %s, "
        "failed = coalesce(failed, '{}') || %s::int[] WHERE id = %s",
        (
            request.state.value,
            request.reason,
            request.detail,
            list(request.failed or ()),
            request.id,
        ),
    )
    if cursor.rowcount == 0:
        await insert(connection, [request])


def _beside(sent: Sent) -> dict[str, Any] | None:
    beside = {name: part for name in _BESIDE if (part := getattr(sent, name))}
    return beside or None


async def outcome_of(
    connection: Connection, integration_id: UUID, request_id: UUID
) -> Outcome | None:
    """The outcome of a request of this integration."""
    cursor = await connection.execute(
        "SELECT format, received_at, outcome FROM inbox WHERE id = %s AND integration_id = %s",
        (request_id, integration_id),
    )
    row = await cursor.fetchone()
    return None if row is None else Outcome(**row)


async def newest(
    connection: Connection, integration_id: UUID, form: str, limit: int, *, largest: int
) -> list[Kept]:
    """The bodies that an integration sent last in a format, up to so many bytes each."""
    cursor = await connection.execute(
        "SELECT id, received_at, body FROM inbox WHERE integration_id = %s AND format = %s "
        "AND octet_length(body) <= %s ORDER BY id DESC LIMIT %s",
        (integration_id, form, largest, limit),
    )
    return [Kept(**row) for row in await cursor.fetchall()]


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
