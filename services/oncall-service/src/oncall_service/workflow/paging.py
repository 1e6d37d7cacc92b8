"""Use cases: an incident changed, a step is due, somebody asks for more help."""

from collections.abc import Sequence
from uuid import UUID

import structlog
from sqlmodel.ext.asyncio.session import AsyncSession

from oncall_service.escalation import Action, Heard, Known, Position, Reason, react
from oncall_service.resources.policies import EscalateCommand, EscalationView
from oncall_service.store import incidents, lookup, routing
from oncall_service.tables import EscalationRow, IncidentRow, TeamRow
from oncall_service.workflow.core import Core
from oncall_service.workflow.runs import Runs
from shared.contracts.identity import Principal
from shared.contracts.incidents import IncidentEvent, Status
from shared.contracts.wire import EventResult, Outcome
from shared.errors import Conflict, NotFound

RELEASED_EVENT = "incident.released"
DUE_AT_ONCE = 200

_UNHEARD = {Reason.DUPLICATE_EVENT: Outcome.DUPLICATE, Reason.STALE_REVISION: Outcome.IGNORED}

_log = structlog.get_logger(__name__)


async def hear(core: Core, events: Sequence[IncidentEvent]) -> list[EventResult]:
    """Apply events of incident-management in their order, in one transaction."""
    now = core.clock.now()
    results = []
    async with core.database.session() as session:
        known = await incidents.lock(session, {event.incident.id for event in events}, now)
        runs = Runs(session, now, core.settings.web_ui_url)
        for event in events:
            reason = await _apply(session, runs, known[event.incident.id], event)
            results.append(
                EventResult(
                    event_id=event.event_id,
                    outcome=_UNHEARD.get(reason, Outcome.APPLIED),
                    incident_id=event.incident.id,
                    reason=reason,
                )
            )
        await runs.settle()
    return results


async def run_due(core: Core) -> int:
    """Do the steps that are due; how many there were (run by an engine, on every replica).

    Each incident has a transaction of its own: one that fails holds up no other, and the cycle
    then counts as failed.
    """
    async with core.database.session() as session:
        waiting = await incidents.due(session, core.clock.now(), DUE_AT_ONCE)
    done, failed = 0, 0
    for incident in waiting:
        try:
            done += await _run_due(core, incident)
        except Exception:  # noqa: BLE001 - counted, and raised at the end
            failed += 1
            _log.exception("escalation_step_failed", incident_id=str(incident))
    if failed:
        raise RuntimeError(f"{failed} of {len(waiting)} escalations could not be advanced")
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


async def _apply(
    session: AsyncSession, runs: Runs, row: IncidentRow, event: IncidentEvent
) -> Reason:
    said = event.incident
    run = await incidents.running(session, row.id)
    reaction = react(
        Known(
            revision=row.revision,
            status=Status(row.status) if row.status else None,
            team=await _known_team(session, row.team),
            running_team=run.team_name if run else None,
            paged=frozenset() if run else await incidents.teams_paged(session, row.id),
        ),
        Heard(
            revision=said.revision,
            status=said.status,
            team=await _known_team(session, said.team),
            released=event.type == RELEASED_EVENT,
            merged=said.merged_into is not None,
        ),
    )
    if reaction.reason in _UNHEARD:
        return reaction.reason
    _remember(row, event)
    if run is not None and reaction.action in (Action.STOP, Action.RESTART):
        await runs.stop(run, reaction.reason)
    if reaction.action in (Action.START, Action.RESTART):
        route = await routing.route(session, service=said.service, team=said.team)
        by = event.actor.name if event.actor else "incident-management"
        await runs.start(row, route, reaction.reason, by=by)
    return reaction.reason


async def _known_team(session: AsyncSession, name: str | None) -> str | None:
    """The team by the name it has here; one that is unknown cannot be paged, and is no news."""
    team = await lookup.find(session, TeamRow, name) if name else None
    return team.name if team else None


def _remember(row: IncidentRow, event: IncidentEvent) -> None:
    said = event.incident
    row.revision, row.number = said.revision, said.number
    # What was merged away is over here, whatever status it carried into the other incident.
    row.status = Status.RESOLVED if said.merged_into is not None else said.status
    row.title, row.service, row.severity = said.title, said.service, said.severity
    row.team, row.updated_at = said.team, event.occurred_at


async def _run_due(core: Core, incident_id: UUID) -> int:
    now = core.clock.now()
    async with core.database.session() as session:
        incident = await incidents.lock_if_free(session, incident_id)
        if incident is None:
            return 0
        # Read after the lock: another replica may have done this step a moment ago.
        run = await incidents.running(session, incident_id)
        if run is None or run.due_at is None or run.due_at > now:
            return 0
        runs = Runs(session, now, core.settings.web_ui_url)
        await runs.step(incident, run)
        await runs.settle()
        return 1


async def _escalate(
    session: AsyncSession, runs: Runs, incident: IncidentRow, team: TeamRow | None, by: str
) -> EscalationRow:
    run = await incidents.running(session, incident.id)
    if run is not None and (team is None or team.id == run.team_id):
        await runs.step(incident, run)
        return run
    if run is not None:
        await runs.stop(run, Reason.TEAM_CHANGED)
    name = team.name if team else incident.team
    route = await routing.route(session, service=incident.service, team=name)
    acknowledged = incident.status != Status.OPEN
    at = None
    if acknowledged:
        # Whoever was paged knows already: go on where the last run stopped.
        last = await incidents.latest(session, incident.id)
        if last is not None and last.team_id == route.team:
            at = _going_on(last, len(route.plan.steps))
    return await runs.start(
        incident, route, Reason.ESCALATED_BY_HAND, by=by, at=at, single_step=acknowledged
    )


def _going_on(last: EscalationRow, steps: int) -> Position:
    return Position(0, last.next_step if last.next_step < steps else 0)
