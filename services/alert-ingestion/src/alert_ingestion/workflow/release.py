"""Alerts that are held back are looked at again: when what holds them ends, they page."""

from datetime import datetime
from typing import Final

from alert_ingestion.integrations import by_ids
from alert_ingestion.model import AlertStatus, Policy
from alert_ingestion.store import alerts, locks
from alert_ingestion.workflow.receive import hold_ended, let_go
from alert_ingestion.workflow.work import transaction
from shared.database import Database

BATCH: Final = 200


async def look_again(
    database: Database, defaults: Policy, now: datetime, *, limit: int = BATCH
) -> bool:
    """Let go of a batch of those that nothing holds back any more; whether there may be more.

    Alerts that another transaction is deciding about are left to it, and to the next time.
    """
    async with transaction(database, now) as work:
        due = await alerts.held(work.connection, now, limit)
        if not due:
            return False
        mine = await locks.free_identities(work.connection, due)
        known = await by_ids(work.connection, {by for by, _ in mine}, defaults)
        await work.load(mine, (), held_of=known)
        for identity in sorted(mine):
            held = work.latest(identity)
            if held is None or held.status is not AlertStatus.FIRING or held.held_until is None:
                continue
            alert = work.noise.apply(held, now)
            if alert.held is not None:
                work.change(alert)
            elif alert.incident_id is None:
                let_go(work, known[alert.integration_id], held, alert)
            else:
                # It paged before it was held back; people know of it.
                work.was_decided(alert, hold_ended(held))
                work.update(held, alert)
    return len(due) == limit and bool(mine)
