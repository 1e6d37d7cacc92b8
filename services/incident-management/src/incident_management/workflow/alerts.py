"""Events of alerts: one began to belong to an incident, or stopped firing.

A batch is applied in parts, a transaction each. Every event may come again, and events of one
incident in any order: the end is the same, because an alert has one beginning and one end and each
is dated.
"""

from collections.abc import Sequence
from uuid import UUID

from incident_management.attachments import (
    Effect,
    Gravity,
    Holder,
    Placement,
    Standing,
    effect,
    latest,
    place,
    title_of,
    weigh,
    worth_saying,
)
from incident_management.store import alerts, incidents
from incident_management.store.alerts import BY_HAND
from incident_management.store.events import processed
from incident_management.store.held import Identity
from incident_management.tables import AlertRow, IncidentRow
from incident_management.targets import Targets
from incident_management.workflow import follow_ups
from incident_management.workflow.lifecycle import conclude_by_alerts, regrade, reopen, revive
from incident_management.workflow.opening import new_row, open_incident
from incident_management.workflow.results import result
from incident_management.workflow.work import (
    EVENTS_AT_ONCE,
    TO_ONCALL,
    Happening,
    IncidentWork,
    transaction,
)
from shared import context
from shared.batches import parts
from shared.clock import Clock
from shared.contracts.alerts import AlertEvent, AlertKind, AlertSnapshot
from shared.contracts.incidents import (
    TAKEN,
    WORSE_ALERT_JOINED,
    IncidentKind,
    JoinedAlerts,
    Status,
)
from shared.contracts.wire import EventResult, Outcome, Severity
from shared.database import Database
from shared.identifiers import new_id


async def take_alert_events(
    database: Database, clock: Clock, targets: Targets, events: Sequence[AlertEvent]
) -> list[EventResult]:
    """Apply a batch in order; one result an event.

    Part of it stays applied when the rest cannot be: its repetition finds it done.
    """
    results: list[EventResult] = []
    for part in parts(events, EVENTS_AT_ONCE):
        results += await _take(database, clock, targets, part)
    return results


async def _take(
    database: Database, clock: Clock, targets: Targets, events: Sequence[AlertEvent]
) -> list[EventResult]:
    async with transaction(database, clock.now(), targets) as work:
        seen = await processed(work.held.connection, [event.event_id for event in events])
        homes = await alerts.homes(
            work.held, [event.alert.id for event in events if event.event_id in seen]
        )
        fresh = [event for event in events if event.event_id not in seen]
        if fresh:
            await _hold(work, fresh)
        openings = _openings(work, fresh)
        applied: set[UUID] = set()
        results = []
        for event in events:
            if event.event_id in seen:
                home = homes.get(event.alert.id) or seen[event.event_id]
                results.append(result(event, Outcome.DUPLICATE, home, "event_seen_before"))
                continue
            if event.event_id in applied:
                alert = await alerts.lock_alert(work.held, event.alert.id)
                home = alert.incident_id if alert else event.incident_id
                results.append(result(event, Outcome.DUPLICATE, home, "event_seen_before"))
                continue
            with context.bound(event.context):
                became = await _apply(work, event, openings)
            applied.add(event.event_id)
            work.processed(event.event_id, became.incident_id)
            results.append(became)
        return results


async def _hold(work: IncidentWork, events: Sequence[AlertEvent]) -> None:
    """Lock and read in a few statements what these events are about."""
    work.held.spoken_of = {_identity(event.alert) for event in events}
    await incidents.hold(work.held, _names(events), {event.alert.id for event in events})


def _openings(work: IncidentWork, events: Sequence[AlertEvent]) -> int:
    """How many incidents these events will probably open: so many numbers are drawn at once."""
    mine = work.held
    return len(
        {
            event.incident_id
            for event in events
            if event.type == AlertKind.OPENED
            and not event.canary
            and event.recurrence_of is None
            and mine.incidents.get(event.incident_id) is None
            and mine.aliases.get(event.incident_id) is None
        }
    )


def _names(events: Sequence[AlertEvent]) -> set[UUID]:
    named = {event.incident_id for event in events}
    return named | {event.recurrence_of for event in events if event.recurrence_of is not None}


async def _apply(  # noqa: PLR0911 - one a kind
    work: IncidentWork, event: AlertEvent, of: int
) -> EventResult:
    match event.type:
        case AlertKind.OPENED:
            return await _opened(work, event, of)
        case AlertKind.UPDATED:
            return await _updated(work, event)
        case AlertKind.RESOLVED:
            return await _resolved(work, event)
        case AlertKind.ACKNOWLEDGED:
            return await follow_ups.acknowledged(work, event)
        case AlertKind.NOTED:
            return await follow_ups.noted(work, event)
        case AlertKind.SERVICE_CHANGED:
            return await follow_ups.changed(work, event)
        case _:
            return result(event, Outcome.IGNORED, event.incident_id, "unknown_event_type")


async def _opened(work: IncidentWork, event: AlertEvent, of: int) -> EventResult:
    alert = await alerts.lock_alert(work.held, event.alert.id)
    if alert is not None and alert.incident_id is not None:
        return result(event, Outcome.IGNORED, alert.incident_id, "already_attached")
    incident_id, row = await _holder_of(work, event)
    if event.canary and row is not None:
        return result(event, Outcome.IGNORED, row.id, "canary_stands_alone")
    placement = place(
        _holder(row),
        occurred_at=event.occurred_at,
        has_ended=alert is not None,
    )
    if row is None:
        recurrence_of = None if event.canary else event.recurrence_of
        row = await _open(work, event, incident_id, recurrence_of=recurrence_of, of=of)
        joins = False
    elif placement is Placement.RECURS:
        row = await _recur(work, event, row)
        joins = False
    else:
        joins = True
        if placement is Placement.REVIVES:
            row = await _revive(work, event, row)
    is_new = joins and await _is_new(work, event, row)
    _attach(work, event, row, alert)
    if joins:
        _join(work, event, row, placement, is_new=is_new)
    if alert is not None:
        conclude_by_alerts(work, row)
    return result(event, Outcome.APPLIED, row.id, placement)


async def _holder_of(work: IncidentWork, event: AlertEvent) -> tuple[UUID, IncidentRow | None]:
    """The incident that holds what is sent to this id now, if any; and the id of a new one."""
    row = await incidents.holder(work.held, event.incident_id)
    if row is not None and row.canary and not event.canary:
        # A real alert is never lost in the platform's test of itself.
        return new_id(), await _fold(work, event)
    return event.incident_id, row or await _fold(work, event)


def _holder(row: IncidentRow | None) -> Holder | None:
    if row is None:
        return None
    return Holder(row.status, row.resolved_at, row.resolved_by_rule)


async def _fold(work: IncidentWork, event: AlertEvent) -> IncidentRow | None:
    """The open incident that a new recurrence is folded into, if there is one.

    That is the recurrence which is open already, or the survivor when the incident that comes
    again was merged. The id that alert-ingestion allocated stays resolvable.
    """
    if event.recurrence_of is None or event.canary:
        return None
    original = await incidents.find(work.held, event.recurrence_of)
    if original is None:
        return None
    if original.merged_into is not None:
        into = await incidents.holder(work.held, original.id)
        if into is None or into.resolved_at is not None:
            return None
    else:
        into = await incidents.open_recurrence(work.held, original.id)
        if into is None:
            return None
    work.held.fold(event.incident_id, into.id)
    return into


async def _open(
    work: IncidentWork,
    event: AlertEvent,
    incident_id: UUID,
    *,
    recurrence_of: UUID | None,
    of: int = 1,
) -> IncidentRow:
    alert = event.alert
    row = new_row(
        id=incident_id,
        title=_title(alert),
        service=alert.service,
        severity=alert.severity,
        created_at=event.occurred_at,
        origin="alert",
        canary=event.canary,
        correlation_key=event.correlation_key,
        recurrence_of=recurrence_of,
        opening_alert_id=alert.id,
    )
    return await open_incident(
        work,
        row,
        reason=event.reason or Placement.OPENS_INCIDENT,
        actor=None,
        data={
            "alert_id": str(alert.id),
            "integration": alert.integration,
            "recurrence_of": str(recurrence_of) if recurrence_of else None,
        },
        of=of,
    )


async def _recur(work: IncidentWork, event: AlertEvent, ended: IncidentRow) -> IncidentRow:
    row = await _open(work, event, new_id(), recurrence_of=ended.id)
    work.remark(
        ended,
        Happening(
            IncidentKind.RECURRED,
            at=event.occurred_at,
            reason=Placement.RECURS,
            data={"recurrence": str(row.id), "number": row.number},
        ),
    )
    return row


async def _revive(work: IncidentWork, event: AlertEvent, row: IncidentRow) -> IncidentRow:
    # There may be only one open recurrence: if another one holds the place, the alert is its.
    if row.recurrence_of is not None:
        other = await incidents.open_recurrence(work.held, row.recurrence_of)
        if other is not None:
            return other
    revive(work, row, at=event.occurred_at, reason=Placement.REVIVES)
    return row


def _join(
    work: IncidentWork, event: AlertEvent, row: IncidentRow, placement: Placement, *, is_new: bool
) -> None:
    """Say that an alert, attached already, belongs to an incident, and what that does to it."""
    alert = event.alert
    if row.origin == "alert" and event.occurred_at < row.created_at:
        # Delivered late, it was the first: the incident began with it.
        row.created_at = event.occurred_at
    before = row.severity
    means = _regard(row, is_new=is_new)
    work.change(
        row,
        Happening(
            IncidentKind.ALERT_ATTACHED,
            at=event.occurred_at,
            reason=event.reason or placement,
            data={
                "alert_id": str(alert.id),
                "integration": alert.integration,
                "title": _title(alert),
                "severity": alert.severity.value,
                "was": before.value if means.rises else None,
            },
        ),
        tell=(TO_ONCALL,) if means.tells or means.rises else (),
        joined=_joined(event) if means.tells else None,
    )
    if means.reopens:
        _reopen(work, event, row)


def _regard(row: IncidentRow, *, is_new: bool = False) -> Effect:
    """Make an incident that is not over as grave as its alerts are; answers what that means."""
    before = Gravity(row.severity, row.worst_severity or row.severity, row.severity_chosen)
    after = before
    if row.status is not Status.RESOLVED:
        after = weigh(row.firing, before)
    row.severity, row.worst_severity = after.severity, after.worst
    row.severity_chosen = after.chosen
    return effect(row.status, before, after, is_new=is_new)


def _joined(event: AlertEvent) -> JoinedAlerts:
    return JoinedAlerts(count=1, severity=event.alert.severity, message=event.alert.message)


def _reopen(work: IncidentWork, event: AlertEvent, row: IncidentRow) -> None:
    reopen(
        work,
        row,
        at=event.occurred_at,
        reason=WORSE_ALERT_JOINED,
        data={"alert_id": str(event.alert.id), "severity": event.alert.severity.value},
    )


def _title(alert: AlertRow | AlertSnapshot) -> str:
    return title_of(alert.message, service=alert.service, severity=alert.severity)


async def _is_new(work: IncidentWork, event: AlertEvent, row: IncidentRow) -> bool:
    """Whether the incident has not had this fingerprint; asked only where it matters."""
    if row.status not in TAKEN:
        return False
    return _identity(event.alert) not in await alerts.had(work.held, row.id)


def _identity(alert: AlertSnapshot) -> Identity:
    return alert.integration, alert.fingerprint


def _attach(
    work: IncidentWork, event: AlertEvent, row: IncidentRow, alert: AlertRow | None
) -> None:
    """Give an alert to an incident, which counts it: one that fires, or has ended already."""
    row.alert_count += 1
    if alert is None:
        alert = _new_alert(event)
        work.held.begin(alert)
        _count_firing(row, alert.severity, 1)
    else:
        row.last_alert_end = latest(row.last_alert_end, alert.resolved_at)
    row.disagreeing += not alert.auto_resolve
    alert.incident_id = row.id
    alert.attached_at = event.occurred_at
    if row.id in work.held.had:
        work.held.had[row.id].add(_identity(event.alert))


def _count_firing(row: IncidentRow, severity: Severity, more: int) -> None:
    row.firing[severity] = row.firing.get(severity, 0) + more


def _new_alert(event: AlertEvent) -> AlertRow:
    return AlertRow(**event.alert.model_dump(exclude={"ends_at"}), auto_resolve=event.auto_resolve)


async def _updated(work: IncidentWork, event: AlertEvent) -> EventResult:
    """An alert that fires says something else than before; a graver one can page again."""
    alert = await alerts.lock_alert(work.held, event.alert.id)
    if alert is None or alert.incident_id is None:
        return result(event, Outcome.IGNORED, event.incident_id, "unknown_alert")
    if alert.resolved_at is not None:
        return result(event, Outcome.IGNORED, alert.incident_id, "already_resolved")
    if alert.updated_at is not None and event.occurred_at < alert.updated_at:
        return result(event, Outcome.IGNORED, alert.incident_id, "older_update")
    row = await _home(work, alert)
    before, was = row.severity, alert.severity
    _take_over(alert, event)
    _count_firing(row, was, -1)
    _count_firing(row, alert.severity, 1)
    means = _regard(row)
    changed = alert.severity is not was
    if worth_saying(severity_changed=changed, said_at=alert.update_said_at, now=work.now):
        alert.update_said_at = work.now
        work.change(
            row,
            Happening(
                IncidentKind.ALERT_UPDATED,
                at=event.occurred_at,
                reason=event.reason,
                data={
                    "alert_id": str(alert.id),
                    "title": _title(alert),
                    "from": was.value,
                    "to": alert.severity.value,
                },
            ),
        )
    regrade(work, row, before, at=event.occurred_at, joined=_joined(event) if means.tells else None)
    if means.reopens:
        _reopen(work, event, row)
    return result(event, Outcome.APPLIED, row.id, "updated")


def _take_over(alert: AlertRow, event: AlertEvent) -> None:
    """Keep what the sender says now."""
    said = event.alert
    alert.severity, alert.message, alert.service = said.severity, said.message, said.service
    alert.labels, alert.annotations, alert.links = said.labels, said.annotations, said.links
    alert.label_order = said.label_order
    alert.updated_at = event.occurred_at


async def _home(work: IncidentWork, alert: AlertRow) -> IncidentRow:
    """The incident of an alert that fires, locked; there is no such alert without one."""
    row = await incidents.lock(work.held, alert.incident_id) if alert.incident_id else None
    if row is None:
        raise LookupError(f"alert {alert.id} fires without an incident")
    return row


async def _resolved(work: IncidentWork, event: AlertEvent) -> EventResult:
    alert = await alerts.lock_alert(work.held, event.alert.id)
    if alert is None:
        alert = _new_alert(event)
        _end(alert, event)
        work.held.begin(alert)
        return result(event, Outcome.APPLIED, event.incident_id, "resolved_before_opened")
    if alert.resolved_at is not None:
        # Should the person who resolved it take that back, it has ended all the same.
        alert.sender_ended = alert.resolved_reason == BY_HAND
        return result(event, Outcome.IGNORED, alert.incident_id, "already_resolved")
    row = await _home(work, alert)
    row.disagreeing += alert.auto_resolve - event.auto_resolve
    _end(alert, event)
    _count_firing(row, alert.severity, -1)
    row.last_alert_end = latest(row.last_alert_end, alert.resolved_at)
    work.change(
        row,
        Happening(
            IncidentKind.ALERT_RESOLVED,
            at=event.occurred_at,
            reason=event.reason,
            data={"alert_id": str(alert.id), "title": _title(alert)},
        ),
    )
    standing = conclude_by_alerts(work, row)
    if standing is Standing.STILL_FIRING:
        before = row.severity
        _regard(row)
        regrade(work, row, before, at=event.occurred_at)
    return result(event, Outcome.APPLIED, row.id, standing)


def _end(alert: AlertRow, event: AlertEvent) -> None:
    alert.resolved_at = event.occurred_at
    alert.resolved_reason = event.reason
    alert.auto_resolve = event.auto_resolve
