"""Calendars to subscribe to, in the database, and whose schedules are in them."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import cast, col, or_, select
from sqlmodel.ext.asyncio.session import AsyncSession

from oncall_service.core.store.lookup import refs
from oncall_service.tables import (
    EraRow,
    FeedRow,
    LayerRow,
    MemberRow,
    OverrideRow,
    ParticipantRow,
    PersonRow,
    ScheduleRow,
)
from shared.contracts.rota import FeedView


async def by_address(session: AsyncSession, token_hash: str) -> FeedRow | None:
    """The calendar with this address, unless it was revoked."""
    statement = select(FeedRow).where(
        FeedRow.token_hash == token_hash, col(FeedRow.revoked_at).is_(None)
    )
    return (await session.exec(statement)).first()


async def listed(
    session: AsyncSession, *, visible_to: UUID | None, before: UUID | None, limit: int
) -> list[FeedRow]:
    """Calendars, newest first; of a person their own and those of their teams, None: all."""
    statement = select(FeedRow).order_by(col(FeedRow.id).desc()).limit(limit)
    if visible_to is not None:
        of_teams = (
            select(ScheduleRow.id)
            .join(MemberRow, col(MemberRow.team_id) == ScheduleRow.team_id)
            .where(MemberRow.person_id == visible_to)
        )
        statement = statement.where(
            or_(col(FeedRow.person_id) == visible_to, col(FeedRow.schedule_id).in_(of_teams))
        )
    if before is not None:
        statement = statement.where(FeedRow.id < before)
    return list((await session.exec(statement)).all())


async def views(session: AsyncSession, rows: Sequence[FeedRow]) -> list[FeedView]:
    """Calendars as the API shows them."""
    people = await refs(session, PersonRow, (row.person_id for row in rows))
    schedules = await refs(session, ScheduleRow, (row.schedule_id for row in rows))
    return [
        FeedView(
            id=row.id,
            person=people[row.person_id] if row.person_id else None,
            schedule=schedules[row.schedule_id] if row.schedule_id else None,
            created_by=row.created_by,
            created_at=row.created_at,
            revoked_at=row.revoked_at,
        )
        for row in rows
    ]


async def schedules_with(session: AsyncSession, person: UUID, since: datetime) -> list[ScheduleRow]:
    """The schedules in which somebody may have had a duty since then, or will have one."""
    in_layers = (
        select(LayerRow.schedule_id)
        .join(ParticipantRow, col(ParticipantRow.layer_id) == LayerRow.id)
        .where(ParticipantRow.person_id == person)
    )
    over_them = select(OverrideRow.schedule_id).where(
        OverrideRow.person_id == person, OverrideRow.ends_at > since
    )
    among_participants = cast([{"participants": [{"id": str(person)}]}], JSONB)
    before = select(EraRow.schedule_id).where(
        EraRow.valid_until > since, col(EraRow.layers).op("@>")(among_participants)
    )
    statement = (
        select(ScheduleRow)
        .where(or_(*(col(ScheduleRow.id).in_(some) for some in (in_layers, over_them, before))))
        .order_by(ScheduleRow.name)
    )
    return list((await session.exec(statement)).all())
