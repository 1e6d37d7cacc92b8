"""Counters whose labels anybody can choose stay few and short."""

from collections.abc import Mapping

import pytest

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


OPENED_AMONG = CounterDef(
    "opened_total",
    "Opened.",
    ("service", "severity"),
    free=("service",),
    most=3,
    among={"severity": ("high", "low")},
)


async def _among(database: Database) -> dict[tuple[str, str], float]:
    async with database.transaction() as connection:
        (family,) = await counters.families(connection, [OPENED_AMONG])
    return {(s.labels["service"], s.labels["severity"]): s.value for s in family.samples}


async def _count_among(database: Database, severity: str) -> None:
    increments = Increments()
    increments.inc(OPENED_AMONG, service="shop", severity=severity)
    async with database.transaction() as connection:
        await counters.add(connection, increments)


async def test_a_new_text_is_at_zero_for_two_scrapes_and_brings_its_other_zeros(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(counters, "HELD_SECONDS", 40.0)
    await _count_among(database, "high")
    assert await _among(database) == {("shop", "high"): 0, ("shop", "low"): 0}
    await _age(database, 41)
    assert await _among(database) == {("shop", "high"): 1, ("shop", "low"): 0}
    # The second severity of a service was at zero all along: it is counted at once.
    await _count_among(database, "low")
    assert await _among(database) == {("shop", "high"): 1, ("shop", "low"): 1}


async def test_what_another_shard_counts_later_is_not_held_back_again(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(counters, "HELD_SECONDS", 40.0)
    await _count_among(database, "high")
    await _age(database, 41)
    async with database.transaction() as connection:
        await connection.execute(
            "INSERT INTO counters (name, labels, shard, value) "
            "SELECT name, labels, (shard + 1) % 8, 5 FROM counters WHERE value > 0"
        )
    assert (await _among(database))["shop", "high"] == 6


async def test_what_an_older_release_counted_is_shown_as_it_is(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(counters, "HELD_SECONDS", 40.0)
    await _count_among(database, "high")
    async with database.transaction() as connection:
        await connection.execute("UPDATE counters SET born_at = NULL")
    assert (await _among(database))["shop", "high"] == 1


async def _age(database: Database, seconds: float) -> None:
    async with database.transaction() as connection:
        await connection.execute(
            "UPDATE counters SET born_at = born_at - make_interval(secs => %s)", (seconds,)
        )
