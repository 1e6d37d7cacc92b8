"""Writing what a transaction holds: a statement a table, whatever number of rows."""

from collections.abc import Iterable, Sequence
from typing import Final

from incident_management.store.held import Held
from incident_management.tables import AlertRow, IncidentRow, TimelineRow
from shared.database import Connection

# What no change of a row changes.
_FIXED: Final = frozenset({"id", "number"})


def _insert(table: str, columns: Iterable[str]) -> bytes:
    names = ", ".join(columns)
    return (
        f"INSERT INTO {table} ({names}) SELECT {names} "  # noqa: S608 - constants
        f"FROM jsonb_populate_recordset(NULL::{table}, %s::jsonb)"
    ).encode()


def _update(table: str, columns: Iterable[str]) -> bytes:
    changes = ", ".join(f"{column} = r.{column}" for column in columns if column not in _FIXED)
    # The limit tells the planner how few they are: it would rather read the whole table for the
    # hundred rows that it expects of a function.
    return (
        f"UPDATE {table} AS t SET {changes} FROM ("  # noqa: S608 - constants
        f"SELECT * FROM jsonb_populate_recordset(NULL::{table}, %s::jsonb) LIMIT %s"
        ") AS r WHERE t.id = r.id"
    ).encode()


_NEW_INCIDENTS: Final = _insert("incidents", IncidentRow.model_fields)
_CHANGED_INCIDENTS: Final = _update("incidents", IncidentRow.model_fields)
_NEW_ALERTS: Final = _insert("alerts", AlertRow.model_fields)
_CHANGED_ALERTS: Final = _update("alerts", AlertRow.model_fields)
_ENTRIES: Final = _insert("timeline", (name for name in TimelineRow.model_fields if name != "seq"))
_ALIASES: Final = (
    "INSERT INTO aliases (alias_id, incident_id) SELECT * FROM unnest(%s::uuid[], %s::uuid[])"
)


async def write(held: Held) -> None:
    """Write what was changed and added so far: incidents first, for the others name them."""
    connection = held.connection
    incidents = held.unwritten(held.incidents.values())
    # An incident that ends makes room for its recurrence.
    await _change(connection, _CHANGED_INCIDENTS, incidents.changed)
    await _add(connection, _NEW_INCIDENTS, incidents.new)
    alerts = held.unwritten(held.alerts.values())
    await _add(connection, _NEW_ALERTS, alerts.new)
    await _change(connection, _CHANGED_ALERTS, alerts.changed)
    entries = [entry.model_dump_json(exclude={"seq"}) for entry in held.entries]
    await _add(connection, _ENTRIES, entries)
    if held.folded:
        await connection.execute(_ALIASES, (list(held.folded), list(held.folded.values())))
    held.entries.clear()
    held.folded.clear()


async def _add(connection: Connection, statement: bytes, rows: Sequence[str]) -> None:
    if rows:
        await connection.execute(statement, (_json(rows),))


async def _change(connection: Connection, statement: bytes, rows: Sequence[str]) -> None:
    if rows:
        await connection.execute(statement, (_json(rows), len(rows)))


def _json(rows: Sequence[str]) -> str:
    return f"[{','.join(rows)}]"
