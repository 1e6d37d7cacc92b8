"""Who was paged for an incident and has not heard since what became of it."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import and_
from sqlalchemy.orm import aliased
from sqlmodel import col, or_, select, update
from sqlmodel.ext.asyncio.session import AsyncSession

from oncall_service.notifications.store.rows import CANCELLED, PENDING, SENT
from oncall_service.tables import NotificationRow
from shared.contracts.oncall import MessageKind


@dataclass(frozen=True, slots=True)
class Paged:
    """A contact method of a person rang for an incident."""

    incident: UUID
    person: UUID
    method: UUID


async def paged(
    session: AsyncSession, incidents: Collection[UUID], kind: MessageKind
) -> list[Paged]:
    """Whoever was paged for these incidents since they last heard news of this kind.

    A page that is being sent at the moment counts: nobody can take it back.
    """
    if not incidents:
        return []
    page, word = NotificationRow, aliased(NotificationRow)
    told = (
        select(word.id)
        .where(
            word.incident_id == page.incident_id,
            word.contact_method_id == page.contact_method_id,
            word.kind == kind,
            word.outcome != CANCELLED,
            word.created_at >= page.created_at,
        )
        .exists()
    )
    statement = (
        select(page.incident_id, page.person_id, page.contact_method_id)
        .where(
            col(page.incident_id).in_(incidents),
            page.kind == MessageKind.PAGE,
            or_(
                col(page.outcome) == SENT,
                and_(col(page.outcome) == PENDING, col(page.bundle_id).is_not(None)),
            ),
            ~told,
        )
        .distinct()
    )
    return [
        Paged(incident, person, method)
        for incident, person, method in await session.exec(statement)
        if incident is not None and person is not None and method is not None
    ]


async def cancel(
    session: AsyncSession,
    incidents: Collection[UUID],
    kinds: Collection[MessageKind],
    reason: str,
    now: datetime,
) -> Sequence[str]:
    """Cancel unsent word of these kinds, which no longer holds; the channels it was for."""
    if not incidents:
        return []
    statement = (
        update(NotificationRow)
        .where(
            col(NotificationRow.incident_id).in_(incidents),
            col(NotificationRow.kind).in_(kinds),
            col(NotificationRow.outcome) == PENDING,
        )
        .values(
            outcome=CANCELLED,
            outcome_facts={"reason": reason},
            next_attempt_at=None,
            finished_at=now,
        )
        .returning(col(NotificationRow.channel))
        .execution_options(synchronize_session=False)
    )
    return (await session.exec(statement)).scalars().all()
