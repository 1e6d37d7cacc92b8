"""The incidents of the platform's test of itself, which nobody looks back at."""

from datetime import datetime, timedelta

from shared.database import Connection

KEPT = timedelta(hours=1)
# What is stuck serves the search for the reason, for a while.
STUCK_KEPT = timedelta(days=1)

_OLD = """
SELECT id FROM incidents
WHERE canary AND (resolved_at < %(ended_before)s OR created_at < %(created_before)s)
FOR UPDATE
"""
# What names an incident goes before it; what was processed goes with its age, like everything.
HANGS_ON_IT = ("timeline", "alerts", "aliases")


async def forget(connection: Connection, *, now: datetime) -> int:
    """Drop those that ended an hour ago or began a day ago, with all that hangs on them."""
    cursor = await connection.execute(
        _OLD, {"ended_before": now - KEPT, "created_before": now - STUCK_KEPT}
    )
    old = [row["id"] for row in await cursor.fetchall()]
    if not old:
        return 0
    for table in HANGS_ON_IT:
        statement = (
            f"DELETE FROM {table} WHERE incident_id = ANY(%s)"  # noqa: S608 - of the list above
        )
        await connection.execute(statement.encode(), (old,))
    await connection.execute("DELETE FROM incidents WHERE id = ANY(%s)", (old,))
    return len(old)
