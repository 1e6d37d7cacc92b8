"""Whom runs page next: those their next step would ask, if it were done now."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from oncall_service.paging.directory import Directory
from oncall_service.paging.plans import plan_of
from oncall_service.paging.reasons import Reason
from oncall_service.paging.shapes import RunStatus
from oncall_service.paging.steps import Roster, reached, stand_in, suited, wanted
from oncall_service.policies.rules import Step
from oncall_service.tables import EscalationRow
from shared.contracts.wire import Ref


async def people_of(
    session: AsyncSession, rows: Iterable[EscalationRow], now: datetime
) -> Mapping[UUID, Sequence[Ref]]:
    """By run, for those that go on; many runs of a team ask for its calendar once."""
    directory = Directory(session, now)
    found: dict[UUID, tuple[UUID, ...]] = {}
    for row in rows:
        plan = plan_of(row)
        if (
            row.status != RunStatus.RUNNING
            or row.due_at is None
            or row.next_step >= len(plan.steps)
        ):
            continue
        roster = await directory.roster(row.team_id, plan)
        found[row.id] = _asked(plan.steps[row.next_step], roster)
    names = await directory.people({person for people in found.values() for person in people})
    return {
        run: [names[person].ref for person in people if person in names]
        for run, people in found.items()
    }


def _asked(step: Step, roster: Roster) -> tuple[UUID, ...]:
    asks = reached(suited(step, wanted(step, roster), roster), roster)
    if asks:
        return tuple(ask.person for ask in asks)
    return stand_in(roster, Reason.NOBODY_AT_ALL).people
