"""What comes in a storm is one incident; its alert says how many they are, and of what."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from alert_ingestion import deduplication, storms
from alert_ingestion.integrations import by_id
from alert_ingestion.model import Alert, AlertStatus, Group, Integration, Policy, Reason
from alert_ingestion.store import alerts, groups, locks
from alert_ingestion.workflow.placing import STORM_ALERT_LIVES
from alert_ingestion.workflow.work import AlertWork, transaction
from shared.database import Database

_GROWS_BY: Final = 2
"""How many times as large a storm is before its alert says so again."""


async def watch(database: Database, defaults: Policy, now: datetime) -> None:
    """Bring the alert of each storm up to date, and end those that are over."""
    async with database.transaction() as connection:
        storming = await groups.storms(connection)
    for group in storming:
        await _watch(database, defaults, group, now)


async def _watch(database: Database, defaults: Policy, group: Group, now: datetime) -> None:
    if group.integration_id is None:
        return
    identity = (group.integration_id, storms.fingerprint_of(group.incident_id))
    async with transaction(database, now) as work:
        if not await locks.free_identities(work.connection, [identity]):
            return
        await work.load([identity], (group.correlation_key,))
        alert = work.latest(identity)
        current = work.group(group.correlation_key)
        if alert is None or alert.status is not AlertStatus.FIRING:
            return
        if current is None or current.id != group.id:
            _end(work, alert)
            return
        integration = await by_id(work.connection, group.integration_id, defaults)
        await _describe(work, alert, current, integration)


async def _describe(work: AlertWork, alert: Alert, group: Group, integration: Integration) -> None:
    extent = await alerts.extent(work.connection, group.incident_id, alert.fingerprint)
    window = timedelta(seconds=integration.policy.correlation_window_seconds)
    is_over = work.now - group.last_new_at > max(window, storms.WITHIN)
    told = (group.storm or {}).get("told", 0)
    if extent.alerts >= max(1, told * _GROWS_BY) or (is_over and extent.alerts > told):
        said = replace(
            alert,
            message=storms.described(alert.integration, extent),
            count=extent.alerts,
            last_seen=work.now,
            ends_at=work.now + STORM_ALERT_LIVES,
        )
        work.update(alert, said)
        await groups.told_of_storm(work.connection, group.id, extent.alerts)
        alert = said
    if is_over:
        _end(work, alert)
        await groups.close(work.connection, [group.id], reason=Reason.STORM_OVER, now=work.now)


def _end(work: AlertWork, alert: Alert) -> None:
    over = deduplication.resolved(alert, reason=Reason.STORM_OVER, ended_at=work.now, now=work.now)
    work.end(over, Reason.STORM_OVER)
