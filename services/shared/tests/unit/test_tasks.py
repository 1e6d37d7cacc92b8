import asyncio

from shared import tasks


async def test_a_task_that_loses_a_cancellation_is_told_again() -> None:
    lost = 0

    async def forgetful() -> None:
        nonlocal lost
        while True:
            try:
                await asyncio.sleep(3600)
            except asyncio.CancelledError:
                lost += 1
                if lost == 3:
                    raise

    task = asyncio.create_task(forgetful())
    await asyncio.sleep(0)
    async with asyncio.timeout(10):
        await tasks.end([task])
    assert task.cancelled()
    assert lost == 3


async def test_a_task_that_fails_while_it_ends_does_not_keep_the_others() -> None:
    async def stubborn() -> None:
        try:
            await asyncio.sleep(3600)
        finally:
            raise RuntimeError("it broke on the way out")

    both = [asyncio.create_task(stubborn()) for _ in range(2)]
    await asyncio.sleep(0)
    await tasks.end(both)
    assert all(task.done() for task in both)


async def test_nothing_to_end_ends_at_once() -> None:
    await tasks.end([])
