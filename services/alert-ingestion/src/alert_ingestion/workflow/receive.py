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
    Change,
    Ending,
    FollowUp,
    FollowUpKind,
    Group,
    Integration,
    KnownIncident,
    Nothing,
    Ping,
    Reason,
    Receipt,
    ReceivedAlert,
    Said,
)
from alert_ingestion.store import locks
from alert_ingestion.workflow.work import AlertWork
from shared import context
from shared.contracts.wire import Severity
from shared.identifiers import new_id

_RESULTS: Final = {
    Action.NEW_INCIDENT: metrics.NEW_INCIDENT,
    Action.ATTACHED: metrics.EXISTING_INCIDENT,
    Action.DUPLICATE: metrics.DUPLICATE,
}

_ABOUT_AN_ALERT: Final = (ReceivedAlert, Ending, FollowUp)


async def receive(work: AlertWork, batches: Sequence[Batch]) -> list[list[Receipt]]:
    """Take in what requests say, in order; a list of receipts each, with one for each thing said.

    Locks of all of them are taken first, in one order (alert_ingestion.store.locks).
    """
    identities = {
        (batch.integration.id, one.fingerprint)
        for batch in batches
        for one in batch.said
        if isinstance(one, _ABOUT_AN_ALERT) and not _is_heartbeat(one)
    }
    keys = {
        correlation_key(one, batch.integration)
        for batch in batches
        for one in batch.said
        if isinstance(one, ReceivedAlert) and not one.resolved and not _is_heartbeat(one)
    }
    if identities:
        await locks.identities(work.connection, identities)
        await work.load(identities, keys)
    return [_take_all(work, batch) for batch in batches]


def _take_all(work: AlertWork, batch: Batch) -> list[Receipt]:
    work.increments.inc(metrics.TRUNCATED, batch.truncated)
    # What it owes is sent in the name of its request, of which there are many in one transaction.
    with context.bound(batch.context):
        return [_take(work, batch, one) for one in batch.said]


def _take(work: AlertWork, batch: Batch, said: Said) -> Receipt:  # noqa: PLR0911 - one a kind
    match said:
        case ReceivedAlert():
            name = said.heartbeat
            if name is not None:
                # No alert: it is heard, and its end is that it is not heard any more.
                return _hear(work, batch, name, alive=not said.resolved)
            return _take_alert(work, batch, said)
        case Ending():
            return _end(work, batch, said)
        case FollowUp():
            return _follow_up(work, batch, said)
        case Change():
            work.note_change(batch.integration, said)
            return Receipt(Action.CHANGE, Reason.CHANGE, AlertStatus.RESOLVED)
        case Ping():
            return _hear(work, batch, said.name, alive=True)
        case Nothing():
            return Receipt(Action.IGNORED, Reason.NO_ALERT, AlertStatus.RESOLVED)


def _is_heartbeat(said: Said) -> bool:
    return isinstance(said, ReceivedAlert) and said.heartbeat is not None


def _hear(work: AlertWork, batch: Batch, name: str, *, alive: bool) -> Receipt:
    if alive:
        work.note_heartbeat(name, batch.integration.id)
    status = AlertStatus.FIRING if alive else AlertStatus.RESOLVED
    return Receipt(Action.HEARTBEAT, Reason.HEARTBEAT, status)


def _take_alert(work: AlertWork, batch: Batch, received: ReceivedAlert) -> Receipt:
    receipt = _decide(work, batch, received)
    if not batch.integration.is_canary:
        work.increments.inc(metrics.RECEIVED, severity=received.severity.value)
        if not received.resolved:
            work.increments.inc(metrics.CORRELATED, result=_RESULTS[receipt.action])
    return receipt


def _decide(work: AlertWork, batch: Batch, received: ReceivedAlert) -> Receipt:
    if received.severity_unknown and received.severity_original is not None:
        work.note_unknown_severity(batch.integration.id, received.severity_original)
    latest = work.latest((batch.integration.id, received.fingerprint))
    match = deduplication.match(received, latest)
    if match.effect is Effect.OPEN:
        return _open(work, batch, received, latest)
    if latest is None:
        return _none_open(received.fingerprint)
    return _apply(work, match, received, latest)


def _none_open(fingerprint: str) -> Receipt:
    return Receipt(
        Action.NO_OPEN_ALERT, Reason.NO_OPEN_ALERT, AlertStatus.RESOLVED, fingerprint=fingerprint
    )


def _end(work: AlertWork, batch: Batch, said: Ending) -> Receipt:
    latest = work.latest((batch.integration.id, said.fingerprint))
    severity = Severity.MEDIUM if latest is None else latest.severity
    work.increments.inc(metrics.RECEIVED, severity=severity.value)
    if latest is None:
        return _none_open(said.fingerprint)
    return _apply_end(work, deduplication.end(latest), latest, said.ends_at)


def _follow_up(work: AlertWork, batch: Batch, said: FollowUp) -> Receipt:
    latest = work.latest((batch.integration.id, said.fingerprint))
    if latest is None or latest.status is not AlertStatus.FIRING:
        return _none_open(said.fingerprint)
    work.pass_on(latest, said)
    noted = said.kind is FollowUpKind.NOTE
    return _receipt(
        Action.NOTED if noted else Action.ACKNOWLEDGED,
        Reason.NOTED if noted else Reason.ACKNOWLEDGED,
        latest,
    )


def _receipt(action: Action, reason: Reason, alert: Alert) -> Receipt:
    return Receipt(
        action,
        reason,
        alert.status,
        alert.id,
        alert.incident_id,
        fingerprint=alert.fingerprint,
        held_by=alert.held_by,
    )


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
            return _apply_end(work, match, latest, received.ends_at)
    return _receipt(action, reason, alert)


def _apply_end(work: AlertWork, match: Match, latest: Alert, ended_at: datetime | None) -> Receipt:
    reason = match.reason or Reason.RESOLVED_BY_SENDER
    if match.effect is Effect.NOTHING:
        return _receipt(Action.NO_OPEN_ALERT, reason, latest)
    alert = deduplication.resolved(
        latest, reason=reason, ended_at=ended_at or work.now, now=work.now
    )
    work.end(alert, reason)
    return _receipt(Action.RESOLVED, reason, alert)


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
    return _receipt(action, decision.reason, alert)


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
