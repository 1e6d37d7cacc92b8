"""What incident-management decided: incidents resolved, merged, or held under another id.

Events come at least once and in any order, so nothing here depends on which came first: a newer
snapshot is remembered, and then alerts and groups are settled to fit what is known.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from uuid import UUID

from alert_ingestion.store import alerts, groups, incidents, locks
from alert_ingestion.workflow import canary
from shared.asking import answer
from shared.contracts.alerts import AlertEvent
from shared.contracts.incidents import IncidentEvent
from shared.contracts.wire import EventResult, Outcome
from shared.database import Connection, Database


async def hear(
    database: Database, events: Sequence[IncidentEvent], now: datetime
) -> list[EventResult]:
    """Apply a batch: of senders' incidents in one transaction, then of the canary's."""
    of_senders = [event for event in events if not event.canary]
    results: list[EventResult] = []
    if of_senders:
        async with database.transaction() as connection:
            results += await take_incident_events(connection, of_senders, now)
    return results + await canary.hear(database, [one for one in events if one.canary], now)


async def take_incident_events(
    connection: Connection, events: Sequence[IncidentEvent], now: datetime
) -> list[EventResult]:
    """Apply a batch, in order; one result an event."""
    await locks.incident_moves(connection)
    named = {event.incident.id for event in events} | {
        event.incident.merged_into for event in events if event.incident.merged_into
    }
    await _lock(connection, named)
    fresh = await incidents.first_seen_events(connection, [event.event_id for event in events], now)
    outcomes: list[tuple[IncidentEvent, Outcome, str]] = []
    for event in events:
        if event.event_id not in fresh:
            outcomes.append((event, Outcome.DUPLICATE, "event_seen_before"))
            continue
        fresh.discard(event.event_id)
        if await incidents.learn(connection, event.incident):
            outcomes.append((event, Outcome.APPLIED, event.reason))
        else:
            outcomes.append((event, Outcome.IGNORED, "older_revision"))
    await _settle(connection, named, now)
    ends = await incidents.chain(connection, named)
    return [
        EventResult(
            event_id=event.event_id,
            outcome=outcome,
            incident_id=ends[event.incident.id],
            reason=reason,
        )
        for event, outcome, reason in outcomes
    ]


async def follow_answers(
    connection: Connection, answers: Sequence[tuple[AlertEvent, EventResult]], now: datetime
) -> int:
    """Move alerts to the incidents that incident-management says hold them; how many moved.

    It differs from ours when a recurrence was open already, when our incident was merged, or when
    it had been resolved before the alert arrived there.
    """
    moves = [
        (event, result.incident_id)
        for event, result in answers
        if result.incident_id is not None and result.incident_id != event.incident_id
    ]
    if not moves:
        return 0
    await locks.incident_moves(connection)
    targets = {target for _, target in moves}
    named = targets | {event.incident_id for event, _ in moves}
    await _lock(connection, named, {event.correlation_key for event, _ in moves})
    await incidents.acquaint(connection, targets)
    ends = await incidents.chain(connection, {event.incident_id for event, _ in moves})
    moved = 0
    for event, target in moves:
        alert = await alerts.by_id(connection, event.alert.id)
        # An answer to an older event must not undo a later move. That its incident was merged
        # meanwhile is none: whoever answered has followed that already.
        sent_to = (event.incident_id, ends[event.incident_id])
        if alert is None or alert.incident_id not in sent_to:
            continue
        await alerts.move(connection, alert.id, target)
        # A resolve by hand of the incident it was sent to did not mean it.
        await alerts.reopen(connection, alert.id)
        await groups.continue_in(connection, alert.correlation_key, alert.incident_id, target, now)
        moved += 1
    await _settle(connection, named, now)
    return moved


async def _lock(
    connection: Connection, incident_ids: Iterable[UUID], keys: Iterable[str] = ()
) -> None:
    """Lock everything by which alerts of these incidents, wherever merged to, can change."""
    ends = await incidents.chain(connection, incident_ids)
    everything = {*ends, *ends.values()}
    keys = {*keys, *await groups.keys_of_incidents(connection, everything)}
    await answer(connection, locks.correlation_keys(keys))
    await incidents.locked(connection, everything)


async def _settle(connection: Connection, incident_ids: Iterable[UUID], now: datetime) -> None:
    """Make alerts and groups fit what is known of these incidents; repeating it changes nothing."""
    ends = await incidents.chain(connection, incident_ids)
    for source, target in sorted(ends.items()):
        if source != target:
            await alerts.move_all(connection, source, target)
            await groups.move_all(connection, source, target)
    for incident_id in sorted(set(ends.values())):
        resolution = await incidents.resolution(connection, incident_id)
        if resolution is None:
            if await incidents.is_open(connection, incident_id):
                # Where it was over before, that was taken back.
                await alerts.reopen_of_incident(connection, incident_id)
                await groups.reopen_of_incident(connection, incident_id)
            continue
        resolved_at, by_hand = resolution
        await groups.close_of_incidents(
            connection, [incident_id], reason=groups.INCIDENT_RESOLVED, now=now
        )
        # One that resolved itself had no alert firing, as far as incident-management knew. What
        # fires here is on its way there, and the answer will say where it belongs.
        if by_hand:
            await alerts.close_by_hand(connection, incident_id, resolved_at)
