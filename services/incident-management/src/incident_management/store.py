"""Finding and locking incidents, and the rows around them."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import text
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from incident_management.references import Reference
from incident_management.tables import (
    AlertRow,
    AliasRow,
    IncidentRow,
    PersonRow,
    ProcessedRow,
)
from shared.contracts.incidents import Status


async def find(session: AsyncSession, reference: Reference) -> IncidentRow | None:
    """The incident of an id (its own, or one that was folded into it) or of a number."""
    if isinstance(reference, int):
        found = await session.exec(select(IncidentRow).where(IncidentRow.number == reference))
        return found.first()
    row = await session.get(IncidentRow, reference)
    if row is not None:
        return row
    alias = await session.get(AliasRow, reference)
    return await session.get(IncidentRow, alias.incident_id) if alias else None


async def lock(session: AsyncSession, incident_id: UUID) -> IncidentRow | None:
    """An incident as it is now, kept from everybody else until the commit."""
    found = await session.exec(
        select(IncidentRow)
        .where(IncidentRow.id == incident_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    return found.first()


async def lock_reference(session: AsyncSession, reference: Reference) -> IncidentRow | None:
    """The incident a request names, locked."""
    row = await find(session, reference)
    return await lock(session, row.id) if row else None


async def lock_names(session: AsyncSession, incident_ids: Iterable[UUID]) -> None:
    """Keep other batches away from these ids, in sorted order, whether incidents have them or not.

    An incident that does not exist yet has no row to lock, and two replicas may be told of it at
    the same time.
    """
    names = sorted({str(incident_id) for incident_id in incident_ids})
    await session.exec(
        text(  # type: ignore[call-overload]
            "SELECT pg_advisory_xact_lock(hashtextextended(name, 0)) "
            "FROM unnest(CAST(:names AS text[])) WITH ORDINALITY AS t (name, place) ORDER BY place"
        ),
        params={"names": names},
    )
    await session.exec(
        select(IncidentRow)
        .where(col(IncidentRow.id).in_([UUID(name) for name in names]))
        .order_by(col(IncidentRow.id))
        .with_for_update()
    )


async def survivor(session: AsyncSession, row: IncidentRow) -> IncidentRow:
    """The incident that a merged one became, through any number of merges; locked."""
    while row.merged_into is not None:
        row = await _existing(session, row.merged_into)
    return row


async def holder(session: AsyncSession, incident_id: UUID) -> IncidentRow | None:
    """The incident that an alert sent to this id belongs to now, locked.

    A folded id leads to what it was folded into, a merged incident to its survivor, a resolved one
    to its newest recurrence. A resolved one is answered when nothing has come after it; None when
    there is no such incident.
    """
    named = await find(session, incident_id)
    if named is None:
        return None
    row = await _existing(session, named.id)
    while True:
        row = await survivor(session, row)
        if row.status is not Status.RESOLVED:
            return row
        again = await _newest_recurrence(session, row.id)
        if again is None:
            return row
        row = await _existing(session, again)


async def open_recurrence(session: AsyncSession, incident_id: UUID) -> IncidentRow | None:
    """The one recurrence of an incident that may be open, locked."""
    found = await session.exec(
        select(IncidentRow)
        .where(
            IncidentRow.recurrence_of == incident_id,
            IncidentRow.status != Status.RESOLVED,
            col(IncidentRow.merged_into).is_(None),
        )
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    return found.first()


async def _newest_recurrence(session: AsyncSession, incident_id: UUID) -> UUID | None:
    found = await session.exec(
        select(IncidentRow.id)
        .where(IncidentRow.recurrence_of == incident_id)
        # The open one first, if there is one.
        .order_by(col(IncidentRow.status) == Status.RESOLVED, col(IncidentRow.created_at).desc())
        .limit(1)
    )
    return found.first()


async def _existing(session: AsyncSession, incident_id: UUID) -> IncidentRow:
    row = await lock(session, incident_id)
    if row is None:
        raise LookupError(f"incident {incident_id} has vanished")
    return row


async def lock_alert(session: AsyncSession, alert_id: UUID) -> AlertRow | None:
    """An alert as it is now, kept from everybody else until the commit."""
    return await session.get(AlertRow, alert_id, with_for_update=True, populate_existing=True)


async def alerts_of(session: AsyncSession, incident_id: UUID) -> Sequence[AlertRow]:
    """The alerts of an incident, in the order they came."""
    found = await session.exec(
        select(AlertRow)
        .where(AlertRow.incident_id == incident_id)
        .order_by(col(AlertRow.attached_at), col(AlertRow.id))
    )
    return found.all()


async def incidents_of(session: AsyncSession, alert_ids: Sequence[UUID]) -> set[UUID]:
    """The incidents that hold these alerts."""
    found = await session.exec(
        select(AlertRow.incident_id).where(
            col(AlertRow.id).in_(alert_ids), col(AlertRow.incident_id).is_not(None)
        )
    )
    return {incident_id for incident_id in found.all() if incident_id is not None}


async def processed(session: AsyncSession, event_ids: Sequence[UUID]) -> dict[UUID, ProcessedRow]:
    """Which of these events were applied before."""
    found = await session.exec(
        select(ProcessedRow).where(col(ProcessedRow.event_id).in_(event_ids))
    )
    return {row.event_id: row for row in found.all()}


def mark_processed(
    session: AsyncSession, event_id: UUID, incident_id: UUID | None, now: datetime
) -> ProcessedRow:
    """Remember that an event was applied."""
    row = ProcessedRow(event_id=event_id, processed_at=now, incident_id=incident_id)
    session.add(row)
    return row


async def remember_person(session: AsyncSession, person_id: UUID, name: str) -> None:
    """Keep the name a person has now."""
    await session.exec(
        text(  # type: ignore[call-overload]
            "INSERT INTO people (id, name) VALUES (:id, :name) ON CONFLICT (id) DO UPDATE "
            "SET name = excluded.name WHERE people.name <> excluded.name"
        ),
        params={"id": person_id, "name": name},
    )


async def known_person(session: AsyncSession, person_id: UUID) -> PersonRow | None:
    """The name a person had when last heard of."""
    return await session.get(PersonRow, person_id)
