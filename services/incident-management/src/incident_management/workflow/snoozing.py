"""Use case: an incident that was left alone until now is open again, and pages anew."""

from incident_management.store import incidents, snoozes
from incident_management.targets import Targets
from incident_management.workflow.lifecycle import reopen
from incident_management.workflow.work import transaction
from shared.clock import Clock
from shared.contracts.incidents import SNOOZE_ENDED, TAKEN
from shared.database import Database

INTERVAL_SECONDS = 1.0
TIMEOUT_SECONDS = 30.0


async def wake_due(database: Database, clock: Clock, targets: Targets) -> int:
    """Open what was snoozed until now; how many there were (run by an engine, on every replica)."""
    woken = 0
    while True:
        async with transaction(database, clock.now(), targets) as work:
            due = await snoozes.over(work.held.connection, work.now)
            for incident_id in due:
                row = await incidents.lock(work.held, incident_id)
                if row is None or row.snoozed_until is None:
                    continue
                work.goes_on_from(row)
                until, row.snoozed_until = row.snoozed_until, None
                if row.status in TAKEN:
                    data = {"until": until.isoformat()}
                    reopen(work, row, at=work.now, reason=SNOOZE_ENDED, data=data)
        woken += len(due)
        if len(due) < snoozes.AT_ONCE:
            return woken
