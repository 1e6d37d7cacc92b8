"""Alerts come in: stored, deduplicated, correlated and owed onwards, in one transaction."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from alert_ingestion import deduplication, flapping, metrics
from alert_ingestion.correlation import (
    correlation_key,
    is_of_senders_group,
    is_senders_group,
)
from alert_ingestion.deduplication import Effect, Match
from alert_ingestion.heartbeats import fingerprint_of
from alert_ingestion.model import (
    Action,
    Alert,
    AlertStatus,
    Batch,
    Change,
    Ending,
    FollowUp,
    FollowUpKind,
    Integration,
    Nothing,
    Ping,
    Reason,
    Receipt,
    ReceivedAlert,
    Said,
)
from alert_ingestion.workflow.placing import place, receipt
from alert_ingestion.workflow.work import AlertWork
from shared import context
from shared.contracts.wire import Severity
from shared.counters import short
from shared.identifiers import new_id

_RESULTS: Final = {
    Action.NEW_INCIDENT: metrics.NEW_INCIDENT,
    Action.ATTACHED: metrics.EXISTING_INCIDENT,
    Action.DUPLICATE: metrics.DUPLICATE,
    Action.HELD: metrics.HELD,
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
    heard = {name for batch in batches for one in batch.said if (name := _heard(one)) is not None}
    if heard:
        await work.load_heartbeats(heard)
    identities |= {
        (one.integration_id, fingerprint_of(one.name))
        for one in work.expected.values()
        if one.missed_at is not None
    }
    if identities:
        firing = [(batch.integration, one) for batch in batches for one in _firing(batch)]
        await work.load(identities, {correlation_key(one, by) for by, one in firing}, firing)
    return [_take_all(work, batch) for batch in batches]


def _firing(batch: Batch) -> Iterator[ReceivedAlert]:
    for one in batch.said:
        if isinstance(one, ReceivedAlert) and not one.resolved and not _is_heartbeat(one):
            yield one


def _take_all(work: AlertWork, batch: Batch) -> list[Receipt]:
    work.increments.inc(metrics.TRUNCATED, batch.truncated)
    # What it owes is sent in the name of its request, of which there are many in one transaction.
    with context.bound(batch.context):
        receipts = [_take(work, batch, one) for one in batch.said]
    if not batch.integration.is_canary:
        for one in (one for one in receipts if one.reason is not Reason.HEARTBEAT):
            work.increments.inc(metrics.DECIDED, reason=one.reason.value)
    return receipts


def _take(work: AlertWork, batch: Batch, said: Said) -> Receipt:  # noqa: PLR0911 - one a kind
    match said:
        case ReceivedAlert():
            if not _is_heartbeat(said):
                return _take_alert(work, batch, said)
            # No alert: it is heard, and its end is that it is not heard any more.
            return _hear(work, batch, _heard(said))
        case Ending():
            return _end(work, batch, said)
        case FollowUp():
            return _follow_up(work, batch, said)
        case Change():
            work.note_change(batch.integration, said)
            return Receipt(Action.CHANGE, Reason.CHANGE, AlertStatus.RESOLVED)
        case Ping():
            return _hear(work, batch, _heard(said))
        case Nothing():
            return Receipt(Action.IGNORED, Reason.NO_ALERT, AlertStatus.RESOLVED)


def _is_heartbeat(said: Said) -> bool:
    return isinstance(said, ReceivedAlert) and said.heartbeat is not None


def _heard(said: Said) -> str | None:
    """The name of who is alive, says this; None when it says nothing like it."""
    match said:
        case Ping():
            return short(said.name)
        case ReceivedAlert(heartbeat=str() as name, resolved=False):
            return short(name)
        case _:
            return None


def _hear(work: AlertWork, batch: Batch, name: str | None) -> Receipt:
    if name is None:
        return Receipt(Action.HEARTBEAT, Reason.HEARTBEAT, AlertStatus.RESOLVED)
    expected = work.expected.get(name)
    if expected is not None and expected.integration_id != batch.integration.id:
        # Nobody else can say that it is alive.
        return Receipt(Action.IGNORED, Reason.HEARTBEAT_OF_ANOTHER, AlertStatus.RESOLVED)
    is_back = expected is not None and expected.missed_at is not None
    work.note_heartbeat(name, batch.integration.id, is_back=is_back)
    if is_back:
        over = _end(work, batch, Ending(fingerprint_of(name)))
        if over.action is Action.RESOLVED:
            return over
    return Receipt(Action.HEARTBEAT, Reason.HEARTBEAT, AlertStatus.FIRING)


def _take_alert(work: AlertWork, batch: Batch, received: ReceivedAlert) -> Receipt:
    taken = _decide(work, batch, received)
    if not batch.integration.is_canary:
        work.note_received(received.severity)
        if not received.resolved:
            work.increments.inc(metrics.CORRELATED, result=_RESULTS[taken.action])
    return taken


def _decide(work: AlertWork, batch: Batch, received: ReceivedAlert) -> Receipt:
    if received.severity_unknown and received.severity_original is not None:
        work.note_unknown_severity(batch.integration.id, received.severity_original)
    latest = work.latest((batch.integration.id, received.fingerprint))
    match = deduplication.match(received, latest)
    if match.effect is Effect.OPEN:
        return _open(work, batch, received, latest)
    if latest is None:
        return _none_open(received.fingerprint)
    return _apply(work, batch.integration, match, received, latest)


def _none_open(fingerprint: str) -> Receipt:
    return Receipt(
        Action.NO_OPEN_ALERT, Reason.NO_OPEN_ALERT, AlertStatus.RESOLVED, fingerprint=fingerprint
    )


def _end(work: AlertWork, batch: Batch, said: Ending) -> Receipt:
    latest = work.latest((batch.integration.id, said.fingerprint))
    severity = Severity.MEDIUM if latest is None else latest.severity
    work.note_received(severity)
    if latest is None:
        return _none_open(said.fingerprint)
    return _apply_end(work, batch.integration, deduplication.end(latest), latest, said.ends_at)


def _follow_up(work: AlertWork, batch: Batch, said: FollowUp) -> Receipt:
    latest = work.latest((batch.integration.id, said.fingerprint))
    if latest is None or latest.status is not AlertStatus.FIRING:
        return _none_open(said.fingerprint)
    work.pass_on(latest, said)
    noted = said.kind is FollowUpKind.NOTE
    return receipt(
        Action.NOTED if noted else Action.ACKNOWLEDGED,
        Reason.NOTED if noted else Reason.ACKNOWLEDGED,
        latest,
    )


def _apply(
    work: AlertWork, integration: Integration, match: Match, received: ReceivedAlert, latest: Alert
) -> Receipt:
    match match.effect:
        case Effect.REPEAT:
            return _repeat(work, integration, received, latest)
        case Effect.SUPPRESS:
            alert = deduplication.suppressed(latest, received, work.now)
            work.change(alert)
            return receipt(Action.DUPLICATE, match.reason or Reason.RESOLVED_BY_HAND, alert)
        case _:
            return _apply_end(work, integration, match, latest, received.ends_at)


def _repeat(
    work: AlertWork, integration: Integration, received: ReceivedAlert, latest: Alert
) -> Receipt:
    again = deduplication.repeated(latest, received, work.now)
    alert = work.noise.apply(again, work.now)
    if alert.incident_id is None and alert.held is None:
        return let_go(work, integration, latest, alert)
    if latest.held is None:
        _note_hold(work, alert)
    if deduplication.says_something_new(latest, alert) and alert.held is None:
        work.update(latest, alert)
    else:
        work.change(alert)
    return receipt(Action.DUPLICATE, alert.held or Reason.STILL_FIRING, alert)


def _note_hold(work: AlertWork, alert: Alert) -> None:
    if alert.held is not None:
        work.was_decided(alert, alert.held, by=alert.held_by, until=alert.held_until)


def hold_ended(held: Alert) -> Reason:
    """Why an alert that was held back is not any more."""
    return Reason.SILENCE_ENDED if held.held is Reason.SILENCED else Reason.INHIBITION_ENDED


def let_go(work: AlertWork, integration: Integration, held: Alert, alert: Alert) -> Receipt:
    """An alert that was held back, and fires still, pages now; ``alert`` is it as it is now."""
    reason = hold_ended(held)
    work.was_decided(alert, reason)
    return place(
        work,
        integration,
        alert,
        senders_group=is_of_senders_group(alert.correlation_key, integration.id),
        because=reason,
    )


def _apply_end(
    work: AlertWork,
    integration: Integration,
    match: Match,
    latest: Alert,
    ended_at: datetime | None,
) -> Receipt:
    reason = match.reason or Reason.RESOLVED_BY_SENDER
    if match.effect is Effect.NOTHING:
        return receipt(Action.NO_OPEN_ALERT, reason, latest)
    if match.effect is Effect.RESOLVE and latest.flapping and latest.incident_id is not None:
        # Once more is over: whether it is for good, quiet will tell.
        if not flapping.is_quieting(latest):
            latest = flapping.said_over(latest, integration.policy, work.now)
            work.change(latest)
        return receipt(Action.HELD, Reason.FLAPPING, latest)
    alert = deduplication.resolved(
        latest, reason=reason, ended_at=ended_at or work.now, now=work.now
    )
    work.end(alert, reason)
    return receipt(Action.RESOLVED, reason, alert)


def _open(work: AlertWork, batch: Batch, received: ReceivedAlert, before: Alert | None) -> Receipt:
    integration = batch.integration
    if before is not None and before.suppressed:
        # Its sender went on to a new occurrence, so the one resolved by hand is over for good.
        over = deduplication.resolved(
            before, reason=Reason.NEW_OCCURRENCE, ended_at=work.now, now=work.now
        )
        work.end(over, Reason.NEW_OCCURRENCE)
    openings: tuple[datetime, ...] = ()
    if not integration.is_canary:
        earlier = before.openings if before is not None else ()
        openings = flapping.lately(earlier, integration.policy, work.now)
    alert = work.noise.apply(
        _alert(integration, received, openings, inbox_id=batch.inbox_id, now=work.now), work.now
    )
    work.add(alert)
    if alert.held is not None:
        _note_hold(work, alert)
        return receipt(Action.HELD, alert.held, alert)
    if alert.flapping:
        work.was_decided(alert, Reason.FLAPPING)
    return place(
        work,
        integration,
        alert,
        before=before,
        senders_group=is_senders_group(received, integration),
        because=Reason.FLAPPING if alert.flapping else None,
    )


def _alert(
    integration: Integration,
    received: ReceivedAlert,
    openings: tuple[datetime, ...],
    *,
    inbox_id: UUID | None,
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
        correlation_key=correlation_key(received, integration),
        incident_id=None,
        status=AlertStatus.FIRING,
        starts_at=received.starts_at,
        starts_at_given=received.starts_at_given,
        occurrences=(received.starts_at,) if received.starts_at_given else (),
        first_seen=now,
        last_seen=now,
        ends_at=received.ends_at,
        ends_at_is_timeout=received.ends_at_is_timeout,
        openings=openings,
        flapping=flapping.flaps(openings, integration.policy),
    )
