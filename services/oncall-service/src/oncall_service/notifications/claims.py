"""Who may be sent what by now: contact methods claimed one by one, their messages packed."""

import asyncio
from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import and_, func
from sqlmodel import col, or_, select, update
from sqlmodel.ext.asyncio.session import AsyncSession

from oncall_service.notifications.pacing import (
    COMPANY,
    MOST_IN_A_BUNDLE,
    MOST_URGENT,
    Allowance,
    Rate,
    portions,
    spendable,
)
from oncall_service.notifications.store import PENDING, TRIAL
from oncall_service.tables import ContactMethodRow, NotificationRow, PaceRow
from shared.database import Database, driver_connection
from shared.identifiers import new_id
from shared.life import ALIVE


@dataclass(frozen=True, slots=True)
class Parcel:
    """What one message carries, and to whom; the method is None when there is none any more.

    ``rows`` are as they were claimed, the most urgent first. All have one ``bundle_id`` from when
    the message was made; one that was made for a single notification has that one's own id.
    """

    rows: tuple[NotificationRow, ...]
    method: ContactMethodRow | None

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
                taken = [
                    parcels
                    for method, pace, rows in methods
                    if (parcels := self._pack(method, pace, rows, me, now))
                ]
                lost = await _without_a_method(session, now, limit)
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
    ) -> list[tuple[ContactMethodRow, PaceRow, list[NotificationRow]]]:
        async with driver_connection(session) as connection:
            cursor = await connection.execute(
                _WAITING,
                {
                    "now": now,
                    "me": me,
                    "active": list(self.active),
                    "limit": limit,
                    "burst": float(self._rate.burst),
                    "interval": self._rate.interval.total_seconds(),
                    "kept_back": self._rate.kept_back,
                    "most_urgent": MOST_URGENT,
                    "company": COMPANY,
                },
            )
            ids = [row["method"] for row in await cursor.fetchall()]
            if not ids:
                return []
            await connection.execute(
                "INSERT INTO contact_method_paces (contact_method_id, tokens, as_of) "
                "SELECT id, %s, %s FROM unnest(%s::uuid[]) AS id ORDER BY id "
                "ON CONFLICT DO NOTHING",
                (float(self._rate.burst), now, ids),
            )
            cursor = await connection.execute(
                f"SELECT contact_method_id FROM contact_method_paces "  # noqa: S608 - a constant
                f"WHERE contact_method_id = ANY(%s) AND (claimed_by IS NULL OR claimed_by = %s "
                f"OR claimed_by <> ALL({ALIVE})) FOR UPDATE SKIP LOCKED",
                (ids, me),
            )
            free = {row["contact_method_id"] for row in await cursor.fetchall()}
        paces = {
            row.contact_method_id: row
            for row in await session.exec(
                select(PaceRow).where(col(PaceRow.contact_method_id).in_(free))
            )
        }
        methods = {
            row.id: row
            for row in await session.exec(
                select(ContactMethodRow).where(col(ContactMethodRow.id).in_(free))
            )
        }
        waiting: defaultdict[UUID | None, list[NotificationRow]] = defaultdict(list)
        for row in await session.exec(_first_of(free, now)):
            waiting[row.contact_method_id].append(row)
        return [
            (methods[one], paces[one], waiting[one]) for one in ids if one in free & methods.keys()
        ]

    def _pack(
        self,
        method: ContactMethodRow,
        pace: PaceRow,
        rows: Sequence[NotificationRow],
        me: int,
        now: datetime,
    ) -> list[Parcel]:
        begun: defaultdict[UUID, list[NotificationRow]] = defaultdict(list)
        for row in rows:
            if row.bundle_id is not None:
                begun[row.bundle_id].append(row)
        if begun:
            # Sent before without an outcome, or in vain: as it was, and paid for.
            pace.claimed_by = me
            return [Parcel(tuple(many), method) for many in begun.values()]
        pages = [row for row in rows if row.kind != TRIAL]
        trials = [row for row in rows if row.kind == TRIAL]
        allowance = Allowance(pace.tokens, pace.as_of)
        messages = spendable(
            allowance,
            self._rate,
            now,
            waiting=len(rows),
            most_urgent=bool(pages) and pages[0].urgency <= MOST_URGENT,
        )
        parcels: list[Parcel] = []
        # A test says that the method works: in the middle of a storm that is known.
        for portion in (
            portions(pages, messages) if pages else portions(trials[:messages], messages)
        ):
            bundle_id = new_id() if len(portion) > 1 else portion[0].id
            for row in portion:
                row.bundle_id = bundle_id
            parcels.append(Parcel(tuple(portion), method))
        if parcels:
            left = allowance.at(now, self._rate).without(len(parcels))
            pace.tokens, pace.as_of, pace.claimed_by = left.tokens, left.as_of, me
        return parcels


# Contact methods with something due that may go out now, and that nobody is sending to. A message
# that was made before has been paid for. The rest is pacing.spendable, so that nothing is loaded in
# vain.
_WAITING = f"""
    SELECT waiting.method FROM (
        SELECT n.contact_method_id AS method, min(n.urgency) AS urgency,
               min(n.created_at) AS oldest, count(*) AS waiting,
               bool_or(n.bundle_id IS NOT NULL) AS begun
        FROM notifications AS n JOIN contact_methods AS m ON m.id = n.contact_method_id
        WHERE n.outcome = 'pending' AND n.next_attempt_at <= %(now)s
          AND (m.enabled OR n.kind = 'test') AND n.contact_method_id <> ALL(%(active)s)
        GROUP BY n.contact_method_id) AS waiting
    LEFT JOIN contact_method_paces AS pace ON pace.contact_method_id = waiting.method
    CROSS JOIN LATERAL (SELECT floor(0.000001 + least(%(burst)s, pace.tokens
        + greatest(0, extract(epoch FROM %(now)s - pace.as_of)) / %(interval)s)) AS messages) AS pay
    WHERE (pace.claimed_by IS NULL OR pace.claimed_by = %(me)s OR pace.claimed_by <> ALL({ALIVE}))
      AND (waiting.begun OR pace.tokens IS NULL OR pay.messages > %(kept_back)s
           OR pay.messages > 0 AND (waiting.urgency <= %(most_urgent)s
               OR waiting.waiting <= pay.messages AND %(now)s - pace.as_of >= %(company)s))
    ORDER BY waiting.urgency, waiting.oldest LIMIT %(limit)s
"""  # noqa: S608 - constants


def _first_of(methods: Collection[UUID], now: datetime) -> Any:
    """The most urgent due notifications of each contact method, locked."""
    place = (
        func.row_number()
        .over(
            partition_by=col(NotificationRow.contact_method_id),
            order_by=(
                col(NotificationRow.bundle_id).is_(None),
                col(NotificationRow.urgency),
                col(NotificationRow.id),
            ),
        )
        .label("place")
    )
    ranked = (
        select(NotificationRow.id, place)
        .where(
            col(NotificationRow.contact_method_id).in_(methods),
            NotificationRow.outcome == PENDING,
            col(NotificationRow.next_attempt_at) <= now,
        )
        .subquery()
    )
    return (
        select(NotificationRow)
        .join(ranked, ranked.c.id == NotificationRow.id)
        .where(ranked.c.place <= MOST_IN_A_BUNDLE, NotificationRow.outcome == PENDING)
        .order_by(ranked.c.place)
        # Who is cancelling one just now has it; it is looked at again in a moment.
        .with_for_update(of=NotificationRow, skip_locked=True)
    )


async def _without_a_method(
    session: AsyncSession, now: datetime, limit: int
) -> Sequence[NotificationRow]:
    """What is due for contact methods that were removed or switched off."""
    statement = (
        select(NotificationRow)
        .join(
            ContactMethodRow,
            col(ContactMethodRow.id) == NotificationRow.contact_method_id,
            isouter=True,
        )
        .where(
            NotificationRow.outcome == PENDING,
            col(NotificationRow.next_attempt_at) <= now,
            or_(
                col(ContactMethodRow.id).is_(None),
                and_(~col(ContactMethodRow.enabled), col(NotificationRow.kind) != TRIAL),
            ),
        )
        .limit(limit)
    )
    return (await session.exec(statement)).all()


async def give_back(session: AsyncSession, done: Collection[UUID]) -> None:
    """Return the claims on contact methods that are done with."""
    if done:
        await session.exec(
            update(PaceRow).where(col(PaceRow.contact_method_id).in_(done)).values(claimed_by=None)
        )
