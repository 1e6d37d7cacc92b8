"""A connection to PostgreSQL that hangs up on a server which has stopped answering.

The server's own limits (``statement_timeout`` and the like) need a server that runs. One that was
suspended, or waits for a dead disk, keeps its connections and says nothing, while its kernel goes
on acknowledging what is sent: no limit of TCP sees that either.
"""

import asyncio
import contextlib
import os
import socket
from typing import Any

import psycopg
from psycopg.rows import Row
from psycopg_pool import AsyncConnectionPool

# More than any statement may take, so that the server's own limit, which says more, comes first.
ANSWER_SECONDS = 20.0
# A lent connection is asked for a sign of life; whoever asked to borrow it waits meanwhile.
SIGN_OF_LIFE_SECONDS = 3.0
# A connection that is lent again and again is not asked each time: it costs an exchange.
JUST_NOW_SECONDS = 0.25
# Who gives up on a query asks the server to end it; psycopg would wait for that for 10 s.
CANCEL_SECONDS = 1.0


class PatientConnection(psycopg.AsyncConnection[Row]):
    """Each of its exchanges with the server ends within ``answer_seconds``, if in an error."""

    answer_seconds: float = ANSWER_SECONDS
    heard_at: float = float("-inf")
    """When the server answered last, by the event loop's clock."""

    async def wait(self, *args: Any, **kwargs: Any) -> Any:
        """See psycopg: every exchange of an open connection goes through here."""
        loop = asyncio.get_running_loop()
        hang_up = loop.call_later(self.answer_seconds, self._hang_up)
        try:
            answer = await super().wait(*args, **kwargs)
        finally:
            hang_up.cancel()
        self.heard_at = loop.time()
        return answer

    async def cancel_safe(self, *, timeout: float = CANCEL_SECONDS) -> None:  # noqa: ASYNC109
        """See psycopg. A server that does not even take a cancellation is not waited for."""
        try:
            await super().cancel_safe(timeout=min(timeout, CANCEL_SECONDS))
        except psycopg.Error:
            self._hang_up()
            raise

    def _hang_up(self) -> None:
        # Closing it here would pull the descriptor from under the event loop; this way whoever
        # waits reads the end of the stream, and fails as after any lost connection.
        with (
            contextlib.suppress(OSError, psycopg.Error),
            socket.socket(fileno=os.dup(self.fileno())) as line,
        ):
            line.shutdown(socket.SHUT_RDWR)


async def sign_of_life(connection: PatientConnection[Any]) -> None:
    """Raise ``psycopg.OperationalError`` unless the server answers at once, or has just now."""
    if asyncio.get_running_loop().time() - connection.heard_at < JUST_NOW_SECONDS:
        return
    usual, connection.answer_seconds = connection.answer_seconds, SIGN_OF_LIFE_SECONDS
    try:
        await AsyncConnectionPool.check_connection(connection)
    finally:
        connection.answer_seconds = usual
