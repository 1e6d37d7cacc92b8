import asyncio

import pytest
import sqlalchemy as sa

from shared import counters, metrics
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
