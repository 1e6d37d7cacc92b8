"""Contact methods as they are stored: read in batches, and written where nobody else has."""

from uuid import UUID

from sqlalchemy import update
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from oncall_service.tables import ContactMethodRow


async def batch(session: AsyncSession, after: UUID | None, limit: int) -> list[ContactMethodRow]:
    """So many contact methods in the order of their ids, from behind one on."""
    statement = select(ContactMethodRow).order_by(col(ContactMethodRow.id)).limit(limit)
    if after is not None:
        statement = statement.where(col(ContactMethodRow.id) > after)
    return list((await session.exec(statement)).all())


async def restore(
    session: AsyncSession, row: ContactMethodRow, target: str, secret: str | None
) -> bool:
    """Store the same values in another form; not where they were changed since they were read."""
    statement = (
        update(ContactMethodRow)
        .where(
            col(ContactMethodRow.id) == row.id,
            col(ContactMethodRow.target) == row.target,
            col(ContactMethodRow.secret).is_not_distinct_from(row.secret),
        )
        .values(target=target, secret=secret)
        .execution_options(synchronize_session=False)
    )
    return bool((await session.exec(statement)).rowcount)
