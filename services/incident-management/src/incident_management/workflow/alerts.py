"""Events of alerts: one began to belong to an incident, or stopped firing.

A batch is applied in parts, a transaction each. Every event may come again, and events of one
incident in any order: the end is the same, because an alert has one beginning and one end and each
is dated.
"""

from collections.abc import Sequence
from uuid import UUID

from incident_management import store, views
from incident_management.attachments import (
    AlertState,
    Holder,
    Placement,
    Standing,
    arrive,
    conclude,
    place,
    title_of,
)
from incident_management.ledger import (
    EVENTS_AT_ONCE,
    TO_ONCALL,
    Happening,
    Work,
    transaction,
)
from incident_management.tables import AlertRow, AliasRow, IncidentRow
from incident_management.workflow.lifecycle import reopen, resolve_by_rule, revive
from incident_management.workflow.opening import new_row, open_incident
from shared.batches import parts
from shared.clock import Clock
from shared.contracts.alerts import AGE_REACHED, AlertEvent
from shared.contracts.incidents import TAKEN, JoinedAlerts
from shared.contracts.wire import EventResult, Outcome
from shared.database import Database
from shared.identifiers import new_id


async def take_alert_events(
    database: Database, clock: Clock, events: Sequence[AlertEvent]
) -> list[EventResult]:
    """Apply a batch in order; one result an event.

    Part of it stays applied when the rest cannot be: its repetition finds it done.
    """
    results: list[EventResult] = []
    for part in parts(events, EVENTS_AT_ONCE):
        results += await _take(database, clock, part)
    return results


async def _take(
    database: Database, clock: Clock, events: Sequence[AlertEvent]
) -> list[EventResult]:
    async with transaction(database, clock.now()) as work:
        seen = await store.processed(work.session, [event.event_id for event in events])
        homes = await store.homes(
            work.session, [event.alert.id for event in events if event.event_id in seen]
        )
        fresh = [event for event in events if event.event_id not in seen]
        if fresh:
            await _hold(work, fresh)
        openings = _openings(work, fresh)
        applied: set[UUID] = set()
        results = []
        for event in events:
            if event.event_id in seen:
                home = homes.get(event.alert.id) or seen[event.event_id].incident_id
                results.append(_result(event, Outcome.DUPLICATE, home, "event_seen_before"))
                continue
            if event.event_id in applied:
                alert = await store.lock_alert(work.session, event.alert.id)
                home = alert.incident_id if alert else event.incident_id
                results.append(_result(event, Outcome.DUPLICATE, home, "event_seen_before"))
                continue
            result = await _apply(work, event, openings)
            applied.add(event.event_id)
            work.ledger.processed(event.event_id, result.incident_id)
            results.append(result)
        return results


async def _hold(work: Work, events: Sequence[AlertEvent]) -> None:
    """Lock and read in a few statements what these events are about."""
    await store.hold(work.session, _names(events), {event.alert.id for event in events})
    incidents = store.held(work.session).incidents
    await store.count_firing(
        work.session, [incident_id for incident_id, row in incidents.items() if row is not None]
    )


def _openings(work: Work, events: Sequence[AlertEvent]) -> int:
    """How many incidents these events will probably open: so many numbers are drawn at once."""
    held = store.held(work.session)
    return len(
        {
            event.incident_id
            for event in events
            if event.type == "alert.opened"
            and event.recurrence_of is None
            and held.incidents.get(event.incident_id) is None
            and held.aliases.get(event.incident_id) is None
        }
    )


def _names(events: Sequence[AlertEvent]) -> set[UUID]:
    named = {event.incident_id for event in events}
    return named | {event.recurrence_of for event in events if event.recurrence_of is not None}


async def _apply(work: Work, event: AlertEvent, of: int) -> EventResult:
    match event.type:
        case "alert.opened":
            return await _opened(work, event, of)
        case "alert.resolved":
            return await _resolved(work, event)
        case _:
            return _result(event, Outcome.IGNORED, event.incident_id, "unknown_event_type")


async def _opened(work: Work, event: AlertEvent, of: int) -> EventResult:
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
        row = await _open(work, event, event.incident_id, recurrence_of=event.recurrence_of, of=of)
    elif placement is Placement.RECURS:
        row = await _recur(work, event, row)
    else:
        if placement is Placement.REVIVES:
            row = await _revive(work, event, row)
        await _join(work, event, row, placement)
    if alert is not None:
        # Its row is there already, and the incident's must be before it can name it.
        await work.session.flush()
    _attach(work, event, row, alert)
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
    work.ledger.add(AliasRow(alias_id=event.incident_id, incident_id=into.id))
    store.held(work.session).aliases[event.incident_id] = into.id
    return into


async def _open(
    work: Work,
    event: AlertEvent,
    incident_id: UUID,
    *,
    recurrence_of: UUID | None,
    of: int = 1,
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
    return await open_incident(
        work,
        row,
        text=_opening(event, recurrence_of) + row.title,
        reason=event.reason or Placement.OPENS_INCIDENT,
        actor=None,
        data={"alert_id": str(alert.id), "integration": alert.integration},
        of=of,
    )


def _opening(event: AlertEvent, recurrence_of: UUID | None) -> str:
    if event.reason == AGE_REACHED:
        return "Opened by an alert, for the incident before it takes no more new ones: "
    return "Opened by an alert" + (" that came again: " if recurrence_of else ": ")


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


async def _join(work: Work, event: AlertEvent, row: IncidentRow, placement: Placement) -> None:
    alert = event.alert
    if row.origin == "alert" and event.occurred_at < row.created_at:
        # Delivered late, it was the first: the incident began with it.
        row.created_at = event.occurred_at
    before = row.severity
    arrival = arrive(
        row.status,
        alert.severity,
        severity=row.severity,
        worst=row.worst_severity or row.severity,
        is_new=await _is_new(work, event, row),
    )
    row.severity = arrival.severity
    row.worst_severity = arrival.worst
    title = title_of(alert.message, service=alert.service, severity=alert.severity)
    graver = f" It is {alert.severity}, the incident was {before}." if arrival.rises else ""
    work.ledger.change(
        row,
        Happening(
            kind="alert.attached",
            text=f"Another alert belongs to it: {title}.{graver}",
            at=event.occurred_at,
            reason=event.reason or placement,
            data={
                "alert_id": str(alert.id),
                "integration": alert.integration,
                "severity": alert.severity.value,
            },
        ),
        tell=(TO_ONCALL,) if arrival.tells or arrival.rises else (),
        joined=(
            JoinedAlerts(count=1, severity=alert.severity, message=alert.message)
            if arrival.tells
            else None
        ),
    )
    if arrival.reopens:
        reopen(
            work,
            row,
            at=event.occurred_at,
            text=f"Open again: an alert of severity {alert.severity} joined, worse than anything "
            "in it before.",
            data={"alert_id": str(alert.id), "severity": alert.severity.value},
        )


async def _is_new(work: Work, event: AlertEvent, row: IncidentRow) -> bool:
    """Whether the incident has not had this fingerprint; asked only where it matters."""
    if row.status not in TAKEN:
        return False
    alert = event.alert
    mine = store.held(work.session).alerts.values()
    if any(
        other is not None
        and (other.incident_id, other.integration, other.fingerprint)
        == (row.id, alert.integration, alert.fingerprint)
        for other in mine
    ):
        return False
    return not await store.knows_fingerprint(
        work.session, row.id, alert.integration, alert.fingerprint
    )


def _attach(work: Work, event: AlertEvent, row: IncidentRow, alert: AlertRow | None) -> None:
    row.alert_count += 1
    held = store.held(work.session)
    if alert is None:
        alert = _new_alert(event)
        held.alerts[alert.id] = alert
        work.ledger.add(alert)
        held.firing[row.id] = held.firing.get(row.id, 0) + 1
    alert.incident_id = row.id
    alert.attached_at = event.occurred_at


def _new_alert(event: AlertEvent) -> AlertRow:
    return AlertRow(**event.alert.model_dump(exclude={"ends_at"}), auto_resolve=event.auto_resolve)


async def _resolved(work: Work, event: AlertEvent) -> EventResult:
    alert = await store.lock_alert(work.session, event.alert.id)
    if alert is None:
        alert = _new_alert(event)
        _end(alert, event)
        store.held(work.session).alerts[alert.id] = alert
        work.ledger.add(alert)
        return _result(event, Outcome.APPLIED, event.incident_id, "resolved_before_opened")
    if alert.resolved_at is not None:
        return _result(event, Outcome.IGNORED, alert.incident_id, "already_resolved")
    row = await store.lock(work.session, alert.incident_id) if alert.incident_id else None
    if row is None:
        raise LookupError(f"alert {alert.id} fires without an incident")
    _end(alert, event)
    firing = store.held(work.session).firing
    if row.id in firing:
        firing[row.id] -= 1
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
    standing = await _conclude(work, row)
    return _result(event, Outcome.APPLIED, row.id, standing)


def _end(alert: AlertRow, event: AlertEvent) -> None:
    alert.resolved_at = event.occurred_at
    alert.resolved_reason = event.reason
    alert.auto_resolve = event.auto_resolve


async def _conclude(work: Work, row: IncidentRow) -> Standing:
    """Resolve an incident none of whose alerts fires, or date its end by the last of them."""
    # Counted, not read: in a storm an incident has thousands of alerts, and each of them ends.
    if store.held(work.session).firing.get(row.id, 0) > 0:
        return Standing.STILL_FIRING
    await work.ledger.flush()
    ends = await store.alert_ends(work.session, row.id)
    conclusion = conclude(AlertState(resolved_at, agrees) for resolved_at, agrees in ends)
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
