"""Use cases: send what is owed to people, and record what became of it."""

import asyncio
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import structlog
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from oncall_service import messages
from oncall_service.channels.base import Failed, Outgoing, Result, Sender, Sent
from oncall_service.delivery import retry_at
from oncall_service.escalation import Position, following
from oncall_service.metrics import NOTIFICATIONS
from oncall_service.resources.people import Channel
from oncall_service.resources.policies import NotificationView
from oncall_service.store import claims, incidents, lookup
from oncall_service.store import notifications as store
from oncall_service.store.people import shown
from oncall_service.tables import AttemptRow, ContactMethodRow, NotificationRow, PersonRow
from oncall_service.workflow.core import Core
from oncall_service.workflow.people import own_or_admin
from oncall_service.workflow.runs import Runs
from shared.contracts.identity import Principal
from shared.contracts.wire import Page
from shared.errors import NotFound, Unavailable
from shared.identifiers import new_id
from shared.urgency import Occasion

METHODS_AT_ONCE = 50

# A channel's own limits are for each of its steps.
SEND_TIMEOUT_SECONDS = 30.0

_log = structlog.get_logger(__name__)


class Dispatch:
    """Sends what is due; shared by the lanes of a process."""

    def __init__(self, core: Core, channels: Mapping[str, Sender]) -> None:
        self._core = core
        self._channels = channels
        self._claims = claims.Claims(core.database, core.settings.rate)
        self._results: list[_Done] = []
        self._recording = asyncio.Lock()

    async def deliver_due(self) -> bool:
        """Send a batch of what is due; whether there may be more (run by an engine)."""
        claimed = await self._claims.take(self._core.clock.now(), METHODS_AT_ONCE)
        # Together, so that a slow webhook does not hold up a colleague's page.
        outcomes = await asyncio.gather(
            *(self._deliver(parcels) for parcels in claimed), return_exceptions=True
        )
        for outcome in outcomes:
            if isinstance(outcome, BaseException):
                raise outcome
        return len(claimed) >= METHODS_AT_ONCE

    async def _deliver(self, parcels: Sequence[claims.Parcel]) -> None:
        """The messages to one contact method, one after the other."""
        method = parcels[0].method
        try:
            for parcel in parcels:
                result = await self._send(parcel)
                last = parcel is parcels[-1]
                await self._record(_Done(parcel, result, method.id if method and last else None))
        finally:
            if method is not None:
                self._claims.release(method.id)

    async def _record(self, done: "_Done") -> None:
        """Write an outcome down, with all others that are there by then, in one transaction."""
        self._results.append(done)
        async with self._recording:
            if done not in self._results:
                return  # whoever was before wrote it down
            batch, self._results = self._results, []
            try:
                await _write_down(self._core, batch)
            except Unavailable:
                # They may have been sent and cannot be written down: they will be sent again, with
                # the same idempotency keys. Twice is better than never.
                for each in batch:
                    _log.warning("notification_outcome_unrecorded", key=each.parcel.key)
                raise

    async def _send(self, parcel: claims.Parcel) -> Result:
        row, method = parcel.rows[0], parcel.method
        if method is None:
            gone = await _is_gone(self._core, row)
            return Failed(f"the contact method was {'removed' if gone else 'switched off'}", False)
        sender = self._channels.get(row.channel)
        if sender is None:
            return Failed(f"this release has no channel '{row.channel}'", retry=False)
        told = [messages.restored(each.message) for each in parcel.rows]
        outgoing = Outgoing(
            idempotency_key=parcel.key,
            person=row.person_name,
            target=method.target,
            secret=method.secret,
            message=(
                told[0]
                if len(told) == 1
                else messages.bundle(
                    told, person=row.person_name, web_ui_url=self._core.settings.web_ui_url
                )
            ),
        )
        try:
            async with asyncio.timeout(SEND_TIMEOUT_SECONDS):
                return await sender.send(outgoing)
        except TimeoutError:
            return Failed(f"no result within {SEND_TIMEOUT_SECONDS:g} s", retry=True)
        except Exception as error:  # noqa: BLE001 - see below
            # A channel with a bug must not lose the page.
            _log.exception("channel_failed", channel=row.channel)
            return Failed(f"the channel broke ({type(error).__name__})", retry=True)


@dataclass(frozen=True, slots=True, eq=False)
class _Done:
    """A message and what became of it; ``method`` is set when it was the last to that one."""

    parcel: claims.Parcel
    result: Result
    method: UUID | None


async def send_trial(
    core: Core, reference: str, method_id: UUID, who: Principal
) -> NotificationView:
    """Owe a test message to a contact method; the notification's attempts say what became of it."""
    now = core.clock.now()
    async with core.database.session() as session:
        person = await lookup.require(session, PersonRow, reference)
        own_or_admin(person, who)
        method = await session.get(ContactMethodRow, method_id)
        if method is None or method.person_id != person.id:
            raise NotFound(f"{person.name} has no such contact method.")
        identifier = new_id()
        row = NotificationRow(
            id=identifier,
            idempotency_key=f"test:{identifier}",
            kind=store.TRIAL,
            person_id=person.id,
            person_name=person.name,
            contact_method_id=method.id,
            channel=method.channel,
            shown_target=shown(Channel(method.channel), method.target),
            reason="test_requested",
            message=messages.stored(messages.trial(person.name, core.settings.web_ui_url)),
            outcome=store.PENDING,
            outcome_detail="",
            urgency=int(Occasion.RECORD),
            created_at=now,
            next_attempt_at=now,
        )
        session.add(row)
        await session.flush()
        view = (await store.views(session, [row]))[0]
        runs = Runs(session, now, core.settings.web_ui_url)
        runs.owe_message()
        await runs.settle()
        return view


async def listed(
    core: Core,
    *,
    incident_id: UUID | None,
    person: str | None,
    outcome: str | None,
    limit: int,
    cursor: str | None,
    inside: bool,
) -> Page[NotificationView]:
    """Notifications, newest first; ``inside``: with what only administrators may read."""
    statement = select(NotificationRow).order_by(col(NotificationRow.id).desc()).limit(limit + 1)
    async with core.database.session() as session:
        if incident_id is not None:
            statement = statement.where(NotificationRow.incident_id == incident_id)
        if person is not None:
            found = await lookup.refer(session, PersonRow, person, "person")
            statement = statement.where(NotificationRow.person_id == found.id)
        if outcome is not None:
            statement = statement.where(NotificationRow.outcome == outcome)
        if cursor is not None:
            statement = statement.where(NotificationRow.id < lookup.id_cursor(cursor))
        rows = list((await session.exec(statement)).all())
        items = await store.views(session, rows[:limit], inside=inside)
    more = len(rows) > limit
    return Page(items=items, next_cursor=str(rows[limit - 1].id) if more else None)


async def _is_gone(core: Core, row: NotificationRow) -> bool:
    async with core.database.session() as session:
        return await session.get(ContactMethodRow, row.contact_method_id) is None


async def _write_down(core: Core, batch: Sequence[_Done]) -> None:
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
            for claim in done.parcel.rows:
                if (row := rows.get(claim.id)) is not None:
                    session.add(_attempt(row, done.result, now))
                    if _note(row, done, runs, since.get(row.id, now)):
                        failed.append(row)
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
        await claims.give_back(
            session,
            Counter(
                done.parcel.method.id
                for done in batch
                if done.parcel.method is not None
                and isinstance(done.result, Failed)
                and done.parcel.bundle_id is None
            ),
            {done.method for done in batch if done.method is not None},
        )
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


def _note(row: NotificationRow, done: _Done, runs: Runs, since: datetime) -> bool:
    """Note a message's outcome on one notification it carried; whether that is given up now.

    ``since`` is when it was tried first: one that waited on purpose has its whole half hour left.
    """
    result = done.result
    row.attempts += 1
    many = len(done.parcel.rows)
    together = f", in one message with {many - 1} others" if many > 1 else ""
    if isinstance(result, Sent):
        if row.outcome in (store.PENDING, store.CANCELLED):
            _finish(row, store.SENT, result.detail + together, runs)
        return False
    if row.outcome != store.PENDING:
        return False
    retry = retry_at(row.attempts, since, runs.now) if result.retry else None
    if retry is not None:
        row.next_attempt_at = retry
        return False
    _finish(row, store.FAILED, result.detail + together, runs)
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
