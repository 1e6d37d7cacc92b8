"""Statements that do not wait for each other's answers: one exchange with the server for all."""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Generic, TypeAlias, TypeVar

from psycopg import AsyncCursor
from psycopg.rows import DictRow
from psycopg.sql import SQL, Composed

from shared.database import Connection

Answer = TypeVar("Answer")


@dataclass(frozen=True, slots=True)
class Ask(Generic[Answer]):
    """A statement, its parameters, and what its rows mean."""

    statement: str | bytes | SQL | Composed
    parameters: Sequence[Any] | Mapping[str, Any]
    read: Callable[[list[DictRow]], Answer]


Later: TypeAlias = Callable[[], Answer]
"""Gives the answer, once the block in which it was asked is left."""


class Asking:
    """What is asked in one block."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._asked: list[tuple[AsyncCursor[DictRow], Callable[[list[DictRow]], None]]] = []

    async def __call__(self, ask: Ask[Answer]) -> Later[Answer]:
        """Send a statement."""
        cursor = await self._connection.execute(ask.statement, ask.parameters)
        answers: list[Answer] = []
        self._asked.append((cursor, lambda rows: answers.append(ask.read(rows))))
        return lambda: answers[0]

    async def read(self) -> None:
        """Take in the answers, which are there."""
        for cursor, read in self._asked:
            read(await cursor.fetchall())


@asynccontextmanager
async def at_once(connection: Connection) -> AsyncIterator[Asking]:
    """Ask in this block; the server takes the statements one after the other, in order.

    Each sees what was committed when it began, as ever: what stands after one that waits for a lock
    sees what whoever held that lock has done.
    """
    asking = Asking(connection)
    async with connection.pipeline():
        yield asking
    await asking.read()


async def answer(connection: Connection, ask: Ask[Answer]) -> Answer:
    """The answer of one statement."""
    cursor = await connection.execute(ask.statement, ask.parameters)
    return ask.read(await cursor.fetchall())
