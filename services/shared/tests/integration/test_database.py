import asyncio
import contextlib
from collections.abc import AsyncIterator

import pytest
import sqlalchemy as sa

from shared import counters, metrics, patience
from shared import database as database_module
from shared.counters import CounterDef, HistogramDef, Increments
from shared.database import Database, driver_connection
from shared.errors import Unavailable
from shared.settings import DatabaseSettings

PAGES = CounterDef(
    "pages_total", "Pages.", labels=("channel",), zeros=[{"channel": "log"}, {"channel": "email"}]
)
WAIT = HistogramDef("wait_seconds", "Waits.", buckets=(1.0, 10.0))


async def test_a_session_and_its_driver_connection_are_one_transaction(database: Database) -> None:
    increments = Increments()
    increments.inc(PAGES, channel="log")
    with pytest.raises(RuntimeError, match="no"):
        async with database.session() as session:
            connection = await session.connection()
            await connection.execute(sa.text("INSERT INTO counters VALUES ('probe', '[]', 0, 1)"))
            async with driver_connection(session) as driver:
                await counters.add(driver, increments)
            raise RuntimeError("no")
    async with database.transaction() as connection:
        assert (await (await connection.execute("SELECT * FROM counters")).fetchall()) == []


async def test_rows_are_dicts_for_psycopg_and_tuples_for_sqlalchemy(database: Database) -> None:
    for _ in range(5):
        async with database.transaction() as connection:
            cursor = await connection.execute("SELECT 1 AS one")
            assert await cursor.fetchone() == {"one": 1}
        async with database.session() as session:
            connection = await session.connection()
            assert (await connection.execute(sa.text("SELECT 1"))).one() == (1,)


async def test_counters_add_up_across_transactions_and_start_at_zero(database: Database) -> None:
    for seconds in (0.5, 5.0, 50.0):
        increments = Increments()
        increments.inc(PAGES, channel="log")
        increments.observe(WAIT, seconds)
        async with database.transaction() as connection:
            await counters.add(connection, increments)
    async with database.transaction() as connection:
        pages, wait = await counters.families(connection, [PAGES, WAIT])
    assert {s.labels["channel"]: s.value for s in pages.samples} == {"log": 3, "email": 0}
    assert [(s.name, s.labels.get("le"), s.value) for s in wait.samples] == [
        ("wait_seconds_bucket", "1.0", 1),
        ("wait_seconds_bucket", "10.0", 2),
        ("wait_seconds_bucket", "+Inf", 3),
        ("wait_seconds_count", None, 3),
        ("wait_seconds_sum", None, 55.5),
    ]


async def test_many_transactions_counting_the_same_things_do_not_deadlock(
    database: Database,
) -> None:
    async def count(order: list[str]) -> None:
        for _ in range(20):
            increments = Increments()
            for channel in order:
                increments.inc(PAGES, channel=channel)
            async with database.transaction() as connection:
                await counters.add(connection, increments)

    await asyncio.gather(*(count(order) for order in (["log", "email"], ["email", "log"]) * 2))
    async with database.transaction() as connection:
        (pages,) = await counters.families(connection, [PAGES])
    assert {sample.value for sample in pages.samples} == {80}


def test_a_forgotten_label_is_an_error_at_the_counting_line() -> None:
    with pytest.raises(ValueError, match="channel"):
        Increments().inc(PAGES)


async def test_a_killed_connection_is_a_503_once_and_the_pool_recovers(
    database: Database,
) -> None:
    with pytest.raises(Unavailable):
        async with database.transaction() as connection:
            await connection.execute("SELECT pg_terminate_backend(pg_backend_pid())")
    await database.check()
    with pytest.raises(Unavailable):
        async with database.session() as session:
            connection = await session.connection()
            await connection.execute(sa.text("SELECT pg_terminate_backend(pg_backend_pid())"))
    await database.check()


async def test_the_check_tries_to_write_and_not_just_whether_anybody_is_there(
    database: Database, plumbing_settings: DatabaseSettings
) -> None:
    await database.check()
    reading = Database(plumbing_settings, schema="plumbing", name="tests", migrations_dir=None)
    reading._parameters["options"] += " -c default_transaction_read_only=on"
    await reading.start()
    with pytest.raises(Unavailable, match="cannot be written to"):
        await reading.check()
    await reading.stop()


async def test_a_full_disk_is_said_as_what_it_is(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    full = "DO $$ BEGIN RAISE 'could not extend file' USING ERRCODE = 'disk_full'; END $$"
    monkeypatch.setattr(database_module, "TRIAL", f"{full} -- %s")
    with pytest.raises(Unavailable, match="disk of the database is full"):
        await database.check()


async def test_the_check_spills_to_the_disk_and_commits(database: Database) -> None:
    async with database.transaction() as connection:
        await connection.execute("SET LOCAL work_mem = '64kB'")
        cursor = await connection.execute(
            "EXPLAIN (ANALYZE, BUFFERS, FORMAT TEXT) " + database_module.TRIAL,
            (database_module.TRIAL_ROWS,),
        )
        plan = str(await cursor.fetchall())
    assert "temp read=" in plan
    assert "written=" in plan
    before = await _assigned(database)
    database._checked = None
    await database.check()
    assert await _assigned(database) > before, "a transaction that wrote has committed"


async def _assigned(database: Database) -> int:
    """The next id of a transaction that writes."""
    async with database.transaction() as connection:
        cursor = await connection.execute(
            "SELECT pg_snapshot_xmax(pg_current_snapshot())::text::bigint AS next"
        )
        row = await cursor.fetchone()
    assert row is not None
    return int(row["next"])


async def test_asking_often_costs_the_database_one_question(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    await database.check()
    monkeypatch.setattr(database_module, "TRIAL", "SELECT this would fail %s")
    for _ in range(100):
        await database.check()
    monkeypatch.setattr(database_module, "CHECKED_FOR_SECONDS", 0.0)
    with pytest.raises(Unavailable):
        await database.check()


async def test_nobody_at_the_address_is_a_503_that_comes_in_time(
    plumbing_settings: DatabaseSettings, free_port: "type[int]"
) -> None:
    settings = plumbing_settings.model_copy(update={"database_port": free_port()})
    database = Database(settings, schema="plumbing", name="tests", migrations_dir=None)
    await database.start()

    async def collect() -> list[metrics.Metric]:
        await database.check()
        raise AssertionError("there is no database")

    try:
        async with asyncio.timeout(10):
            with pytest.raises(Unavailable, match="does not answer"):
                await database.check()
            page = await metrics.render(metrics.CollectorRegistry(), [collect])
    finally:
        await database.stop()
    assert b"database_up 0.0" in page


class Line:
    """The way to PostgreSQL, on which nothing comes through while it is held.

    For who waits at the near end that is a server which was suspended: connected, and silent.
    """

    def __init__(self, host: str, port: int) -> None:
        self._far_end = host, port
        self._open = asyncio.Event()
        self._open.set()
        self._writers: list[asyncio.StreamWriter] = []
        self._server: asyncio.Server | None = None

    async def start(self) -> int:
        self._server = await asyncio.start_server(self._connect, "127.0.0.1", 0)
        port: int = self._server.sockets[0].getsockname()[1]
        return port

    async def stop(self) -> None:
        assert self._server is not None
        self._open.set()
        self._server.close()
        for writer in self._writers:
            writer.close()
        await asyncio.gather(
            *(writer.wait_closed() for writer in self._writers), return_exceptions=True
        )

    def hold(self) -> None:
        self._open.clear()

    def release(self) -> None:
        self._open.set()

    async def _connect(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        far_reader, far_writer = await asyncio.open_connection(*self._far_end)
        self._writers += [writer, far_writer]
        await asyncio.gather(self._pass(reader, far_writer), self._pass(far_reader, writer))

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError):
            while data := await reader.read(65536):
                await self._open.wait()
                writer.write(data)
                await writer.drain()
        writer.close()


@pytest.fixture
async def line(plumbing_settings: DatabaseSettings) -> AsyncIterator[Line]:
    line = Line(plumbing_settings.database_host, plumbing_settings.database_port)
    yield line
    await line.stop()


async def behind(line: Line, settings: DatabaseSettings, *, answer_seconds: float) -> Database:
    through = settings.model_copy(update={"database_port": await line.start()})
    database = Database(
        through,
        schema="plumbing",
        name="tests",
        migrations_dir=None,
        answer_seconds=answer_seconds,
    )
    await database.start()
    await database.check()
    return database


async def test_a_server_that_falls_silent_is_a_503_in_time_and_is_found_again(
    plumbing_settings: DatabaseSettings, line: Line, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database_module, "CHECKED_FOR_SECONDS", 0.0)
    # The pool opens its connections when it likes; none counts as heard just now.
    monkeypatch.setattr(patience, "JUST_NOW_SECONDS", 0.0)
    database = await behind(line, plumbing_settings, answer_seconds=60)
    try:
        line.hold()
        async with asyncio.timeout(12):
            with pytest.raises(Unavailable, match="does not answer"):
                await database.check()
        line.release()
        await database.check()
    finally:
        await database.stop()


async def test_a_connection_heard_just_now_is_lent_unasked_and_a_silent_server_ends_it(
    plumbing_settings: DatabaseSettings, line: Line, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(patience, "JUST_NOW_SECONDS", 3600.0)
    one = plumbing_settings.model_copy(update={"database_pool_size": 1})
    database = await behind(line, one, answer_seconds=0.5)
    lent = False
    try:
        line.hold()
        async with asyncio.timeout(12):
            with pytest.raises(Unavailable, match="does not answer"):
                async with database.transaction() as connection:
                    lent = True
                    await connection.execute("SELECT 1")
        assert lent
        line.release()
        await database.check()
    finally:
        await database.stop()


async def test_a_server_that_falls_silent_in_a_transaction_is_a_503_in_time(
    plumbing_settings: DatabaseSettings, line: Line
) -> None:
    database = await behind(line, plumbing_settings, answer_seconds=0.5)
    try:
        async with asyncio.timeout(12):
            with pytest.raises(Unavailable, match="does not answer"):
                async with database.transaction() as connection:
                    line.hold()
                    await connection.execute("SELECT 1")
            line.release()
            await database.check()
    finally:
        await database.stop()


async def test_who_gives_up_on_a_silent_server_is_free_at_once(
    plumbing_settings: DatabaseSettings, line: Line
) -> None:
    database = await behind(line, plumbing_settings, answer_seconds=60)
    clock = asyncio.get_running_loop().time
    began = clock()
    try:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.5), database.transaction() as connection:
                began = clock()
                line.hold()
                await connection.execute("SELECT 1")
        # The server is asked to end the query, for a second; psycopg alone waits for ten.
        assert clock() - began < 6
        line.release()
        await database.check()
    finally:
        await database.stop()
