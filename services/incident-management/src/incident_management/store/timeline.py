"""The timelines of incidents."""

from uuid import UUID

from incident_management.store.held import Held
from incident_management.tables import TimelineRow


async def latest_entry(held: Held, incident_id: UUID) -> TimelineRow:
    """What was written last about an incident that has a timeline."""
    cursor = await held.connection.execute(
        "SELECT * FROM timeline WHERE incident_id = %s ORDER BY seq DESC LIMIT 1", (incident_id,)
    )
    (row,) = await cursor.fetchall()
    return TimelineRow(**row)
