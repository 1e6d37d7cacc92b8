from collections.abc import Iterable, Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from alert_ingestion.model import Group
from shared.database import Connection
from shared.identifiers import new_id


async def open_of(connection: Connection, keys: Iterable[str]) -> dict[str, Group]:
    """The open group of each correlation key that has one."""
    cursor = await connection.execute(
        "SELECT id, correlation_key, incident_id, opened_at, last_new_at FROM groups "
        "WHERE correlation_key = ANY(%b) AND closed_at IS NULL",
        (sorted(set(keys)),),
    )
    return {row["correlation_key"]: Group(**row) for row in await cursor.fetchall()}


async def insert(connection: Connection, groups: Sequence[Group]) -> None:
    """Store new open groups; the ones they follow are closed already."""
    if groups:
        await connection.execute(
            "INSERT INTO groups (id, correlation_key, incident_id, opened_at, last_new_at) "
            "SELECT id, correlation_key, incident_id, opened_at, last_new_at "
            "FROM jsonb_populate_recordset(NULL::groups, %s::jsonb)",
            (msgspec.json.encode(groups).decode(),),
        )


async def slide(connection: Connection, group_ids: Iterable[UUID], now: datetime) -> None:
    """A new fingerprint joined these groups: their window starts anew."""
    ids = sorted(group_ids)
    if ids:
        await connection.execute(
            "UPDATE groups SET last_new_at = %s WHERE id = ANY(%s)", (now, ids)
        )


async def close(
    connection: Connection, group_ids: Iterable[UUID], *, reason: str, now: datetime
) -> None:
    """Nothing new joins these groups."""
    ids = sorted(group_ids)
    if ids:
        await connection.execute(
            "UPDATE groups SET closed_at = %s, closed_reason = %s WHERE id = ANY(%s)",
            (now, reason, ids),
        )


async def close_of_incidents(
    connection: Connection, incident_ids: Iterable[UUID], *, reason: str, now: datetime
) -> None:
    """Nothing new joins these incidents."""
    await connection.execute(
        "UPDATE groups SET closed_at = %s, closed_reason = %s "
        "WHERE incident_id = ANY(%s) AND closed_at IS NULL",
        (now, reason, sorted(incident_ids)),
    )


async def keys_of_incidents(connection: Connection, incident_ids: Iterable[UUID]) -> set[str]:
    """Every key whose alerts are, or were, in one of these incidents.

    Alerts keep the key they were correlated by, and groups move with them: so this is also every
    key under whose lock an alert of these incidents can change.
    """
    cursor = await connection.execute(
        "SELECT DISTINCT correlation_key FROM groups WHERE incident_id = ANY(%s)",
        (sorted(incident_ids),),
    )
    return {row["correlation_key"] for row in await cursor.fetchall()}


async def move_all(connection: Connection, source: UUID, target: UUID) -> None:
    """Groups of one incident, closed ones too, lead to another from here on."""
    await connection.execute(
        "UPDATE groups SET incident_id = %s WHERE incident_id = %s", (target, source)
    )


async def continue_in(
    connection: Connection, key: str, source: UUID, target: UUID, now: datetime
) -> None:
    """New alerts of ``key`` join ``target`` instead of ``source``, unless a third takes them.

    Either way ``target`` has a group of that key afterwards (see ``keys_of_incidents``).
    """
    closed = await connection.execute(
        "UPDATE groups SET closed_at = %s, closed_reason = 'continued_elsewhere' "
        "WHERE correlation_key = %s AND incident_id = %s AND closed_at IS NULL "
        "RETURNING opened_at, last_new_at",
        (now, key, source),
    )
    row = await closed.fetchone()
    opened_at, last_new_at = (now, now) if row is None else (row["opened_at"], row["last_new_at"])
    opened = await connection.execute(
        "INSERT INTO groups (id, correlation_key, incident_id, opened_at, last_new_at) "
        "VALUES (%s, %s, %s, %s, %s) ON CONFLICT DO NOTHING",
        (new_id(), key, target, opened_at, last_new_at),
    )
    if opened.rowcount == 0:
        await connection.execute(
            "INSERT INTO groups "
            "(id, correlation_key, incident_id, opened_at, last_new_at, closed_at, closed_reason) "
            "VALUES (%s, %s, %s, %s, %s, %s, 'later_incident_open')",
            (new_id(), key, target, opened_at, last_new_at, now),
        )
