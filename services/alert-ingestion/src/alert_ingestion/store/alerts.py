from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import msgspec

from alert_ingestion.model import Alert, AlertStatus
from shared.contracts.wire import Severity
from shared.database import Connection

_COLUMNS: Final = (
    "id",
    "integration_id",
    "inbox_id",
    "fingerprint",
    "service",
    "severity",
    "severity_original",
    "message",
    "labels",
    "annotations",
    "links",
    "correlation_key",
    "incident_id",
    "status",
    "suppressed",
    "count",
    "starts_at",
    "starts_at_given",
    "occurrences",
    "first_seen",
    "last_seen",
    "ends_at",
    "ends_at_is_timeout",
    "resolved_at",
    "resolved_reason",
)

# What a message about an alert that is known can change.
_CHANGING: Final = (
    "message",
    "annotations",
    "links",
    "incident_id",
    "status",
    "suppressed",
    "count",
    "starts_at",
    "starts_at_given",
    "occurrences",
    "last_seen",
    "ends_at",
    "ends_at_is_timeout",
    "resolved_at",
    "resolved_reason",
)

SELECT: Final = (
    f"SELECT {', '.join(f'a.{column}' for column in _COLUMNS)}, "  # noqa: S608 - constants
    "i.name AS integration, i.auto_resolve "
    "FROM alerts AS a JOIN integrations AS i ON i.id = a.integration_id"
)

_INSERT: Final = (
    f"INSERT INTO alerts ({', '.join(_COLUMNS)}) SELECT {', '.join(_COLUMNS)} "  # noqa: S608
    "FROM jsonb_populate_recordset(NULL::alerts, %s::jsonb)"
)

_UPDATE: Final = (
    f"UPDATE alerts AS a SET {', '.join(f'{column} = r.{column}' for column in _CHANGING)} "  # noqa: S608
    "FROM jsonb_populate_recordset(NULL::alerts, %s::jsonb) AS r WHERE a.id = r.id"
)

# The live alert of each identity, else its newest. Ids are made in the order of time, but of the
# clocks of several replicas: where one runs ahead, an alert that is over can have the highest id.
_LATEST: Final = f"""
    SELECT latest.* FROM unnest(%s::uuid[], %s::text[]) AS wanted (integration_id, fingerprint)
    CROSS JOIN LATERAL (
        SELECT * FROM (
            ({SELECT} WHERE a.integration_id = wanted.integration_id
               AND a.fingerprint = wanted.fingerprint AND (a.status = 'firing' OR a.suppressed))
            UNION ALL
            ({SELECT} WHERE a.integration_id = wanted.integration_id
               AND a.fingerprint = wanted.fingerprint
             ORDER BY a.id DESC LIMIT 1)) AS found
        ORDER BY found.status = 'firing' OR found.suppressed DESC LIMIT 1) AS latest
"""  # noqa: S608 - constants


def from_row(row: Mapping[str, Any]) -> Alert:
    """An alert from a row of ``SELECT``."""
    return Alert(
        **{
            **row,
            "severity": Severity(row["severity"]),
            "status": AlertStatus(row["status"]),
            "occurrences": tuple(row["occurrences"]),
        }
    )


async def latest(
    connection: Connection, identities: Iterable[tuple[UUID, str]]
) -> dict[tuple[UUID, str], Alert]:
    """The live alert of each identity, else its newest, if it has one."""
    wanted = sorted(set(identities))
    cursor = await connection.execute(
        _LATEST,
        ([integration_id for integration_id, _ in wanted], [print_ for _, print_ in wanted]),
    )
    found = [from_row(row) for row in await cursor.fetchall()]
    return {alert.identity: alert for alert in found}


async def insert(connection: Connection, alerts: Sequence[Alert]) -> None:
    """Store new alerts, in one statement."""
    if alerts:
        await connection.execute(_INSERT, (msgspec.json.encode(alerts).decode(),))


async def update(connection: Connection, alerts: Sequence[Alert]) -> None:
    """Store what changed of known alerts, in one statement."""
    if alerts:
        await connection.execute(_UPDATE, (msgspec.json.encode(alerts).decode(),))


async def ended(connection: Connection, now: datetime, limit: int) -> list[tuple[UUID, str]]:
    """Identities of live alerts whose end has come without a word of their sender."""
    cursor = await connection.execute(
        "SELECT integration_id, fingerprint FROM alerts "
        "WHERE ends_at <= %s AND ends_at IS NOT NULL AND (status = 'firing' OR suppressed) "
        "ORDER BY ends_at LIMIT %s",
        (now, limit),
    )
    return [(row["integration_id"], row["fingerprint"]) for row in await cursor.fetchall()]


async def by_id(connection: Connection, alert_id: UUID) -> Alert | None:
    """One alert."""
    cursor = await connection.execute(f"{SELECT} WHERE a.id = %s", (alert_id,))
    row = await cursor.fetchone()
    return None if row is None else from_row(row)


async def page(
    connection: Connection, filters: Mapping[str, Any], *, before: UUID | None, limit: int
) -> list[Alert]:
    """Alerts, newest first, at most ``limit``; ``filters`` are columns with the value wanted."""
    conditions = [f"a.{column} = %s" for column in filters]
    values = list(filters.values())
    if before is not None:
        conditions.append("a.id < %s")
        values.append(before)
    where = f" WHERE {' AND '.join(conditions)}" if conditions else ""
    cursor = await connection.execute(
        f"{SELECT}{where} ORDER BY a.id DESC LIMIT %s".encode(), [*values, limit]
    )
    return [from_row(row) for row in await cursor.fetchall()]


async def close_by_hand(connection: Connection, incident_id: UUID, resolved_at: datetime) -> None:
    """A person resolved the incident: what fired then is dealt with, though its sender goes on."""
    await connection.execute(
        "UPDATE alerts SET status = 'resolved', suppressed = true, resolved_at = %(at)s, "
        "resolved_reason = 'resolved_by_hand' "
        "WHERE incident_id = %(incident)s AND status = 'firing' AND first_seen <= %(at)s",
        {"at": resolved_at, "incident": incident_id},
    )


async def reopen(connection: Connection, alert_id: UUID) -> None:
    """Undo a closing by hand that did not mean this alert, if its sender still says it fires."""
    await connection.execute(
        "UPDATE alerts AS a SET status = 'firing', suppressed = false, resolved_at = NULL, "
        "resolved_reason = NULL "
        "WHERE id = %s AND resolved_reason = 'resolved_by_hand' AND suppressed",
        (alert_id,),
    )


async def move_all(connection: Connection, source: UUID, target: UUID) -> None:
    """Every alert of one incident belongs to another from here on."""
    await connection.execute(
        "UPDATE alerts SET incident_id = %s WHERE incident_id = %s", (target, source)
    )


async def move(connection: Connection, alert_id: UUID, target: UUID) -> None:
    """One alert belongs to another incident from here on."""
    await connection.execute("UPDATE alerts SET incident_id = %s WHERE id = %s", (target, alert_id))


async def firing_by_severity(connection: Connection) -> dict[str, int]:
    """How many alerts fire."""
    cursor = await connection.execute(
        "SELECT severity, count(*) AS firing FROM alerts WHERE status = 'firing' GROUP BY severity"
    )
    return {row["severity"]: row["firing"] for row in await cursor.fetchall()}
