"""Finding a thing by what a person calls it, and walking through all of them by name."""

from collections.abc import Iterable, Sequence
from typing import Any, TypeAlias, TypeVar
from uuid import UUID

from sqlalchemy import func
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from oncall_service.tables import PersonRow, PolicyRow, ScheduleRow, ServiceRow, TeamRow
from shared.contracts.wire import Ref
from shared.counters import short
from shared.database import Connection
from shared.errors import FieldError, Invalid, NotFound
from shared.paging import Keyset

Named: TypeAlias = PersonRow | TeamRow | PolicyRow | ServiceRow | ScheduleRow
Row = TypeVar("Row", PersonRow, TeamRow, PolicyRow, ServiceRow, ScheduleRow)

KIND: dict[type[Named], str] = {
    PersonRow: "person",
    TeamRow: "team",
    PolicyRow: "policy",
    ServiceRow: "service",
    ScheduleRow: "schedule",
}


async def find(session: AsyncSession, table: type[Row], reference: str) -> Row | None:
    """The row with this id or name (people also by login); names whatever the case."""
    identifier = as_uuid(reference)
    if identifier is not None:
        return await session.get(table, identifier)
    for column in _named_by(table):
        statement = select(table).where(func.lower(column) == func.lower(reference))
        row = (await session.exec(statement)).first()
        if row is not None:
            return row
    return None


def _named_by(table: type[Named]) -> list[Any]:
    return [PersonRow.login, PersonRow.name] if table is PersonRow else [table.name]


async def get(session: AsyncSession, table: type[Row], reference: str) -> Row:
    """The row an address names; else ``NotFound``."""
    row = await find(session, table, reference)
    if row is None:
        raise NotFound(f"There is no {KIND[table]} '{reference}'.")
    return row


async def require(session: AsyncSession, table: type[Row], reference: str) -> Row:
    """The row an address names, locked until the end of the transaction; else ``NotFound``."""
    row = await get(session, table, reference)
    await session.refresh(row, with_for_update=True)
    return row


async def refer(session: AsyncSession, table: type[Row], reference: str, field: str) -> Row:
    """The row a field of a body names; else ``Invalid`` for that field."""
    row = await find(session, table, reference)
    if row is None:
        raise Invalid([FieldError(field, f"there is no {KIND[table]} '{reference}'")])
    return row


async def refer_all(
    session: AsyncSession, table: type[Row], references: Sequence[str], field: str
) -> list[Row]:
    """The rows a list names; ``Invalid`` lists every name that fits nothing."""
    rows, errors = [], []
    for index, reference in enumerate(references):
        row = await find(session, table, reference)
        if row is None:
            errors.append(FieldError(f"{field}.{index}", f"no {KIND[table]} '{reference}'"))
        else:
            rows.append(row)
    if errors:
        raise Invalid(errors)
    return rows


async def refs(
    session: AsyncSession, table: type[Row], ids: Iterable[UUID | None]
) -> dict[UUID, Ref]:
    """Id and name of many rows at once."""
    wanted = {identifier for identifier in ids if identifier is not None}
    if not wanted:
        return {}
    rows = await session.exec(select(table).where(col(table.id).in_(wanted)))
    return {row.id: Ref(id=row.id, name=row.name) for row in rows}


_BY_NAME = {table: Keyset(kind, str) for table, kind in KIND.items()}


async def page(
    session: AsyncSession, table: type[Row], *, limit: int, cursor: str | None
) -> tuple[Sequence[Row], str | None]:
    """A page in the order of the names, and the cursor of the next one."""
    order = _BY_NAME[table]
    name = func.lower(table.name)
    statement = select(table).order_by(name).limit(limit + 1)
    if after := order.after(cursor):
        statement = statement.where(name > func.lower(after[0]))
    rows = (await session.exec(statement)).all()
    return order.cut(rows, limit, key=lambda row: (row.name,))


def as_uuid(text: str) -> UUID | None:
    """The id a text is, or None."""
    try:
        return UUID(text)
    except ValueError:
        return None


def must_be_named(table: type[Named], reference: str, name: str) -> None:
    """What a PUT makes has the name it was put under; an id that is unknown is ``NotFound``."""
    if reference.lower() != name.lower():
        raise NotFound(f"There is no {KIND[table]} '{reference}'.")


async def living(connection: Connection) -> dict[str, set[str]]:
    """The teams and people there are, by the label of /metrics that names them."""
    called: dict[str, set[str]] = {"team": set(), "person_id": set()}
    cursor = await connection.execute(
        "SELECT 'team' AS label, name AS text FROM teams "
        "UNION ALL SELECT 'person_id', id::text FROM people"
    )
    for row in await cursor.fetchall():
        called[row["label"]].add(short(row["text"]))
    return called
