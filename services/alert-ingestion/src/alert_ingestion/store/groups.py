from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import msgspec
from psycopg.rows import DictRow
from psycopg.types.json import Jsonb

from alert_ingestion.model import Group
from shared.asking import Ask
from shared.contracts.wire import Severity
from shared.database import Connection
from shared.identifiers import new_id

_COLUMNS: Final = (
    "id, correlation_key, incident_id, opened_at, last_new_at, integration_id, severity, storm"
)


INCIDENT_RESOLVED: Final = "incident_resolved"
"""Why a group is closed: its incident is over."""

_CONTINUED: Final = (
    "SELECT %(id)s, %(key)s, %(incident_id)s, %(opened_at)s, %(last_new_at)s, "
    "%(integration_id)s::uuid, %(severity)s::text, %(storm)s::jsonb"
)


def _from_row(row: Mapping[str, Any]) -> Group:
    severity = row["severity"]
    return Group(**{**row, "severity": None if severity is None else Severity(severity)})


def open_of(keys: Iterable[str]) -> Ask[dict[str, Group]]:
    """The open group of each correlation key that has one."""
    return Ask(
        f"SELECT {_COLUMNS} FROM groups "  # noqa: S608 - constants
        "WHERE correlation_key = ANY(%b) AND closed_at IS NULL",
        (sorted(set(keys)),),
        lambda rows: {row["correlation_key"]: _from_row(row) for row in rows},
    )


def opened_lately(keys: Iterable[str], since: datetime) -> Ask[dict[str, int]]:
    """How many groups of each correlation key were opened since an instant."""
    return Ask(
        "SELECT correlation_key, count(*) AS opened FROM groups "
        "WHERE correlation_key = ANY(%s) AND opened_at > %s GROUP BY correlation_key",
        (sorted(set(keys)), since),
        lambda rows: {row["correlation_key"]: row["opened"] for row in rows},
    )


def opened_by(
    integration_ids: Collection[UUID], since: datetime
) -> Ask[dict[UUID, dict[Severity, int]]]:
    """How many groups integrations opened since an instant, by the severity that opened them."""
    return Ask(
        "SELECT integration_id, severity, count(*) AS opened FROM groups "
        "WHERE integration_id = ANY(%s) AND opened_at > %s AND severity IS NOT NULL "
        "GROUP BY integration_id, severity",
        (sorted(integration_ids), since),
        _by_integration,
    )


def _by_integration(rows: list[DictRow]) -> dict[UUID, dict[Severity, int]]:
    found: dict[UUID, dict[Severity, int]] = {}
    for row in rows:
        found.setdefault(row["integration_id"], {})[Severity(row["severity"])] = row["opened"]
    return found


async def storms(connection: Connection) -> list[Group]:
    """The open groups of what comes in storms."""
    cursor = await connection.execute(
        f"SELECT {_COLUMNS} FROM groups "  # noqa: S608 - constants
        "WHERE storm IS NOT NULL AND closed_at IS NULL ORDER BY id"
    )
    return [_from_row(row) for row in await cursor.fetchall()]


async def told_of_storm(connection: Connection, group_id: UUID, alerts: int) -> None:
    """People were told how large a storm is."""
    await connection.execute(
        "UPDATE groups SET storm = %s WHERE id = %s", (Jsonb({"told": alerts}), group_id)
    )


async def insert(connection: Connection, groups: Sequence[Group]) -> None:
    """Store new open groups; the ones they follow are closed already."""
    if groups:
        await connection.execute(
            f"INSERT INTO groups ({_COLUMNS}) SELECT {_COLUMNS} "  # noqa: S608 - constants
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


async def reopen_of_incident(connection: Connection, incident_id: UUID) -> None:
    """New alerts join an incident again that was not over, unless another takes them by now."""
    await connection.execute(
        "UPDATE groups SET closed_at = NULL, closed_reason = NULL WHERE id IN ("
        "SELECT DISTINCT ON (correlation_key) id FROM groups AS mine "
        "WHERE incident_id = %s AND closed_reason = %s AND NOT EXISTS ("
        "SELECT FROM groups WHERE correlation_key = mine.correlation_key AND closed_at IS NULL) "
        "ORDER BY correlation_key, closed_at DESC)",
        (incident_id, INCIDENT_RESOLVED),
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
        "RETURNING opened_at, last_new_at, integration_id, severity, storm",
        (now, key, source),
    )
    row = await closed.fetchone() or {"opened_at": now, "last_new_at": now}
    values = {
        "integration_id": None,
        "severity": None,
        "storm": None,
        **row,
        "id": new_id(),
        "key": key,
    }
    values |= {
        "incident_id": target,
        "now": now,
        "storm": values["storm"] and Jsonb(values["storm"]),
    }
    opened = await connection.execute(
        f"INSERT INTO groups ({_COLUMNS}) {_CONTINUED} ON CONFLICT DO NOTHING",
        values,
    )
    if opened.rowcount == 0:
        await connection.execute(
            f"INSERT INTO groups ({_COLUMNS}, closed_at, closed_reason) "
            f"{_CONTINUED}, %(now)s, 'later_incident_open'",
            values,
        )


async def purge(connection: Connection, older_than: datetime, limit: int) -> int:
    """Forget a batch of groups that were closed before an instant; how many there were."""
    cursor = await connection.execute(
        "DELETE FROM groups WHERE id IN (SELECT id FROM groups WHERE closed_at < %s "
        "ORDER BY closed_at LIMIT %s FOR UPDATE SKIP LOCKED)",
        (older_than, limit),
    )
    return cursor.rowcount
