from collections.abc import Collection, Mapping
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from psycopg import sql
from psycopg.types.json import Jsonb

from alert_ingestion.model import CANARY
from shared.asking import Ask
from shared.database import Connection


@dataclass(frozen=True, slots=True)
class StoredIntegration:
    """An integration as stored; a None in its policy means what the settings say."""

    id: UUID
    name: str
    kind: str
    key_hint: str
    created_at: datetime
    auto_resolve: bool = True
    resolve_timeout_seconds: int | None = None
    correlation_labels: list[str] | None = None
    correlation_window_seconds: int | None = None
    correlation_max_age_seconds: int | None = None
    service_labels: list[str] | None = None
    severities: dict[str, str] | None = None
    storm_incidents: int | None = None
    flap_openings: int | None = None
    requests_per_minute: int | None = None
    mapping: dict[str, Any] | None = None
    confirm_subscriptions: bool = False
    revoked_at: datetime | None = None
    last_error: dict[str, str] | None = None
    last_error_at: datetime | None = None
    unknown_severity: str | None = None
    unknown_severity_at: datetime | None = None
    previous_key_until: datetime | None = None
    paused_at: datetime | None = None


_FIELDS: Final = tuple(field.name for field in fields(StoredIntegration))
_COLUMNS: Final = ", ".join(_FIELDS)


def by_key_hashes(key_hashes: Collection[str], now: datetime) -> Ask[dict[str, StoredIntegration]]:
    """The integrations that keys belong to, by the hash of the key; not those that were revoked.

    After a rotation the key before is good for a while, too. Timing tells nothing: what is compared
    is a digest of a random key, and finding a digest that begins alike says nothing about the key.
    """
    return Ask(
        f"SELECT key_hash AS presented, {_COLUMNS} FROM integrations "  # noqa: S608 - constants
        "WHERE key_hash = ANY(%(hashes)s) AND revoked_at IS NULL "
        f"UNION ALL SELECT previous_key_hash, {_COLUMNS} FROM integrations "
        "WHERE previous_key_hash = ANY(%(hashes)s) AND previous_key_until > %(now)s "
        "AND revoked_at IS NULL",
        {"hashes": list(key_hashes), "now": now},
        lambda rows: {row.pop("presented"): StoredIntegration(**row) for row in rows},
    )


async def named_by_key_hash(connection: Connection, key_hash: str) -> tuple[UUID, str] | None:
    """Id and name of the integration a key belongs to or belonged to, revoked or not."""
    cursor = await connection.execute(
        "SELECT id, name FROM integrations WHERE key_hash = %(hash)s "
        "OR previous_key_hash = %(hash)s",
        {"hash": key_hash},
    )
    row = await cursor.fetchone()
    return None if row is None else (row["id"], row["name"])


async def by_id(
    connection: Connection, integration_id: UUID, *, to_change: bool = False
) -> StoredIntegration | None:
    """One integration of a sender, revoked ones too; locked if it is about to be changed."""
    locked = " FOR NO KEY UPDATE" if to_change else ""
    cursor = await connection.execute(
        f"SELECT {_COLUMNS} FROM integrations "  # noqa: S608 - constants
        f"WHERE id = %s AND id <> %s{locked}".encode(),
        (integration_id, CANARY),
    )
    row = await cursor.fetchone()
    return None if row is None else StoredIntegration(**row)


async def by_ids(
    connection: Connection, integration_ids: Collection[UUID]
) -> dict[UUID, StoredIntegration]:
    """Integrations by their ids, revoked ones too."""
    cursor = await connection.execute(
        f"SELECT {_COLUMNS} FROM integrations WHERE id = ANY(%s)",  # noqa: S608 - constants
        (sorted(integration_ids),),
    )
    return {row["id"]: StoredIntegration(**row) for row in await cursor.fetchall()}


async def page(
    connection: Connection, *, after: UUID | None, limit: int
) -> list[StoredIntegration]:
    """Integrations of senders in the order of their making, revoked ones too, at most ``limit``."""
    cursor = await connection.execute(
        f"SELECT {_COLUMNS} FROM integrations "  # noqa: S608 - constants
        "WHERE id <> %(canary)s AND (%(after)s::uuid IS NULL OR id > %(after)s) "
        "ORDER BY id LIMIT %(limit)s",
        {"after": after, "limit": limit, "canary": CANARY},
    )
    return [StoredIntegration(**row) for row in await cursor.fetchall()]


async def insert(connection: Connection, integration: StoredIntegration, key_hash: str) -> bool:
    """Store a new integration; False when its name is taken."""
    values = {name: getattr(integration, name) for name in _FIELDS} | {"key_hash": key_hash}
    cursor = await connection.execute(
        sql.SQL("INSERT INTO integrations ({}) VALUES ({}) ON CONFLICT (name) DO NOTHING").format(
            sql.SQL(", ").join(map(sql.Identifier, values)),
            sql.SQL(", ").join(map(sql.Placeholder, values)),
        ),
        _adapted(values),
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
        _adapted({**changes, "integration_id": integration_id}),
    )


async def rotate(
    connection: Connection,
    integration_id: UUID,
    *,
    key_hash: str,
    key_hint: str,
    previous_until: datetime | None,
) -> None:
    """Give an integration another key; the one it had is good until an instant, or not at all."""
    await connection.execute(
        "UPDATE integrations SET previous_key_hash = CASE WHEN %(until)s::timestamptz IS NULL "
        "THEN NULL ELSE key_hash END, previous_key_until = %(until)s, "
        "key_hash = %(hash)s, key_hint = %(hint)s WHERE id = %(id)s",
        {"until": previous_until, "hash": key_hash, "hint": key_hint, "id": integration_id},
    )


async def note_seeded(connection: Connection, key_hash: str, now: datetime) -> bool:
    """Remember that a bootstrap key was registered; False when it was before."""
    cursor = await connection.execute(
        "INSERT INTO seeded_keys (key_hash, seeded_at) VALUES (%s, %s) ON CONFLICT DO NOTHING",
        (key_hash, now),
    )
    return cursor.rowcount == 1


async def note_error(
    connection: Connection, integration_id: UUID, reason: str, detail: str, now: datetime
) -> None:
    """Remember why a request of this sender was refused last."""
    await connection.execute(
        "UPDATE integrations SET last_error = %s, last_error_at = %s WHERE id = %s",
        (Jsonb({"reason": reason, "detail": detail}), now, integration_id),
    )


async def note_unknown_severity(
    connection: Connection, integration_id: UUID, word: str, now: datetime
) -> None:
    """Remember a word for a severity that nobody knows; hourly, for it comes with each alert."""
    await connection.execute(
        "UPDATE integrations SET unknown_severity = %(word)s, unknown_severity_at = %(now)s "
        "WHERE id = %(id)s AND (unknown_severity IS DISTINCT FROM %(word)s "
        "OR unknown_severity_at < %(now)s - interval '1 hour')",
        {"word": word, "now": now, "id": integration_id},
    )


def _adapted(values: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: Jsonb(value) if isinstance(value, dict) else value for name, value in values.items()
    }
