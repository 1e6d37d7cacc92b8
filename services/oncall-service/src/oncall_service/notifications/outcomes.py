"""What became of messages, written down: many of them in one transaction."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import structlog
from sqlmodel.ext.asyncio.session import AsyncSession

from oncall_service.core.core import Core
from oncall_service.metrics import NOTIFICATIONS
from oncall_service.notifications import claims, store
from oncall_service.notifications.channels.base import Failed, Result, Sent
from oncall_service.notifications.rules import retry_at
from oncall_service.paging.rules import Position, following
from oncall_service.paging.runs import Runs
from oncall_service.paging.store import incidents
from oncall_service.tables import AttemptRow, NotificationRow
from shared.identifiers import new_id

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, eq=False)
class Done:
    """A message and what became of it; ``method`` is set when it was the last to that one."""

    parcel: claims.Parcel
    result: Result
    method: UUID | None


async def write_down(core: Core, batch: Sequence[Done]) -> None:
    """Record outcomes, tell the incidents' timelines, and give claims back.

    Raises:
        Unavailable: the database is in trouble; nothing was written.
    """
    now = core.clock.now()
    claimed = [row for done in batch for row in done.parcel.rows]
    async with core.database.session() as session:
        runs = Runs(session, now, core.settings.web_ui_url)
        await incidents.lock_all(
            session, {row.incident_id for row in claimed if row.incident_id is not None}
        )
        rows = await store.lock_rows(session, [row.id for row in claimed])
        since = await store.first_attempts(session, rows)
        failed: list[NotificationRow] = []
        for done in batch:
            carried = [rows[claim.id] for claim in done.parcel.rows if claim.id in rows]
            session.add_all(_attempt(row, done.result, now) for row in carried)
            retry = _retry(carried, done.result, since, now)
            failed += [row for row in carried if _note(row, done, runs, retry)]
            _log.info(
                "notification_attempt",
                key=done.parcel.key,
                notifications=len(done.parcel.rows),
                channel=done.parcel.rows[0].channel,
                outcome="sent" if isinstance(done.result, Sent) else "failed",
                detail=done.result.detail,
            )
        await session.flush()
        for row in failed:
            await _hurry(session, row)
        await claims.give_back(session, {done.method for done in batch if done.method is not None})
        await runs.settle()


def _attempt(row: NotificationRow, result: Result, now: datetime) -> AttemptRow:
    return AttemptRow(
        id=new_id(),
        notification_id=row.id,
        at=now,
        outcome="sent" if isinstance(result, Sent) else "failed",
        detail=result.detail,
        inside=result.inside if isinstance(result, Failed) else None,
    )


def _retry(
    carried: Sequence[NotificationRow],
    result: Result,
    since: Mapping[UUID, datetime],
    now: datetime,
) -> datetime | None:
    """When a message is tried again, as a whole: its parts must not go apart under one key.

    ``since`` is when each part was tried first, so what waited on purpose has its whole half hour.
    """
    if not carried or isinstance(result, Sent) or not result.retry:
        return None
    return retry_at(
        max(row.attempts for row in carried) + 1,
        min(since.get(row.id, now) for row in carried),
        now,
    )


def _note(row: NotificationRow, done: Done, runs: Runs, retry: datetime | None) -> bool:
    """Note a message's outcome on one notification it carried; whether that is given up now."""
    row.attempts += 1
    many = len(done.parcel.rows)
    detail = done.result.detail + (f", in one message with {many - 1} others" if many > 1 else "")
    if isinstance(done.result, Sent):
        if row.outcome in (store.PENDING, store.CANCELLED):
            _finish(row, store.SENT, detail, runs)
        return False
    if row.outcome != store.PENDING:
        return False
    if retry is not None:
        row.next_attempt_at = retry
        return False
    _finish(row, store.FAILED, detail, runs)
    return True


def _finish(row: NotificationRow, outcome: str, detail: str, runs: Runs) -> None:
    at = row.finished_at
    counted_already = row.outcome == store.CANCELLED
    row.outcome, row.outcome_detail, row.next_attempt_at = outcome, detail, None
    row.finished_at = at if counted_already else runs.now
    if not counted_already:
        runs.counted.inc(NOTIFICATIONS, channel=row.channel, outcome=outcome)
    how = "was notified" if outcome == store.SENT else "could not be notified"
    runs.report(
        row, f"notification.{outcome}", f"{row.person_name} {how} by {row.channel}: {detail}."
    )


async def _hurry(session: AsyncSession, row: NotificationRow) -> None:
    """Go to the next step at once when a whole step could not be delivered to anybody."""
    if row.incident_id is None or not await store.step_is_lost(session, row):
        return
    run = await incidents.running(session, row.incident_id)
    if run is None or run.id != row.escalation_id or row.round is None or row.step is None:
        return
    plan, position = incidents.plan_of(run), incidents.position_of(run)
    done = following(plan, Position(row.round, row.step))
    if position == done and position.round <= plan.repeat:
        run.due_at = row.finished_at
