"""Finding and locking incidents."""

from collections.abc import Collection, Iterable
from uuid import UUID

from incident_management.references import Reference
from incident_management.store import alerts, counts, writing
from incident_management.store.held import Held
from incident_management.tables import IncidentRow
from shared.contracts.incidents import Status

_COLUMNS = ", ".join(IncidentRow.model_fields)
_SELECT = f"SELECT {_COLUMNS} FROM incidents"  # noqa: S608 - constants
_FIND = f"{_SELECT} WHERE id = %s".encode()
_FIND_NUMBER = f"{_SELECT} WHERE number = %s".encode()
_LOCK = f"{_SELECT} WHERE id = ANY(%s) ORDER BY id FOR UPDATE".encode()


async def hold(held: Held, incident_ids: Iterable[UUID], alert_ids: Collection[UUID]) -> None:
    """Lock and read incidents and alerts, for a batch that speaks of them."""
    wanted = {*incident_ids, *(await alerts.homes(held, alert_ids)).values()}
    await lock_names(held, wanted)
    await _lock(held, wanted)
    absent = [one for one in wanted if held.incidents[one] is None]
    held.aliases |= dict.fromkeys(absent)
    if absent:
        cursor = await held.connection.execute(
            "SELECT alias_id, incident_id FROM aliases WHERE alias_id = ANY(%s)", (absent,)
        )
        held.aliases |= {row["alias_id"]: row["incident_id"] for row in await cursor.fetchall()}
    if alert_ids:
        await alerts.hold(held, alert_ids)


async def next_number(held: Held, *, expecting: int = 1) -> int:
    """The number of a new incident; ``expecting`` so many more in this transaction."""
    if not held.numbers:
        drawn = await held.connection.execute(
            "SELECT nextval(pg_get_serial_sequence('incidents', 'number')) AS number "
            "FROM generate_series(1, %s)",
            (max(1, expecting),),
        )
        held.numbers.extend(sorted(row["number"] for row in await drawn.fetchall()))
    return held.numbers.pop(0)


async def next_canary_number(held: Held) -> int:
    """The number of a canary's incident, below zero."""
    drawn = await held.connection.execute("SELECT nextval('canary_numbers') AS number")
    (row,) = await drawn.fetchall()
    return int(row["number"])


async def find(held: Held, reference: Reference) -> IncidentRow | None:
    """The incident of an id (its own, or one that was folded into it) or of a number."""
    if isinstance(reference, int):
        return await _read(held, _FIND_NUMBER, reference)
    row = await _known(held, reference)
    if row is not None:
        return row
    if reference not in held.aliases:
        cursor = await held.connection.execute(
            "SELECT incident_id FROM aliases WHERE alias_id = %s", (reference,)
        )
        alias = await cursor.fetchone()
        held.aliases[reference] = alias["incident_id"] if alias else None
    alias_of = held.aliases[reference]
    return await _known(held, alias_of) if alias_of else None


async def find_for_people(held: Held, reference: Reference) -> IncidentRow | None:
    """The incident that somebody asks for; nobody is shown that of a canary."""
    row = await find(held, reference)
    return None if row is None or row.canary else row


async def _known(held: Held, incident_id: UUID) -> IncidentRow | None:
    if incident_id in held.incidents:
        return held.incidents[incident_id]
    return await _read(held, _FIND, incident_id)


async def _read(held: Held, statement: bytes, value: UUID | int) -> IncidentRow | None:
    cursor = await held.connection.execute(statement, (value,))
    row = await cursor.fetchone()
    return None if row is None else IncidentRow(**row)


async def lock(held: Held, incident_id: UUID) -> IncidentRow | None:
    """An incident as it is now, kept from everybody else until the commit."""
    if incident_id not in held.incidents:
        await _lock(held, [incident_id])
    return held.incidents[incident_id]


async def _lock(held: Held, incident_ids: Collection[UUID]) -> None:
    held.incidents |= dict.fromkeys(incident_ids)
    cursor = await held.connection.execute(_LOCK, (list(incident_ids),))
    rows = [IncidentRow(**row) for row in await cursor.fetchall()]
    for row in rows:
        held.keep(row)
    await counts.make_right(held, rows)


async def lock_reference(held: Held, reference: Reference) -> IncidentRow | None:
    """The incident a request names, locked."""
    row = await find(held, reference)
    return await lock(held, row.id) if row else None


async def lock_names(held: Held, incident_ids: Iterable[UUID]) -> None:
    """Keep other batches away from these ids, in sorted order, whether incidents have them or not.

    An incident that does not exist yet has no row to lock, and two replicas may be told of it at
    the same time.
    """
    names = sorted({str(incident_id) for incident_id in incident_ids})
    await held.connection.execute(
        "SELECT pg_advisory_xact_lock(hashtextextended(name, 0)) "
        "FROM unnest(%s::text[]) WITH ORDINALITY AS t (name, place) ORDER BY place",
        (names,),
    )


async def survivor(held: Held, row: IncidentRow) -> IncidentRow:
    """The incident that a merged one became, through any number of merges; locked."""
    while row.merged_into is not None:
        row = await _existing(held, row.merged_into)
    return row


async def holder(held: Held, incident_id: UUID) -> IncidentRow | None:
    """The incident that an alert sent to this id belongs to now, locked.

    A folded id leads to what it was folded into, a merged incident to its survivor, a resolved one
    to its newest recurrence. A resolved one is answered when nothing has come after it; None when
    there is no such incident.
    """
    named = await find(held, incident_id)
    if named is None:
        return None
    row = await _existing(held, named.id)
    while True:
        row = await survivor(held, row)
        if row.status is not Status.RESOLVED:
            return row
        again = await _newest_recurrence(held, row.id)
        if again is None:
            return row
        row = await _existing(held, again)


async def open_recurrence(held: Held, incident_id: UUID) -> IncidentRow | None:
    """The one recurrence of an incident that may be open, locked."""
    await _write_recurrences(held, incident_id)
    cursor = await held.connection.execute(
        "SELECT id FROM incidents "
        "WHERE recurrence_of = %s AND status <> 'resolved' AND merged_into IS NULL FOR UPDATE",
        (incident_id,),
    )
    row = await cursor.fetchone()
    return None if row is None else await lock(held, row["id"])


async def _newest_recurrence(held: Held, incident_id: UUID) -> UUID | None:
    await _write_recurrences(held, incident_id)
    cursor = await held.connection.execute(
        # The open one first, if there is one.
        "SELECT id FROM incidents WHERE recurrence_of = %s "
        "ORDER BY status = 'resolved', created_at DESC LIMIT 1",
        (incident_id,),
    )
    row = await cursor.fetchone()
    return None if row is None else row["id"]


async def _write_recurrences(held: Held, incident_id: UUID) -> None:
    """Let the database know of recurrences that this transaction made or changed."""
    mine = held.incidents.values()
    if any(row is not None and row.recurrence_of == incident_id for row in mine):
        await writing.write(held)


async def _existing(held: Held, incident_id: UUID) -> IncidentRow:
    row = await lock(held, incident_id)
    if row is None:
        raise LookupError(f"incident {incident_id} has vanished")
    return row
