"""Notifications of canaries in the database."""

from datetime import datetime

from sqlalchemy import delete
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import col
from sqlmodel.ext.asyncio.session import AsyncSession

from oncall_service.notifications.nowhere import Nowhere
from oncall_service.tables import NotificationRow


async def owe(session: AsyncSession, row: NotificationRow) -> bool:
    """Store it, unless it is owed, or was sent, already; whether it is new."""
    statement = (
        insert(NotificationRow)
        .values(row.model_dump())
        .on_conflict_do_nothing()
        .returning(col(NotificationRow.id))
    )
    return (await session.exec(statement)).first() is not None


async def forget(session: AsyncSession, before: datetime) -> None:
    """Remove those that were owed before an instant, with their attempts."""
    await session.exec(
        delete(NotificationRow).where(
            col(NotificationRow.channel) == Nowhere.name, col(NotificationRow.created_at) < before
        )
    )
