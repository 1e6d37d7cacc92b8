"""Swaps in the database."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlmodel import col, or_, select
from sqlmodel.ext.asyncio.session import AsyncSession

from oncall_service.core.store.lookup import refs
from oncall_service.schedules.store.layers import teams_of
from oncall_service.schedules.swapping import status_at
from oncall_service.tables import PersonRow, ScheduleRow, SwapRow
from shared.contracts.rota import Duty, SwapStatus, SwapView


async def locked(session: AsyncSession, swap: UUID) -> SwapRow | None:
    """An offer, locked until the end of the transaction: only one may take it."""
    return await session.get(SwapRow, swap, with_for_update=True)


async def listed(
    session: AsyncSession,
    *,
    schedule: UUID | None,
    person: UUID | None,
    open_at: datetime | None,
    before: UUID | None,
    limit: int,
) -> list[SwapRow]:
    """Offers, newest first; of ``person`` those they gave, took or were asked to take."""
    statement = select(SwapRow).order_by(col(SwapRow.id).desc()).limit(limit)
    if schedule is not None:
        statement = statement.where(SwapRow.schedule_id == schedule)
    if person is not None:
        statement = statement.where(
            or_(
                SwapRow.giver_id == person,
                col(SwapRow.asked_id) == person,
                col(SwapRow.taker_id) == person,
            )
        )
    if open_at is not None:
        statement = statement.where(SwapRow.status == SwapStatus.OPEN, SwapRow.ends_at > open_at)
    if before is not None:
        statement = statement.where(SwapRow.id < before)
    return list((await session.exec(statement)).all())


async def views(session: AsyncSession, rows: Sequence[SwapRow], now: datetime) -> list[SwapView]:
    """Offers as the API shows them."""
    people = await refs(
        session,
        PersonRow,
        (one for row in rows for one in (row.giver_id, row.asked_id, row.taker_id)),
    )
    schedules = await refs(session, ScheduleRow, (row.schedule_id for row in rows))
    teams = await teams_of(session, schedules.keys())
    return [
        SwapView(
            id=row.id,
            schedule=schedules[row.schedule_id],
            team=teams[row.schedule_id],
            giver=people[row.giver_id],
            to=people[row.asked_id] if row.asked_id else None,
            taker=people[row.taker_id] if row.taker_id else None,
            role=Duty(row.duty),
            start=row.starts_at,
            end=row.ends_at,
            note=row.note,
            status=status_at(row.status, row.ends_at, now),
            override_id=row.override_id,
            created_at=row.created_at,
            decided_at=row.decided_at,
        )
        for row in rows
    ]
