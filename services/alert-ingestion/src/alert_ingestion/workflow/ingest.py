"""One request: whose key, what it says, kept as it came and stored with what waits beside it."""

from collections import OrderedDict
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, Final, TypeAlias

import structlog

from alert_ingestion import metrics
from alert_ingestion.formats.bounds import cut
from alert_ingestion.formats.format import Format
from alert_ingestion.formats.reading import (
    Envelope,
    Reading,
    Taken,
    storable,
)
from alert_ingestion.integrations import authenticate, by_hashes
from alert_ingestion.model import (
    Action,
    AlertStatus,
    Batch,
    InboxState,
    Integration,
    Policy,
    Reason,
    Receipt,
    Sent,
)
from alert_ingestion.rates import Rates
from alert_ingestion.store import inbox
from alert_ingestion.store.inbox import Request
from alert_ingestion.workflow.gathering import MOST_AT_ONCE, Gathering
from alert_ingestion.workflow.receive import receive
from alert_ingestion.workflow.work import AlertWork, transaction
from shared import context
from shared.auth import hash_token
from shared.clock import Clock
from shared.database import Database
from shared.errors import FieldError, Problem, TooMany, Unauthorized, Unavailable
from shared.identifiers import new_id

Body = Callable[[], Awaitable[Sent]]
"""Reads the body of a request whose sender is known, and what its format reads beside it."""

# How long a key that was good opens the way to our memory; what is stored is decided by the
# transaction that stores it, so a revocation takes effect at once.
_ADMITTED_FOR: Final = timedelta(seconds=60)
_MOST_ADMITTED: Final = 1000

UNREADABLE: Final = "unreadable"
"""The reason of a dead letter that its format made nothing of."""
NOT_STORED: Final = "not_stored"
"""The reason of one that could be read and not be stored."""

_log: Final = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class _Part:
    """Part of a request on its way into a transaction.

    These are some of its items, the first of which has the index ``first``; ``keeps``: with this
    part the request itself is kept.
    """

    key_hash: str
    integration: Integration
    form: Format
    request: Request
    envelope: Envelope
    items: Sequence[Any]
    first: int
    reading: Reading
    keeps: bool
    context: dict[str, str]


@dataclass(frozen=True, slots=True)
class _Stored:
    integration: Integration
    receipts: tuple[Receipt, ...]
    errors: tuple[FieldError, ...] = ()


_Store: TypeAlias = Gathering[_Part, _Stored]


@dataclass(frozen=True)
class Ingestion:
    """Takes in requests; ``defaults`` is the policy where an integration has none of its own."""

    database: Database
    clock: Clock
    defaults: Policy
    _admitted: OrderedDict[str, tuple[datetime, Integration]] = field(
        default_factory=OrderedDict, init=False
    )
    _gathering: _Store = field(init=False)
    _rates: Rates = field(default_factory=Rates, init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_gathering", Gathering(self._store, self._store_alone))

    async def start(self) -> None:
        """Store in the background what requests say."""
        await self._gathering.start()

    async def stop(self) -> None:
        """Stop; whoever waits still is told so."""
        await self._gathering.stop()

    async def __call__(self, key: str | None, form: Format, body: Body) -> Taken:
        """Keep a request as it came, store what it says, and answer it after the last commit.

        Whose key it is comes first: nothing of the body is read for a sender who is not known, and
        no connection is held while it comes and is taken apart. A large request is stored in parts,
        a transaction each: what is stored of one that fails is found again when it is repeated.
        What cannot be interpreted stays in the inbox, as a dead letter with the reason.

        Raises:
            Unauthorized: no key, or one that is unknown or revoked.
            TooMany: the integration sends more requests than it may.
            Problem: what the format refuses.
            Unavailable: the database does not answer, or too much waits; the request has to be
                repeated.
        """
        integration = await self._admit(key)
        now = self.clock.now()
        self._refuse_too_many(integration, form, now)
        sent = await body()
        now = self.clock.now()
        came_with = context.current()
        request = Request(
            id=new_id(),
            integration_id=integration.id,
            format=form.name,
            sent=sent,
            received_at=now,
            request_id=came_with.get("request_id"),
        )
        nothing = _Part(
            key_hash=hash_token(key or ""),
            integration=integration,
            form=form,
            request=request,
            envelope=Envelope(()),
            items=(),
            first=0,
            reading=Reading(()),
            keeps=True,
            context=came_with,
        )
        receipts: list[Receipt] = []
        errors: list[FieldError] = []
        try:
            envelope = form.open(sent)
            part = replace(nothing, envelope=envelope)
            for first in range(0, len(envelope.items), MOST_AT_ONCE):
                items = envelope.items[first : first + MOST_AT_ONCE]
                reading = form.read(envelope, items, first, now, integration.policy)
                part = replace(part, items=items, first=first, reading=reading, keeps=first == 0)
                stored = await self._gathering(part, max(1, len(reading.said)))
                receipts += stored.receipts
                errors += stored.errors
                integration = stored.integration
        except Problem as problem:
            if problem.status in _OF_THE_CONTENT:
                await self._bury(nothing, problem.detail)
            raise
        if envelope.truncated:
            _log.warning(
                "alerts_truncated_by_sender",
                integration=integration.name,
                left_out=envelope.truncated,
            )
        return Taken(
            request.id,
            integration.name,
            envelope,
            tuple(receipts),
            tuple(errors),
        )

    def _refuse_too_many(self, integration: Integration, form: Format, now: datetime) -> None:
        rate = integration.policy.requests_per_minute
        seconds = self._rates.wait(integration.id, rate, now)
        if seconds == 0:
            return
        sentence = f"More than {rate} requests a minute are not taken of this integration."
        if form.repeats_too_many:
            raise TooMany(sentence, retry_after=seconds)
        raise Unavailable(sentence, retry_after=seconds)

    async def _bury(self, part: _Part, detail: str) -> None:
        """Keep a request that cannot be read as a dead letter."""
        dead = as_dead(part.request, UNREADABLE, detail)
        await self._gathering(replace(part, request=dead), 1)
        _log.warning(
            "dead_letter",
            inbox_id=str(dead.id),
            integration=part.integration.name,
            format=part.form.name,
            reason=UNREADABLE,
        )

    async def _store(self, parts: Sequence[_Part]) -> Sequence[_Stored | Problem]:
        """One transaction for parts of requests; see workflow.gathering."""
        now = self.clock.now()
        async with transaction(self.database, now) as work:
            return await self._store_in(work, parts)

    async def _store_in(
        self, work: AlertWork, parts: Sequence[_Part]
    ) -> Sequence[_Stored | Problem]:
        current = await by_hashes(
            work.connection, {part.key_hash for part in parts}, work.now, self.defaults
        )
        outcomes: list[_Stored | Problem | None] = [None] * len(parts)
        batches: dict[int, Batch] = {}
        kept: dict[int, Request] = {}
        unread: dict[int, tuple[FieldError, ...]] = {}
        for place, part in enumerate(parts):
            integration = current.get(part.key_hash)
            if integration is None:
                outcomes[place] = Unauthorized("This integration key is unknown or revoked.")
                continue
            try:
                batch, request, unread[place] = _prepare(part, integration)
            except Problem as problem:
                outcomes[place] = problem
                continue
            if part.keeps:
                kept[place] = request
            elif request.state is not InboxState.TAKEN:
                await inbox.keep_waiting(work.connection, request)
            if request.state is InboxState.DEAD and not integration.is_canary:
                work.increments.inc(metrics.DEAD_LETTERS, reason=request.reason or UNREADABLE)
            work.note_activity(
                integration,
                requests=int(part.keeps),
                alerts=len(batch.said),
                dead=int(request.state is InboxState.DEAD),
            )
            if integration.paused:
                outcomes[place] = _Stored(integration, _of_paused(batch), unread[place])
            else:
                batches[place] = batch
        received = await receive(work, list(batches.values()))
        for place, receipts in zip(batches, received, strict=True):
            outcomes[place] = _Stored(batches[place].integration, tuple(receipts), unread[place])
            if parts[place].form.keeps_outcome and receipts and place in kept:
                kept[place] = replace(kept[place], outcome=_outcome(receipts))
        await inbox.insert(work.connection, list(kept.values()))
        return [outcome for outcome in outcomes if outcome is not None]

    async def _store_alone(self, part: _Part, error: Exception) -> _Stored:
        """Store what can be of a part that cannot be stored as a whole, item by item."""
        if len(part.items) <= 1:
            await self._note_failed(part, str(error))
            lost = FieldError(str(part.first), "could not be stored")
            return _Stored(part.integration, (), (*part.reading.errors, lost))
        receipts: list[Receipt] = []
        errors = list(part.reading.errors)
        for one in _one_by_one(part):
            stored = await self._store_one(one)
            receipts += stored.receipts
            errors += stored.errors
        return _Stored(part.integration, tuple(receipts), tuple(errors))

    async def _store_one(self, part: _Part) -> _Stored:
        try:
            [stored] = await self._store([part])
        except Unavailable:
            raise
        except Exception as error:  # noqa: BLE001 - it must not be its neighbours' too
            _log.exception("item_could_not_be_stored", item=part.first)
            return await self._store_alone(part, error)
        if isinstance(stored, Problem):
            raise stored
        return stored

    async def _note_failed(self, part: _Part, detail: str) -> None:
        dead = as_dead(part.request, NOT_STORED, detail, failed=(part.first,))
        async with transaction(self.database, self.clock.now()) as work:
            await inbox.keep_waiting(work.connection, dead)
            work.increments.inc(metrics.DEAD_LETTERS, reason=NOT_STORED)
            work.note_activity(part.integration, requests=int(part.keeps), dead=1)

    async def _admit(self, key: str | None) -> Integration:
        """The integration of a key, as it was at most a minute ago.

        Raises Unauthorized for a key that is not good.
        """
        key_hash = hash_token(key or "")
        now = self.clock.now()
        known = self._admitted.get(key_hash)
        if known is not None and timedelta() <= now - known[0] < _ADMITTED_FOR:
            return known[1]
        async with self.database.transaction() as connection:
            integration = await authenticate(connection, key, now, self.defaults)
        # Only good keys come this far, so made-up ones push nobody out.
        self._admitted[key_hash] = now, integration
        self._admitted.move_to_end(key_hash)
        while len(self._admitted) > _MOST_ADMITTED:
            self._admitted.popitem(last=False)
        return integration


_LONGEST_DETAIL: Final = 2_000

_OF_THE_CONTENT: Final = frozenset({400, 422})
"""Refusals that a mended format or setting can undo; a size or a type is the sender's to change."""


def _prepare(
    part: _Part, integration: Integration
) -> tuple[Batch, Request, tuple[FieldError, ...]]:
    """A part as it is stored, and what of it could not be read.

    It is read again where the integration is not what it was admitted as. Raises what a format
    refuses.
    """
    reading, request = part.reading, part.request
    if integration.policy != part.integration.policy and part.items:
        reading = part.form.read(
            part.envelope, part.items, part.first, request.received_at, integration.policy
        )
    if request.state is InboxState.TAKEN and integration.paused:
        # Of a large request other parts may have come before it was paused, or after.
        mine = tuple(range(part.first, part.first + len(part.items)))
        whole = part.form.read_again is not None
        request = replace(request, state=InboxState.PAUSED, failed=None if whole else mine)
    elif request.state is InboxState.TAKEN and not reading.is_whole:
        reason = part.form.dead_reason or UNREADABLE
        request = as_dead(request, reason, sentence(reading.errors), failed=reading.failed)
    return (
        Batch(
            integration,
            request.id,
            reading.said,
            part.envelope.truncated if part.keeps else 0,
            part.context,
        ),
        request,
        reading.errors,
    )


def as_dead(
    request: Request, reason: str, detail: str, failed: tuple[int, ...] | None = None
) -> Request:
    """A request as the dead letter that it is; ``failed`` are the indices of its bad items."""
    said = cut(storable(detail), _LONGEST_DETAIL)
    return replace(request, state=InboxState.DEAD, reason=reason, detail=said, failed=failed)


def _outcome(receipts: Sequence[Receipt]) -> dict[str, Any]:
    """What became of a request, for a sender that asks later: of the first thing that counts."""
    main = next((one for one in receipts if one.action is not Action.NOTED), receipts[0])
    return {
        "action": main.action.value,
        "alert_id": None if main.alert_id is None else str(main.alert_id),
        "fingerprint": main.fingerprint,
    }


def sentence(errors: Sequence[FieldError]) -> str:
    """What is wrong with a request, in one text."""
    return "; ".join(f"{one.field}: {one.message}" for one in errors[:10])


def _one_by_one(part: _Part) -> Iterator[_Part]:
    """The items of a part that could be read, each a part of its own."""
    for index, item in enumerate(part.items, part.first):
        if index not in (part.reading.failed or ()):
            reading = part.form.read(
                part.envelope,
                [item],
                index,
                part.request.received_at,
                part.integration.policy,
            )
            yield replace(
                part,
                items=[item],
                first=index,
                reading=reading,
                keeps=part.keeps and index == part.first,
            )


def _of_paused(batch: Batch) -> tuple[Receipt, ...]:
    return tuple(Receipt(Action.IGNORED, Reason.PAUSED, AlertStatus.RESOLVED) for _ in batch.said)


def told(taken: Taken) -> dict[str, Any]:
    """What the log says of a request besides that it came."""
    decisions: dict[str, int] = {}
    for receipt in taken.receipts:
        decisions[receipt.reason.value] = decisions.get(receipt.reason.value, 0) + 1
    return {
        "integration": taken.integration,
        "inbox_id": str(taken.inbox_id),
        "decisions": decisions,
        "refused": len(taken.errors),
    }
