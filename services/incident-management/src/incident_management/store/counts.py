"""The alerts of an incident, counted anew where its own counts cannot be trusted.

An incident carries its counts, and whoever changes one of its alerts keeps them. Those of a
release that did not know them are of an earlier revision of the incident, or of none.
"""

from collections.abc import Iterable

from incident_management.attachments import latest
from incident_management.store.held import Held
from incident_management.tables import IncidentRow
from shared.contracts.wire import Severity

_COUNT = """
SELECT incident_id, severity, max(resolved_at) AS last_end,
       count(*) FILTER (WHERE resolved_at IS NULL) AS firing,
       count(*) FILTER (WHERE NOT auto_resolve) AS disagreeing
FROM alerts WHERE incident_id = ANY(%s) GROUP BY incident_id, severity
"""


async def make_right(held: Held, rows: Iterable[IncidentRow]) -> None:
    """Count the alerts of those of these incidents, locked, whose counts are not of now."""
    wrong = {row.id: row for row in rows if row.counted_revision != row.revision}
    if not wrong:
        return
    cursor = await held.connection.execute(_COUNT, (list(wrong),))
    for row in wrong.values():
        row.firing, row.disagreeing, row.last_alert_end = {}, 0, None
        row.counted_revision = row.revision
    for counted in await cursor.fetchall():
        row = wrong[counted["incident_id"]]
        row.firing[Severity(counted["severity"])] = counted["firing"]
        row.disagreeing += counted["disagreeing"]
        row.last_alert_end = latest(row.last_alert_end, counted["last_end"])
