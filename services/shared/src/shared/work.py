"""One unit of work: a transaction, and what it owes and counts besides its rows.

A use case changes rows and says what follows from that: messages owed to neighbours, workers to
wake, figures to count. All of it is written in the same transaction when the block is left, in the
one order that keeps two transactions from waiting for each other: the service's rows, what is owed,
the counters, and last whatever the service locks to the commit. Nothing has to be called for it,
so nothing can be forgotten; a block that fails leaves nothing behind.
"""

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from datetime import datetime
from typing import TypeVar

import psycopg
import structlog
from sqlalchemy.exc import IntegrityError
from sqlmodel.ext.asyncio.session import AsyncSession

from shared import counters, outbox
from shared.counters import Increments
from shared.database import Connection, Database, driver_connection
from shared.errors import Unavailable
from shared.outbox import Message
from shared.wakeups import notify

_log = structlog.get_logger(__name__)


class Work:
    """What one transaction owes and counts. A service's own adds its rows in the two hooks."""

    def __init__(self, now: datetime) -> None:
        self.now = now
        self.increments = Increments()
        self._owed: list[Message] = []
        self._wakes: set[str] = set()

    def owe(self, *messages: Message) -> None:
        """Owe messages, delivered in this order after the commit."""
        self._owed.extend(messages)

    def wake(self, channel: str) -> None:
        """Wake whoever waits on a channel of this schema at the commit."""
        self._wakes.add(channel)

    async def write_rows(self) -> None:
        """The rows of the service that were only noted so far; may still owe and count."""

    async def write_last(self, connection: Connection) -> None:
        """What is locked from here to the commit, so that everybody else waits for it shortly."""

    async def settle(self, connection: Connection) -> None:
        """Write what is owed and counted; called by the block that made this."""
        await outbox.enqueue(connection, self._owed, now=self.now)
        for channel in sorted(self._wakes):
            await notify(connection, channel)
        await counters.add(connection, self.increments)
        await self.write_last(connection)


SessionWork = TypeVar("SessionWork", bound=Work)
ConnectionWork = TypeVar("ConnectionWork", bound=Work)


@contextmanager
def made_once() -> Iterator[None]:
    """Around a transaction that makes what another one may be making, too.

    Raises:
        Unavailable: that other one was first; the same request will find it made.
    """
    try:
        yield
    except (IntegrityError, psycopg.errors.UniqueViolation) as error:
        cause = error.orig if isinstance(error, IntegrityError) else error
        if not isinstance(cause, psycopg.errors.UniqueViolation):
            raise
        _log.warning("made_twice_at_once", error=str(cause).strip())
        raise Unavailable(
            "Somebody else did the same at this moment; nothing was changed."
        ) from error


@asynccontextmanager
async def in_session(
    database: Database, begin: Callable[[AsyncSession], SessionWork]
) -> AsyncIterator[SessionWork]:
    """A unit of work on a SQLModel session, which ``begin`` is given.

    Raises:
        Unavailable: the database is in trouble, or another transaction made the same thing first;
            the same request will find it made.
    """
    with made_once():
        async with database.session() as session:
            work = begin(session)
            yield work
            await work.write_rows()
            async with driver_connection(session) as connection:
                await work.settle(connection)


@asynccontextmanager
async def on_connection(
    database: Database, begin: Callable[[Connection], ConnectionWork]
) -> AsyncIterator[ConnectionWork]:
    """A unit of work on a psycopg connection, which ``begin`` is given; set-based SQL only.

    Raises:
        Unavailable: the database is in trouble; nothing was changed.
    """
    async with database.transaction() as connection:
        work = begin(connection)
        yield work
        # What needs no answer of another statement does not wait for it either.
        async with connection.pipeline():
            await work.write_rows()
            await work.settle(connection)
            await connection.commit()
