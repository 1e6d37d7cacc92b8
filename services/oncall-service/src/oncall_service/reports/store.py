"""What the reports count, in the database."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import func
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from oncall_service.core.hours import hours_of
from oncall_service.notifications.store.rows import SENT
from oncall_service.reports.rules import Someone
from oncall_service.tables import (
    EscalationRow,
    MemberRow,
    NotificationRow,
    PersonRow,
)
from shared.contracts.oncall import MessageKind
from shared.zones import zone


async def members(session: AsyncSession, of: Sequence[UUID]) -> set[UUID]:
    """Who belongs to one of these teams."""
    statement = select(MemberRow.person_id).where(col(MemberRow.team_id).in_(of))
    return set((await session.exec(statement)).all())


async def pages(
    session: AsyncSession, start: datetime, end: datetime, team: UUID | None
) -> dict[UUID, list[datetime]]:
    """When somebody was reached by a page in [start, end), in order: once a step, however often."""
    reached = func.min(NotificationRow.finished_at)
    statement = (
        select(NotificationRow.person_id, reached)
        .where(
            NotificationRow.kind == MessageKind.PAGE,
            NotificationRow.outcome == SENT,
            col(NotificationRow.person_id).is_not(None),
            col(NotificationRow.escalation_id).is_not(None),
        )
        .group_by(
            col(NotificationRow.escalation_id),
            col(NotificationRow.round),
            col(NotificationRow.step),
            col(NotificationRow.person_id),
        )
        .having(reached >= start, reached < end)
        .order_by(reached)
    )
    if team is not None:
        of_team = select(EscalationRow.id).where(EscalationRow.team_id == team)
        statement = statement.where(col(NotificationRow.escalation_id).in_(of_team))
    found: defaultdict[UUID, list[datetime]] = defaultdict(list)
    for person, at in await session.exec(statement):
        if person is not None and at is not None:
            found[person].append(at)
    return found


async def paged_names(session: AsyncSession, people: Sequence[UUID]) -> dict[UUID, str]:
    """What people who are gone were called when they were paged."""
    statement = (
        select(NotificationRow.person_id, func.max(NotificationRow.person_name))
        .where(col(NotificationRow.person_id).in_(people))
        .group_by(col(NotificationRow.person_id))
    )
    return {person: name for person, name in await session.exec(statement) if person is not None}


async def known(session: AsyncSession, people: Sequence[UUID]) -> dict[UUID, Someone]:
    """These people, as far as they are still there."""
    statement = select(PersonRow).where(col(PersonRow.id).in_(people))
    return {
        row.id: Someone(
            row.id,
            row.name,
            zone(row.time_zone),
            tuple(hours_of(hours) for hours in row.working_hours or ()),
        )
        for row in await session.exec(statement)
    }
