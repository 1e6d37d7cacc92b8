"""The last report in the database."""

from sqlalchemy.dialects.postgresql import insert
from sqlmodel.ext.asyncio.session import AsyncSession

from oncall_service.coverage.shapes import Report
from oncall_service.tables import CoverageRow


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
