"""Alerts come in: stored, deduplicated, correlated and owed onwards, in one transaction."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from alert_ingestion import correlation, deduplication, metrics
from alert_ingestion.correlation import correlate
from alert_ingestion.deduplication import Effect, Match
from alert_ingestion.model import (
    Action,
    Alert,
    AlertStatus,
    Delivery,
    Group,
    Integration,
    KnownIncident,
    Reason,
    Receipt,
    ReceivedAlert,
)
from alert_ingestion.store import inbox, locks
from alert_ingestion.workflow.ledger import Ledger
from shared.database import Connection
from shared.identifiers import new_id

_RESULTS: Final = {
    Action.NEW_INCIDENT: metrics.NEW_INCIDENT,
    Action.ATTACHED: metrics.EXISTING_INCIDENT,
    Action.DUPLICATE: metrics.DUPLICATE,
}


async def receive(
    connection: Connection, deliveries: Sequence[Delivery], now: datetime
) -> list[list[Receipt]]:
    """Take in a batch of requests, in order; a list of receipts each, with one an alert."""
    identities = {
        (delivery.integration.id, alert.fingerprint)
        for delivery in deliveries
        for alert in delivery.alerts
    }
    await locks.identities(connection, identities)
    ledger = Ledger(now)
    await ledger.load(
        connection,
        identities,
        {
            _key(delivery.integration, alert)
            for delivery in deliveries
            for alert in delivery.alerts
            if not alert.resolved
        },
    )
    for delivery in deliveries:
        ledger.increments.inc(metrics.TRUNCATED, delivery.truncated)
    stored = [(new_id(), delivery) for delivery in deliveries]
    receipts = [
        [_take(ledger, delivery.integration, alert, inbox_id) for alert in delivery.alerts]
        for inbox_id, delivery in stored
    ]
    await inbox.insert(connection, stored, now)
    await ledger.save(connection)
    return receipts


def _key(integration: Integration, alert: ReceivedAlert) -> str:
    return correlation.correlation_key(alert, integration.policy.correlation_labels)


def _take(
    ledger: Ledger, integration: Integration, received: ReceivedAlert, inbox_id: UUID
) -> Receipt:
    ledger.increments.inc(metrics.RECEIVED, severity=received.severity.value)
    latest = ledger.latest((integration.id, received.fingerprint))
    match = deduplication.match(received, latest)
    if match.effect is Effect.OPEN:
        receipt = _open(ledger, integration, received, latest, inbox_id)
    elif latest is None:
        receipt = Receipt(Action.NO_OPEN_ALERT, Reason.NO_OPEN_ALERT, AlertStatus.RESOLVED)
    else:
        receipt = _apply(ledger, match, received, latest)
    if not received.resolved:
        ledger.increments.inc(metrics.CORRELATED, result=_RESULTS[receipt.action])
    return receipt


def _apply(ledger: Ledger, match: Match, received: ReceivedAlert, latest: Alert) -> Receipt:
    reason = match.reason or Reason.STILL_FIRING
    action, alert = Action.NO_OPEN_ALERT, latest
    match match.effect:
        case Effect.REPEAT:
            action = Action.DUPLICATE
            alert = deduplication.repeated(latest, received, ledger.now)
            ledger.change(alert)
        case Effect.SUPPRESS:
            action = Action.DUPLICATE
            alert = deduplication.suppressed(latest, received, ledger.now)
            ledger.change(alert)
        case Effect.RESOLVE | Effect.CLEAR:
            action = Action.RESOLVED
            alert = deduplication.resolved(
                latest, reason=reason, ended_at=received.ends_at or ledger.now, now=ledger.now
            )
            ledger.end(alert, reason)
    return Receipt(action, reason, alert.status, alert.id, alert.incident_id)


def _open(
    ledger: Ledger,
    integration: Integration,
    received: ReceivedAlert,
    before: Alert | None,
    inbox_id: UUID,
) -> Receipt:
    if before is not None and before.suppressed:
        # Its sender went on to a new occurrence, so the one resolved by hand is over for good.
        over = deduplication.resolved(
            before, reason=Reason.NEW_OCCURRENCE, ended_at=ledger.now, now=ledger.now
        )
        ledger.end(over, Reason.NEW_OCCURRENCE)
    key = _key(integration, received)
    group = ledger.group(key)
    decision = correlate(
        integration.policy,
        group,
        ledger.incident(before.incident_id if before else None),
        group_has_fingerprint=bool(before and group and before.incident_id == group.incident_id),
        now=ledger.now,
    )
    if decision.group is not None:
        incident_id, action = decision.group.incident_id, Action.ATTACHED
        if decision.slides_window:
            ledger.slide(decision.group)
    else:
        incident_id, action = new_id(), Action.NEW_INCIDENT
        repeats = decision.recurrence_of
        ledger.add_incident(
            KnownIncident(incident_id, recurrence_of=repeats.id if repeats else None)
        )
        ledger.open_group(
            Group(new_id(), key, incident_id, opened_at=ledger.now, last_new_at=ledger.now)
        )
    alert = _alert(
        integration,
        received,
        correlation_key=key,
        incident_id=incident_id,
        inbox_id=inbox_id,
        now=ledger.now,
    )
    ledger.open_alert(alert, decision.reason)
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
