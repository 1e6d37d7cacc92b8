"""The names of people, for when oncall-service cannot be asked."""

from collections.abc import Iterable
from uuid import UUID

from shared.contracts.wire import Ref
from shared.database import Connection


async def remember_people(connection: Connection, people: Iterable[Ref]) -> None:
    """Keep the names that people have now."""
    names = {str(person.id): person.name for person in people}
    if not names:
        return
    await connection.execute(
        "INSERT INTO people (id, name) "
        "SELECT id::uuid, name FROM unnest(%s::text[], %s::text[]) AS t (id, name) ORDER BY id "
        "ON CONFLICT (id) DO UPDATE "
        "SET name = excluded.name WHERE people.name <> excluded.name",
        (list(names), list(names.values())),
    )


async def known_person(connection: Connection, person_id: UUID) -> Ref | None:
    """The person by the name of when last heard of."""
    cursor = await connection.execute("SELECT id, name FROM people WHERE id = %s", (person_id,))
    row = await cursor.fetchone()
    return None if row is None else Ref(**row)
