"""The connection pool of a service, for psycopg and for SQLModel sessions alike.

One psycopg pool holds every connection; SQLAlchemy borrows from it, so that the budget of
connections is one number a replica whichever way a use case speaks to the database.
"""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any, TypeAlias

import psycopg
import sqlalchemy.exc
import structlog
from psycopg.rows import DictRow, dict_row
from psycopg_pool import AsyncConnectionPool
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool
from sqlmodel.ext.asyncio.session import AsyncSession

from shared import migrations
from shared.errors import Unavailable
from shared.life import Life
from shared.patience import ANSWER_SECONDS, PatientConnection, sign_of_life
from shared.settings import DatabaseSettings

Connection: TypeAlias = psycopg.AsyncConnection[DictRow]

# A request that waits longer than this for a connection is better answered with 503.
BORROW_TIMEOUT_SECONDS = 5.0

# How long an answer of Database.check holds.
CHECKED_FOR_SECONDS = 1.0

# A durable write without a table: a message in the write-ahead log gives the transaction a commit
# that has to reach the disk, and more rows than work_mem holds are spilled to a temporary file
# beside the data, which fails where a table could not grow either (half a megabyte of it).
TRIAL = """
SELECT count(*) FROM generate_series(1, %s::int), pg_logical_emit_message(true, 'vigie', 'ready')
"""
TRIAL_ROWS = 30_000

_SESSION_TIMEOUTS = {
    "statement_timeout": "15s",
    "lock_timeout": "5s",
    "idle_in_transaction_session_timeout": "30s",
}

_OUTAGES = (
    psycopg.OperationalError,
    psycopg.InterfaceError,
    sqlalchemy.exc.OperationalError,
    sqlalchemy.exc.InterfaceError,
)

_log = structlog.get_logger(__name__)


def connection_parameters(settings: DatabaseSettings, *, schema: str, name: str) -> dict[str, Any]:
    """Libpq parameters of a connection that sees one schema and cannot hang for ever."""
    options = {**_SESSION_TIMEOUTS, "search_path": schema, "timezone": "UTC"}
    return {
        "host": settings.database_host,
        "port": settings.database_port,
        "dbname": settings.database_name,
        "user": settings.database_user,
        "password": settings.database_password.get_secret_value(),
        "application_name": name,
        "connect_timeout": 3,
        # A peer that vanished without a word is noticed within half a minute.
        "keepalives_idle": 10,
        "keepalives_interval": 5,
        "keepalives_count": 3,
        "tcp_user_timeout": 20000,
        "options": " ".join(f"-c {key}={value}" for key, value in options.items()),
    }


class Database:
    """A service's schema: migrated at start, then a pool of connections to it."""

    def __init__(
        self,
        settings: DatabaseSettings,
        *,
        schema: str,
        name: str,
        migrations_dir: Path | None,
        answer_seconds: float = ANSWER_SECONDS,
    ) -> None:
        self.schema = schema
        self._settings = settings
        self._parameters = connection_parameters(settings, schema=schema, name=name)
        self._migrations_dir = migrations_dir
        self._answer_seconds = answer_seconds
        self._checking = asyncio.Lock()
        self._checked: tuple[float, str | None] | None = None
        self.life = Life({**self._parameters, "application_name": f"{name} life"})
        self._pool = AsyncConnectionPool(
            connection_class=PatientConnection[Any],
            configure=self._configure,
            kwargs=self._parameters,
            min_size=min(2, settings.database_pool_size),
            max_size=settings.database_pool_size,
            timeout=BORROW_TIMEOUT_SECONDS,
            # The pool's own reconnection backs off into minutes; giving up early makes it try
            # again for the next request, so a restarted server is found at once.
            reconnect_timeout=1.0,
            max_lifetime=1800,
            check=sign_of_life,
            close_returns=True,
            name=name,
            open=False,
        )
        self._engine = create_async_engine(
            "postgresql+psycopg://",
            async_creator=self._pool.getconn,
            poolclass=NullPool,
            use_native_hstore=False,
        )

    async def start(self) -> None:
        """Wait for the server, migrate the schema, open the pool.

        Raises:
            migrations.SchemaTooNew: this release cannot live with the schema it found.
            Unavailable: the server did not answer within ``database_wait_seconds``.
        """
        if self._migrations_dir is not None:
            with _outages():
                await asyncio.to_thread(
                    migrations.upgrade,
                    self._parameters,
                    self._migrations_dir,
                    wait_seconds=self._settings.database_wait_seconds,
                )
        await self._pool.open(wait=False)

    async def stop(self) -> None:
        """Close every connection."""
        await self.life.stop()
        await self._engine.dispose()
        await self._pool.close()

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Connection]:
        """A psycopg connection with rows as dicts; committed at the end, rolled back on an error.

        Raises:
            Unavailable: the database cannot be reached, or gave up on a lock or a time limit.
        """
        with _outages():
            async with self._pool.connection() as connection:
                # The pool is shared with SQLAlchemy, which reads rows as tuples.
                connection.row_factory = dict_row
                try:
                    yield connection
                finally:
                    connection.row_factory = psycopg.rows.tuple_row

    @asynccontextmanager
    async def session(self) -> AsyncIterator[AsyncSession]:
        """A SQLModel session in one transaction; committed at the end, rolled back on an error.

        Raises:
            Unavailable: the database cannot be reached, or gave up on a lock or a time limit.
        """
        with _outages():
            async with (
                AsyncSession(self._engine, expire_on_commit=False) as session,
                session.begin(),
            ):
                yield session

    async def _configure(self, connection: PatientConnection[Any]) -> None:
        connection.answer_seconds = self._answer_seconds

    async def check(self) -> None:
        """Raise ``Unavailable`` unless a request that writes could be served now (for /ready).

        What a request needs is tried: a connection of the pool, room on the disk of the data, and
        a commit that is durable. No table is touched. Whoever asks again within
        ``CHECKED_FOR_SECONDS`` gets the same answer, so that asking costs the database little.
        """
        async with self._checking:
            now = asyncio.get_running_loop().time()
            if self._checked is None or now - self._checked[0] >= CHECKED_FOR_SECONDS:
                self._checked = now, await self._trouble()
            _, trouble = self._checked
        if trouble is not None:
            raise Unavailable(trouble)

    async def _trouble(self) -> str | None:
        try:
            async with self.transaction() as connection:
                await connection.execute("SET LOCAL work_mem = '64kB'")
                await connection.execute("SET LOCAL synchronous_commit = on")
                await connection.execute(TRIAL, (TRIAL_ROWS,))
                cursor = await connection.execute("SHOW transaction_read_only")
                row = await cursor.fetchone()
        except Unavailable as error:
            cause = error.__cause__
            if isinstance(cause, psycopg.errors.DiskFull):
                return "The disk of the database is full; nothing can be written."
            return error.detail
        except psycopg.Error as error:
            return f"The database cannot be written to: {str(error).strip().splitlines()[0]}"
        # Some put a database into this state before its disk is full.
        if row is None or row["transaction_read_only"] != "off":
            return "The database cannot be written to: it is read-only."
        return None


@asynccontextmanager
async def driver_connection(session: AsyncSession) -> AsyncIterator[Connection]:
    """The psycopg connection of a session's transaction, so that set-based SQL joins it.

    What the session still holds back is flushed first, so that both see the same rows.
    """
    await session.flush()
    raw = await (await session.connection()).get_raw_connection()
    connection = raw.driver_connection
    if not isinstance(connection, psycopg.AsyncConnection):
        raise TypeError("the session does not speak psycopg")
    connection.row_factory = dict_row
    try:
        yield connection
    finally:
        connection.row_factory = psycopg.rows.tuple_row


@contextmanager
def _outages() -> Iterator[None]:
    """Turn trouble of the database into the 503 it is for a caller."""
    try:
        yield
    except _OUTAGES as error:
        _log.warning("database_unavailable", error=str(error).strip())
        raise Unavailable("The database does not answer; nothing was changed.") from error
