import asyncio
from collections.abc import Sequence
from datetime import timedelta

import pytest
from psycopg.types.json import Jsonb

from shared import dead_letters, outbox
from shared.database import Database, connection_parameters
from shared.errors import Unavailable
from shared.identifiers import new_id
from shared.life import Life
from shared.outbox import Dead, Delivered, Message, OutboxWorker, Outcome, Retry, Row
from shared.pace import Pace
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
        [letter] = await dead_letters.set_aside(connection)
        assert (letter.topic, letter.last_error) == ("neighbour", "refused")
        assert await dead_letters.set_aside(connection, [new_id()]) == []
        assert await dead_letters.replay(connection, [letter.id], now=clock.now()) == 1
        assert await dead_letters.set_aside(connection) == []
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
    assert values == {
        "outbox_depth": 0,
        "outbox_dead": 1,
        "outbox_oldest_age_seconds": 0,
        "outbox_delivered": 0,
    }


async def claim_as(database: Database, number: int, *, n: object = None) -> None:
    """What a worker of another process leaves when it dies in the middle of a delivery."""
    async with database.transaction() as connection:
        await connection.execute(
            "UPDATE outbox SET claimed_by = %s WHERE coalesce(payload->'n' = %s, true)",
            (number, None if n is None else Jsonb(n)),
        )


async def test_the_claim_of_a_process_that_died_is_free_at_once(
    database: Database, clock: ManualClock, worker: OutboxWorker, neighbour: Neighbour
) -> None:
    await owe(database, clock, 1)
    await claim_as(database, 1)
    assert await worker.deliver_due("neighbour") == 1
    assert neighbour.taken == [1]


async def test_the_claim_of_a_process_that_lives_is_respected(
    database: Database,
    plumbing_settings: DatabaseSettings,
    clock: ManualClock,
    worker: OutboxWorker,
) -> None:
    other = Life(connection_parameters(plumbing_settings, schema="plumbing", name="other"))
    await owe(database, clock, 1)
    await claim_as(database, await other.number())
    clock.advance(hours=1)
    assert await worker.deliver_due("neighbour") == 0
    await other.stop()
    assert await worker.deliver_due("neighbour") == 1


async def test_a_process_whose_session_was_lost_takes_up_its_own_claims_without_a_mark(
    database: Database, clock: ManualClock, worker: OutboxWorker, neighbour: Neighbour
) -> None:
    await owe(database, clock, 1)
    before = await database.life.number()
    await claim_as(database, before)
    async with database.transaction() as connection:
        await connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_locks "
            "WHERE locktype = 'advisory' AND objid = %s AND objsubid = 2",
            (before,),
        )
    neighbour.fail = {1: Retry("down")}
    await worker.deliver_due("neighbour")
    assert await database.life.number() != before
    async with database.transaction() as connection:
        cursor = await connection.execute("SELECT deaths, attempts FROM outbox")
        assert await cursor.fetchone() == {"deaths": 0, "attempts": 1}


async def test_a_row_that_killed_its_worker_three_times_is_set_aside_and_its_key_goes_on(
    database: Database,
    plumbing_settings: DatabaseSettings,
    clock: ManualClock,
    worker: OutboxWorker,
    neighbour: Neighbour,
) -> None:
    await owe(database, clock, 1, 2)
    killed: list[list[object]] = []

    async def die(batch: Sequence[Row]) -> Sequence[Outcome]:
        killed.append([row.payload["n"] for row in batch])
        raise asyncio.CancelledError

    wakeups = Wakeups(plumbing_settings, schema="plumbing", name="tests")
    for death in range(2):
        await claim_as(database, 1, n=1)
        doomed = OutboxWorker(database, wakeups, clock, {"neighbour": die})
        with pytest.raises(asyncio.CancelledError):
            await doomed.deliver_due("neighbour")
        assert killed[-1] == [1], f"after {death + 1} deaths it is tried again, alone"
    await claim_as(database, 1, n=1)
    assert await worker.deliver_due("neighbour") == 1
    assert neighbour.taken == [2]
    assert [(n, dead) for n, dead, _ in await rows(database)] == [(1, True)]


async def test_a_row_its_receiver_broke_off_at_three_times_is_set_aside(
    database: Database, clock: ManualClock, worker: OutboxWorker, neighbour: Neighbour
) -> None:
    neighbour.fail = {1: Retry("it went away", broke_off=True)}
    await owe(database, clock, 1, key="a")
    await owe(database, clock, *range(2, 10), key="b")
    for _ in range(20):
        await worker.deliver_due("neighbour")
        clock.advance(seconds=outbox.BACKOFF_CAP)
    assert neighbour.taken == list(range(2, 10)), "the others got through beside it"
    assert [(n, dead) for n, dead, _ in await rows(database)] == [(1, True)]


async def test_what_a_dead_worker_had_in_hand_goes_one_by_one_and_the_rest_meanwhile_together(
    database: Database, clock: ManualClock, plumbing_settings: DatabaseSettings
) -> None:
    batches: list[list[object]] = []

    async def deliver(batch: Sequence[Row]) -> Sequence[Outcome]:
        batches.append([row.payload["n"] for row in batch])
        return [Delivered()] * len(batch)

    wakeups = Wakeups(plumbing_settings, schema="plumbing", name="tests")
    worker = OutboxWorker(database, wakeups, clock, {"neighbour": deliver})
    await owe(database, clock, 1, key="a")
    await owe(database, clock, 2, key="b")
    await claim_as(database, 1)
    await owe(database, clock, 3, 4, key="c")
    while await worker.deliver_due("neighbour"):
        pass
    assert batches == [[1], [2], [3, 4]]


async def test_the_urgent_goes_first_and_lends_its_urgency_to_what_stands_before_it(
    database: Database, clock: ManualClock, worker: OutboxWorker, neighbour: Neighbour
) -> None:
    async with database.transaction() as connection:
        await outbox.enqueue(
            connection,
            [
                *(Message("neighbour", f"low {n}", {"n": n}, urgency=13) for n in range(3)),
                Message("neighbour", "mixed", {"n": "before"}, urgency=13),
                Message("neighbour", "mixed", {"n": "urgent"}, urgency=0),
                Message("neighbour", "mixed", {"n": "after"}, urgency=12),
                Message("neighbour", "high", {"n": "high"}, urgency=1),
            ],
            now=clock.now(),
        )
    await worker.deliver_due("neighbour")
    assert neighbour.taken == ["before", "urgent", "high", "after", 0, 1, 2]


async def test_one_claim_carries_no_more_than_its_budget_of_bytes(
    database: Database, clock: ManualClock, plumbing_settings: DatabaseSettings
) -> None:
    sizes: list[int] = []

    async def deliver(batch: Sequence[Row]) -> Sequence[Outcome]:
        sizes.append(len(batch))
        return [Delivered()] * len(batch)

    wakeups = Wakeups(plumbing_settings, schema="plumbing", name="tests")
    worker = OutboxWorker(database, wakeups, clock, {"neighbour": deliver})
    large = "x" * (outbox.BATCH_BYTES * 2 // 5)
    too_large = "x" * (outbox.BATCH_BYTES * 2)
    await owe(database, clock, large, large, large, too_large, 1)
    while await worker.deliver_due("neighbour"):
        pass
    assert sizes == [2, 1, 1, 1]


async def test_a_receiver_that_takes_a_second_an_event_is_served_and_only_once_each(
    database: Database, clock: ManualClock, plumbing_settings: DatabaseSettings
) -> None:
    # Seconds of the receiver are hundredths here, so the worker's patience is a twentieth.
    applied: list[object] = []
    repeated: list[object] = []

    async def apply(batch: Sequence[Row]) -> None:
        for row in batch:
            await asyncio.sleep(0.01)
            (repeated if row.payload["n"] in applied else applied).append(row.payload["n"])

    async def slow(batch: Sequence[Row]) -> Sequence[Outcome]:
        # It goes on with what it was given when its caller has gone, as a real one does.
        work = asyncio.create_task(apply(batch))
        at_work.append(work)
        await asyncio.shield(work)
        return [Delivered()] * len(batch)

    at_work: list[asyncio.Task[None]] = []
    wakeups = Wakeups(plumbing_settings, schema="plumbing", name="tests")
    worker = OutboxWorker(
        database, wakeups, clock, {"neighbour": slow}, pace=lambda: Pace(patience_seconds=0.05)
    )
    for number in range(60):
        await owe(database, clock, number, key=str(number))
    deepest = [60]
    while deepest[-1] and len(deepest) < 200:
        await worker.deliver_due("neighbour")
        clock.advance(seconds=outbox.BACKOFF_CAP)
        deepest.append(len(await rows(database)))
    await asyncio.gather(*at_work)
    assert deepest[-1] == 0, f"the backlog stood still: {deepest}"
    assert sorted(applied, key=int) == list(range(60))  # type: ignore[call-overload]
    assert len(repeated) <= 64, "each time-out gave it less to do again"


async def test_a_row_that_fails_its_batch_is_found_by_halving_and_holds_up_itself_alone(
    database: Database, clock: ManualClock, plumbing_settings: DatabaseSettings
) -> None:
    taken: list[object] = []

    async def deliver(batch: Sequence[Row]) -> Sequence[Outcome]:
        if any(row.payload["n"] == 7 for row in batch):
            return [Retry("answered 500", too_much=len(batch) > 1)] * len(batch)
        taken.extend(row.payload["n"] for row in batch)
        return [Delivered()] * len(batch)

    wakeups = Wakeups(plumbing_settings, schema="plumbing", name="tests")
    worker = OutboxWorker(database, wakeups, clock, {"neighbour": deliver})
    for number in range(20):
        await owe(database, clock, number, key=str(number))
    for _ in range(60):
        await worker.deliver_due("neighbour")
        clock.advance(seconds=1)
    assert sorted(taken, key=str) == sorted((n for n in range(20) if n != 7), key=str)
    assert [(n, dead) for n, dead, _ in await rows(database)] == [(7, False)]


async def test_an_ordinary_answer_acquits_a_row_of_the_deaths_it_was_there_for(
    database: Database, clock: ManualClock, worker: OutboxWorker, neighbour: Neighbour
) -> None:
    await owe(database, clock, 1)
    neighbour.fail = {1: Retry("down")}
    for _ in range(6):
        await claim_as(database, 1)
        await worker.deliver_due("neighbour")
        clock.advance(seconds=outbox.BACKOFF_CAP)
    assert [(n, dead) for n, dead, _ in await rows(database)] == [(1, False)]


async def test_a_clock_that_was_set_back_delays_no_retry(
    database: Database, clock: ManualClock, worker: OutboxWorker, neighbour: Neighbour
) -> None:
    neighbour.fail = {1: Retry("down")}
    await owe(database, clock, 1)
    await worker.deliver_due("neighbour")
    neighbour.fail = {}
    clock.set(clock.now() - timedelta(minutes=10))
    assert await worker.deliver_due("neighbour") == 1


async def test_an_orderly_stop_in_the_middle_of_a_delivery_leaves_no_mark(
    database: Database, clock: ManualClock, plumbing_settings: DatabaseSettings
) -> None:
    begun = asyncio.Event()

    async def endless(_rows: Sequence[Row]) -> Sequence[Outcome]:
        begun.set()
        await asyncio.Event().wait()
        raise AssertionError("unreachable")

    wakeups = Wakeups(plumbing_settings, schema="plumbing", name="tests")
    worker = OutboxWorker(database, wakeups, clock, {"neighbour": endless})
    await owe(database, clock, 1)
    await worker.start()
    await asyncio.wait_for(begun.wait(), 10)
    await worker.stop()
    async with database.transaction() as connection:
        cursor = await connection.execute("SELECT deaths, claimed_by FROM outbox")
        assert await cursor.fetchone() == {"deaths": 0, "claimed_by": None}


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
    assert 1.5 <= longest[2] <= 3
