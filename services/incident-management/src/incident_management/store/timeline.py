"""The timelines of incidents."""

from uuid import UUID

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from incident_management.tables import TimelineRow


async def latest_entry(session: AsyncSession, incident_id: UUID) -> TimelineRow:
    """What was written last about an incident that has a timeline."""
    found = await session.exec(
        select(TimelineRow)
        .where(TimelineRow.incident_id == incident_id)
        .order_by(col(TimelineRow.seq).desc())
        .limit(1)
    )
    return found.one()
