"""What an import has made, in the database."""

from uuid import UUID

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from oncall_service.schedules.ical_reading import Known
from oncall_service.tables import OverrideRow, PersonRow
from shared.contracts.rota import Origin


async def made_from(session: AsyncSession, schedule: UUID, source: str) -> dict[str, OverrideRow]:
    """The overrides that a calendar has become, by the event they were made from."""
    statement = select(OverrideRow).where(
        OverrideRow.schedule_id == schedule,
        OverrideRow.kind == Origin.IMPORT,
        col(OverrideRow.source_uid).startswith(source, autoescape=True),
    )
    return {row.source_uid or "": row for row in await session.exec(statement)}


async def everybody(session: AsyncSession) -> list[Known]:
    """Whom an event may be about."""
    return [
        Known(
            id=row.id,
            names=tuple(name.casefold() for name in (row.name, row.login) if name),
            address=row.email.casefold() if row.email else None,
        )
        for row in await session.exec(select(PersonRow))
    ]
