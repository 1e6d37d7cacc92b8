"""What is forgotten, or put aside, after a while."""

from datetime import datetime, timedelta
from typing import Final

import structlog

from alert_ingestion.store import (
    alerts,
    canary,
    changes,
    entries,
    groups,
    heartbeats,
    inbox,
    incidents,
    minutes,
    silences,
)
from shared.database import Database

BATCH: Final = 1000

_log: Final = structlog.get_logger(__name__)

# Far longer than an event waits in incident-management's outbox before it is given up.
EVENTS_REMEMBERED_FOR: Final = timedelta(days=30)


# Long enough to look at one that failed; the walks themselves are a history of a week.
CANARIES_KEPT_FOR: Final = timedelta(hours=1)
WALKS_KEPT_FOR: Final = timedelta(days=7)

# One that has been silent for so long is none any more: somebody took it away.
HEARTBEATS_REMEMBERED_FOR: Final = timedelta(days=7)

# As many as a page may show.
MINUTES_REMEMBERED: Final = 180

# As long as somebody may look for what was changed before an incident.
CHANGES_REMEMBERED_FOR: Final = timedelta(days=30)

# A problem that comes and goes stays among the live ones meanwhile.
OVER_FOR: Final = timedelta(hours=1)


async def forget(database: Database, now: datetime, *, retention: timedelta) -> bool:
    """Delete a batch of raw bodies older than ``retention``; whether there may be more.

    With it goes what is left of events, changes, canaries and heartbeats after their time.
    """
    async with database.transaction() as connection:
        deleted = await inbox.purge(connection, now - retention, BATCH)
        await inbox.purge_events(connection, now - EVENTS_REMEMBERED_FOR)
        await canary.forget_alerts(connection, now - CANARIES_KEPT_FOR)
        await canary.forget_walks(connection, now - WALKS_KEPT_FOR)
        await changes.purge(connection, now - CHANGES_REMEMBERED_FOR)
        await minutes.purge(connection, now - (MINUTES_REMEMBERED + 1) * minutes.MINUTE)
        await heartbeats.forget(connection, now - HEARTBEATS_REMEMBERED_FOR)
    return deleted == BATCH


async def archive(database: Database, now: datetime) -> bool:
    """Put a batch of alerts that are over where the past is kept; whether there may be more."""
    async with database.transaction() as connection:
        moved = await alerts.archive(connection, now - OVER_FOR, BATCH)
    return moved == BATCH


async def forget_past(database: Database, now: datetime, *, retention: timedelta) -> bool:
    """Drop the months of alerts that ended longer ago than ``retention``, and what belongs to them.

    What they count for is in the counters, and stays. Whether there may be more of the rest, of
    which a batch goes.

    Raises:
        Unavailable: somebody reads them at this moment; the next round tries again.
    """
    before = now - retention
    async with database.transaction() as connection:
        dropped = await alerts.forget(connection, before)
    async with database.transaction() as connection:
        gone = [
            await entries.purge(connection, before, BATCH),
            await groups.purge(connection, before, BATCH),
            await incidents.purge(connection, before, BATCH),
        ]
        await silences.purge(connection, before)
    if dropped:
        _log.info("past_alerts_forgotten", months=dropped)
    return BATCH in gone
