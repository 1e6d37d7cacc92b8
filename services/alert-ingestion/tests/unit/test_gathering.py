"""What waits while a transaction is under way is the next one; nobody fails for a neighbour."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import pytest

from alert_ingestion.workflow import gathering
from alert_ingestion.workflow.gathering import Gathering
from shared.errors import Busy, Conflict, Problem, Unavailable


class Shop:
    """Stores texts when it is let, in batches that a test looks at."""

    def __init__(self) -> None:
        self.batches: list[list[str]] = []
        self.buried: list[str] = []
        self.open = asyncio.Event()
        self.open.set()

    async def store(self, works: Sequence[str]) -> Sequence[str | Problem]:
        await self.open.wait()
        self.batches.append(list(works))
        if "down" in works:
            raise Unavailable("The database does not answer.")
        if "bad" in works:
            raise ValueError("bad cannot be stored")
        return [Conflict("not this one") if work == "odd" else work.upper() for work in works]

    async def alone(self, work: str, error: Exception) -> str:
        self.buried.append(f"{work}: {error}")
        return "buried"


@asynccontextmanager
async def gathered(shop: Shop) -> AsyncIterator[Gathering[str, str]]:
    gathering: Gathering[str, str] = Gathering(shop.store, shop.alone)
    await gathering.start()
    try:
        yield gathering
    finally:
        await gathering.stop()


async def under_way(shop: Shop, gather: Gathering[str, str]) -> "asyncio.Task[str]":
    """A transaction that waits for the shop to open, with "a" in it."""
    shop.open.clear()
    first = asyncio.create_task(gather("a", 1))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    return first


async def test_what_comes_meanwhile_is_the_next_transaction() -> None:
    shop = Shop()
    async with gathered(shop) as gather:
        first = await under_way(shop, gather)
        rest = [asyncio.create_task(gather(text, 1)) for text in "bcd"]
        await asyncio.sleep(0)
        shop.open.set()
        assert await asyncio.gather(first, *rest) == ["A", "B", "C", "D"]
    assert shop.batches == [["a"], ["b", "c", "d"]]


async def test_a_transaction_takes_no_more_than_fits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gathering, "MOST_AT_ONCE", 10)
    shop = Shop()
    async with gathered(shop) as gather:
        answers = await asyncio.gather(gather("a", 6), gather("b", 4), gather("c", 11))
    assert answers == ["A", "B", "C"]
    assert shop.batches == [["a", "b"], ["c"]], "one that is larger goes alone"


async def test_one_that_cannot_be_stored_fails_no_neighbour() -> None:
    shop = Shop()
    async with gathered(shop) as gather:
        answers = await asyncio.gather(gather("a", 1), gather("bad", 1), gather("c", 1))
    assert answers == ["A", "buried", "C"]
    assert shop.buried == ["bad: bad cannot be stored"]


async def test_what_is_refused_is_refused_to_its_own_sender() -> None:
    async with gathered(Shop()) as gather:
        answers = await asyncio.gather(gather("a", 1), gather("odd", 1), return_exceptions=True)
    assert answers[0] == "A"
    assert isinstance(answers[1], Conflict)


async def test_with_the_database_away_everybody_is_told_to_come_back() -> None:
    async with gathered(Shop()) as gather:
        answers = await asyncio.gather(gather("a", 1), gather("down", 1), return_exceptions=True)
        assert [type(answer) for answer in answers] == [Unavailable, Unavailable]
        assert await gather("later", 1) == "LATER"


async def test_the_queue_has_an_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gathering, "MOST_WAITING", 2)
    shop = Shop()
    async with gathered(shop) as gather:
        first = await under_way(shop, gather)
        rest = [asyncio.create_task(gather(text, 1)) for text in "bc"]
        await asyncio.sleep(0)
        with pytest.raises(Busy) as refused:
            await gather("d", 1)
        assert refused.value.headers["Retry-After"]
        shop.open.set()
        assert await asyncio.gather(first, *rest) == ["A", "B", "C"]


async def test_who_hangs_up_is_not_stored() -> None:
    shop = Shop()
    async with gathered(shop) as gather:
        first = await under_way(shop, gather)
        gone, stays = asyncio.create_task(gather("b", 1)), asyncio.create_task(gather("c", 1))
        await asyncio.sleep(0)
        gone.cancel()
        await asyncio.sleep(0)
        shop.open.set()
        assert await asyncio.gather(first, stays) == ["A", "C"]
    assert shop.batches == [["a"], ["c"]]


async def test_a_stop_tells_whoever_waits() -> None:
    shop = Shop()
    async with gathered(shop) as gather:
        waiting = [await under_way(shop, gather), asyncio.create_task(gather("b", 1))]
        await asyncio.sleep(0)
    answers = await asyncio.gather(*waiting, return_exceptions=True)
    assert [type(answer) for answer in answers] == [Unavailable, Unavailable]
