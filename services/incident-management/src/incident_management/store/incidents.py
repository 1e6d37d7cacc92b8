"""Finding and locking incidents."""

from collections.abc import Collection, Iterable, Sequence
from uuid import UUID

from sqlalchemy import text
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from incident_management.references import Reference
from incident_management.store.alerts import incidents_of
from incident_management.store.held import held
from incident_management.tables import AlertRow, AliasRow, IncidentRow
from shared.contracts.incidents import Status


async def hold(
    session: AsyncSession, incident_ids: Iterable[UUID], alert_ids: Collection[UUID]
) -> None:
    """Lock and read incidents and alerts, for a batch that speaks of them."""
    mine = held(session)
    attached = await incidents_of(session, alert_ids)
    wanted = {*incident_ids, *attached}
    rows = await lock_names(session, wanted)
    mine.incidents |= {**dict.fromkeys(wanted), **{row.id: row for row in rows}}
    absent = [one for one in wanted if mine.incidents[one] is None]
    aliases = await session.exec(select(AliasRow).where(col(AliasRow.alias_id).in_(absent)))
    mine.aliases |= {
        **dict.fromkeys(absent),
        **{alias.alias_id: alias.incident_id for alias in aliases},
    }
    alerts = await session.exec(
        select(AlertRow)
        .where(col(AlertRow.id).in_(alert_ids))
        .order_by(col(AlertRow.id))
        .with_for_update()
    )
    mine.alerts |= {**dict.fromkeys(alert_ids), **{alert.id: alert for alert in alerts}}


async def next_number(session: AsyncSession, *, expecting: int = 1) -> int:
    """The number of a new incident; ``expecting`` so many more in this transaction."""
    numbers = held(session).numbers
    if not numbers:
        drawn = await session.exec(
            text(  # type: ignore[call-overload]
                "SELECT nextval(pg_get_serial_sequence('incidents', 'number')) "
                "FROM generate_series(1, :count)"
            ),
            params={"count": max(1, expecting)},
        )
        numbers.extend(sorted(drawn.scalars()))
    return numbers.pop(0)


async def next_canary_number(session: AsyncSession) -> int:
    """The number of a canary's incident, below zero."""
    drawn = await session.exec(text("SELECT nextval('canary_numbers')"))  # type: ignore[call-overload]
    return int(drawn.scalar_one())


async def find(session: AsyncSession, reference: Reference) -> IncidentRow | None:
    """The incident of an id (its own, or one that was folded into it) or of a number."""
    if isinstance(reference, int):
        found = await session.exec(select(IncidentRow).where(IncidentRow.number == reference))
        return found.first()
    row = await _known(session, reference)
    if row is not None:
        return row
    mine = held(session)
    if reference in mine.aliases:
        alias_of = mine.aliases[reference]
    else:
        alias = await session.get(AliasRow, reference)
        alias_of = alias.incident_id if alias else None
    return await _known(session, alias_of) if alias_of else None


async def find_for_people(session: AsyncSession, reference: Reference) -> IncidentRow | None:
    """The incident that somebody asks for; nobody is shown that of a canary."""
    row = await find(session, reference)
    return None if row is None or row.canary else row


async def _known(session: AsyncSession, incident_id: UUID) -> IncidentRow | None:
    incidents = held(session).incidents
    if incident_id in incidents:
        return incidents[incident_id]
    return await session.get(IncidentRow, incident_id)


async def lock(session: AsyncSession, incident_id: UUID) -> IncidentRow | None:
    """An incident as it is now, kept from everybody else until the commit."""
    incidents = held(session).incidents
    if incident_id not in incidents:
        found = await session.exec(
            select(IncidentRow)
            .where(IncidentRow.id == incident_id)
            .with_for_update()
            .execution_options(populate_existing=True)
        )
        incidents[incident_id] = found.first()
    return incidents[incident_id]


async def lock_reference(session: AsyncSession, reference: Reference) -> IncidentRow | None:
    """The incident a request names, locked."""
    row = await find(session, reference)
    return await lock(session, row.id) if row else None


async def lock_names(session: AsyncSession, incident_ids: Iterable[UUID]) -> Sequence[IncidentRow]:
    """Keep other batches away from these ids, in sorted order, whether incidents have them or not.

    An incident that does not exist yet has no row to lock, and two replicas may be told of it at
    the same time. Answers the rows of those that do, locked.
    """
    names = sorted({str(incident_id) for incident_id in incident_ids})
    await session.exec(
        text(  # type: ignore[call-overload]
            "SELECT pg_advisory_xact_lock(hashtextextended(name, 0)) "
            "FROM unnest(CAST(:names AS text[])) WITH ORDINALITY AS t (name, place) ORDER BY place"
        ),
        params={"names": names},
    )
    found = await session.exec(
        select(IncidentRow)
        .where(col(IncidentRow.id).in_([UUID(name) for name in names]))
        .order_by(col(IncidentRow.id))
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    return found.all()


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
