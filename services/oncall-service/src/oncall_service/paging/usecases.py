"""Use cases: somebody asks for more help, or looks at escalation runs."""

from collections.abc import Sequence
from uuid import UUID

from oncall_service.core.core import Core
from oncall_service.core.store import lookup
from oncall_service.paging import following, store
from oncall_service.paging.reasons import Reason
from oncall_service.paging.runs import Runs
from oncall_service.paging.shapes import EscalateCommand
from oncall_service.paging.steps import Position
from oncall_service.tables import EscalationRow, IncidentRow, TeamRow
from shared.contracts.identity import Principal
from shared.contracts.incidents import Status
from shared.contracts.oncall_api import EscalationView
from shared.contracts.wire import Page, Ref
from shared.errors import Conflict, NotFound
from shared.paging import Keyset
from shared.urgency import Occasion
from shared.work import in_session

_RUNS = Keyset("escalations", UUID)


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
    async with in_session(core.database, lambda session: Runs(session, now)) as runs:
        incident = await store.lock_known(runs.session, command.incident_id)
        if incident is None or incident.status is None:
            raise NotFound(f"There is no incident {command.incident_id} here.")
        if incident.status == Status.RESOLVED:
            raise Conflict("The incident is resolved: there is nothing to escalate.")
        team = None
        if command.team is not None:
            team = await lookup.refer(runs.session, TeamRow, command.team, "team")
        return view(await _escalate(runs, incident, team, by=who.name, why=command.reason))


async def get(core: Core, escalation_id: UUID) -> EscalationView:
    """One run."""
    async with core.database.session() as session:
        row = await session.get(EscalationRow, escalation_id)
        if row is None:
            raise NotFound(f"There is no escalation {escalation_id}.")
        return view(row)


async def listed(
    core: Core,
    *,
    incident_id: UUID | None,
    team: str | None,
    status: str | None,
    limit: int,
    cursor: str | None,
) -> Page[EscalationView]:
    """Runs, newest first."""
    after = _RUNS.after(cursor)
    async with core.database.session() as session:
        of = None
        if team is not None:
            of = (await lookup.refer(session, TeamRow, team, "team")).id
        rows = await store.listed(
            session,
            incident=incident_id,
            team=of,
            status=status,
            before=after[0] if after else None,
            limit=limit + 1,
        )
        nexts = await following.people_of(session, rows, core.clock.now())
    return _RUNS.page(
        rows, limit, key=lambda row: (row.id,), show=lambda row: view(row, nexts.get(row.id, ()))
    )


def view(row: EscalationRow, next_people: Sequence[Ref] = ()) -> EscalationView:
    """A run as the API shows it."""
    return EscalationView(
        id=row.id,
        incident_id=row.incident_id,
        team=Ref(id=row.team_id, name=row.team_name),
        policy=row.policy_name,
        status=row.status,
        round=row.next_round,
        step=row.next_step,
        steps=len(row.plan["steps"]),
        due_at=row.due_at,
        started_at=row.started_at,
        started_reason=row.started_reason,
        started_by=row.started_by,
        ended_at=row.ended_at,
        ended_reason=row.ended_reason,
        next_people=list(next_people),
    )


async def _escalate(
    runs: Runs, incident: IncidentRow, team: TeamRow | None, *, by: str, why: str
) -> EscalationRow:
    session = runs.session
    run = await store.running(session, incident.id)
    if run is not None:
        # Before what follows from it.
        runs.explain(run, by=by, why=why)
        if team is None or team.id == run.team_id:
            await runs.step(incident, run, occasion=Occasion.FIRST_WORD, waits=False)
            return run
        runs.stop(run, Reason.TEAM_CHANGED)
        await session.flush()
    name = team.name if team else incident.team
    route = await runs.directory.route(service=incident.service, team=name)
    acknowledged = incident.status != Status.OPEN
    at = None
    if acknowledged:
        # Whoever was paged knows already: go on where the last run stopped.
        last = await store.latest(session, incident.id)
        if last is not None and last.team_id == route.team:
            at = _going_on(last, len(route.plan.steps))
    return await runs.start(
        incident,
        route,
        Reason.ESCALATED_BY_HAND,
        by=by,
        why=why if run is None else None,
        at=at,
        single_step=acknowledged,
        # Somebody asks for it now.
        waits=False,
    )


def _going_on(last: EscalationRow, steps: int) -> Position:
    return Position(0, last.next_step if last.next_step < steps else 0)
