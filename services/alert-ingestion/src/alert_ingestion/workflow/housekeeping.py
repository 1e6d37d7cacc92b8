"""What is forgotten after a while."""

from datetime import datetime, timedelta
from typing import Final

from alert_ingestion.store import inbox
from shared.database import Connection

BATCH: Final = 1000

# Far longer than an event waits in incident-management's outbox before it is given up.
EVENTS_REMEMBERED_FOR: Final = timedelta(days=30)


async def forget(connection: Connection, now: datetime, *, retention: timedelta) -> bool:
    """Delete a batch of raw bodies older than ``retention``; whether there may be more."""
    deleted = await inbox.purge(connection, now - retention, BATCH)
    await inbox.purge_events(connection, now - EVENTS_REMEMBERED_FOR)
    return deleted == BATCH
