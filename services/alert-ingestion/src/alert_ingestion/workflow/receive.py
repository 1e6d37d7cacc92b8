"""Alerts come in: stored, deduplicated, correlated and owed onwards, in one transaction."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from alert_ingestion import deduplication, metrics
from alert_ingestion.correlation import correlate, correlation_key, is_senders_group
from alert_ingestion.deduplication import Effect, Match
from alert_ingestion.model import (
    Action,
    Alert,
    AlertStatus,
    Batch,
    Group,
    Integration,
    KnownIncident,
    Reason,
    Receipt,
    ReceivedAlert,
)
from alert_ingestion.store import locks
from alert_ingestion.workflow.work import AlertWork
from shared.identifiers import new_id

_RESULTS: Final = {
    Action.NEW_INCIDENT: metrics.NEW_INCIDENT,
    Action.ATTACHED: metrics.EXISTING_INCIDENT,
    Action.DUPLICATE: metrics.DUPLICATE,
}


async def receive(work: AlertWork, batches: Sequence[Batch]) -> list[list[Receipt]]:
    """Take in batches of alerts, in order; a list of receipts each, with one an alert."""
    identities = {
        (batch.integration.id, alert.fingerprint)
        for batch in batches
        for alert in batch.alerts
        if alert.heartbeat is None
    }
    await locks.identities(work.connection, identities)
    await work.load(
        identities,
        {
            correlation_key(alert, batch.integration)
            for batch in batches
            for alert in batch.alerts
            if not alert.resolved and alert.heartbeat is None
        },
    )
    for batch in batches:
        work.increments.inc(metrics.TRUNCATED, batch.truncated)
    return [[_take(work, batch, alert) for alert in batch.alerts] for batch in batches]


def _take(work: AlertWork, batch: Batch, received: ReceivedAlert) -> Receipt:
    if received.heartbeat is not None:
        return _hear(work, batch, received, received.heartbeat)
    receipt = _decide(work, batch, received)
    if not batch.integration.is_canary:
        work.increments.inc(metrics.RECEIVED, severity=received.severity.value)
        if not received.resolved:
            work.increments.inc(metrics.CORRELATED, result=_RESULTS[receipt.action])
    return receipt


def _hear(work: AlertWork, batch: Batch, received: ReceivedAlert, name: str) -> Receipt:
    """A heartbeat is no alert: it is heard, and its end is that it is not heard any more."""
    if not received.resolved:
        work.note_heartbeat(name, batch.integration.id)
    status = AlertStatus.RESOLVED if received.resolved else AlertStatus.FIRING
    return Receipt(Action.HEARTBEAT, Reason.HEARTBEAT, status)


def _decide(work: AlertWork, batch: Batch, received: ReceivedAlert) -> Receipt:
    if received.severity_unknown and received.severity_original is not None:
        work.note_unknown_severity(batch.integration.id, received.severity_original)
    latest = work.latest((batch.integration.id, received.fingerprint))
    match = deduplication.match(received, latest)
    if match.effect is Effect.OPEN:
        return _open(work, batch, received, latest)
    if latest is None:
        return Receipt(Action.NO_OPEN_ALERT, Reason.NO_OPEN_ALERT, AlertStatus.RESOLVED)
    return _apply(work, match, received, latest)


def _apply(work: AlertWork, match: Match, received: ReceivedAlert, latest: Alert) -> Receipt:
    reason = match.reason or Reason.STILL_FIRING
    action, alert = Action.NO_OPEN_ALERT, latest
    match match.effect:
        case Effect.REPEAT:
            action = Action.DUPLICATE
            alert = deduplication.repeated(latest, received, work.now)
            if deduplication.says_something_new(latest, alert):
                work.update(latest, alert)
            else:
                work.change(alert)
        case Effect.SUPPRESS:
            action = Action.DUPLICATE
            alert = deduplication.suppressed(latest, received, work.now)
            work.change(alert)
        case Effect.RESOLVE | Effect.CLEAR:
            action = Action.RESOLVED
            alert = deduplication.resolved(
                latest, reason=reason, ended_at=received.ends_at or work.now, now=work.now
            )
            work.end(alert, reason)
    return Receipt(action, reason, alert.status, alert.id, alert.incident_id)


def _open(work: AlertWork, batch: Batch, received: ReceivedAlert, before: Alert | None) -> Receipt:
    integration = batch.integration
    if before is not None and before.suppressed:
        # Its sender went on to a new occurrence, so the one resolved by hand is over for good.
        over = deduplication.resolved(
            before, reason=Reason.NEW_OCCURRENCE, ended_at=work.now, now=work.now
        )
        work.end(over, Reason.NEW_OCCURRENCE)
    key = correlation_key(received, integration)
    group = work.group(key)
    decision = correlate(
        integration.policy,
        group,
        work.incident(before.incident_id if before else None),
        group_has_fingerprint=bool(before and group and before.incident_id == group.incident_id),
        now=work.now,
        senders_group=is_senders_group(received, integration),
    )
    if decision.group is not None:
        incident_id, action = decision.group.incident_id, Action.ATTACHED
        if decision.slides_window:
            work.slide(decision.group)
    else:
        incident_id, action = new_id(), Action.NEW_INCIDENT
        repeats = decision.recurrence_of
        work.add_incident(KnownIncident(incident_id, recurrence_of=repeats.id if repeats else None))
        work.open_group(Group(new_id(), key, incident_id, opened_at=work.now, last_new_at=work.now))
    alert = _alert(
        integration,
        received,
        correlation_key=key,
        incident_id=incident_id,
        inbox_id=batch.inbox_id,
        now=work.now,
    )
    work.open_alert(alert, decision.reason)
    return Receipt(action, decision.reason, alert.status, alert.id, incident_id)


def _alert(
    integration: Integration,
    received: ReceivedAlert,
    *,
    correlation_key: str,
    incident_id: UUID,
    inbox_id: UUID,
    now: datetime,
) -> Alert:
    return Alert(
        id=new_id(),
        integration_id=integration.id,
        integration=integration.name,
        auto_resolve=integration.policy.auto_resolve,
        inbox_id=inbox_id,
        fingerprint=received.fingerprint,
        service=received.service,
        severity=received.severity,
        severity_original=received.severity_original,
        message=received.message,
        labels=received.labels,
        annotations=received.annotations,
        links=received.links,
        correlation_key=correlation_key,
        incident_id=incident_id,
        status=AlertStatus.FIRING,
        starts_at=received.starts_at,
        starts_at_given=received.starts_at_given,
        occurrences=(received.starts_at,) if received.starts_at_given else (),
        first_seen=now,
        last_seen=now,
        ends_at=received.ends_at,
        ends_at_is_timeout=received.ends_at_is_timeout,
    )
