"""Use case: incident-management tells of an incident that changed."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from oncall_service.core.core import Core
from oncall_service.paging import canary, joining, store
from oncall_service.paging.news import news_of
from oncall_service.paging.plans import plan_of
from oncall_service.paging.reasons import Reason
from oncall_service.paging.rules import Action, Heard, Known, react
from oncall_service.paging.runs import Runs
from oncall_service.tables import EscalationRow, IncidentRow
from shared import context
from shared.batches import parts
from shared.contracts.incidents import TAKEN, Incident, IncidentEvent, JoinedAlerts, Status
from shared.contracts.wire import EventResult, Outcome, Severity, is_worse
from shared.work import in_session

RELEASED_EVENT = "incident.released"

# So many events a transaction: what was applied stays so when time runs out for the rest.
EVENTS_AT_ONCE = 100

# A call for more alerts that nobody can be told of personally stands for all of this time.
CALLED_FOR = timedelta(minutes=1)

# Why an incident is open again, beside by the hands that had it.
AGAIN = frozenset({Reason.ACKNOWLEDGEMENT_FORGOTTEN, Reason.SNOOZE_ENDED, Reason.RESOLUTION_UNDONE})

_UNHEARD = {Reason.DUPLICATE_EVENT: Outcome.DUPLICATE, Reason.STALE_REVISION: Outcome.IGNORED}


async def hear(core: Core, events: Sequence[IncidentEvent]) -> list[EventResult]:
    """Apply events of incident-management in their order; one result an event.

    Part of a batch stays applied when the rest cannot be: its repetition is stale by then.
    """
    results: list[EventResult] = []
    for part in parts(events, EVENTS_AT_ONCE):
        results += await _hear(core, part)
    return results


async def _hear(core: Core, events: Sequence[IncidentEvent]) -> list[EventResult]:
    now = core.clock.now()
    async with in_session(core.database, lambda session: Runs(session, now)) as runs:
        named = {event.incident.id for event in events if not event.canary}
        known = await store.lock(runs.session, named, now)
        hearing = _Hearing(
            runs,
            await store.running_of(runs.session, named),
            await store.teams_paged(runs.session, named),
        )
        results = []
        for event in events:
            # A batch comes from many requests, and what follows from each belongs to that one.
            with context.bound(event.context):
                reason = (
                    await canary.hear(runs, event.incident)
                    if event.canary
                    else await _apply(hearing, known[event.incident.id], event)
                )
            results.append(
                EventResult(
                    event_id=event.event_id,
                    outcome=_UNHEARD.get(reason, Outcome.APPLIED),
                    incident_id=event.incident.id,
                    reason=reason,
                )
            )
    return results


@dataclass
class _Hearing:
    """What one transaction knows of the incidents it hears about, read once for all of them."""

    runs: Runs
    running: dict[UUID, EscalationRow]
    paged: dict[UUID, frozenset[str]]


async def _apply(hearing: _Hearing, row: IncidentRow, event: IncidentEvent) -> Reason:
    said, runs = event.incident, hearing.runs
    run = hearing.running.get(row.id)
    reaction = react(
        Known(
            revision=row.revision,
            status=Status(row.status) if row.status else None,
            team=await runs.directory.known_team(row.team),
            running_team=run.team_name if run else None,
            paged=frozenset() if run else hearing.paged.get(row.id, frozenset()),
        ),
        Heard(
            revision=said.revision,
            status=said.status,
            team=await runs.directory.known_team(said.team),
            released=event.type == RELEASED_EVENT,
            merged=said.merged_into is not None,
            worse=event.reason == Reason.WORSE_ALERT_JOINED,
            again=Reason(event.reason) if event.reason in AGAIN else None,
            rises=bool(row.severity) and is_worse(said.severity, Severity(row.severity)),
        ),
    )
    if reaction.reason in _UNHEARD:
        return reaction.reason
    before = Status(row.status) if row.status else None
    if said.status is not before:
        row.forgotten_at = await _forgotten_at(hearing, run, said)
    _remember(row, event)
    runs.heard(row, before, news_of(event, before))
    if run is not None and reaction.action in (Action.STOP, Action.RESTART):
        runs.stop(run, reaction.reason)
        del hearing.running[row.id]
        hearing.paged[row.id] = hearing.paged.get(row.id, frozenset()) | {run.team_name}
    if reaction.action is Action.RESTART:
        # Before the next one is written: an incident has one run that is active.
        await runs.session.flush()
    if reaction.action in (Action.START, Action.RESTART):
        route = await runs.directory.route(service=said.service, team=said.team)
        by = event.actor.name if event.actor else "incident-management"
        hearing.running[row.id] = await runs.start(row, route, reaction.reason, by=by)
    elif event.joined is not None and row.status in TAKEN and row.id not in hearing.running:
        return await _tell_more(hearing, row, event, event.joined)
    return reaction.reason


async def _forgotten_at(
    hearing: _Hearing, run: EscalationRow | None, said: Incident
) -> datetime | None:
    """When an acknowledgement counts no more, by the policy of the run that it ends."""
    if said.status is not Status.ACKNOWLEDGED or said.merged_into is not None:
        return None
    if run is not None:
        plan = plan_of(run)
    else:
        route = await hearing.runs.directory.route(service=said.service, team=said.team)
        plan = route.plan
    minutes = plan.acknowledge_timeout_minutes
    return hearing.runs.now + timedelta(minutes=minutes) if minutes is not None else None


async def _tell_more(
    hearing: _Hearing, row: IncidentRow, event: IncidentEvent, joined: JoinedAlerts
) -> Reason:
    """Tell whoever has the incident of what joined it; if nobody can be told, one step is done."""
    said, runs = event.incident, hearing.runs
    has_it = said.assignee
    if has_it is None or not await joining.tell_more(runs, row, has_it, joined, event.event_id):
        last = await store.latest(runs.session, row.id)
        if last is not None and _just_told_of_more(last, runs.now):
            return Reason.MORE_ALERTS
        route = await runs.directory.route(service=said.service, team=said.team)
        await runs.start(row, route, Reason.MORE_ALERTS, by="incident-management", single_step=True)
    return Reason.MORE_ALERTS


def _just_told_of_more(run: EscalationRow, now: datetime) -> bool:
    # Trouble comes in company: whoever was called a moment ago will see the rest of it.
    return run.started_reason == Reason.MORE_ALERTS and now - run.started_at < CALLED_FOR


def _remember(row: IncidentRow, event: IncidentEvent) -> None:
    said = event.incident
    row.revision, row.number = said.revision, said.number
    # What was merged away is over here, whatever status it carried into the other incident.
    row.status = Status.RESOLVED if said.merged_into is not None else said.status
    row.title, row.service, row.severity = said.title, said.service, said.severity
    row.team, row.updated_at = said.team, event.occurred_at
