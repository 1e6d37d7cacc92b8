from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from psycopg.types.json import Jsonb

from alert_ingestion.inhibition import Rule
from alert_ingestion.matchers import from_stored
from shared.asking import Ask
from shared.database import Connection

_COLUMNS: Final = "id, name, source, target, equal, author, comment, created_at, ended_at"


def from_row(row: Mapping[str, Any]) -> Rule:
    """A rule from a row as these statements select it."""
    return Rule(
        **{
            **row,
            "source": from_stored(row["source"]),
            "target": from_stored(row["target"]),
            "equal": tuple(row["equal"]),
        }
    )


def in_force() -> Ask[list[Rule]]:
    """The rules that hold, oldest first."""
    return Ask(
        f"SELECT {_COLUMNS} FROM inhibition_rules "  # noqa: S608 - constants
        "WHERE ended_at IS NULL ORDER BY id",
        (),
        lambda rows: [from_row(row) for row in rows],
    )


async def by_id(connection: Connection, rule_id: UUID) -> Rule | None:
    """One rule, ended ones too; locked, for it is about to be ended."""
    cursor = await connection.execute(
        f"SELECT {_COLUMNS} FROM inhibition_rules WHERE id = %s FOR NO KEY UPDATE",  # noqa: S608
        (rule_id,),
    )
    row = await cursor.fetchone()
    return None if row is None else from_row(row)


async def insert(connection: Connection, rule: Rule) -> None:
    """Store a new rule."""
    await connection.execute(
        f"INSERT INTO inhibition_rules ({_COLUMNS}) "  # noqa: S608 - constants
        "VALUES (%s, %s, %s, %s, %s, %s, %s, %s, NULL)",
        (
            rule.id,
            rule.name,
            Jsonb([one.stored() for one in rule.source]),
            Jsonb([one.stored() for one in rule.target]),
            list(rule.equal),
            rule.author,
            rule.comment,
            rule.created_at,
        ),
    )


async def end(connection: Connection, rule_id: UUID, now: datetime) -> None:
    """A rule holds no more."""
    await connection.execute(
        "UPDATE inhibition_rules SET ended_at = %s WHERE id = %s", (now, rule_id)
    )
    await connection.execute("DELETE FROM inhibitors WHERE rule_id = %s", (rule_id,))


async def of_keys(
    connection: Connection, wanted: Collection[tuple[UUID, str]]
) -> set[tuple[UUID, str]]:
    """Those pairs of rule and key under which an alert fires that inhibits others."""
    if not wanted:
        return set()
    pairs = sorted(wanted)
    cursor = await connection.execute(
        "SELECT DISTINCT i.rule_id, i.key FROM inhibitors AS i "
        "JOIN unnest(%s::uuid[], %s::text[]) AS wanted (rule_id, key) "
        "ON i.rule_id = wanted.rule_id AND i.key = wanted.key",
        ([rule_id for rule_id, _ in pairs], [key for _, key in pairs]),
    )
    return {(row["rule_id"], row["key"]) for row in await cursor.fetchall()}


async def fire(connection: Connection, sources: Iterable[tuple[UUID, UUID, str]]) -> None:
    """Note alerts that inhibit others: rule, alert and key of each."""
    rows = sorted(sources)
    if rows:
        await connection.execute(
            "INSERT INTO inhibitors (rule_id, alert_id, key) "
            "SELECT * FROM unnest(%s::uuid[], %s::uuid[], %s::text[]) "
            "ON CONFLICT (rule_id, alert_id) DO UPDATE SET key = excluded.key",
            ([row[0] for row in rows], [row[1] for row in rows], [row[2] for row in rows]),
        )


async def stop(connection: Connection, alert_ids: Sequence[UUID], now: datetime) -> None:
    """Alerts inhibit nobody any more; those that they did are looked at again at once."""
    if alert_ids:
        await connection.execute(
            """
            WITH gone AS (DELETE FROM inhibitors WHERE alert_id = ANY(%s) RETURNING rule_id)
            UPDATE alerts SET held_until = %s
            WHERE held IS NOT NULL AND held = 'inhibited' AND status = 'firing'
              AND held_by && ARRAY(SELECT rule_id FROM gone)
            """,
            (list(alert_ids), now),
        )
