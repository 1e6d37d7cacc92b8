"""Use cases: an incident changed, a step is due, somebody asks for more help."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

import structlog
from sqlmodel.ext.asyncio.session import AsyncSession

from oncall_service.core.core import Core
from oncall_service.core.store import lookup
from oncall_service.paging.rules import Action, Heard, Known, Position, Reason, react
from oncall_service.paging.runs import Runs
from oncall_service.paging.store import incidents
from oncall_service.policies.shapes import EscalateCommand, EscalationView
from oncall_service.tables import EscalationRow, IncidentRow, TeamRow
from shared.batches import parts
from shared.contracts.identity import Principal
from shared.contracts.incidents import TAKEN, IncidentEvent, JoinedAlerts, Status
from shared.contracts.wire import EventResult, Outcome, Severity, is_worse
from shared.errors import Conflict, NotFound
from shared.urgency import Occasion

RELEASED_EVENT = "incident.released"
DUE_AT_ONCE = 200

# So many events a transaction: what was applied stays so when time runs out for the rest.
EVENTS_AT_ONCE = 100

# A call for more alerts that nobody can be told of personally stands for all of this time.
CALLED_FOR = timedelta(minutes=1)

_UNHEARD = {Reason.DUPLICATE_EVENT: Outcome.DUPLICATE, Reason.STALE_REVISION: Outcome.IGNORED}

_log = structlog.get_logger(__name__)


async def hear(core: Core, events: Sequence[IncidentEvent]) -> list[EventResult]:
    """Apply events of incident-management in their order; one result an event.

    Part of a batch stays applied when the rest cannot be: its repetition is stale by then.
    """
    results: list[EventResult] = []
    for part in parts(events, EVENTS_AT_ONCE):
        results += await _hear(core, part)
    return results


async def run_due(core: Core) -> int:
    """Do the steps that are due; how many there were (run by an engine, on every replica).

    Many incidents share a transaction. If that fails each gets one of its own, so that one that
    cannot be advanced holds up no other; the cycle then counts as failed.
    """
    done, failed = 0, 0
    while True:
        now = core.clock.now()
        async with core.database.session() as session:
            waiting = await incidents.due(session, now, DUE_AT_ONCE)
        try:
            advanced = await _advance(core, waiting)
        except Exception:  # noqa: BLE001 - found by doing them one by one
            _log.exception("escalation_steps_failed_together", incidents=len(waiting))
            advanced = 0
            for incident in waiting:
                try:
                    advanced += await _advance(core, [incident])
                except Exception:  # noqa: BLE001 - counted, and raised at the end
                    failed += 1
                    _log.exception("escalation_step_failed", incident_id=str(incident))
        done += advanced
        if failed:
            raise RuntimeError(f"{failed} of {len(waiting)} escalations could not be advanced")
        if len(waiting) < DUE_AT_ONCE or not advanced:
            return done


async def escalate(core: Core, command: EscalateCommand, who: Principal) -> EscalationView:
    """Go to the next step at once, or page if nobody is being paged.

    Another ``team`` takes the incident over from its first step. For an incident somebody has
    acknowledged already it is a call for help: one more step, and no repetition, because nobody
    is going to acknowledge again.

    Raises:
        NotFound: incident-management never told of this incident.
        Conflict: it is resolved.
    """
    now = core.clock.now()
    async with core.database.session() as session:
        incident = await incidents.lock_known(session, command.incident_id)
        if incident is None or incident.status is None:
            raise NotFound(f"There is no incident {command.incident_id} here.")
        if incident.status == Status.RESOLVED:
            raise Conflict("The incident is resolved: there is nothing to escalate.")
        team = None
        if command.team is not None:
            team = await lookup.refer(session, TeamRow, command.team, "team")
        runs = Runs(session, now, core.settings.web_ui_url)
        run = await _escalate(session, runs, incident, team, who.name)
        runs.explain(run, f"{who.name} escalated{f': {command.reason}' if command.reason else ''}.")
        await runs.settle()
        return incidents.view(run)


async def _hear(core: Core, events: Sequence[IncidentEvent]) -> list[EventResult]:
    now = core.clock.now()
    async with core.database.session() as session:
        named = {event.incident.id for event in events}
        known = await incidents.lock(session, named, now)
        hearing = _Hearing(
            session,
            Runs(session, now, core.settings.web_ui_url),
            await incidents.running_of(session, named),
            await incidents.teams_paged(session, named),
        )
        results = []
        for event in events:
            reason = await _apply(hearing, known[event.incident.id], event)
            results.append(
                EventResult(
                    event_id=event.event_id,
                    outcome=_UNHEARD.get(reason, Outcome.APPLIED),
                    incident_id=event.incident.id,
                    reason=reason,
                )
            )
        await hearing.runs.settle()
    return results


@dataclass
class _Hearing:
    """What one transaction knows of the incidents it hears about, read once for all of them."""

    session: AsyncSession
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
            rises=bool(row.severity) and is_worse(said.severity, Severity(row.severity)),
        ),
    )
    if reaction.reason in _UNHEARD:
        return reaction.reason
    _remember(row, event)
    runs.over(row.id, row.status == Status.RESOLVED)
    if run is not None and reaction.action in (Action.STOP, Action.RESTART):
        await runs.stop(run, reaction.reason)
        del hearing.running[row.id]
        hearing.paged[row.id] = hearing.paged.get(row.id, frozenset()) | {run.team_name}
    if reaction.action is Action.RESTART:
        # Before the next one is written: an incident has one run that is active.
        await hearing.session.flush()
    if reaction.action in (Action.START, Action.RESTART):
        route = await runs.directory.route(service=said.service, team=said.team)
        by = event.actor.name if event.actor else "incident-management"
        hearing.running[row.id] = await runs.start(row, route, reaction.reason, by=by)
    elif event.joined is not None and row.status in TAKEN and row.id not in hearing.running:
        return await _tell_more(hearing, row, event, event.joined)
    return reaction.reason


async def _tell_more(
    hearing: _Hearing, row: IncidentRow, event: IncidentEvent, joined: JoinedAlerts
) -> Reason:
    """Tell whoever has the incident of what joined it; if nobody can be told, one step is done."""
    said, runs = event.incident, hearing.runs
    has_it = said.assignee
    if has_it is None or not await runs.tell_more(row, has_it, joined, event.event_id):
        last = await incidents.latest(hearing.session, row.id)
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


async def _advance(core: Core, due: Sequence[UUID]) -> int:
    """Do what is due of these incidents, in one transaction; how many there were."""
    if not due:
        return 0
    now = core.clock.now()
    async with core.database.session() as session:
        free = await incidents.lock_free(session, due)
        # Read after the lock: another replica may have done a step a moment ago.
        running = await incidents.running_of(session, free)
        runs = Runs(session, now, core.settings.web_ui_url)
        done = 0
        # In the order in which they were due, not of their locks.
        for incident in due:
            run = running.get(incident)
            if run is None or run.due_at is None or run.due_at > now:
                continue
            await runs.step(free[incident], run)
            done += 1
        await runs.settle()
        return done


async def _escalate(
    session: AsyncSession, runs: Runs, incident: IncidentRow, team: TeamRow | None, by: str
) -> EscalationRow:
    run = await incidents.running(session, incident.id)
    if run is not None and (team is None or team.id == run.team_id):
        await runs.step(incident, run, occasion=Occasion.FIRST_WORD, waits=False)
        return run
    if run is not None:
        await runs.stop(run, Reason.TEAM_CHANGED)
        await session.flush()
    name = team.name if team else incident.team
    route = await runs.directory.route(service=incident.service, team=name)
    acknowledged = incident.status != Status.OPEN
    at = None
    if acknowledged:
        # Whoever was paged knows already: go on where the last run stopped.
        last = await incidents.latest(session, incident.id)
        if last is not None and last.team_id == route.team:
            at = _going_on(last, len(route.plan.steps))
    return await runs.start(
        incident,
        route,
        Reason.ESCALATED_BY_HAND,
        by=by,
        at=at,
        single_step=acknowledged,
        # Somebody asks for it now.
        waits=False,
    )


def _going_on(last: EscalationRow, steps: int) -> Position:
    return Position(0, last.next_step if last.next_step < steps else 0)
