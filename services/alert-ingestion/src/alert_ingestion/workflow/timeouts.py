"""Alerts whose end has come without a word of their sender."""

from datetime import datetime
from typing import Final

from alert_ingestion import deduplication, flapping
from alert_ingestion.model import AlertStatus, Reason
from alert_ingestion.store import alerts, locks
from alert_ingestion.workflow.work import transaction
from shared.database import Database

BATCH: Final = 500


async def resolve_timed_out(
    database: Database, now: datetime, *, limit: int = BATCH
) -> tuple[int, bool]:
    """Resolve a batch of them; how many, and whether there may be more.

    Alerts that another transaction is deciding about, a resend or another replica of this engine,
    are left to it and looked at again next time (the advisory locks' SKIP LOCKED).
    """
    count = 0
    async with transaction(database, now) as work:
        due = await alerts.ended(work.connection, now, limit)
        mine = await locks.free_identities(work.connection, due)
        await work.load(mine, ())
        for identity in sorted(mine):
            alert = work.latest(identity)
            if alert is None or alert.ends_at is None or alert.ends_at > now:
                continue
            if alert.status is AlertStatus.RESOLVED and not alert.suppressed:
                continue
            reason, ended_at = Reason.TIMED_OUT, alert.ends_at
            if flapping.is_quieting(alert):
                reason, ended_at = Reason.QUIET, alert.held_since or ended_at
                work.was_decided(alert, Reason.QUIET)
            over = deduplication.resolved(alert, reason=reason, ended_at=ended_at, now=now)
            work.end(over, reason)
            count += 1
    return count, count > 0 and len(due) == limit
