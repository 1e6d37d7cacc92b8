"""Who changed what: a log that is only added to (a trigger refuses anything else)."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from psycopg.types.json import Jsonb

from shared.contracts.audit import AuditEntry
from shared.contracts.identity import Actor, Principal
from shared.contracts.wire import Page
from shared.database import Connection
from shared.paging import Keyset

_NEWEST = Keyset("audit", int)


async def record(
    connection: Connection,
    actor: Actor | Principal,
    action: str,
    subject_id: str,
    *,
    before: Mapping[str, Any] | None,
    after: Mapping[str, Any] | None,
    now: datetime,
) -> None:
    """Note a change in the transaction that makes it; of two states only what differs is kept.

    ``action`` is what was changed and how: ``silence.created``.
    """
    old, new = _difference(before, after)
    await connection.execute(
        "INSERT INTO audit (at, actor, action, subject_kind, subject_id, before, after) "
        "VALUES (%s, %s, %s, %s, %s, %s, %s)",
        (
            now,
            Jsonb({"kind": actor.kind, "id": actor.id, "name": actor.name}),
            action,
            action.partition(".")[0],
            subject_id,
            None if old is None else Jsonb(old),
            None if new is None else Jsonb(new),
        ),
    )


def _difference(
    before: Mapping[str, Any] | None, after: Mapping[str, Any] | None
) -> tuple[dict[str, Any] | None, dict[str, Any] | None]:
    if before is None or after is None:
        return (None if before is None else dict(before)), (None if after is None else dict(after))
    names = [name for name in {**before, **after} if before.get(name) != after.get(name)]
    return ({name: before.get(name) for name in names}, {name: after.get(name) for name in names})


async def page(
    connection: Connection,
    *,
    subject_kind: str | None,
    subject_id: str | None,
    actor_id: str | None,
    limit: int,
    cursor: str | None,
) -> Page[AuditEntry]:
    """Changes as they were noted, the newest first; None does not matter."""
    after = _NEWEST.after(cursor)
    found = await connection.execute(
        "SELECT seq, at, actor, action, subject_kind, subject_id, before, after FROM audit "
        "WHERE (%(kind)s::text IS NULL OR subject_kind = %(kind)s) "
        "AND (%(id)s::text IS NULL OR subject_id = %(id)s) "
        "AND (%(actor)s::text IS NULL OR actor->>'id' = %(actor)s) "
        "AND (%(before)s::bigint IS NULL OR seq < %(before)s) ORDER BY seq DESC LIMIT %(limit)s",
        {
            "kind": subject_kind,
            "id": subject_id,
            "actor": actor_id,
            "before": after[0] if after else None,
            "limit": limit + 1,
        },
    )
    return _NEWEST.page(
        await found.fetchall(),
        limit,
        key=lambda row: (row["seq"],),
        show=lambda row: AuditEntry(**row),
    )
