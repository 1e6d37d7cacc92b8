"""The last report in the database, and what there is to be covered."""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy.dialects.postgresql import insert
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from oncall_service.coverage.shapes import Report
from oncall_service.tables import CoverageRow, ServiceRow, TeamRow


@dataclass(frozen=True, slots=True)
class Claim:
    """A service of the directory, and the team that answers for it."""

    service: str
    team: UUID


async def keep(session: AsyncSession, report: Report) -> None:
    """Make this the last report."""
    stored = report.model_dump(mode="json")
    await session.exec(
        insert(CoverageRow)
        .values(only_row=True, at=report.at, report=stored)
        .on_conflict_do_update(
            index_elements=["only_row"], set_={"at": report.at, "report": stored}
        )
    )


async def last(session: AsyncSession) -> Report | None:
    """The last report; None before the first."""
    row = await session.get(CoverageRow, True)
    return Report.model_validate(row.report) if row is not None else None


async def claims(session: AsyncSession) -> list[Claim]:
    """Every service of the directory, by name."""
    rows = await session.exec(select(ServiceRow).order_by(col(ServiceRow.name)))
    return [Claim(row.name, row.team_id) for row in rows]


async def teams(session: AsyncSession) -> list[TeamRow]:
    """Every team, by name."""
    return list((await session.exec(select(TeamRow).order_by(col(TeamRow.name)))).all())
