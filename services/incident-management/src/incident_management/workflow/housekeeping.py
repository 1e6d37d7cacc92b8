"""What is dropped once nobody can need it."""

from datetime import timedelta

from incident_management.store import canaries, feed
from shared.clock import Clock
from shared.database import Database

INTERVAL_SECONDS = 600.0
TIMEOUT_SECONDS = 30.0

# Far beyond the days for which an outbox keeps trying.
EVENTS_REMEMBERED = timedelta(days=30)


async def tidy(database: Database, clock: Clock) -> None:
    """Forget old changes of the feed, canaries, and ids of events that cannot come again."""
    now = clock.now()
    async with database.transaction() as connection:
        await feed.forget(connection, now=now)
    async with database.transaction() as connection:
        await canaries.forget(connection, now=now)
    async with database.transaction() as connection:
        await connection.execute(
            "DELETE FROM processed_events WHERE processed_at < %s", (now - EVENTS_REMEMBERED,)
        )
