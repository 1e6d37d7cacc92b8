import asyncio
from collections.abc import Sequence
from datetime import timedelta

import pytest

from shared import outbox
from shared.database import Database
from shared.errors import Unavailable
from shared.outbox import Dead, Delivered, Message, OutboxWorker, Outcome, Retry, Row
from shared.settings import DatabaseSettings
from shared.wakeups import Wakeups
from vigie_testing.clock import ManualClock


class Neighbour:
    """Takes rows, and fails those it was told to fail."""

    def __init__(self) -> None:
        self.taken: list[object] = []
        self.fail: dict[object, Outcome] = {}
        self.got = asyncio.Event()

    async def deliver(self, rows: Sequence[Row]) -> Sequence[Outcome]:
        outcomes: list[Outcome] = []
        held: set[str] = set()
        for row in rows:
            outcome = self.fail.get(row.payload["n"], Delivered())
            if row.key in held:
                outcome = Retry("waits for the one before")
            if isinstance(outcome, Delivered):
                self.taken.append(row.payload["n"])
            if isinstance(outcome, Retry):
                held.add(row.key)
            outcomes.append(outcome)
        self.got.set()
        return outcomes


@pytest.fixture
def neighbour() -> Neighbour:
    return Neighbour()


@pytest.fixture
def worker(
    database: Database,
    plumbing_settings: DatabaseSettings,
    clock: ManualClock,
    neighbour: Neighbour,
) -> OutboxWorker:
    wakeups = Wakeups(plumbing_settings, schema="plumbing", name="tests")
    return OutboxWorker(database, wakeups, clock, {"neighbour": neighbour.deliver})


async def owe(database: Database, clock: ManualClock, *numbers: object, key: str = "k") -> None:
    async with database.transaction() as connection:
        await outbox.enqueue(
            connection,
            [Message("neighbour", key, {"n": number}) for number in numbers],
            now=clock.now(),
        )


async def rows(database: Database) -> list[tuple[object, bool, int]]:
    async with database.transaction() as connection:
        cursor = await connection.execute(
            "SELECT payload->'n' AS n, dead, attempts FROM outbox ORDER BY seq"
        )
        return [(row["n"], row["dead"], row["attempts"]) for row in await cursor.fetchall()]


async def test_messages_of_one_key_arrive_in_order_and_leave_the_table(
    database: Database, clock: ManualClock, worker: OutboxWorker, neighbour: Neighbour
) -> None:
    await owe(database, clock, *range(12))
    while await worker.deliver_due("neighbour"):
        pass
    assert neighbour.taken == list(range(12))
    assert await rows(database) == []


async def test_a_message_of_a_rolled_back_change_was_never_owed(
    database: Database, clock: ManualClock, worker: OutboxWorker
) -> None:
    with pytest.raises(RuntimeError, match="changed my mind"):
        async with database.transaction() as connection:
            await outbox.enqueue(connection, [Message("neighbour", "k", {"n": 1})], now=clock.now())
            raise RuntimeError("changed my mind")
    assert await worker.deliver_due("neighbour") == 0


async def test_a_failure_holds_back_its_own_key_and_no_other(
    database: Database, clock: ManualClock, worker: OutboxWorker, neighbour: Neighbour
) -> None:
    neighbour.fail = {1: Retry("down")}
    await owe(database, clock, 1, 2, key="a")
    await owe(database, clock, 3, key="b")
    await worker.deliver_due("neighbour")
    assert neighbour.taken == [3]
    assert await rows(database) == [(1, False, 1), (2, False, 0)]

    neighbour.fail = {}
    assert await worker.deliver_due("neighbour") == 0, "it waits for its backoff"
    clock.advance(seconds=1)
    await worker.deliver_due("neighbour")
    assert neighbour.taken == [3, 1, 2]


async def test_a_hopeless_message_is_kept_aside_lets_the_next_pass_and_can_be_replayed(
    database: Database, clock: ManualClock, worker: OutboxWorker, neighbour: Neighbour
) -> None:
    neighbour.fail = {1: Dead("refused")}
    await owe(database, clock, 1, 2)
    await worker.deliver_due("neighbour")
    assert neighbour.taken == [2]
    assert await rows(database) == [(1, True, 1)]

    neighbour.fail = {}
    async with database.transaction() as connection:
        cursor = await connection.execute("SELECT id FROM outbox")
        ids = [row["id"] for row in await cursor.fetchall()]
        assert await outbox.replay(connection, ids, now=clock.now()) == 1
    await worker.deliver_due("neighbour")
    assert neighbour.taken == [2, 1]


async def test_a_message_nobody_took_for_three_days_is_given_up_visibly(
    database: Database, clock: ManualClock, worker: OutboxWorker, neighbour: Neighbour
) -> None:
    neighbour.fail = {1: Retry("down")}
    await owe(database, clock, 1)
    clock.advance(outbox.GIVE_UP_AFTER + timedelta(seconds=1))
    await worker.deliver_due("neighbour")
    async with database.transaction() as connection:
        families = await outbox.families(connection, ["neighbour"], now=clock.now())
    values = {family.name: family.samples[0].value for family in families}
    assert values == {"outbox_depth": 0, "outbox_dead": 1, "outbox_oldest_age_seconds": 0}


async def test_a_worker_that_died_with_a_claim_loses_it_after_its_lease(
    database: Database, clock: ManualClock, worker: OutboxWorker, neighbour: Neighbour
) -> None:
    await owe(database, clock, 1)
    async with database.transaction() as connection:
        await connection.execute(
            "UPDATE outbox SET claimed_until = %s", (clock.now() + outbox.CLAIM,)
        )
    assert await worker.deliver_due("neighbour") == 0
    clock.advance(outbox.CLAIM)
    assert await worker.deliver_due("neighbour") == 1
    assert neighbour.taken == [1]


async def test_two_workers_share_the_work_without_overtaking_or_repeating(
    database: Database, clock: ManualClock, worker: OutboxWorker, neighbour: Neighbour
) -> None:
    for number in range(60):
        await owe(database, clock, number, key=str(number % 7))

    async def drain() -> None:
        while await rows(database):
            await worker.deliver_due("neighbour")

    await asyncio.gather(drain(), drain(), drain())
    assert sorted(neighbour.taken, key=str) == sorted(range(60), key=str)
    for key in range(7):
        of_key = [n for n in neighbour.taken if isinstance(n, int) and n % 7 == key]
        assert of_key == sorted(of_key)


async def test_a_commit_wakes_a_running_worker_at_once(
    database: Database,
    plumbing_settings: DatabaseSettings,
    clock: ManualClock,
    neighbour: Neighbour,
) -> None:
    wakeups = Wakeups(plumbing_settings, schema="plumbing", name="tests")
    # With an hour between polls only the notification can be what delivers.
    worker = OutboxWorker(
        database, wakeups, clock, {"neighbour": neighbour.deliver}, poll_seconds=3600
    )
    listening = wakeups.event("probe")
    await wakeups.start()
    await asyncio.wait_for(listening.wait(), 10)
    await worker.start()
    try:
        await owe(database, clock, 1)
        await asyncio.wait_for(neighbour.got.wait(), 10)
    finally:
        await worker.stop()
        await wakeups.stop()
    assert neighbour.taken == [1]


async def test_a_neighbour_that_raises_is_tried_again(
    database: Database, plumbing_settings: DatabaseSettings, clock: ManualClock
) -> None:
    async def down(_rows: Sequence[Row]) -> Sequence[Outcome]:
        raise Unavailable("nobody there")

    wakeups = Wakeups(plumbing_settings, schema="plumbing", name="tests")
    worker = OutboxWorker(database, wakeups, clock, {"neighbour": down})
    await owe(database, clock, 1)
    assert await worker.deliver_due("neighbour") == 0
    assert await rows(database) == [(1, False, 1)]


def test_pauses_double_up_to_a_cap() -> None:
    longest = [outbox.backoff(attempts).total_seconds() for attempts in (0, 3, 50)]
    assert 0.1 <= longest[0] <= 0.2
    assert 0.8 <= longest[1] <= 1.6
    assert 5 <= longest[2] <= 10
