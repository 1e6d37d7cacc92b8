"""What became of messages, written down: many of them in one transaction."""

from collections.abc import Sequence

from sqlmodel.ext.asyncio.session import AsyncSession

from oncall_service.core.core import Core
from oncall_service.notifications import outcomes
from oncall_service.notifications.outcomes import Done
from oncall_service.notifications.store import rows
from oncall_service.notifications.work import MessageWork
from oncall_service.paging import store
from oncall_service.paging.plans import plan_of, position_of
from oncall_service.paging.steps import Position, following
from oncall_service.tables import NotificationRow
from shared.work import in_session


async def write_down(core: Core, batch: Sequence[Done]) -> None:
    """Record outcomes, tell the incidents' timelines, and go on where a step reached nobody.

    Raises:
        Unavailable: the database is in trouble; nothing was written.
    """
    claimed = [row for done in batch for row in done.parcel.rows]
    now = core.clock.now()
    async with in_session(core.database, lambda session: MessageWork(session, now)) as work:
        # Incidents before notifications, as everywhere: no two transactions wait for each other.
        await store.lock_all(
            work.session, {row.incident_id for row in claimed if row.incident_id is not None}
        )
        for row in await outcomes.note(work, batch):
            await _hurry(work.session, row)


async def _hurry(session: AsyncSession, row: NotificationRow) -> None:
    """Go to the next step at once when a whole step could not be delivered to anybody."""
    if row.incident_id is None or not await rows.step_is_lost(session, row):
        return
    run = await store.running(session, row.incident_id)
    if run is None or run.id != row.escalation_id or row.round is None or row.step is None:
        return
    plan, position = plan_of(run), position_of(run)
    done = following(plan, Position(row.round, row.step))
    if position == done and position.round <= plan.repeat:
        run.due_at = row.finished_at
