"""Finding and locking incidents, and the rows around them.

A batch says first what it is about (:func:`hold`): that is locked and read in a few statements for
all of it, and whatever a rule then asks for one by one is answered from there.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from sqlalchemy import func, text
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
from shared.contracts.wire import Ref


@dataclass
class Held:
    """What a transaction has locked and read already; None: there is no such row.

    Rows are kept here for their own sake too: a session forgets what nobody refers to.
    """

    incidents: dict[UUID, IncidentRow | None] = field(default_factory=dict)
    aliases: dict[UUID, UUID | None] = field(default_factory=dict)
    alerts: dict[UUID, AlertRow | None] = field(default_factory=dict)
    firing: dict[UUID, int] = field(default_factory=dict)
    numbers: list[int] = field(default_factory=list)


def held(session: AsyncSession) -> Held:
    """What this session's transaction holds; the session lives for one transaction."""
    found: Held = session.info.setdefault("held", Held())
    return found


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


async def lock_alert(session: AsyncSession, alert_id: UUID) -> AlertRow | None:
    """An alert as it is now, kept from everybody else until the commit."""
    alerts = held(session).alerts
    if alert_id not in alerts:
        alerts[alert_id] = await session.get(
            AlertRow, alert_id, with_for_update=True, populate_existing=True
        )
    return alerts[alert_id]


async def alerts_of(session: AsyncSession, incident_id: UUID) -> Sequence[AlertRow]:
    """The alerts of an incident, in the order they came."""
    found = await session.exec(
        select(AlertRow)
        .where(AlertRow.incident_id == incident_id)
        .order_by(col(AlertRow.attached_at), col(AlertRow.id))
    )
    return found.all()


async def alert_ends(
    session: AsyncSession, incident_id: UUID
) -> Sequence[tuple[datetime | None, bool]]:
    """When each alert of an incident ended (None: it fires), and its integration's policy."""
    found = await session.exec(
        select(AlertRow.resolved_at, AlertRow.auto_resolve).where(
            AlertRow.incident_id == incident_id
        )
    )
    return found.all()


async def count_firing(session: AsyncSession, incident_ids: Collection[UUID]) -> None:
    """Hold how many alerts of these incidents fire; whoever attaches or ends one keeps count."""
    counted = await session.exec(
        select(AlertRow.incident_id, func.count())
        .where(col(AlertRow.incident_id).in_(incident_ids), col(AlertRow.resolved_at).is_(None))
        .group_by(col(AlertRow.incident_id))
    )
    firing = held(session).firing
    firing |= dict.fromkeys(incident_ids, 0)
    firing |= {incident_id: count for incident_id, count in counted if incident_id is not None}


async def knows_fingerprint(
    session: AsyncSession, incident_id: UUID, integration: str, fingerprint: str
) -> bool:
    """Whether an incident has, or had, an alert of this identity."""
    found = await session.exec(
        select(AlertRow.id)
        .where(
            AlertRow.incident_id == incident_id,
            AlertRow.integration == integration,
            AlertRow.fingerprint == fingerprint,
        )
        .limit(1)
    )
    return found.first() is not None


async def homes(session: AsyncSession, alert_ids: Collection[UUID]) -> dict[UUID, UUID]:
    """The incidents that hold these alerts now, read without a lock.

    Not the heir of an incident that ended: its alerts ended with it. A merged one gave its alerts
    away, so they name the survivor themselves.
    """
    found = await session.exec(
        select(AlertRow.id, AlertRow.incident_id).where(col(AlertRow.id).in_(alert_ids))
    )
    return {alert_id: home for alert_id, home in found if home is not None}


async def incidents_of(session: AsyncSession, alert_ids: Collection[UUID]) -> set[UUID]:
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


async def remember_people(session: AsyncSession, people: Iterable[Ref]) -> None:
    """Keep the names that people have now."""
    names = {str(person.id): person.name for person in people}
    if not names:
        return
    await session.exec(
        text(  # type: ignore[call-overload]
            "INSERT INTO people (id, name) "
            "SELECT CAST(id AS uuid), name "
            "FROM unnest(CAST(:ids AS text[]), CAST(:names AS text[])) AS t (id, name) ORDER BY id "
            "ON CONFLICT (id) DO UPDATE "
            "SET name = excluded.name WHERE people.name <> excluded.name"
        ),
        params={"ids": list(names), "names": list(names.values())},
    )


async def known_person(session: AsyncSession, person_id: UUID) -> PersonRow | None:
    """The name a person had when last heard of."""
    return await session.get(PersonRow, person_id)
