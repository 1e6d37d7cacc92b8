"""What became of messages, noted on the notifications they carried."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias
from uuid import UUID

import structlog

from oncall_service.notifications.channels.base import Failed, Result, Sent
from oncall_service.notifications.claims import Parcel
from oncall_service.notifications.metrics import BUNDLED, NOTIFICATIONS, SECONDS
from oncall_service.notifications.nowhere import Nowhere
from oncall_service.notifications.rules import retry_at
from oncall_service.notifications.store import claims
from oncall_service.notifications.store import rows as store
from oncall_service.notifications.work import MessageWork
from oncall_service.tables import AttemptRow, NotificationRow
from shared.contracts.oncall import MessageKind, PageKind
from shared.identifiers import new_id

_TOLD = {
    store.SENT: PageKind.NOTIFICATION_SENT,
    store.FAILED: PageKind.NOTIFICATION_FAILED,
}

# Somebody waits for these; tests and news wait behind every page.
_MEASURED = (MessageKind.PAGE, MessageKind.MORE_ALERTS)

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, eq=False)
class Done:
    """A message and what became of it; ``method`` is set when it was the last to that one."""

    parcel: Parcel
    result: Result
    method: UUID | None


WriteDown: TypeAlias = Callable[[Sequence[Done]], Awaitable[None]]
"""Records outcomes in one transaction; raises ``Unavailable`` when nothing was written."""


async def note(work: MessageWork, batch: Sequence[Done]) -> list[NotificationRow]:
    """Note outcomes, owe the incidents' timelines word of them, and give claims back.

    Whoever calls it has locked the incidents, and owns the work. Returns the notifications
    that are given up by this.
    """
    session, now = work.session, work.now
    rows = await store.lock_rows(session, [row.id for done in batch for row in done.parcel.rows])
    since = await store.first_attempts(session, rows)
    failed: list[NotificationRow] = []
    for done in batch:
        carried = [rows[claim.id] for claim in done.parcel.rows if claim.id in rows]
        session.add_all(_attempt(row, done.result, now) for row in carried)
        retry = _retry(carried, done.result, since, now)
        failed += [row for row in carried if _note(row, done, work, retry)]
        _log.info(
            "notification_attempt",
            key=done.parcel.key,
            notifications=len(done.parcel.rows),
            channel=done.parcel.rows[0].channel,
            outcome="sent" if isinstance(done.result, Sent) else "failed",
            detail=done.result.detail,
        )
    await session.flush()
    await claims.give_back(session, {done.method for done in batch if done.method is not None})
    return failed


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


def _note(row: NotificationRow, done: Done, work: MessageWork, retry: datetime | None) -> bool:
    """Note a message's outcome on one notification it carried; whether that is given up now."""
    row.attempts += 1
    if isinstance(done.result, Sent):
        if row.outcome in (store.PENDING, store.CANCELLED):
            _finish(row, store.SENT, done, work)
        return False
    if row.outcome != store.PENDING:
        return False
    if retry is not None:
        row.next_attempt_at = retry
        return False
    _finish(row, store.FAILED, done, work)
    return True


def _finish(row: NotificationRow, outcome: str, done: Done, work: MessageWork) -> None:
    at = row.finished_at
    counted_already = row.outcome == store.CANCELLED
    others = len(done.parcel.rows) - 1
    together = {"with_others": others} if others else {}
    row.outcome, row.next_attempt_at = outcome, None
    row.outcome_detail, row.outcome_facts = done.result.detail, together
    row.finished_at = at if counted_already else work.now
    if not counted_already:
        _count(row, outcome, work, bundled=bool(others))
    work.report(row, _TOLD[outcome], outcome=done.result.detail, **together)


def _count(row: NotificationRow, outcome: str, work: MessageWork, *, bundled: bool) -> None:
    if row.channel == Nowhere.name:
        return
    work.increments.inc(NOTIFICATIONS, channel=row.channel, outcome=outcome)
    if outcome != store.SENT:
        return
    if bundled:
        work.increments.inc(BUNDLED)
    if row.kind in _MEASURED and row.due_at is not None:
        late = max(0.0, (work.now - row.due_at).total_seconds())
        work.increments.observe(SECONDS, late, channel=row.channel)
