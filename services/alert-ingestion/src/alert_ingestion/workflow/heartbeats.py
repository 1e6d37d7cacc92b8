"""A missed heartbeat is an alert, and ends when it is heard again."""

from datetime import datetime
from typing import Final

from alert_ingestion.heartbeats import State, fingerprint_of
from alert_ingestion.integrations import by_id
from alert_ingestion.model import Batch, Ending, Policy, ReceivedAlert
from alert_ingestion.store import heartbeats
from alert_ingestion.store.heartbeats import Heartbeat
from alert_ingestion.workflow.receive import receive
from alert_ingestion.workflow.work import AlertWork, transaction
from shared.database import Database

BATCH: Final = 200


class _ChangedMeanwhileError(Exception):
    """It was heard, or changed, at this very moment: the next round sees what it is now."""


async def look(
    database: Database, defaults: Policy, now: datetime, *, listening_since: datetime
) -> bool:
    """Open and end the alerts of a batch of heartbeats; whether there may be more.

    ``listening_since`` is when this process began to hear them.
    """
    async with database.transaction() as connection:
        due = await heartbeats.changed(connection, now, BATCH, listening_for=now - listening_since)
    settled = 0
    for one in due:
        try:
            async with transaction(database, now) as work:
                await settle(work, defaults, one)
        except _ChangedMeanwhileError:
            continue
        settled += 1
    return len(due) == BATCH and settled > 0


async def settle(work: AlertWork, defaults: Policy, heartbeat: Heartbeat) -> None:
    """Open or end the alert of one.

    Everything by which an alert is decided is locked first, as by whoever hears the heartbeat, so
    that neither waits for the other in a circle.
    """
    is_missed = heartbeat.expected.state(heartbeat.last_at, work.now) is State.MISSED
    integration = await by_id(work.connection, heartbeat.integration_id, defaults)
    said = _missed(heartbeat, work.now) if is_missed else _heard(heartbeat)
    await receive(work, [Batch(integration, None, (said,))])
    missed_at = work.now if is_missed else None
    if not await heartbeats.note_missed(work.connection, heartbeat, missed_at):
        raise _ChangedMeanwhileError


def _missed(heartbeat: Heartbeat, now: datetime) -> ReceivedAlert:
    last = heartbeat.last_at or heartbeat.created_at
    return ReceivedAlert(
        fingerprint=fingerprint_of(heartbeat.name),
        service=heartbeat.service,
        severity=heartbeat.severity,
        message=f"Heartbeat {heartbeat.name} has not been heard since {last:%Y-%m-%d %H:%M:%S} UTC",
        starts_at=now,
        labels={"alertname": "HeartbeatMissed", "heartbeat": heartbeat.name},
        annotations={"description": heartbeat.description} if heartbeat.description else {},
    )


def _heard(heartbeat: Heartbeat) -> Ending:
    # Where what is expected was changed, and nothing was heard, it ends now.
    last_at, missed_at = heartbeat.last_at, heartbeat.missed_at
    is_back = last_at is not None and missed_at is not None and last_at > missed_at
    return Ending(fingerprint_of(heartbeat.name), last_at if is_back else None)
