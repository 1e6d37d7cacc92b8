from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import msgspec

from alert_ingestion.model import CANARY, InboxState, Sent
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


async def keep_waiting(connection: Connection, request: Request) -> None:
    """Keep a request of which something waits for a replay, whether or not it is kept already."""
    cursor = await connection.execute(
        "UPDATE inbox SET state = %s, reason = %s, detail = %s, "
        "failed = CASE WHEN state <> 'taken' AND failed IS NULL THEN NULL "
        "ELSE coalesce(failed, '{}') || %s::int[] END WHERE id = %s",
        (
            request.state.value,
            request.reason,
            request.detail,
            None if request.failed is None else list(request.failed),
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


@dataclass(frozen=True, slots=True)
class Listed:
    """A request in the inbox without its body, of which there is the size in bytes."""

    id: UUID
    integration_id: UUID
    integration: str
    format: str
    received_at: datetime
    request_id: str | None
    size: int
    state: str
    reason: str | None
    detail: str | None
    failed: list[int] | None
    settled_at: datetime | None


_LISTED: Final = (
    "SELECT b.id, b.integration_id, i.name AS integration, b.format, b.received_at, b.request_id, "
    "octet_length(b.body) AS size, b.state, b.reason, b.detail, b.failed, b.settled_at "
    "FROM inbox AS b JOIN integrations AS i ON i.id = b.integration_id"
)


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which requests are meant; what is None does not matter. ``until`` is not included."""

    state: InboxState | None = None
    integration_id: UUID | None = None
    format: str | None = None
    reason: str | None = None
    since: datetime | None = None
    until: datetime | None = None

    def conditions(self) -> tuple[list[str], dict[str, Any]]:
        """Of SQL, and their values."""
        found = ["b.integration_id <> %(canary)s"]
        values: dict[str, Any] = {"canary": CANARY}
        for name, value in (
            ("state", self.state),
            ("integration_id", self.integration_id),
            ("format", self.format),
            ("reason", self.reason),
        ):
            if value is not None:
                found.append(f"b.{name} = %({name})s")
                values[name] = value
        if self.state is not None and self.state is not InboxState.TAKEN:
            # As the index of those few says it.
            found.append("b.state <> 'taken'")
        if self.since is not None:
            found.append("b.received_at >= %(since)s")
            values["since"] = self.since
        if self.until is not None:
            found.append("b.received_at < %(until)s")
            values["until"] = self.until
        return found, values


async def page(
    connection: Connection, wanted: Wanted, *, before: UUID | None, limit: int
) -> list[Listed]:
    """Requests, the newest first, at most ``limit``."""
    conditions, values = wanted.conditions()
    if before is not None:
        conditions.append("b.id < %(before)s")
    cursor = await connection.execute(
        f"{_LISTED} WHERE {' AND '.join(conditions)} "
        "ORDER BY b.id DESC LIMIT %(limit)s".encode(),
        {**values, "before": before, "limit": limit},
    )
    return [Listed(**row) for row in await cursor.fetchall()]


async def listed(connection: Connection, inbox_id: UUID) -> tuple[Listed, Sent] | None:
    """One request of a sender, and what it held."""
    cursor = await connection.execute(
        f"SELECT * FROM ({_LISTED} WHERE b.id = %(id)s AND b.integration_id <> %(canary)s) AS l "  # noqa: S608
        "JOIN (SELECT id AS kept, body, beside FROM inbox) AS k ON k.kept = l.id",
        {"id": inbox_id, "canary": CANARY},
    )
    row = await cursor.fetchone()
    if row is None:
        return None
    sent = _sent(row.pop("body"), row.pop("beside"))
    del row["kept"]
    return Listed(**row), sent


async def waiting(
    connection: Connection, wanted: Wanted, *, after: UUID | None, limit: int
) -> list[UUID]:
    """Requests that can be replayed, the oldest first, at most ``limit``."""
    conditions, values = wanted.conditions()
    conditions.append("b.state IN ('dead', 'paused') AND b.state <> 'taken'")
    if after is not None:
        conditions.append("b.id > %(after)s")
    cursor = await connection.execute(
        f"SELECT b.id FROM inbox AS b WHERE {' AND '.join(conditions)} "  # noqa: S608 - constants
        "ORDER BY b.id LIMIT %(limit)s".encode(),
        {**values, "after": after, "limit": limit},
    )
    return [row["id"] for row in await cursor.fetchall()]


async def locked(connection: Connection, inbox_id: UUID) -> Request | None:
    """A request of a sender to be replayed; whoever else replays it waits."""
    cursor = await connection.execute(
        "SELECT id, integration_id, format, received_at, request_id, body, beside, state, reason, "
        "detail, failed, outcome FROM inbox WHERE id = %s AND integration_id <> %s FOR UPDATE",
        (inbox_id, CANARY),
    )
    row = await cursor.fetchone()
    if row is None:
        return None
    sent = _sent(row.pop("body"), row.pop("beside"))
    failed = None if row["failed"] is None else tuple(row["failed"])
    return Request(**{**row, "sent": sent, "state": InboxState(row["state"]), "failed": failed})


async def settle(connection: Connection, request: Request, now: datetime) -> None:
    """What became of a request that was replayed."""
    await connection.execute(
        "UPDATE inbox SET state = %s, reason = %s, detail = %s, failed = %s, settled_at = %s "
        "WHERE id = %s",
        (
            request.state.value,
            request.reason,
            request.detail,
            None if request.failed is None else list(request.failed),
            now,
            request.id,
        ),
    )


async def dead(connection: Connection) -> int:
    """How many requests of senders are dead letters."""
    cursor = await connection.execute(
        "SELECT count(*) AS dead FROM inbox WHERE state = 'dead' AND state <> 'taken'"
    )
    row = await cursor.fetchone()
    return 0 if row is None else row["dead"]


def _sent(body: bytes, beside: Mapping[str, Any] | None) -> Sent:
    return Sent(bytes(body), **(beside or {}))


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
