"""Notifications and their attempts in the database."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import case, func, literal, update
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from oncall_service.notifications import messages
from oncall_service.notifications.nowhere import Nowhere
from oncall_service.tables import AttemptRow, NotificationRow, PaceRow
from shared.contracts.oncall import ASKED_TO_HELP, MessageKind
from shared.contracts.oncall_api import AttemptView, NotificationView
from shared.contracts.wire import Ref
from shared.words import outcomes
from shared.words.catalogues import Say

PENDING, SENT, FAILED, CANCELLED = "pending", "sent", "failed", "cancelled"


async def unsent_more(
    session: AsyncSession, incident: UUID, person: UUID
) -> dict[UUID | None, NotificationRow]:
    """What a person is still owed about alerts that joined an incident, by contact method."""
    statement = select(NotificationRow).where(
        NotificationRow.incident_id == incident,
        NotificationRow.person_id == person,
        NotificationRow.kind == MessageKind.MORE_ALERTS,
        NotificationRow.outcome == PENDING,
        NotificationRow.attempts == 0,
        col(NotificationRow.bundle_id).is_(None),
    )
    rows = await session.exec(statement.with_for_update(skip_locked=True))
    return {row.contact_method_id: row for row in rows}


async def asked_since(session: AsyncSession, incident: UUID, person: UUID, since: datetime) -> bool:
    """Whether somebody asked a person for help with an incident after an instant."""
    statement = select(NotificationRow.id).where(
        NotificationRow.incident_id == incident,
        NotificationRow.person_id == person,
        NotificationRow.reason == ASKED_TO_HELP,
        NotificationRow.created_at > since,
    )
    return (await session.exec(statement.limit(1))).first() is not None


async def cancel(
    session: AsyncSession, reasons: Mapping[UUID, str], now: datetime
) -> dict[UUID, list[str]]:
    """Cancel what runs have not sent yet, each for its reason; the channels, by run."""
    if not reasons:
        return {}
    statement = (
        update(NotificationRow)
        .where(
            col(NotificationRow.escalation_id).in_(reasons),
            col(NotificationRow.outcome) == PENDING,
        )
        .values(
            outcome=CANCELLED,
            outcome_facts=case(
                {run: literal({"reason": reason}, JSONB) for run, reason in reasons.items()},
                value=NotificationRow.escalation_id,
            ),
            next_attempt_at=None,
            finished_at=now,
        )
        .returning(col(NotificationRow.escalation_id), col(NotificationRow.channel))
        .execution_options(synchronize_session=False)
    )
    cancelled: dict[UUID, list[str]] = {}
    for run, channel in (await session.exec(statement)).all():
        cancelled.setdefault(run, []).append(channel)
    return cancelled


async def first_attempts(session: AsyncSession, ids: Collection[UUID]) -> dict[UUID, datetime]:
    """When each notification was tried first; those that were not are left out."""
    statement = (
        select(AttemptRow.notification_id, func.min(AttemptRow.at))
        .where(col(AttemptRow.notification_id).in_(ids))
        .group_by(col(AttemptRow.notification_id))
    )
    return dict((await session.exec(statement)).all())


async def lock_rows(session: AsyncSession, ids: Collection[UUID]) -> dict[UUID, NotificationRow]:
    """Notifications as they are now, kept from everybody else until the commit."""
    statement = (
        select(NotificationRow)
        .where(col(NotificationRow.id).in_(ids))
        .order_by(col(NotificationRow.id))
        .with_for_update()
    )
    return {row.id: row for row in await session.exec(statement)}


async def asked(session: AsyncSession, run: UUID) -> list[tuple[int, int, UUID, str]]:
    """Whom the steps of a run owed a page: round, step, person and reason."""
    statement = (
        select(
            NotificationRow.round,
            NotificationRow.step,
            NotificationRow.person_id,
            NotificationRow.reason,
        )
        .where(NotificationRow.escalation_id == run, col(NotificationRow.person_id).is_not(None))
        .distinct()
    )
    return [
        (turn, step, person, reason)
        for turn, step, person, reason in await session.exec(statement)
        if turn is not None and step is not None and person is not None
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
    session: AsyncSession, rows: Sequence[NotificationRow], words: Say, *, inside: bool = False
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
                detail=(
                    f"{attempt.detail}: {attempt.inside}"
                    if inside and attempt.inside
                    else attempt.detail
                ),
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
            title=messages.title(words, row.message, person=row.person_name),
            outcome=row.outcome,
            detail=outcomes.of_message(words, row.outcome, row.outcome_detail, row.outcome_facts),
            idempotency_key=row.idempotency_key,
            # A message for one alone carries its own id inside; it is no bundle to anybody else.
            bundle_id=row.bundle_id if row.bundle_id != row.id else None,
            created_at=row.created_at,
            finished_at=row.finished_at,
            attempts=tries[row.id],
        )
        for row in rows
    ]


async def of_incident(
    session: AsyncSession, incident: UUID, most: int
) -> Sequence[NotificationRow]:
    """The first messages about an incident, oldest first."""
    statement = select(NotificationRow).where(NotificationRow.incident_id == incident)
    return (await session.exec(statement.order_by(col(NotificationRow.id)).limit(most))).all()


async def listed(
    session: AsyncSession,
    *,
    incident: UUID | None,
    person: UUID | None,
    outcome: str | None,
    before: UUID | None,
    limit: int,
) -> list[NotificationRow]:
    """Notifications to people, newest first."""
    statement = (
        select(NotificationRow)
        .where(NotificationRow.channel != Nowhere.name)
        .order_by(col(NotificationRow.id).desc())
        .limit(limit)
    )
    if incident is not None:
        statement = statement.where(NotificationRow.incident_id == incident)
    if person is not None:
        statement = statement.where(NotificationRow.person_id == person)
    if outcome is not None:
        statement = statement.where(NotificationRow.outcome == outcome)
    if before is not None:
        statement = statement.where(NotificationRow.id < before)
    return list((await session.exec(statement)).all())


async def bring_forward(session: AsyncSession, by: timedelta, now: datetime) -> None:
    """Make what is owed due earlier by this much; a pace that lies ahead of ``now`` likewise."""
    await session.exec(
        update(NotificationRow)
        .where(col(NotificationRow.outcome) == PENDING)
        .values(
            next_attempt_at=NotificationRow.next_attempt_at - by,  # type: ignore[operator]
            due_at=NotificationRow.due_at - by,  # type: ignore[operator]
        )
    )
    await session.exec(
        update(PaceRow).where(col(PaceRow.as_of) > now).values(as_of=PaceRow.as_of - by)
    )
