"""Contact methods with something to send, claimed one by one; claims in the database."""

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import and_, func
from sqlmodel import col, or_, select, update
from sqlmodel.ext.asyncio.session import AsyncSession

from oncall_service.notifications.pacing import MOST_URGENT, Allowance, Queue
from oncall_service.notifications.store.rows import PENDING
from oncall_service.tables import ContactMethodRow, NotificationRow, PaceRow, PersonRow
from shared.contracts.oncall import NEWS, MessageKind
from shared.database import driver_connection
from shared.life import ALIVE


@dataclass(frozen=True, slots=True)
class Waiting:
    """What is due for a contact method that nobody is sending to.

    ``urgency`` is that of the most urgent. ``begun``: one
    of them was sent before, without an outcome or in vain. ``left`` is None for a method that was
    never sent anything.
    """

    method: UUID
    urgency: int
    queue: Queue
    begun: bool
    left: Allowance | None


@dataclass(frozen=True, slots=True)
class Due:
    """What is due for one method, and in which language its reader wants it (None: none chosen)."""

    method: ContactMethodRow
    language: str | None
    pace: PaceRow
    rows: list[NotificationRow]


async def waiting(
    session: AsyncSession, me: int, now: datetime, active: Collection[UUID]
) -> list[Waiting]:
    """The contact methods with something due, the most urgent first, but for the ``active``."""
    async with driver_connection(session) as connection:
        cursor = await connection.execute(
            _WAITING,
            {
                "now": now,
                "me": me,
                "active": list(active),
                "news": list(NEWS),
                "most_urgent": MOST_URGENT,
            },
        )
        return [
            Waiting(
                row["method"],
                row["urgency"],
                Queue(row["waiting"], row["most_urgent"], row["newest"]),
                row["begun"],
                Allowance(row["tokens"], row["as_of"]) if row["as_of"] is not None else None,
            )
            for row in await cursor.fetchall()
        ]


async def lock_free(
    session: AsyncSession, methods: Sequence[UUID], me: int, fresh: Allowance
) -> set[UUID]:
    """Lock the paces of those that nobody else claims; what was never sent to begins ``fresh``."""
    async with driver_connection(session) as connection:
        await connection.execute(
            "INSERT INTO contact_method_paces (contact_method_id, tokens, as_of) "
            "SELECT id, %s, %s FROM unnest(%s::uuid[]) AS id ORDER BY id "
            "ON CONFLICT DO NOTHING",
            (fresh.tokens, fresh.as_of, list(methods)),
        )
        cursor = await connection.execute(
            f"SELECT contact_method_id FROM contact_method_paces "  # noqa: S608 - a constant
            f"WHERE contact_method_id = ANY(%s) AND (claimed_by IS NULL OR claimed_by = %s "
            f"OR claimed_by <> ALL({ALIVE})) FOR UPDATE SKIP LOCKED",
            (list(methods), me),
        )
        return {row["contact_method_id"] for row in await cursor.fetchall()}


async def of_methods(
    session: AsyncSession, methods: Collection[UUID], now: datetime, most: int
) -> dict[UUID, Due]:
    """Methods, their readers' languages, their paces, and the ``most`` urgent due, locked."""
    paces = {
        row.contact_method_id: row
        for row in await session.exec(
            select(PaceRow).where(col(PaceRow.contact_method_id).in_(methods))
        )
    }
    due: defaultdict[UUID | None, list[NotificationRow]] = defaultdict(list)
    found = await session.exec(
        select(ContactMethodRow, PersonRow.language)
        .join(PersonRow, col(PersonRow.id) == ContactMethodRow.person_id, isouter=True)
        .where(col(ContactMethodRow.id).in_(methods))
    )
    readers = found.all()
    for row in await _first_of(session, methods, now, most):
        due[row.contact_method_id].append(row)
    return {
        method.id: Due(method, language, paces[method.id], due[method.id])
        for method, language in readers
    }


async def without_a_method(
    session: AsyncSession, now: datetime, limit: int
) -> Sequence[NotificationRow]:
    """What is due for contact methods that were removed or switched off, or for none at all."""
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
                and_(~col(ContactMethodRow.enabled), col(NotificationRow.kind) != MessageKind.TEST),
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


# The pace of each is in the row: pacing.spendable decides.
_WAITING = f"""
    SELECT waiting.*, pace.tokens, pace.as_of FROM (
        SELECT n.contact_method_id AS method, min(n.urgency) AS urgency,
               min(n.created_at) AS oldest, max(n.created_at) AS newest,
               count(*) FILTER (WHERE n.kind <> ALL(%(news)s)) AS waiting,
               count(*) FILTER (WHERE n.urgency <= %(most_urgent)s) AS most_urgent,
               bool_or(n.bundle_id IS NOT NULL) AS begun
        FROM notifications AS n JOIN contact_methods AS m ON m.id = n.contact_method_id
        WHERE n.outcome = 'pending' AND n.next_attempt_at <= %(now)s
          AND (m.enabled OR n.kind = 'test') AND n.contact_method_id <> ALL(%(active)s)
        GROUP BY n.contact_method_id) AS waiting
    LEFT JOIN contact_method_paces AS pace ON pace.contact_method_id = waiting.method
    WHERE (pace.claimed_by IS NULL OR pace.claimed_by = %(me)s OR pace.claimed_by <> ALL({ALIVE}))
    ORDER BY waiting.urgency, waiting.oldest
"""  # noqa: S608 - constants


async def _first_of(
    session: AsyncSession, methods: Collection[UUID], now: datetime, most: int
) -> Sequence[NotificationRow]:
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
    statement = (
        select(NotificationRow)
        .join(ranked, ranked.c.id == NotificationRow.id)
        .where(ranked.c.place <= most, NotificationRow.outcome == PENDING)
        .order_by(ranked.c.place)
        # Who is cancelling one just now has it; it is looked at again in a moment.
        .with_for_update(of=NotificationRow, skip_locked=True)
    )
    return (await session.exec(statement)).all()
