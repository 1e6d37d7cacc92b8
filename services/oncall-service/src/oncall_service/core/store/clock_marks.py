"""The latest instant that was seen, and the due times that depend on it."""

from datetime import datetime, timedelta

from sqlalchemy.dialects.postgresql import insert
from sqlmodel import col, select, update
from sqlmodel.ext.asyncio.session import AsyncSession

from oncall_service.notifications.store import PENDING
from oncall_service.paging.store.incidents import RUNNING
from oncall_service.tables import ClockMarkRow, EscalationRow, NotificationRow, PaceRow


async def latest(session: AsyncSession, now: datetime) -> datetime:
    """The latest instant that any replica has noted, locked until the commit."""
    await session.exec(
        insert(ClockMarkRow).values(only_row=True, seen=now).on_conflict_do_nothing()
    )
    return (await session.exec(select(ClockMarkRow.seen).with_for_update())).one()


async def note(session: AsyncSession, seen: datetime) -> None:
    """Remember an instant."""
    await session.exec(update(ClockMarkRow).values(seen=seen))


async def bring_forward(session: AsyncSession, by: timedelta, now: datetime) -> None:
    """Make everything that waits due earlier by this much."""
    await session.exec(
        update(EscalationRow)
        .where(col(EscalationRow.status) == RUNNING)
        .values(due_at=EscalationRow.due_at - by)  # type: ignore[operator]
    )
    await session.exec(
        update(NotificationRow)
        .where(col(NotificationRow.outcome) == PENDING)
        .values(next_attempt_at=NotificationRow.next_attempt_at - by)  # type: ignore[operator]
    )
    await session.exec(
        update(PaceRow).where(col(PaceRow.as_of) > now).values(as_of=PaceRow.as_of - by)
    )
