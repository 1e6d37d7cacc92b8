"""The names of people, for when oncall-service cannot be asked."""

from collections.abc import Iterable
from uuid import UUID

from sqlalchemy import text
from sqlmodel.ext.asyncio.session import AsyncSession

from incident_management.tables import PersonRow
from shared.contracts.wire import Ref


async def remember_people(session: AsyncSession, people: Iterable[Ref]) -> None:
    """Keep the names that people have now."""
    names = {str(person.id): person.name for person in people}
    if not names:
        return
    await session.exec(
        text(  # type: ignore[call-overload]
            "INSERT INTO people (id, name) "
            "SELECT CAST(id AS uuid), name "
            "FROM unnest(CAST(:ids AS text[]), CAST(:names AS text[])) AS t (id, name) ORDER BY id "
            "ON CONFLICT (id) DO UPDATE "
            "SET name = excluded.name WHERE people.name <> excluded.name"
        ),
        params={"ids": list(names), "names": list(names.values())},
    )


async def known_person(session: AsyncSession, person_id: UUID) -> PersonRow | None:
    """The name a person had when last heard of."""
    return await session.get(PersonRow, person_id)
