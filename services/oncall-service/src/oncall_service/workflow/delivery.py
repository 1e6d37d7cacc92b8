"""Use cases: send what is owed to people, and record what became of it."""

import asyncio
from collections.abc import Mapping
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
from oncall_service.store import incidents, lookup
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

BATCH = 20

# Messages travel together; their results are written down by few connections of the pool, so that a
# storm of pages leaves some for the requests of the people who got them.
RECORDING_AT_ONCE = 2

# A channel's own limits are for each of its steps; this one is shorter than a claim.
SEND_TIMEOUT_SECONDS = 30.0

_log = structlog.get_logger(__name__)


async def deliver_due(core: Core, channels: Mapping[str, Sender]) -> bool:
    """Send a batch of what is due; whether there may be more (run by an engine)."""
    async with core.database.session() as session:
        claimed = await store.claim(session, core.clock.now(), BATCH)
    recording = asyncio.Semaphore(RECORDING_AT_ONCE)
    # Together, so that a slow webhook does not hold up a colleague's page.
    outcomes = await asyncio.gather(
        *(_deliver(core, channels, delivery, recording) for delivery in claimed),
        return_exceptions=True,
    )
    for outcome in outcomes:
        if isinstance(outcome, BaseException):
            raise outcome
    return len(claimed) == BATCH


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
            kind="test",
            person_id=person.id,
            person_name=person.name,
            contact_method_id=method.id,
            channel=method.channel,
            shown_target=shown(Channel(method.channel), method.target),
            reason="test_requested",
            message=messages.stored(messages.trial(person.name, core.settings.web_ui_url)),
            outcome=store.PENDING,
            outcome_detail="",
            created_at=now,
            next_attempt_at=now,
        )
        session.add(row)
        await session.flush()
        view = (await store.views(session, [row]))[0]
        await Runs(session, now, core.settings.web_ui_url).settle()
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


async def _deliver(
    core: Core,
    channels: Mapping[str, Sender],
    delivery: store.Delivery,
    recording: asyncio.Semaphore,
) -> None:
    row, method = delivery
    result = await _send(channels, row, method)
    try:
        async with recording:
            await _record(core, row, result)
    except Unavailable:
        # It may have been sent and cannot be written down: it will be sent again, with the same
        # idempotency key, when the claim has run out. Twice is better than never.
        _log.warning("notification_outcome_unrecorded", notification_id=str(row.id))
        raise


async def _send(
    channels: Mapping[str, Sender], row: NotificationRow, method: ContactMethodRow | None
) -> Result:
    if method is None:
        return Failed("the contact method was removed", retry=False)
    if not method.enabled and row.kind != "test":
        return Failed("the contact method was switched off", retry=False)
    sender = channels.get(row.channel)
    if sender is None:
        return Failed(f"this release has no channel '{row.channel}'", retry=False)
    outgoing = Outgoing(
        idempotency_key=row.idempotency_key,
        person=row.person_name,
        target=method.target,
        secret=method.secret,
        message=messages.restored(row.message),
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


async def _record(core: Core, claimed: NotificationRow, result: Result) -> None:
    now = core.clock.now()
    async with core.database.session() as session:
        runs = Runs(session, now, core.settings.web_ui_url)
        if claimed.incident_id is not None:
            await incidents.lock_known(session, claimed.incident_id)
        row = await session.get_one(NotificationRow, claimed.id, with_for_update=True)
        session.add(
            AttemptRow(
                id=new_id(),
                notification_id=row.id,
                at=now,
                outcome="sent" if isinstance(result, Sent) else "failed",
                detail=result.detail,
            )
        )
        row.attempts += 1
        row.claimed_until = None
        cancelled_meanwhile = row.outcome == store.CANCELLED
        retry = None
        if isinstance(result, Failed) and result.retry:
            retry = retry_at(row.attempts, row.created_at, now)
        if isinstance(result, Sent) and row.outcome in (store.PENDING, store.CANCELLED):
            _finish(row, store.SENT, result.detail, runs)
        elif retry is not None and not cancelled_meanwhile:
            row.next_attempt_at = retry
        elif not cancelled_meanwhile and row.outcome == store.PENDING:
            _finish(row, store.FAILED, result.detail, runs)
            await session.flush()
            await _hurry(session, row)
        _log.info(
            "notification_attempt",
            notification_id=str(row.id),
            channel=row.channel,
            outcome=row.outcome,
            detail=result.detail,
        )
        await session.flush()
        await runs.settle()


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
