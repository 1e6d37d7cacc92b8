"""How much is owed to people, for /metrics."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import case, func
from sqlmodel import col, or_, select
from sqlmodel.ext.asyncio.session import AsyncSession

from oncall_service.notifications.nowhere import Nowhere
from oncall_service.notifications.store.rows import PENDING
from oncall_service.tables import AttemptRow, NotificationRow
from shared.contracts.oncall import NEWS, MessageKind


@dataclass(frozen=True, slots=True)
class Owed:
    """How many messages are ``due``, and ``not_yet``; and since when the oldest one is."""

    due: int
    not_yet: int
    due_since: datetime | None


async def owed(session: AsyncSession, now: datetime) -> Owed:
    """What is neither sent nor given up."""
    tried = col(NotificationRow.attempts) > 0
    is_due = or_(tried, col(NotificationRow.next_attempt_at) <= now)
    # Each failure moves the next attempt, and what was tried in vain does not get younger by that.
    first_attempt = (
        select(func.min(AttemptRow.at))
        .where(AttemptRow.notification_id == NotificationRow.id)
        .correlate(NotificationRow)
        .scalar_subquery()
    )
    since = case((tried, first_attempt), else_=NotificationRow.next_attempt_at)
    statement = select(
        func.count().filter(is_due),
        func.count().filter(~is_due),
        func.min(since).filter(is_due),
    ).where(
        NotificationRow.outcome == PENDING,
        NotificationRow.channel != Nowhere.name,
        # Tests and news wait behind every page, and nobody is late for them.
        col(NotificationRow.kind).not_in([MessageKind.TEST, *NEWS]),
    )
    return Owed(*(await session.exec(statement)).one())
