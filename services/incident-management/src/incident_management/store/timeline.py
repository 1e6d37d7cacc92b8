"""The timelines of incidents."""

from uuid import UUID

from incident_management.store.held import Held
from incident_management.tables import TimelineRow
from shared.contracts.identity import Actor
from shared.contracts.incidents import IncidentKind


async def latest_entry(held: Held, incident_id: UUID) -> TimelineRow:
    """What was written last about an incident that has a timeline."""
    cursor = await held.connection.execute(
        "SELECT * FROM timeline WHERE incident_id = %s ORDER BY seq DESC LIMIT 1", (incident_id,)
    )
    (row,) = await cursor.fetchall()
    return TimelineRow(**row)


async def who_resolved(held: Held, incident_id: UUID) -> Actor | None:
    """Who resolved an incident last; None: a rule did, or nobody."""
    cursor = await held.connection.execute(
        "SELECT actor FROM timeline WHERE incident_id = %s AND kind = %s "
        "ORDER BY at DESC, seq DESC LIMIT 1",
        (incident_id, IncidentKind.RESOLVED),
    )
    row = await cursor.fetchone()
    return None if row is None or row["actor"] is None else Actor.model_validate(row["actor"])
