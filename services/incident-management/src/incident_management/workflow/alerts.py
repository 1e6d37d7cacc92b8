"""Events of alerts: one began to belong to an incident, or stopped firing.

A batch is one transaction. Every event may come again, and events of one incident in any order:
the end is the same, because an alert has one beginning and one end and each is dated.
"""

from collections.abc import Sequence
from uuid import UUID

from incident_management import store, views
from incident_management.attachments import (
    AlertState,
    Holder,
    Placement,
    Standing,
    conclude,
    is_worse,
    place,
    title_of,
)
from incident_management.ledger import Happening, Work, transaction
from incident_management.tables import AlertRow, AliasRow, IncidentRow
from incident_management.workflow.lifecycle import resolve_by_rule, revive
from incident_management.workflow.opening import new_row, open_incident
from shared.clock import Clock
from shared.contracts.alerts import AlertEvent
from shared.contracts.wire import EventResult, Outcome
from shared.database import Database
from shared.identifiers import new_id


async def take_alert_events(
    database: Database, clock: Clock, events: Sequence[AlertEvent]
) -> list[EventResult]:
    """Apply a batch in order; one result an event, all or none of them stored."""
    async with transaction(database, clock.now()) as work:
        seen = await store.processed(work.session, [event.event_id for event in events])
        fresh = [event for event in events if event.event_id not in seen]
        attached = await store.incidents_of(work.session, [event.alert.id for event in fresh])
        await store.lock_names(work.session, _names(fresh) | attached)
        results = []
        for event in events:
            before = seen.get(event.event_id)
            if before is not None:
                home = await _home(work, event.alert.id) or before.incident_id
                results.append(_result(event, Outcome.DUPLICATE, home, "event_seen_before"))
                continue
            result = await _apply(work, event)
            seen[event.event_id] = store.mark_processed(
                work.session, event.event_id, result.incident_id, work.now
            )
            results.append(result)
        return results


async def _home(work: Work, alert_id: UUID) -> UUID | None:
    """Where an alert is now. Not the heir of an incident that ended: the alert ended with it."""
    alert = await store.lock_alert(work.session, alert_id)
    row = alert and alert.incident_id and await store.find(work.session, alert.incident_id)
    return (await store.survivor(work.session, row)).id if row else None


def _names(events: Sequence[AlertEvent]) -> set[UUID]:
    named = {event.incident_id for event in events}
    return named | {event.recurrence_of for event in events if event.recurrence_of is not None}


async def _apply(work: Work, event: AlertEvent) -> EventResult:
    match event.type:
        case "alert.opened":
            return await _opened(work, event)
        case "alert.resolved":
            return await _resolved(work, event)
        case _:
            return _result(event, Outcome.IGNORED, event.incident_id, "unknown_event_type")


async def _opened(work: Work, event: AlertEvent) -> EventResult:
    alert = await store.lock_alert(work.session, event.alert.id)
    if alert is not None and alert.incident_id is not None:
        return _result(event, Outcome.IGNORED, alert.incident_id, "already_attached")
    row = await store.holder(work.session, event.incident_id)
    if row is None:
        row = await _fold(work, event)
    placement = place(
        _holder(row),
        occurred_at=event.occurred_at,
        has_ended=alert is not None,
    )
    if row is None:
        row = await _open(work, event, event.incident_id, recurrence_of=event.recurrence_of)
    elif placement is Placement.RECURS:
        row = await _recur(work, event, row)
    else:
        if placement is Placement.REVIVES:
            row = await _revive(work, event, row)
        _join(work, event, row, placement)
    _attach(work, event, row, alert)
    await work.session.flush()
    if alert is not None:
        await _conclude(work, row)
    return _result(event, Outcome.APPLIED, row.id, placement)


def _holder(row: IncidentRow | None) -> Holder | None:
    if row is None:
        return None
    return Holder(row.status, row.resolved_at, row.resolved_by_rule)


async def _fold(work: Work, event: AlertEvent) -> IncidentRow | None:
    """The open incident that a new recurrence is folded into, if there is one.

    That is the recurrence which is open already, or the survivor when the incident that comes
    again was merged. The id that alert-ingestion allocated stays resolvable.
    """
    if event.recurrence_of is None:
        return None
    original = await store.find(work.session, event.recurrence_of)
    if original is None:
        return None
    if original.merged_into is not None:
        into = await store.holder(work.session, original.id)
        if into is None or into.resolved_at is not None:
            return None
    else:
        into = await store.open_recurrence(work.session, original.id)
        if into is None:
            return None
    work.session.add(AliasRow(alias_id=event.incident_id, incident_id=into.id))
    return into


async def _open(
    work: Work, event: AlertEvent, incident_id: UUID, *, recurrence_of: UUID | None
) -> IncidentRow:
    alert = event.alert
    row = new_row(
        id=incident_id,
        title=title_of(alert.message, service=alert.service, severity=alert.severity),
        service=alert.service,
        severity=alert.severity,
        created_at=event.occurred_at,
        origin="alert",
        correlation_key=event.correlation_key,
        recurrence_of=recurrence_of,
        opening_alert_id=alert.id,
    )
    text = "Opened by an alert" + (" that came again: " if recurrence_of else ": ")
    return await open_incident(
        work,
        row,
        text=text + row.title,
        reason=event.reason or Placement.OPENS_INCIDENT,
        actor=None,
        data={"alert_id": str(alert.id), "integration": alert.integration},
    )


async def _recur(work: Work, event: AlertEvent, ended: IncidentRow) -> IncidentRow:
    row = await _open(work, event, new_id(), recurrence_of=ended.id)
    work.ledger.remark(
        ended,
        Happening(
            kind="incident.recurred",
            text=f"It came again, as {views.label(row)}.",
            at=event.occurred_at,
            reason=Placement.RECURS,
            data={"recurrence": str(row.id), "number": row.number},
        ),
    )
    return row


async def _revive(work: Work, event: AlertEvent, row: IncidentRow) -> IncidentRow:
    # There may be only one open recurrence: if another one holds the place, the alert is its.
    if row.recurrence_of is not None:
        other = await store.open_recurrence(work.session, row.recurrence_of)
        if other is not None:
            return other
    revive(work, row, at=event.occurred_at, reason=Placement.REVIVES)
    return row


def _join(work: Work, event: AlertEvent, row: IncidentRow, placement: Placement) -> None:
    alert = event.alert
    if row.origin == "alert" and event.occurred_at < row.created_at:
        # Delivered late, it was the first: the incident began with it.
        row.created_at = event.occurred_at
    worse = is_worse(alert.severity, row.severity)
    graver = f" It is {alert.severity}; the incident stays {row.severity}." if worse else ""
    work.ledger.change(
        row,
        Happening(
            kind="alert.attached",
            text=f"Another alert belongs to it: "
            f"{title_of(alert.message, service=alert.service, severity=alert.severity)}.{graver}",
            at=event.occurred_at,
            reason=event.reason or placement,
            data={
                "alert_id": str(alert.id),
                "integration": alert.integration,
                "severity": alert.severity.value,
            },
        ),
    )


def _attach(work: Work, event: AlertEvent, row: IncidentRow, alert: AlertRow | None) -> None:
    row.alert_count += 1
    if alert is None:
        alert = _new_alert(event)
        work.session.add(alert)
    alert.incident_id = row.id
    alert.attached_at = event.occurred_at


def _new_alert(event: AlertEvent) -> AlertRow:
    return AlertRow(**event.alert.model_dump(exclude={"ends_at"}), auto_resolve=event.auto_resolve)


async def _resolved(work: Work, event: AlertEvent) -> EventResult:
    alert = await store.lock_alert(work.session, event.alert.id)
    if alert is None:
        alert = _new_alert(event)
        _end(alert, event)
        work.session.add(alert)
        return _result(event, Outcome.APPLIED, event.incident_id, "resolved_before_opened")
    if alert.resolved_at is not None:
        return _result(event, Outcome.IGNORED, alert.incident_id, "already_resolved")
    row = await store.lock(work.session, alert.incident_id) if alert.incident_id else None
    if row is None:
        raise LookupError(f"alert {alert.id} fires without an incident")
    _end(alert, event)
    work.ledger.change(
        row,
        Happening(
            kind="alert.resolved",
            text=f"An alert stopped firing: "
            f"{title_of(alert.message, service=alert.service, severity=alert.severity)}.",
            at=event.occurred_at,
            reason=event.reason,
            data={"alert_id": str(alert.id)},
        ),
    )
    await work.session.flush()
    standing = await _conclude(work, row)
    return _result(event, Outcome.APPLIED, row.id, standing)


def _end(alert: AlertRow, event: AlertEvent) -> None:
    alert.resolved_at = event.occurred_at
    alert.resolved_reason = event.reason
    alert.auto_resolve = event.auto_resolve


async def _conclude(work: Work, row: IncidentRow) -> Standing:
    """Resolve an incident none of whose alerts fires, or date its end by the last of them."""
    alerts = await store.alerts_of(work.session, row.id)
    conclusion = conclude(AlertState(alert.resolved_at, alert.auto_resolve) for alert in alerts)
    if conclusion.at is None:
        return conclusion.standing
    if row.resolved_at is None:
        resolve_by_rule(work, row, at=conclusion.at, reason=conclusion.standing)
    elif row.resolved_by_rule:
        row.resolved_at = max(conclusion.at, row.created_at)
    return conclusion.standing


def _result(
    event: AlertEvent, outcome: Outcome, incident_id: UUID | None, reason: str
) -> EventResult:
    return EventResult(
        event_id=event.event_id, outcome=outcome, incident_id=incident_id, reason=reason
    )
