"""Events of pages: what oncall-service did to reach somebody, for the timeline and the assignee."""

from collections.abc import Sequence
from uuid import UUID

from incident_management.store import incidents, people
from incident_management.store.events import processed
from incident_management.tables import IncidentRow
from incident_management.targets import Targets
from incident_management.workflow.lifecycle import reopen
from incident_management.workflow.work import (
    EVENTS_AT_ONCE,
    TO_ALERTS,
    Happening,
    IncidentWork,
    transaction,
)
from shared import context
from shared.batches import parts
from shared.clock import Clock
from shared.contracts.incidents import ACKNOWLEDGEMENT_FORGOTTEN, CANARY_PAGED, Status
from shared.contracts.oncall import PageEvent, PageKind
from shared.contracts.wire import EventResult, Outcome
from shared.database import Database
from shared.urgency import Occasion


async def take_page_events(
    database: Database, clock: Clock, targets: Targets, events: Sequence[PageEvent]
) -> list[EventResult]:
    """Apply a batch in order; one result an event.

    Part of it stays applied when the rest cannot be: its repetition finds it done.
    """
    results: list[EventResult] = []
    for part in parts(events, EVENTS_AT_ONCE):
        results += await _take(database, clock, targets, part)
    return results


async def _take(
    database: Database, clock: Clock, targets: Targets, events: Sequence[PageEvent]
) -> list[EventResult]:
    async with transaction(database, clock.now(), targets) as work:
        seen = set(await processed(work.held.connection, [event.event_id for event in events]))
        fresh = [event for event in events if event.event_id not in seen]
        if fresh:
            await incidents.hold(work.held, {event.incident_id for event in fresh}, ())
        results = []
        for event in events:
            if event.event_id in seen:
                results.append(_result(event, Outcome.DUPLICATE, "event_seen_before"))
                continue
            with context.bound(event.context):
                results.append(await _apply(work, event))
            seen.add(event.event_id)
            work.processed(event.event_id, event.incident_id)
        await people.remember_people(
            work.held.connection, [event.person for event in fresh if event.person is not None]
        )
        return results


async def _apply(work: IncidentWork, event: PageEvent) -> EventResult:
    row = await incidents.lock_reference(work.held, event.incident_id)
    if row is None:
        return _result(event, Outcome.IGNORED, "unknown_incident")
    if event.type == PageKind.FORGOTTEN:
        return _forget(work, row, event)
    changed = _adopt(row, event)
    named = event.model_dump(
        mode="json", include={"team", "person", "step", "channel"}, exclude_none=True
    )
    happening = Happening(
        event.type,
        at=event.occurred_at,
        reason=event.reason,
        data={**event.data, **named},
        text=event.detail,
    )
    if row.canary and event.type == PageKind.NOTIFICATION_SENT:
        work.tell(
            TO_ALERTS,
            row,
            Happening(CANARY_PAGED, at=event.occurred_at),
            occasion=Occasion.FIRST_WORD,
        )
    # oncall-service knows what it did: telling it again would only echo.
    if changed:
        work.change(row, happening)
    else:
        work.remark(row, happening)
    return EventResult(event_id=event.event_id, outcome=Outcome.APPLIED, incident_id=row.id)


def _forget(work: IncidentWork, row: IncidentRow, event: PageEvent) -> EventResult:
    """Nothing followed on an acknowledgement: the incident is open again, and pages anew."""
    snoozed = row.snoozed_until is not None
    if row.status is not Status.ACKNOWLEDGED or snoozed:
        return _result(event, Outcome.IGNORED, "somebody_cares")
    work.goes_on_from(row)
    reopen(
        work,
        row,
        at=event.occurred_at,
        reason=ACKNOWLEDGEMENT_FORGOTTEN,
        data={"by": row.assignee_name or row.acknowledged_by, **event.data},
    )
    return _result(event, Outcome.APPLIED, ACKNOWLEDGEMENT_FORGOTTEN, row.id)


def _adopt(row: IncidentRow, event: PageEvent) -> bool:
    """Fill in what the incident lacks: whose team it is, and who was asked to take it."""
    if row.status is Status.RESOLVED:
        return False
    changed = False
    if event.team is not None and row.team is None:
        row.team = event.team.name
        changed = True
    if event.assign and event.person is not None and row.assignee_id is None:
        row.assignee_id, row.assignee_name = event.person.id, event.person.name
        changed = True
    return changed


def _result(
    event: PageEvent, outcome: Outcome, reason: str, incident_id: UUID | None = None
) -> EventResult:
    return EventResult(
        event_id=event.event_id,
        outcome=outcome,
        incident_id=incident_id or event.incident_id,
        reason=reason,
    )
