import asyncio
import json
from collections.abc import AsyncIterator, Callable
from datetime import timedelta
from typing import Any

import pytest

from incident_management.store import feed
from incident_management.stream import FeedStreams
from shared.database import Database
from shared.errors import Unavailable
from shared.wakeups import Wakeups
from vigie_testing.clock import ManualClock


def parse(chunk: bytes) -> dict[str, str]:
    """The fields of one event; a comment has none."""
    lines = [line for line in chunk.decode().splitlines() if line and not line.startswith(":")]
    return dict(line.split(": ", 1) for line in lines)


async def take(stream: AsyncIterator[bytes], count: int) -> list[dict[str, str]]:
    """The next events, heartbeats left out."""
    taken: list[dict[str, str]] = []
    async with asyncio.timeout(20):
        while len(taken) < count:
            event = parse(await anext(stream))
            if event:
                taken.append(event)
    return taken


@pytest.fixture
def streams(service: Any) -> FeedStreams:
    made: FeedStreams = service.app.state.streams
    made._poll = 0.05
    return made


async def test_a_client_is_told_of_changes_and_can_resume(
    service: Any, streams: FeedStreams
) -> None:
    after, reset = await streams.start_after(None)
    assert (after, reset) == (0, False)
    stream = streams.events(after, reset=False, stopping=asyncio.Event())
    (hello,) = await take(stream, 1)
    assert (hello["event"], hello["id"]) == ("hello", "0")
    incident = await service.opened()
    await service.patch(incident["id"], status="acknowledged")
    opened, acknowledged = await take(stream, 2)
    assert (opened["event"], opened["id"], acknowledged["id"]) == ("incident", "1", "2")
    data = json.loads(acknowledged["data"])
    assert (data["type"], data["actor"]["name"]) == ("incident.acknowledged", "Alice")
    assert data["incident"] == await service.get(incident["id"])
    resumed = streams.events(1, reset=False, stopping=asyncio.Event())
    assert (await take(resumed, 2))[1] == acknowledged


async def test_ids_never_skip_whatever_the_order_of_the_commits(
    service: Any, streams: FeedStreams
) -> None:
    stream = streams.events(0, reset=False, stopping=asyncio.Event())
    await take(stream, 1)
    incidents = await asyncio.gather(*(service.opened() for _ in range(12)))
    events = await take(stream, 12)
    assert [int(event["id"]) for event in events] == list(range(1, 13))
    assert {json.loads(event["data"])["incident"]["id"] for event in events} == {
        incident["id"] for incident in incidents
    }


async def test_a_note_is_a_change_that_leaves_the_revision(
    service: Any, streams: FeedStreams
) -> None:
    incident = await service.opened()
    stream = streams.events(1, reset=False, stopping=asyncio.Event())
    await service.patch(incident["id"], note="Looking.")
    _, note = await take(stream, 2)
    assert json.loads(note["data"])["type"] == "note"
    assert json.loads(note["data"])["incident"]["revision"] == 1


async def test_a_client_that_was_away_too_long_starts_anew(
    service: Any, streams: FeedStreams, clock: ManualClock
) -> None:
    for _ in range(3):
        await service.opened()
    clock.advance(feed.KEPT + timedelta(hours=1))
    await service.opened()
    await service.tidy()
    assert await streams.start_after(2) == (4, True)
    assert await streams.start_after(3) == (3, False)
    # An id of a database that was restored from an older backup.
    assert await streams.start_after(99) == (4, True)
    clock.advance(feed.KEPT + timedelta(hours=1))
    await service.tidy()
    assert await streams.start_after(4) == (4, False)
    assert await streams.start_after(3) == (4, True)
    stream = streams.events(4, reset=True, stopping=asyncio.Event())
    assert (await take(stream, 1))[0]["event"] == "reset"


async def test_the_route_streams_until_the_service_stops(service: Any) -> None:
    incident = await service.opened()
    service.app.state.streams._poll = 0.05
    service.app.state.stopping.set()
    response = await service.client.get(
        "/api/v1/events", headers=service.service("web-ui") | {"Last-Event-ID": "nonsense"}
    )
    assert response.status_code == 200
    assert response.headers["content-type"].startswith("text/event-stream")
    assert response.headers["cache-control"] == "no-store"
    assert "event: reset" in response.text
    assert incident["id"] not in response.text
    response = await service.client.get("/api/v1/events", headers=service.person())
    assert "event: hello" in response.text


@pytest.mark.usefixtures("service")
async def test_a_stop_ends_a_stream_at_once(streams: FeedStreams) -> None:
    streams._poll = 60
    stopping = asyncio.Event()
    stream = streams.events(0, reset=False, stopping=stopping)
    await take(stream, 1)
    waiting = asyncio.create_task(anext(stream, b"ended"))
    await asyncio.sleep(0.05)
    stopping.set()
    assert await asyncio.wait_for(waiting, 5) == b"ended"


async def test_an_idle_stream_is_kept_open_by_comments(service: Any) -> None:
    settings = service.app.state.database._settings
    idle = FeedStreams(
        service.app.state.database,
        Wakeups(settings, schema="incidents", name="test"),
        heartbeat_seconds=0.05,
        poll_seconds=0.02,
    )
    stream = idle.events(0, reset=False, stopping=asyncio.Event())
    await take(stream, 1)
    assert await asyncio.wait_for(anext(stream), 10) == b": still here\n\n"


async def test_a_notification_wakes_a_stream_before_the_next_poll(service: Any) -> None:
    settings = service.app.state.database._settings
    wakeups = Wakeups(settings, schema="incidents", name="test")
    quick = FeedStreams(
        service.app.state.database, wakeups, poll_seconds=600, heartbeat_seconds=600
    )
    await quick.start()
    await wakeups.start()
    try:
        stream = quick.events(0, reset=False, stopping=asyncio.Event())
        await take(stream, 1)
        waiting = asyncio.create_task(anext(stream))
        await asyncio.sleep(0.3)
        await service.opened()
        assert parse(await asyncio.wait_for(waiting, 20))["id"] == "1"
    finally:
        await wakeups.stop()
        await quick.stop()


async def test_a_stream_outlives_an_outage_of_the_database(
    service: Any, streams: FeedStreams, monkeypatch: pytest.MonkeyPatch
) -> None:
    await service.opened()
    stream = streams.events(0, reset=False, stopping=asyncio.Event())
    await take(stream, 1)
    database: Database = service.app.state.database
    working: Callable[..., Any] = database.transaction
    calls = 0

    def broken_once() -> Any:
        nonlocal calls
        calls += 1
        if calls == 1:
            raise Unavailable("The database does not answer.")
        return working()

    monkeypatch.setattr(database, "transaction", broken_once)
    assert (await take(stream, 1))[0]["id"] == "1"
