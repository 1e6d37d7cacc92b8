"""Many senders at once, on two replicas: every alert in one incident, every incident once."""

import asyncio
import random
from collections import Counter
from typing import Any

from alert_ingestion.workflow.timeouts import resolve_timed_out


async def test_two_hundred_alerts_of_twenty_groups_are_twenty_incidents(start: Any) -> None:
    async with start() as one, start() as other:
        alerts = [(group, number) for group in range(20) for number in range(10)]
        # A fixed shuffle: a failure can be repeated.
        random.Random(7).shuffle(alerts)  # noqa: S311

        # More at once would be told 503 on a machine that is busy with other tests.
        places = asyncio.Semaphore(16)

        async def send(index: int, group: int, number: int) -> Any:
            replica = (one, other)[index % 2]
            async with places:
                answer = await replica.send(service=f"s{group}", message=f"m{number}")
            assert answer.status_code == 201, answer.text
            return group, answer.json()

        replies = await asyncio.gather(*(send(index, *alert) for index, alert in enumerate(alerts)))
        incidents = {(group, reply["incident_id"]) for group, reply in replies}
        assert len(incidents) == len({incident for _, incident in incidents}) == 20
        actions = Counter(reply["action"] for _, reply in replies)
        assert actions == {"new_incident": 20, "attached_to_existing_incident": 180}
        assert len(one.owed()) == 200


async def test_one_alert_sent_twenty_times_at_once_is_one_alert(start: Any) -> None:
    async with start() as one, start() as other:
        answers = await asyncio.gather(*((one, other)[n % 2].send() for n in range(20)))
        assert Counter(answer.json()["action"] for answer in answers) == {
            "new_incident": 1,
            "duplicate_suppressed": 19,
        }
        alert = await one.alert(answers[0].json()["alert_id"])
        assert alert["count"] == 20


async def test_large_batches_in_opposite_order_do_not_block_each_other(start: Any) -> None:
    async with start() as one, start() as other:

        def batch(order: int) -> list[dict[str, Any]]:
            return [
                {
                    "labels": {
                        "alertname": "a",
                        "instance": f"{number}",
                        "service": f"s{number % 40}",
                    }
                }
                for number in range(400)
            ][::order]

        async def deliver(replica: Any, order: int) -> None:
            # As every sender does: on a machine that stands still for seconds, 503 is the honest
            # answer of who waited for a lock.
            async with asyncio.timeout(90):
                while (answer := await replica.post("/api/v2/alerts", batch(order))).is_error:
                    assert answer.status_code == 503, answer.text
                    await asyncio.sleep(0.2)

        await asyncio.gather(
            *(
                deliver(replica, order)
                for _ in range(3)
                for replica, order in ((one, 1), (other, -1))
            )
        )
        assert one.count("alerts") == 400
        assert one.count("incidents") == 40
        assert len(one.owed()) == 400
    # Who waits in a circle is told so by PostgreSQL; a connection that ended has counted it.
    deadlocks = "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()"
    assert one.database.query(deadlocks) == [(0,)]


async def test_resolves_and_new_alerts_at_once_never_leave_an_alert_without_a_page(
    start: Any,
) -> None:
    async with start() as one, start() as other:
        for _ in range(5):
            await one.send(message="old")
            await asyncio.gather(
                one.send(message="old", status="resolved"),
                *(other.send(message=f"new {number}") for number in range(3)),
            )
        # Whoever fires is in an incident that is open as far as we know.
        ended = one.database.query(
            "SELECT a.message FROM alerts AS a JOIN incidents AS i ON i.id = a.incident_id "
            "WHERE a.status = 'firing' AND i.state <> 'open'"
        )
        assert ended == []


async def test_two_engines_of_timeouts_resolve_each_alert_once(start: Any) -> None:
    async with start() as one, start() as other:
        await one.post("/api/v2/alerts", [{"labels": {"a": str(n)}} for n in range(100)])
        one.clock.advance(minutes=6)

        async def run(replica: Any) -> int:
            count, more = 0, True
            while more:
                done, more = await resolve_timed_out(replica.pool, one.clock.now(), limit=30)
                count += done
            return count

        await asyncio.gather(run(one), run(other), run(one), run(other))
        await run(one)
        resolved = [event for event in one.owed() if event.type == "alert.resolved"]
        assert len(resolved) == 100
        assert len({event.alert.id for event in resolved}) == 100
