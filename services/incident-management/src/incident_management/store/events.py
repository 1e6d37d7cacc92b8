"""Which events were applied, so that their repetition changes nothing."""

from collections.abc import Sequence
from uuid import UUID

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from incident_management.tables import ProcessedRow


async def processed(session: AsyncSession, event_ids: Sequence[UUID]) -> dict[UUID, ProcessedRow]:
    """Which of these events were applied before."""
    found = await session.exec(
        select(ProcessedRow).where(col(ProcessedRow.event_id).in_(event_ids))
    )
    return {row.event_id: row for row in found.all()}
