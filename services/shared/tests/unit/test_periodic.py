import asyncio

import pytest
from prometheus_client import CollectorRegistry

from shared.errors import Unavailable
from shared.periodic import EngineMetrics, Periodic
from vigie_testing.clock import ManualClock


class Work:
    def __init__(self) -> None:
        self.error: Exception | None = None
        self.seconds = 0.0
        self.done = asyncio.Event()

    async def __call__(self) -> None:
        await asyncio.sleep(self.seconds)
        self.done.set()
        if self.error is not None:
            raise self.error


@pytest.fixture
def registry() -> CollectorRegistry:
    return CollectorRegistry()


@pytest.fixture
def work() -> Work:
    return Work()


@pytest.fixture
def engine(work: Work, clock: ManualClock, registry: CollectorRegistry) -> Periodic:
    metrics = EngineMetrics(registry)
    return Periodic("paging", work, interval=3600, timeout=0.2, clock=clock, metrics=metrics)


def cycles(registry: CollectorRegistry, outcome: str) -> float | None:
    return registry.get_sample_value(
        "engine_cycles_total", {"engine": "paging", "outcome": outcome}
    )


@pytest.mark.parametrize("error", [Unavailable("the database is away"), KeyError("a bug")])
async def test_a_failed_cycle_is_counted_and_ages(
    engine: Periodic, work: Work, clock: ManualClock, registry: CollectorRegistry, error: Exception
) -> None:
    work.error = error
    clock.advance(seconds=90)
    assert not await engine.cycle()
    assert (cycles(registry, "failure"), cycles(registry, "success")) == (1, 0)
    assert registry.get_sample_value("engine_cycle_age_seconds", {"engine": "paging"}) == 90


async def test_a_cycle_that_hangs_is_cut_off_and_counted(
    engine: Periodic, work: Work, registry: CollectorRegistry
) -> None:
    work.seconds = 30
    assert not await engine.cycle()
    assert cycles(registry, "failure") == 1


async def test_a_good_cycle_resets_the_age(
    engine: Periodic, clock: ManualClock, registry: CollectorRegistry
) -> None:
    clock.advance(seconds=90)
    assert await engine.cycle()
    assert engine.age_seconds() == 0
    assert cycles(registry, "success") == 1


async def test_waking_runs_a_cycle_without_waiting_for_the_beat(
    engine: Periodic, work: Work
) -> None:
    await engine.start()
    try:
        await asyncio.wait_for(work.done.wait(), 5)
        work.done.clear()
        engine.wake()
        await asyncio.wait_for(work.done.wait(), 5)
    finally:
        await engine.stop()


async def test_before_a_cycle_that_succeeded_it_is_not_ready(engine: Periodic, work: Work) -> None:
    work.error = RuntimeError("no")
    await engine.cycle()
    with pytest.raises(Unavailable, match="'paging' has not done a whole cycle yet"):
        await engine.check()
    work.error = None
    await engine.cycle()
    await engine.check()
    work.error = RuntimeError("again")
    await engine.cycle()
    await engine.check()
