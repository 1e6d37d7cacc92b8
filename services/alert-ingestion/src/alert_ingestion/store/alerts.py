from collections.abc import AsyncIterator, Collection, Iterable, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final
from uuid import UUID

import msgspec

from alert_ingestion.model import CANARY, Alert, AlertStatus, Reason
from alert_ingestion.storms import Extent
from alert_ingestion.tables import AlertRow
from shared.asking import Ask
from shared.contracts.wire import Severity
from shared.database import Connection

_COLUMNS: Final = tuple(AlertRow.model_fields)

# What no message about an alert that is known can change.
_FIXED: Final = frozenset(
    {"id", "integration_id", "inbox_id", "fingerprint", "service", "first_seen"}
)


def _select(table: str) -> str:
    columns = ", ".join(f"a.{column}" for column in _COLUMNS)
    return (
        f"SELECT {columns}, i.name AS integration, i.auto_resolve "  # noqa: S608 - constants
        f"FROM {table} AS a JOIN integrations AS i ON i.id = a.integration_id"
    )


_INSERT: Final = (
    f"INSERT INTO alerts ({', '.join(_COLUMNS)}) SELECT {', '.join(_COLUMNS)} "  # noqa: S608
    "FROM jsonb_populate_recordset(NULL::alerts, %s::jsonb)"
)

_UPDATE: Final = (
    "WITH changed AS (UPDATE alerts AS a SET "  # noqa: S608 - constants
    f"{', '.join(f'{column} = r.{column}' for column in _COLUMNS if column not in _FIXED)} "
    "FROM jsonb_populate_recordset(NULL::alerts, %s::jsonb) AS r WHERE a.id = r.id RETURNING a.id) "
    "SELECT count(*) AS changed FROM changed"
)

# The live alert of each identity, else its newest. Ids are made in the order of time, but of the
# clocks of several replicas: where one runs ahead, an alert that is over can have the highest id.
_NEWEST: Final = """
    ({select} WHERE a.integration_id = wanted.integration_id
        AND a.fingerprint = wanted.fingerprint ORDER BY a.id DESC LIMIT 1)
"""
_LATEST: Final = f"""
    SELECT latest.* FROM unnest(%b::uuid[], %b::text[]) AS wanted (integration_id, fingerprint)
    CROSS JOIN LATERAL (
        SELECT * FROM (
            ({_select("alerts")} WHERE a.integration_id = wanted.integration_id
               AND a.fingerprint = wanted.fingerprint AND (a.status = 'firing' OR a.suppressed))
            UNION ALL {_NEWEST.format(select=_select("alerts"))}
            UNION ALL {_NEWEST.format(select=_select("past_alerts"))}) AS found
        ORDER BY found.status = 'firing' OR found.suppressed DESC, found.id DESC LIMIT 1) AS latest
"""  # noqa: S608 - constants


_AGAIN: Final = (
    f"{_select('alerts')} WHERE a.id = ANY(%b::uuid[]) "
    f"UNION ALL {_select('past_alerts')} WHERE a.id = ANY(%b::uuid[])"
)


def from_row(row: Mapping[str, Any]) -> Alert:
    """An alert from a row as these statements select it."""
    return Alert(
        **{
            **row,
            "severity": Severity(row["severity"]),
            "status": AlertStatus(row["status"]),
            "occurrences": tuple(row["occurrences"]),
            "openings": tuple(row["openings"]),
            "held": None if row["held"] is None else Reason(row["held"]),
            "held_by": tuple(row["held_by"]),
        }
    )


def latest(identities: Iterable[tuple[UUID, str]]) -> Ask[dict[tuple[UUID, str], Alert]]:
    """The live alert of each identity, else its newest, if it has one."""
    wanted = sorted(set(identities))
    return Ask(
        _LATEST,
        ([integration_id for integration_id, _ in wanted], [print_ for _, print_ in wanted]),
        lambda rows: {alert.identity: alert for alert in map(from_row, rows)},
    )


def again(ids: Iterable[UUID]) -> Ask[dict[tuple[UUID, str], Alert]]:
    """Alerts by their ids, as they are by now; by identity."""
    wanted = sorted(set(ids))
    return Ask(
        _AGAIN,
        (wanted, wanted),
        lambda rows: {alert.identity: alert for alert in map(from_row, rows)},
    )


async def insert(connection: Connection, alerts: Sequence[Alert]) -> None:
    """Store new alerts, in one statement."""
    if alerts:
        await connection.execute(_INSERT, (msgspec.json.encode(alerts).decode(),))


async def update(connection: Connection, alerts: Sequence[Alert]) -> None:
    """Store what changed of known alerts, in one statement."""
    if not alerts:
        return
    changed = (msgspec.json.encode(alerts).decode(),)
    cursor = await connection.execute(_UPDATE, changed)
    row = await cursor.fetchone()
    if row is None or row["changed"] < len(alerts):
        # One that is over is spoken of again: its sender fires on after all.
        ids = [alert.id for alert in alerts]
        await _put(connection, ids, source="past_alerts", target="alerts")
        await connection.execute(_UPDATE, changed)


async def ended(connection: Connection, now: datetime, limit: int) -> list[tuple[UUID, str]]:
    """Identities of live alerts whose end has come without a word of their sender."""
    cursor = await connection.execute(
        "SELECT integration_id, fingerprint FROM alerts "
        "WHERE ends_at <= %s AND ends_at IS NOT NULL AND (status = 'firing' OR suppressed) "
        "ORDER BY ends_at LIMIT %s",
        (now, limit),
    )
    return [(row["integration_id"], row["fingerprint"]) for row in await cursor.fetchall()]


async def held(connection: Connection, now: datetime, limit: int) -> list[tuple[UUID, str]]:
    """Identities of alerts that are held back, and have to be looked at again."""
    cursor = await connection.execute(
        "SELECT integration_id, fingerprint FROM alerts "
        "WHERE held IS NOT NULL AND status = 'firing' AND held_until <= %s "
        "ORDER BY held_until LIMIT %s",
        (now, limit),
    )
    return [(row["integration_id"], row["fingerprint"]) for row in await cursor.fetchall()]


async def look_again(connection: Connection, by: Sequence[UUID], now: datetime) -> None:
    """Alerts that these silences or rules hold back are looked at again at once."""
    await connection.execute(
        "UPDATE alerts SET held_until = %s "
        "WHERE held IS NOT NULL AND status = 'firing' AND held_by && %s",
        (now, list(by)),
    )


async def by_id(connection: Connection, alert_id: UUID) -> Alert | None:
    """One alert, live or past."""
    cursor = await connection.execute(
        f"{_select('alerts')} WHERE a.id = %(id)s "
        f"UNION ALL {_select('past_alerts')} WHERE a.id = %(id)s".encode(),
        {"id": alert_id},
    )
    row = await cursor.fetchone()
    return None if row is None else from_row(row)


async def page(
    connection: Connection, filters: Mapping[str, Any], *, before: UUID | None, limit: int
) -> list[Alert]:
    """Alerts of senders, newest first, at most ``limit``; ``filters`` are columns and values."""
    conditions = ["a.integration_id <> %(canary)s"]
    conditions += [f"a.{column} = %({column})s" for column in filters]
    if before is not None:
        conditions.append("a.id < %(before)s")
    where = f" WHERE {' AND '.join(conditions)}"
    newest = [
        f"({_select(table)}{where} ORDER BY a.id DESC LIMIT %(limit)s)"
        for table in ("alerts", "past_alerts")
    ]
    cursor = await connection.execute(
        f"{' UNION ALL '.join(newest)} ORDER BY id DESC LIMIT %(limit)s".encode(),
        {**filters, "before": before, "limit": limit, "canary": CANARY},
    )
    return [from_row(row) for row in await cursor.fetchall()]


async def firing(
    connection: Connection, *, before: UUID | None, limit: int, of: UUID | None = None
) -> list[Alert]:
    """Alerts of senders that fire, newest first, at most ``limit``; ``of`` one integration only."""
    cursor = await connection.execute(
        f"{_select('alerts')} WHERE a.status = 'firing' "
        "AND a.integration_id <> %(canary)s "
        "AND (%(of)s::uuid IS NULL OR a.integration_id = %(of)s) "
        "AND (%(before)s::uuid IS NULL OR a.id < %(before)s) ORDER BY a.id DESC LIMIT %(limit)s",
        {"canary": CANARY, "of": of, "before": before, "limit": limit},
    )
    return [from_row(row) for row in await cursor.fetchall()]


async def every_firing(connection: Connection) -> AsyncIterator[Alert]:
    """Every alert of a sender that fires, newest first, however many there are."""
    before: UUID | None = None
    while page := await firing(connection, before=before, limit=_WALKED_AT_ONCE):
        for alert in page:
            yield alert
        before = page[-1].id


_WALKED_AT_ONCE: Final = 1_000


async def held_by(connection: Connection, by: Sequence[UUID]) -> dict[UUID, int]:
    """How many alerts that fire each of some silences or rules holds back."""
    cursor = await connection.execute(
        "SELECT holder, count(*) AS held FROM alerts, unnest(held_by) AS holder "
        "WHERE held IS NOT NULL AND status = 'firing' AND held_by && %(by)s "
        "AND holder = ANY(%(by)s) GROUP BY holder",
        {"by": list(by)},
    )
    return {row["holder"]: row["held"] for row in await cursor.fetchall()}


async def spokesmen(connection: Connection, services: Collection[str], most: int) -> list[Alert]:
    """The newest alert that fires of each open incident of some services, at most ``most``."""
    cursor = await connection.execute(
        f"SELECT DISTINCT ON (incident_id) * FROM ({_select('alerts')} "  # noqa: S608 - constants
        "WHERE a.status = 'firing' AND a.incident_id IS NOT NULL AND a.service = ANY(%s) "
        "AND a.integration_id <> %s) AS firing ORDER BY incident_id DESC, id DESC LIMIT %s",
        (sorted(services), CANARY, most),
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


async def reopen_of_incident(connection: Connection, incident_id: UUID) -> None:
    """Undo a closing by hand of an incident that is not over, but of what its sender ended since.

    What is suppressed still fires at its sender, and holds the place of the one that may.
    """
    await connection.execute(
        "UPDATE alerts SET status = 'firing', suppressed = false, resolved_at = NULL, "
        "resolved_reason = NULL "
        "WHERE incident_id = %s AND resolved_reason = 'resolved_by_hand' AND suppressed",
        (incident_id,),
    )


async def move_all(connection: Connection, source: UUID, target: UUID) -> None:
    """Every alert of one incident belongs to another from here on."""
    for table in ("alerts", "past_alerts"):
        await connection.execute(
            f"UPDATE {table} SET incident_id = %s WHERE incident_id = %s".encode(),  # noqa: S608
            (target, source),
        )


async def move(connection: Connection, alert_id: UUID, target: UUID) -> None:
    """One alert belongs to another incident from here on."""
    for table in ("alerts", "past_alerts"):
        await connection.execute(
            f"UPDATE {table} SET incident_id = %s WHERE id = %s".encode(),  # noqa: S608
            (target, alert_id),
        )


async def archive(connection: Connection, over_since: datetime, limit: int) -> int:
    """Put alerts that ended before ``over_since`` where the past is kept; how many.

    Those of the canary have none (see store.canary).

    The live ones stay few then, and the past can be dropped a month at a time. One that somebody
    decides about at this moment is left for the next time.
    """
    cursor = await connection.execute(
        "SELECT id, resolved_at FROM alerts "
        "WHERE status = 'resolved' AND NOT suppressed AND resolved_at < %s "
        "AND integration_id <> %s ORDER BY resolved_at LIMIT %s FOR UPDATE SKIP LOCKED",
        (over_since, CANARY, limit),
    )
    found = await cursor.fetchall()
    for month in sorted({_month(row["resolved_at"]) for row in found}):
        await _ensure_partition(connection, month)
    await _put(connection, [row["id"] for row in found], source="alerts", target="past_alerts")
    return len(found)


async def _put(connection: Connection, ids: Sequence[UUID], *, source: str, target: str) -> None:
    columns = ", ".join(_COLUMNS)
    await connection.execute(
        f"WITH moved AS (DELETE FROM {source} WHERE id = ANY(%s) RETURNING {columns}) "  # noqa: S608
        f"INSERT INTO {target} ({columns}) SELECT {columns} FROM moved".encode(),
        (list(ids),),
    )


def _month(instant: datetime) -> date:
    return instant.astimezone(UTC).date().replace(day=1)


async def _ensure_partition(connection: Connection, month: date) -> None:
    following = (month + timedelta(days=32)).replace(day=1)
    name = f"past_alerts_{month:%Y_%m}"
    # Two replicas may tidy at once; IF NOT EXISTS alone can fail between two that both see none.
    await connection.execute("SELECT pg_advisory_xact_lock(hashtext(%s))", (name,))
    await connection.execute(
        f"CREATE TABLE IF NOT EXISTS {name} PARTITION OF past_alerts "
        f"FOR VALUES FROM ('{month} 00:00+00') TO ('{following} 00:00+00')".encode()
    )


async def forget(connection: Connection, before: datetime) -> list[str]:
    """Drop the months of past alerts that ended before an instant, whole; their names.

    Whoever reads at that moment is not made to wait: the lock is waited for shortly, and tried
    again with the next round.
    """
    cursor = await connection.execute(
        "SELECT c.relname AS name FROM pg_inherits AS i JOIN pg_class AS c ON c.oid = i.inhrelid "
        "WHERE i.inhparent = 'past_alerts'::regclass ORDER BY c.relname"
    )
    over = f"past_alerts_{_month(before):%Y_%m}"
    names = [
        row["name"]
        for row in await cursor.fetchall()
        if len(row["name"]) == len(over) and row["name"] < over
    ]
    if names:
        await connection.execute("SET LOCAL lock_timeout = '500ms'")
    for name in names:
        await connection.execute(f"DROP TABLE {name}".encode())
    return names


async def extent(connection: Connection, incident_id: UUID, but: str) -> Extent:
    """How many alerts of an incident there are, and of which services; ``but`` one fingerprint."""
    cursor = await connection.execute(
        "SELECT service, count(*) AS alerts FROM alerts WHERE incident_id = %s "
        "AND fingerprint <> %s GROUP BY service ORDER BY count(*) DESC, service",
        (incident_id, but),
    )
    services = [(row["service"], row["alerts"]) for row in await cursor.fetchall()]
    return Extent(sum(count for _, count in services), services)


async def count_now(connection: Connection, most: int) -> tuple[int, int]:
    """How many alerts of senders fire, and how many of these are silenced; each at most ``most``.

    By indexes that hold such alerts alone, whatever number there ever was.
    """
    cursor = await connection.execute(
        "SELECT (SELECT count(*) FROM (SELECT FROM alerts WHERE status = 'firing' "
        "AND integration_id <> %(canary)s LIMIT %(most)s) AS f) AS firing, "
        "(SELECT count(*) FROM (SELECT FROM alerts WHERE held IS NOT NULL AND held = %(silenced)s "
        "AND status = 'firing' LIMIT %(most)s) AS s) AS silenced",
        {"canary": CANARY, "most": most, "silenced": Reason.SILENCED.value},
    )
    (row,) = await cursor.fetchall()
    return row["firing"], row["silenced"]


async def firing_by_severity(connection: Connection) -> dict[str, int]:
    """How many alerts of senders fire."""
    cursor = await connection.execute(
        "SELECT severity, count(*) AS firing FROM alerts "
        "WHERE status = 'firing' AND integration_id <> %s GROUP BY severity",
        (CANARY,),
    )
    return {row["severity"]: row["firing"] for row in await cursor.fetchall()}
