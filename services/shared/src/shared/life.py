"""A sign of life that others can see: claims on rows end with the process that made them.

A process holds one advisory lock, on a database session of its own, for as long as it lives. Its
number goes into the rows it claims. PostgreSQL gives the lock back the moment the session ends,
whatever ended it (kill -9, a lost machine after its TCP limits), so a claim needs no lease that
somebody has to wait for: whose number nobody holds is dead, and its rows are free.
"""

import asyncio
import secrets
from collections.abc import Mapping
from typing import Any

import psycopg
import structlog
from psycopg.rows import DictRow, dict_row

from shared.errors import Unavailable
from shared.patience import PatientConnection

_log = structlog.get_logger(__name__)

# The first half of the two-part lock keys; the second is the number of the process.
_LOCK_CLASS = 1447642953

# Who lives, as an array: of this database only, since lock keys are counted per database.
ALIVE = """
    ARRAY(SELECT objid::bigint FROM pg_locks
          WHERE locktype = 'advisory' AND classid = 1447642953 AND objsubid = 2 AND granted
            AND database = (SELECT oid FROM pg_database WHERE datname = current_database()))
"""


class Life:
    """This process's number, and the session that keeps it true."""

    def __init__(self, parameters: Mapping[str, Any]) -> None:
        self._parameters = dict(parameters)
        self._connection: psycopg.AsyncConnection[DictRow] | None = None
        self._opening = asyncio.Lock()
        self._number = 0
        self.former: set[int] = set()

    async def number(self) -> int:
        """The number to claim with; another one after the session was lost.

        What was claimed under a former number is free for everybody, this process included.

        Raises:
            Unavailable: the database cannot be reached.
        """
        async with self._opening:
            if self._connection is None or not await self._still_holds(self._connection):
                await self._begin()
            return self._number

    async def stop(self) -> None:
        """End the session, and every claim with it."""
        if self._connection is not None:
            await self._connection.close()
            self._connection = None

    async def _still_holds(self, connection: psycopg.AsyncConnection[DictRow]) -> bool:
        try:
            held = await connection.execute(
                "SELECT FROM pg_locks WHERE pid = pg_backend_pid() AND locktype = 'advisory'"
            )
            return await held.fetchone() is not None
        except psycopg.Error:
            return False

    async def _begin(self) -> None:
        if self._number:
            self.former.add(self._number)
            _log.warning("claims_lost_with_their_session", number=self._number)
        await self.stop()
        self._number = secrets.randbelow(2**31 - 1) + 1
        try:
            # Kept here before it is of use, so that whatever interrupts this, stop() closes it.
            self._connection = await PatientConnection.connect(
                **self._parameters, autocommit=True, row_factory=dict_row
            )
            # A session that idles is the point of it.
            await self._connection.execute("SET idle_session_timeout = 0")
            await self._connection.execute(
                "SELECT pg_advisory_lock(%s, %s)", (_LOCK_CLASS, self._number)
            )
        except psycopg.Error as error:
            await self.stop()
            raise Unavailable("The database does not answer; nothing was changed.") from error
