from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from psycopg import sql

from shared.database import Connection

_COLUMNS: Final = (
    "id, name, kind, key_hint, auto_resolve, resolve_timeout_seconds, correlation_labels, "
    "correlation_window_seconds, correlation_max_age_seconds, created_at, revoked_at"
)


@dataclass(frozen=True, slots=True)
class StoredIntegration:
    """An integration as stored; a None in its policy means what the settings say."""

    id: UUID
    name: str
    kind: str
    key_hint: str
    auto_resolve: bool
    resolve_timeout_seconds: int | None
    correlation_labels: list[str] | None
    correlation_window_seconds: int | None
    correlation_max_age_seconds: int | None
    created_at: datetime
    revoked_at: datetime | None


async def by_key_hash(connection: Connection, key_hash: str) -> StoredIntegration | None:
    """The integration a key belongs to, unless it was revoked.

    Timing tells nothing: what is compared is a digest of a random key, and finding a digest that
    begins alike says nothing about the key.
    """
    cursor = await connection.execute(
        f"SELECT {_COLUMNS} FROM integrations "  # noqa: S608 - constants
        "WHERE key_hash = %s AND revoked_at IS NULL",
        (key_hash,),
    )
    row = await cursor.fetchone()
    return None if row is None else StoredIntegration(**row)


async def by_id(connection: Connection, integration_id: UUID) -> StoredIntegration | None:
    """One integration, revoked ones too; locked, for whoever changes it."""
    cursor = await connection.execute(
        f"SELECT {_COLUMNS} FROM integrations WHERE id = %s FOR NO KEY UPDATE",  # noqa: S608
        (integration_id,),
    )
    row = await cursor.fetchone()
    return None if row is None else StoredIntegration(**row)


async def page(
    connection: Connection, *, after: UUID | None, limit: int
) -> list[StoredIntegration]:
    """Integrations in the order of their making, revoked ones too, at most ``limit``."""
    cursor = await connection.execute(
        f"SELECT {_COLUMNS} FROM integrations "  # noqa: S608 - constants
        "WHERE %(after)s::uuid IS NULL OR id > %(after)s ORDER BY id LIMIT %(limit)s",
        {"after": after, "limit": limit},
    )
    return [StoredIntegration(**row) for row in await cursor.fetchall()]


async def insert(connection: Connection, integration: StoredIntegration, key_hash: str) -> bool:
    """Store a new integration; False when its name is taken."""
    cursor = await connection.execute(
        "INSERT INTO integrations (id, name, kind, key_hash, key_hint, auto_resolve, "
        "resolve_timeout_seconds, correlation_labels, correlation_window_seconds, "
        "correlation_max_age_seconds, created_at) "
        "VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s) ON CONFLICT (name) DO NOTHING",
        (
            integration.id,
            integration.name,
            integration.kind,
            key_hash,
            integration.key_hint,
            integration.auto_resolve,
            integration.resolve_timeout_seconds,
            integration.correlation_labels,
            integration.correlation_window_seconds,
            integration.correlation_max_age_seconds,
            integration.created_at,
        ),
    )
    return cursor.rowcount == 1


async def name_is_taken(connection: Connection, name: str, but_by: UUID) -> bool:
    """Whether another integration has this name."""
    cursor = await connection.execute(
        "SELECT 1 FROM integrations WHERE name = %s AND id <> %s", (name, but_by)
    )
    return await cursor.fetchone() is not None


async def change(connection: Connection, integration_id: UUID, changes: Mapping[str, Any]) -> None:
    """Set columns of one integration."""
    if not changes:
        return
    assignments = sql.SQL(", ").join(
        sql.SQL("{} = {}").format(sql.Identifier(column), sql.Placeholder(column))
        for column in changes
    )
    await connection.execute(
        sql.SQL("UPDATE integrations SET {} WHERE id = {}").format(
            assignments, sql.Placeholder("integration_id")
        ),
        {**changes, "integration_id": integration_id},
    )


async def note_seeded(connection: Connection, key_hash: str, now: datetime) -> bool:
    """Remember that a bootstrap key was registered; False when it was before."""
    cursor = await connection.execute(
        "INSERT INTO seeded_keys (key_hash, seeded_at) VALUES (%s, %s) ON CONFLICT DO NOTHING",
        (key_hash, now),
    )
    return cursor.rowcount == 1
