"""Notifications and their attempts in the database."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import update
from sqlmodel import col, or_, select
from sqlmodel.ext.asyncio.session import AsyncSession

from oncall_service.resources.policies import AttemptView, NotificationView
from oncall_service.tables import AttemptRow, ContactMethodRow, NotificationRow
from shared.contracts.wire import Ref

PENDING, SENT, FAILED, CANCELLED = "pending", "sent", "failed", "cancelled"

# Longer than the slowest channel may take, so that nobody else sends what is being sent.
CLAIM = timedelta(seconds=60)

Delivery = tuple[NotificationRow, ContactMethodRow | None]


async def enabled_methods(
    session: AsyncSession, people: Sequence[UUID]
) -> dict[UUID, list[ContactMethodRow]]:
    """The contact methods to use, oldest first."""
    found: defaultdict[UUID, list[ContactMethodRow]] = defaultdict(list)
    statement = (
        select(ContactMethodRow)
        .where(col(ContactMethodRow.person_id).in_(people), col(ContactMethodRow.enabled))
        .order_by(col(ContactMethodRow.id))
    )
    for method in await session.exec(statement):
        found[method.person_id].append(method)
    return found


async def cancel(
    session: AsyncSession, escalation: UUID, reason: str, now: datetime
) -> Sequence[str]:
    """Cancel what a run has not sent yet; the channels it was for."""
    statement = (
        update(NotificationRow)
        .where(
            col(NotificationRow.escalation_id) == escalation,
            col(NotificationRow.outcome) == PENDING,
        )
        .values(
            outcome=CANCELLED,
            outcome_detail=f"not sent: {reason.replace('_', ' ')}",
            next_attempt_at=None,
            finished_at=now,
        )
        .returning(col(NotificationRow.channel))
    )
    return (await session.exec(statement)).scalars().all()


async def claim(session: AsyncSession, now: datetime, limit: int) -> list[Delivery]:
    """Take notifications that are due; nobody else does for the length of ``CLAIM``.

    If this process dies meanwhile they are taken again, with the same idempotency key.
    """
    statement = (
        select(NotificationRow)
        .where(
            NotificationRow.outcome == PENDING,
            col(NotificationRow.next_attempt_at) <= now,
            or_(
                col(NotificationRow.claimed_until).is_(None),
                col(NotificationRow.claimed_until) <= now,
            ),
        )
        .order_by(col(NotificationRow.next_attempt_at), col(NotificationRow.id))
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    rows = list((await session.exec(statement)).all())
    for row in rows:
        row.claimed_until = now + CLAIM
    await session.flush()
    methods = select(ContactMethodRow).where(
        col(ContactMethodRow.id).in_([row.contact_method_id for row in rows])
    )
    by_id = {method.id: method for method in await session.exec(methods)}
    return [
        (row, by_id.get(row.contact_method_id) if row.contact_method_id else None) for row in rows
    ]


async def step_is_lost(session: AsyncSession, row: NotificationRow) -> bool:
    """Whether nothing of the step this notification belongs to was, or still may be, sent."""
    statement = select(NotificationRow.id).where(
        NotificationRow.escalation_id == row.escalation_id,
        NotificationRow.round == row.round,
        NotificationRow.step == row.step,
        col(NotificationRow.outcome).in_([PENDING, SENT]),
    )
    return (await session.exec(statement)).first() is None


async def views(
    session: AsyncSession, rows: Sequence[NotificationRow], *, inside: bool = False
) -> list[NotificationView]:
    """Notifications with their attempts, as the API shows them; ``inside`` for administrators."""
    tries: defaultdict[UUID, list[AttemptView]] = defaultdict(list)
    statement = (
        select(AttemptRow)
        .where(col(AttemptRow.notification_id).in_([row.id for row in rows]))
        .order_by(col(AttemptRow.id))
    )
    for attempt in await session.exec(statement):
        tries[attempt.notification_id].append(
            AttemptView(
                at=attempt.at,
                outcome=attempt.outcome,
                detail=f"{attempt.detail}: {attempt.inside}"
                if inside and attempt.inside
                else attempt.detail,
            )
        )
    return [
        NotificationView(
            id=row.id,
            kind=row.kind,
            incident_id=row.incident_id,
            escalation_id=row.escalation_id,
            round=row.round,
            step=row.step,
            person=Ref(id=row.person_id, name=row.person_name) if row.person_id else None,
            channel=row.channel,
            target=row.shown_target,
            reason=row.reason,
            title=row.message.get("title", ""),
            outcome=row.outcome,
            detail=row.outcome_detail,
            idempotency_key=row.idempotency_key,
            created_at=row.created_at,
            finished_at=row.finished_at,
            attempts=tries[row.id],
        )
        for row in rows
    ]
