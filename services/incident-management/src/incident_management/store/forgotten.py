"""Incidents that ended so long ago that only the figures remember them.

Of a forgotten one a narrow row stays, from which statistics answer as they did before. What the
feed says of it is gone long before: that is kept for a day.
"""

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from incident_management.store.canaries import HANGS_ON_IT
from shared.database import Connection

INCIDENTS_AT_ONCE = 50
# Of each of the tables that name incidents; one with more goes in several transactions.
ROWS_AT_ONCE = 500

# Left alone: what an open incident comes again of or took in, through any number of merges, and
# what others were merged into (they go first). One that somebody is at now comes next time.
_OLD = """
SELECT id FROM incidents AS old
WHERE resolved_at < %(before)s AND NOT canary
  AND NOT EXISTS (
      SELECT FROM incidents WHERE recurrence_of = old.id AND status <> 'resolved'
  )
  AND NOT EXISTS (SELECT FROM incidents WHERE merged_into = old.id)
  AND NOT EXISTS (
      WITH RECURSIVE heirs (status, merged_into) AS (
          SELECT status, merged_into FROM incidents WHERE id = old.merged_into
          UNION ALL
          SELECT heir.status, heir.merged_into
          FROM heirs JOIN incidents AS heir ON heir.id = heirs.merged_into
      )
      SELECT FROM heirs WHERE status <> 'resolved'
  )
ORDER BY resolved_at LIMIT %(limit)s
FOR UPDATE OF old SKIP LOCKED
"""

_FORGET = """
WITH gone AS (DELETE FROM incidents WHERE id = ANY(%s) RETURNING *)
INSERT INTO forgotten_incidents (
    id, number, severity, service, team, created_at, acknowledged_at, resolved_at, merged
)
SELECT id, number, severity, service, team, created_at, acknowledged_at, resolved_at,
       merged_into IS NOT NULL
FROM gone
"""


async def forget(connection: Connection, *, before: datetime) -> bool:
    """Forget some of the incidents that ended before an instant; whether there may be more."""
    cursor = await connection.execute(_OLD, {"before": before, "limit": INCIDENTS_AT_ONCE})
    old = [row["id"] for row in await cursor.fetchall()]
    if not old:
        return False
    for table in HANGS_ON_IT:
        statement = (
            f"DELETE FROM {table} WHERE ctid = ANY(ARRAY("  # noqa: S608 - of the list
            f"SELECT ctid FROM {table} WHERE incident_id = ANY(%s) LIMIT %s))"
        )
        cursor = await connection.execute(statement.encode(), (old, ROWS_AT_ONCE))
        if cursor.rowcount == ROWS_AT_ONCE:
            return True
    await connection.execute(_FORGET, (old,))
    return True


async def numbers(connection: Connection, incident_ids: Collection[UUID]) -> dict[UUID, int]:
    """The numbers of those of these incidents that were forgotten."""
    cursor = await connection.execute(
        "SELECT id, number FROM forgotten_incidents WHERE id = ANY(%s)", (list(incident_ids),)
    )
    return {row["id"]: row["number"] for row in await cursor.fetchall()}
