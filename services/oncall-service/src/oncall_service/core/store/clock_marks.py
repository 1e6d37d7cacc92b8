"""The latest instant that was seen."""

from datetime import datetime

from sqlalchemy.dialects.postgresql import insert
from sqlmodel import select, update
from sqlmodel.ext.asyncio.session import AsyncSession

from oncall_service.tables import ClockMarkRow


async def latest(session: AsyncSession, now: datetime) -> datetime:
    """The latest instant that any replica has noted, locked until the commit."""
    await session.exec(
        insert(ClockMarkRow).values(only_row=True, seen=now).on_conflict_do_nothing()
    )
    return (await session.exec(select(ClockMarkRow.seen).with_for_update())).one()


async def note(session: AsyncSession, seen: datetime) -> None:
    """Remember an instant."""
    await session.exec(update(ClockMarkRow).values(seen=seen))
