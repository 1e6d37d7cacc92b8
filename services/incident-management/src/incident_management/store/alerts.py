"""The alerts of incidents."""

from collections import Counter
from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from sqlalchemy import func, true, update
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from incident_management.attachments import Ends
from incident_management.store.held import held
from incident_management.tables import AlertRow
from shared.contracts.wire import Severity


async def lock_alert(session: AsyncSession, alert_id: UUID) -> AlertRow | None:
    """An alert as it is now, kept from everybody else until the commit."""
    alerts = held(session).alerts
    if alert_id not in alerts:
        alerts[alert_id] = await session.get(
            AlertRow, alert_id, with_for_update=True, populate_existing=True
        )
    return alerts[alert_id]


async def ends_of(session: AsyncSession, incident_id: UUID) -> Ends:
    """The alerts of an incident, counted: in a storm it has thousands, and each of them ends."""
    found = await session.exec(
        select(
            func.count(),
            func.count().filter(col(AlertRow.resolved_at).is_(None)),
            func.max(AlertRow.resolved_at),
            func.coalesce(func.bool_and(AlertRow.auto_resolve), true()),
        ).where(AlertRow.incident_id == incident_id)
    )
    count, firing, last, agree = found.one()
    return Ends(count, firing, last, agree)


async def end_all(session: AsyncSession, incident_id: UUID, *, at: datetime, reason: str) -> None:
    """End every alert of an incident that fires."""
    await session.exec(
        update(AlertRow)
        .where(col(AlertRow.incident_id) == incident_id, col(AlertRow.resolved_at).is_(None))
        .values(resolved_at=at, resolved_reason=reason)
    )


async def move_all(session: AsyncSession, source: UUID, target: UUID) -> int:
    """Give the alerts of one incident to another; answers how many."""
    moved = await session.exec(
        update(AlertRow)
        .where(col(AlertRow.incident_id) == source)
        .values(incident_id=target)
        .returning(col(AlertRow.id))
    )
    return len(moved.all())


async def count_firing(session: AsyncSession, incident_ids: Collection[UUID]) -> None:
    """Hold how many alerts of these incidents fire, by severity."""
    counted = await session.exec(
        select(AlertRow.incident_id, AlertRow.severity, func.count())
        .where(col(AlertRow.incident_id).in_(incident_ids), col(AlertRow.resolved_at).is_(None))
        .group_by(col(AlertRow.incident_id), col(AlertRow.severity))
    )
    firing = held(session).firing
    firing |= {incident_id: Counter() for incident_id in incident_ids}
    for incident_id, severity, count in counted:
        if incident_id is not None:
            firing[incident_id][Severity(severity)] = count


async def firing_of(session: AsyncSession, incident_id: UUID) -> Counter[Severity]:
    """How many alerts of an incident fire, by severity; whoever changes one keeps count."""
    firing = held(session).firing
    if incident_id not in firing:
        await count_firing(session, [incident_id])
    return firing[incident_id]


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
