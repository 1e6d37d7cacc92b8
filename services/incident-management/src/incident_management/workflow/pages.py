"""Events of pages: what oncall-service did to reach somebody, for the timeline and the assignee."""

from collections.abc import Sequence

from incident_management import store
from incident_management.ledger import EVENTS_AT_ONCE, Happening, Work, transaction
from incident_management.tables import IncidentRow
from shared.batches import parts
from shared.clock import Clock
from shared.contracts.incidents import Status
from shared.contracts.oncall import PageEvent
from shared.contracts.wire import EventResult, Outcome
from shared.database import Database

# {type: the sentence when the event brings none}
_SENTENCES = {
    "page.started": "Paging began{team}.",
    "page.requested": "Somebody asked for a page.",
    "page.target": "Paged {person}{step}.",
    "page.gap": "Nobody is on call{team}: the fallback is paged.",
    "notification.sent": "Notified {person}{channel}.",
    "notification.failed": "Could not notify {person}{channel}.",
    "page.exhausted": "Everybody was paged and nobody acknowledged.",
    "page.stopped": "Paging stopped.",
}


async def take_page_events(
    database: Database, clock: Clock, events: Sequence[PageEvent]
) -> list[EventResult]:
    """Apply a batch in order; one result an event.

    Part of it stays applied when the rest cannot be: its repetition finds it done.
    """
    results: list[EventResult] = []
    for part in parts(events, EVENTS_AT_ONCE):
        results += await _take(database, clock, part)
    return results


async def _take(database: Database, clock: Clock, events: Sequence[PageEvent]) -> list[EventResult]:
    async with transaction(database, clock.now()) as work:
        seen = set(await store.processed(work.session, [event.event_id for event in events]))
        fresh = [event for event in events if event.event_id not in seen]
        if fresh:
            await store.hold(work.session, {event.incident_id for event in fresh}, ())
        results = []
        for event in events:
            if event.event_id in seen:
                results.append(_result(event, Outcome.DUPLICATE, "event_seen_before"))
                continue
            results.append(await _apply(work, event))
            seen.add(event.event_id)
            work.ledger.processed(event.event_id, event.incident_id)
        await store.remember_people(
            work.session, [event.person for event in fresh if event.person is not None]
        )
        return results


async def _apply(work: Work, event: PageEvent) -> EventResult:
    row = await store.lock_reference(work.session, event.incident_id)
    if row is None:
        return _result(event, Outcome.IGNORED, "unknown_incident")
    changed = _adopt(row, event)
    happening = Happening(
        kind=event.type,
        text=event.detail or sentence(event),
        at=event.occurred_at,
        reason=event.reason,
        data=event.model_dump(
            mode="json", include={"team", "person", "step", "channel"}, exclude_none=True
        ),
    )
    # oncall-service knows what it did: telling it again would only echo.
    if changed:
        work.ledger.change(row, happening)
    else:
        work.ledger.remark(row, happening)
    return EventResult(event_id=event.event_id, outcome=Outcome.APPLIED, incident_id=row.id)


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


def sentence(event: PageEvent) -> str:
    """What happened, in words; an event of a newer version is at least named."""
    template = _SENTENCES.get(event.type)
    if template is None:
        return f"{event.type}."
    return template.format(
        team=f" for the team {event.team.name}" if event.team else "",
        person=event.person.name if event.person else "somebody",
        step=f" (step {event.step})" if event.step is not None else "",
        channel=f" by {event.channel}" if event.channel else "",
    )


def _result(event: PageEvent, outcome: Outcome, reason: str) -> EventResult:
    return EventResult(
        event_id=event.event_id, outcome=outcome, incident_id=event.incident_id, reason=reason
    )
