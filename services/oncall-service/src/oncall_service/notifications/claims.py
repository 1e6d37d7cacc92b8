"""Who may be sent what by now: contact methods claimed one by one, their messages packed."""

import asyncio
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from oncall_service.notifications.pacing import (
    MOST_IN_A_BUNDLE,
    MOST_URGENT,
    Allowance,
    Queue,
    Rate,
    last_waits,
    portions,
    spendable,
)
from oncall_service.notifications.store import claims as store
from oncall_service.tables import ContactMethodRow, NotificationRow
from shared.contracts.oncall import NEWS, MessageKind
from shared.database import Database
from shared.identifiers import new_id

# What a person asked for themself: about no incident, and of no use inside of a bundle.
ALONE = frozenset({MessageKind.TEST, MessageKind.VERIFICATION})


@dataclass(frozen=True, slots=True)
class Parcel:
    """What one message carries, and to whom.

    The method is None when there is none any more, and of a canary's page, which never had one.

    ``rows`` are as they were claimed, the most urgent first. All have one ``bundle_id`` from when
    the message was made; one that was made for a single notification has that one's own id.
    ``language`` is what the reader chose, None where they did not.
    """

    rows: tuple[NotificationRow, ...]
    method: ContactMethodRow | None
    language: str | None = None

    @property
    def key(self) -> str:
        """The same for every attempt, so that a receiver can drop a repetition."""
        first = self.rows[0]
        together = first.bundle_id not in (None, first.id)
        return f"bundle:{first.bundle_id}" if together else first.idempotency_key


class Claims:
    """Contact methods that this process is sending to: one message after the other to each.

    A claim is a row that names the process's number, so it ends with the process (shared.life),
    and what it had in hand is sent again with the same idempotency key.
    """

    def __init__(self, database: Database, rate: Rate) -> None:
        self._database = database
        self._rate = rate
        self._lock = asyncio.Lock()
        self.active: set[UUID] = set()

    async def take(self, now: datetime, limit: int) -> list[list[Parcel]]:
        """What is due and may go out now, a list for each contact method, at most ``limit``."""
        me = await self._database.life.number()
        async with self._lock:
            async with self._database.session() as session:
                methods = await self._free_methods(session, me, now, limit)
                taken = [parcels for due in methods if (parcels := self._pack(due, me, now))]
                lost = await store.without_a_method(session, now, limit)
            # Not before the commit: a claim that was interrupted is nobody's, and is freed.
            self.active |= {
                parcels[0].method.id for parcels in taken if parcels[0].method is not None
            }
        return [*taken, *([Parcel((row,), None)] for row in lost)]

    def release(self, method: UUID) -> None:
        """Forget a contact method; a claim that could not be given back is free from here on."""
        self.active.discard(method)

    async def _free_methods(
        self, session: AsyncSession, me: int, now: datetime, limit: int
    ) -> list[store.Due]:
        waiting = await store.waiting(session, me, now, self.active)
        ids = [one.method for one in waiting if self._may_go_out(one, now)][:limit]
        if not ids:
            return []
        fresh = Allowance(float(self._rate.burst), now)
        free = await store.lock_free(session, ids, me, fresh)
        found = await store.of_methods(session, free, now, MOST_IN_A_BUNDLE)
        return [found[one] for one in ids if one in found]

    def _may_go_out(self, waiting: store.Waiting, now: datetime) -> bool:
        # A message that was made before has been paid for, and the burst of a new method is whole.
        if waiting.begun or waiting.left is None:
            return True
        urgent = waiting.urgency <= MOST_URGENT
        queue = waiting.queue
        messages = spendable(waiting.left, self._rate, now, waiting=queue.count, most_urgent=urgent)
        held = last_waits(waiting.left, self._rate, now, queue, messages)
        return messages > held

    def _pack(self, due: store.Due, me: int, now: datetime) -> list[Parcel]:
        method, pace, rows = due.method, due.pace, due.rows
        begun: defaultdict[UUID, list[NotificationRow]] = defaultdict(list)
        for row in rows:
            if row.bundle_id is not None:
                begun[row.bundle_id].append(row)
        if begun:
            # Sent before without an outcome, or in vain: as it was, and paid for.
            pace.claimed_by = me
            return [Parcel(tuple(many), method, due.language) for many in begun.values()]
        trials = [row for row in rows if row.kind in ALONE]
        news = [row for row in rows if row.kind in NEWS]
        pages = [row for row in rows if row.kind not in ALONE and row.kind not in NEWS]
        allowance = Allowance(pace.tokens, pace.as_of)
        # News never takes the last of the burst: it does not stand for itself.
        queue = _queue([*pages, *trials], now)
        messages = spendable(
            allowance, self._rate, now, waiting=queue.count, most_urgent=queue.most_urgent > 0
        )
        held = last_waits(allowance, self._rate, now, queue, messages)
        parcels: list[Parcel] = []
        for portion in _portions(pages, news, trials, messages, last_waits=held):
            bundle_id = new_id() if len(portion) > 1 else portion[0].id
            for row in portion:
                row.bundle_id = bundle_id
            parcels.append(Parcel(tuple(portion), method, due.language))
        if parcels:
            left = allowance.at(now, self._rate).without(len(parcels))
            pace.tokens, pace.as_of, pace.claimed_by = left.tokens, left.as_of, me
        return parcels


def _queue(rows: Sequence[NotificationRow], now: datetime) -> Queue:
    return Queue(
        count=len(rows),
        most_urgent=sum(row.urgency <= MOST_URGENT for row in rows),
        newest=max((row.created_at for row in rows), default=now),
    )


def _portions(
    pages: Sequence[NotificationRow],
    news: Sequence[NotificationRow],
    trials: Sequence[NotificationRow],
    messages: int,
    *,
    last_waits: bool,
) -> list[list[NotificationRow]]:
    """What so many messages carry: pages first, then all news in one, and then tests.

    A test says that the method works: in the middle of a storm that is known.
    """
    if pages:
        return portions(pages, messages, last_waits=last_waits)
    if news:
        return portions(news, min(messages, 1))
    return portions(trials[:messages], messages, last_waits=last_waits)
