"""Counters whose labels anybody can choose stay few and short."""

from collections.abc import Mapping

from shared import counters
from shared.counters import LONGEST_TEXT, OTHER, CounterDef, Increments
from shared.database import Database

OPENED = CounterDef("opened_total", "Opened.", ("service", "severity"), free=("service",), most=3)


async def _count(database: Database, *services: str, severity: str = "high") -> None:
    increments = Increments()
    for service in services:
        increments.inc(OPENED, service=service, severity=severity)
    async with database.transaction() as connection:
        await counters.add(connection, increments)


async def _shown(
    database: Database, living: Mapping[str, set[str]] | None = None
) -> dict[tuple[str, str], float]:
    async with database.transaction() as connection:
        (family,) = await counters.families(connection, [OPENED], living)
    return {(s.labels["service"], s.labels["severity"]): s.value for s in family.samples}


async def _stored(database: Database) -> int:
    async with database.transaction() as connection:
        cursor = await connection.execute("SELECT count(DISTINCT labels) AS many FROM counters")
        row = await cursor.fetchone()
    assert row is not None
    return int(row["many"])


async def test_texts_beyond_the_bound_are_counted_as_other_and_none_is_lost(
    database: Database,
) -> None:
    for number in range(20):
        await _count(database, f"service {number:02}")
    await _count(database, *(f"at once {number:02}" for number in range(20)))
    shown = await _shown(database)
    assert shown == {
        ("service 00", "high"): 1,
        ("service 01", "high"): 1,
        ("service 02", "high"): 1,
        (OTHER, "high"): 37,
    }
    assert await _stored(database) == 4


async def test_a_known_text_is_counted_under_its_name_for_ever(database: Database) -> None:
    await _count(database, "a", "b", "c", "d")
    await _count(database, "a", severity="low")
    await _count(database, "d", severity="low")
    shown = await _shown(database)
    assert shown["a", "low"] == 1
    assert shown[OTHER, "low"] == 1
    assert ("d", "low") not in shown


async def test_a_long_text_is_cut_with_a_mark(database: Database) -> None:
    await _count(database, "x" * 500, "x" * 501)
    assert await _shown(database) == {("x" * (LONGEST_TEXT - 1) + "…", "high"): 2}


async def test_what_an_older_release_stored_is_folded_when_it_is_read(database: Database) -> None:
    async with database.transaction() as connection:
        for number in range(10):
            await connection.execute(
                "INSERT INTO counters VALUES ('opened_total', %s, 0, 2)",
                (f'["{number}{"y" * 300}", "high"]',),
            )
    shown = await _shown(database)
    assert len(shown) == 4
    assert shown[OTHER, "high"] == 14
    assert max(len(service) for service, _ in shown) == LONGEST_TEXT


async def test_who_is_gone_is_no_longer_shown_and_then_forgotten(database: Database) -> None:
    await _count(database, "a", "b", "c", "d")
    living = {"service": {"a"}}
    assert set(await _shown(database, living)) == {("a", "high"), (OTHER, "high")}
    async with database.transaction() as connection:
        await counters.forget(connection, [OPENED], living)
    assert await _stored(database) == 2
    await _count(database, "e")
    assert ("e", "high") in await _shown(database)
