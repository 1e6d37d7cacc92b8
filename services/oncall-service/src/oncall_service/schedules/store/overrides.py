"""Overrides in the database."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlmodel import col, select, update
from sqlmodel.ext.asyncio.session import AsyncSession

from oncall_service.core.store.lookup import refs
from oncall_service.people.store import reachable
from oncall_service.schedules.store.layers import teams_of
from oncall_service.tables import OverrideRow, PersonRow, ScheduleRow
from shared.contracts.oncall_api import OnDuty
from shared.contracts.rota import Duty, Origin, OverrideView


async def noticed(session: AsyncSession, schedule: UUID) -> None:
    """Let whoever waits for a change of who is on call look again."""
    await session.exec(
        update(ScheduleRow)
        .where(col(ScheduleRow.id) == schedule)
        .values(revision=ScheduleRow.revision + 1)
    )


async def views(session: AsyncSession, rows: Sequence[OverrideRow]) -> list[OverrideView]:
    """Overrides as the API shows them."""
    people = await refs(session, PersonRow, (row.person_id for row in rows))
    reached = await reachable(session, people.keys())
    schedules = await refs(session, ScheduleRow, (row.schedule_id for row in rows))
    teams = await teams_of(session, schedules.keys())
    return [
        OverrideView(
            id=row.id,
            schedule=schedules[row.schedule_id],
            team=teams[row.schedule_id],
            person=OnDuty(
                id=row.person_id,
                name=people[row.person_id].name,
                reachable=row.person_id in reached,
            ),
            role=Duty(row.duty),
            start=row.starts_at,
            end=row.ends_at,
            note=row.note,
            kind=Origin(row.kind),
            created_by=row.created_by,
            created_at=row.created_at,
        )
        for row in rows
    ]


async def listed(
    session: AsyncSession,
    *,
    schedule: UUID | None,
    since: datetime | None,
    before: UUID | None,
    limit: int,
) -> list[OverrideRow]:
    """Overrides, newest first; ``since`` leaves out what ended before."""
    statement = select(OverrideRow).order_by(col(OverrideRow.id).desc()).limit(limit)
    if schedule is not None:
        statement = statement.where(OverrideRow.schedule_id == schedule)
    if since is not None:
        statement = statement.where(OverrideRow.ends_at > since)
    if before is not None:
        statement = statement.where(OverrideRow.id < before)
    return list((await session.exec(statement)).all())


async def same(session: AsyncSession, wanted: OverrideRow) -> OverrideRow | None:
    """An override that says exactly the same."""
    statement = select(OverrideRow).where(
        OverrideRow.schedule_id == wanted.schedule_id,
        OverrideRow.person_id == wanted.person_id,
        OverrideRow.duty == wanted.duty,
        OverrideRow.starts_at == wanted.starts_at,
        OverrideRow.ends_at == wanted.ends_at,
    )
    return (await session.exec(statement)).first()
