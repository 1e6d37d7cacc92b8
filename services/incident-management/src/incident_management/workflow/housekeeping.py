"""What is dropped once nobody can need it."""

from datetime import timedelta

from incident_management.store import canaries, feed, forgotten, used_links
from shared.clock import Clock
from shared.database import Database
from shared.links import VALID_FOR

INTERVAL_SECONDS = 600.0
TIMEOUT_SECONDS = 30.0

# Far beyond the days for which an outbox keeps trying.
EVENTS_REMEMBERED = timedelta(days=30)


# Each of a few hundred rows, and a hundred thousand a cycle at most: nobody waits for it.
PARTS_A_CYCLE = 200


async def tidy(database: Database, clock: Clock, *, incidents_kept: timedelta) -> None:
    """Forget old changes of the feed, canaries, ids of events that cannot come again, incidents."""
    now = clock.now()
    async with database.transaction() as connection:
        await feed.forget(connection, now=now)
    async with database.transaction() as connection:
        await canaries.forget(connection, now=now)
    async with database.transaction() as connection:
        await connection.execute(
            "DELETE FROM processed_events WHERE processed_at < %s", (now - EVENTS_REMEMBERED,)
        )
    async with database.transaction() as connection:
        await used_links.forget(connection, now - 2 * VALID_FOR)
    for _ in range(PARTS_A_CYCLE):
        async with database.transaction() as connection:
            if not await forgotten.forget(connection, before=now - incidents_kept):
                break
