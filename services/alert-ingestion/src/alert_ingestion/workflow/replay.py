"""What could not be interpreted is interpreted again, by what is known now.

A request is replayed in one transaction with what becomes of it, under a lock of its own: however
often and by however many it is replayed, what it says is stored once.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import structlog

from alert_ingestion.formats import BY_NAME
from alert_ingestion.formats.format import Format
from alert_ingestion.formats.reading import Envelope, Reading
from alert_ingestion.integrations import by_id
from alert_ingestion.model import Batch, InboxState, Policy, Receipt
from alert_ingestion.store import inbox
from alert_ingestion.store.inbox import Request, Wanted
from alert_ingestion.workflow.gathering import MOST_AT_ONCE
from alert_ingestion.workflow.ingest import NOT_STORED, UNREADABLE, as_dead, sentence
from alert_ingestion.workflow.receive import receive
from alert_ingestion.workflow.work import AlertWork, transaction
from shared import audit
from shared.contracts.identity import Principal
from shared.database import Database
from shared.errors import FieldError, NotFound, Problem

MOST: Final = 1_000
"""Requests of one replay by filter; it says whether there are more."""

PAUSED: Final = "paused"
"""The reason of one that waits for its integration."""

_AT_ONCE: Final = 100
_NAMED: Final = 20

_log: Final = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Replayed:
    """What became of one request.

    ``state`` is what it is now, ``is_new`` whether that was decided here: not of one that was taken
    or replayed already. ``receipts`` are of what it said this time.
    """

    id: UUID
    state: InboxState
    receipts: tuple[Receipt, ...] = ()
    reason: str | None = None
    detail: str | None = None
    is_new: bool = False


@dataclass(frozen=True, slots=True)
class Summary:
    """What became of many: ``alerts`` were said by those replayed; ``faults`` are the first dead.

    ``waits`` are of integrations that are paused still, ``last`` is where to go on from if there
    may be more.
    """

    replayed: int
    alerts: int
    dead: int
    waits: int
    faults: tuple[Replayed, ...]
    last: UUID | None


async def replay(
    database: Database, defaults: Policy, inbox_id: UUID, now: datetime, *, by: Principal | None
) -> Replayed:
    """Replay one request; one that was taken or replayed already stays as it is.

    ``by`` is who asked for this one, for the audit log; None where they asked for many.

    Raises:
        NotFound: there is no such request, or not any more.
        Unavailable: the database does not answer.
    """
    try:
        async with transaction(database, now) as work:
            request = await _locked(work, inbox_id)
            became = await _again(work, defaults, request)
            if became.is_new and by is not None:
                await audit.record(
                    work.connection,
                    by,
                    "inbox.replayed",
                    str(inbox_id),
                    before={"state": request.state.value},
                    after={"state": became.state.value, "said": len(became.receipts)},
                    now=now,
                )
            return became
    except Problem:
        raise
    except Exception as error:  # noqa: BLE001 - it must not keep those behind it waiting
        _log.exception("replay_could_not_be_stored", inbox_id=str(inbox_id))
        async with transaction(database, now) as work:
            request = await _locked(work, inbox_id)
            dead = as_dead(request, NOT_STORED, str(error), failed=request.failed)
            await inbox.settle(work.connection, dead, now)
            return Replayed(dead.id, dead.state, reason=dead.reason, detail=dead.detail)


async def _locked(work: AlertWork, inbox_id: UUID) -> Request:
    request = await inbox.locked(work.connection, inbox_id)
    if request is None:
        raise NotFound(f"There is no request {inbox_id} in the inbox.")
    return request


async def _again(work: AlertWork, defaults: Policy, request: Request) -> Replayed:
    if request.state not in (InboxState.DEAD, InboxState.PAUSED):
        return Replayed(request.id, request.state)
    integration = await by_id(work.connection, request.integration_id, defaults)
    if integration.paused:
        return Replayed(
            request.id, request.state, reason=PAUSED, detail="Its integration is paused."
        )
    form = BY_NAME[request.format]
    reason = form.dead_reason or UNREADABLE
    try:
        reading = _read(form, request, integration.policy)
    except Problem as problem:
        reading = Reading((), (FieldError("body", problem.detail),), failed=request.failed)
    batch = Batch(integration, request.id, reading.said, context=_context(request))
    [receipts] = await receive(work, [batch])
    work.note_activity(integration, alerts=len(receipts))
    if reading.errors:
        after = as_dead(request, reason, sentence(reading.errors), failed=reading.failed)
    else:
        after = replace(request, state=InboxState.REPLAYED, reason=None, detail=None, failed=None)
    await inbox.settle(work.connection, after, work.now)
    is_new = bool(receipts) or after.state is InboxState.REPLAYED
    return Replayed(
        after.id, after.state, tuple(receipts), after.reason, after.detail, is_new=is_new
    )


def _read(form: Format, request: Request, policy: Policy) -> Reading:
    """What the items say that nothing was made of before."""
    envelope = form.open(request.sent)
    if form.read_again is not None:
        return form.read_again(envelope, request.failed, request.received_at, policy)
    said: list[Any] = []
    errors: list[FieldError] = []
    failed: list[int] = []
    for first, items in _items(envelope, request.failed):
        reading = form.read(envelope, items, first, request.received_at, policy)
        said += reading.said
        errors += reading.errors
        failed += reading.failed or ()
    return Reading(tuple(said), tuple(errors), tuple(failed))


def _items(envelope: Envelope, failed: Sequence[int] | None) -> Iterator[tuple[int, Sequence[Any]]]:
    if failed is None:
        for first in range(0, len(envelope.items), MOST_AT_ONCE):
            yield first, envelope.items[first : first + MOST_AT_ONCE]
        return
    for index in sorted(set(failed)):
        if index < len(envelope.items):
            yield index, [envelope.items[index]]


def _context(request: Request) -> dict[str, str]:
    return {} if request.request_id is None else {"request_id": request.request_id}


async def replay_all(
    database: Database, defaults: Policy, wanted: Wanted, now: datetime, *, after: UUID | None
) -> Summary:
    """Replay what waits, the oldest first, at most ``MOST`` requests after one of them."""
    replayed = alerts = dead = waits = 0
    faults: list[Replayed] = []
    seen = 0
    last = after
    while seen < MOST:
        async with database.transaction() as connection:
            found = await inbox.waiting(
                connection, wanted, after=last, limit=min(_AT_ONCE, MOST - seen)
            )
        if not found:
            return Summary(replayed, alerts, dead, waits, tuple(faults), None)
        for one in found:
            became = await replay(database, defaults, one, now, by=None)
            alerts += len(became.receipts)
            if became.state is InboxState.REPLAYED:
                replayed += became.is_new
            elif became.reason == PAUSED:
                waits += 1
            else:
                dead += 1
                faults.append(became)
        faults = faults[:_NAMED]
        seen, last = seen + len(found), found[-1]
    return Summary(replayed, alerts, dead, waits, tuple(faults), last)
