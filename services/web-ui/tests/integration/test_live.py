"""Live updates: from incident-management's feed to a browser."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from datetime import timedelta

import pytest
from litestar import Litestar
from prometheus_client import CollectorRegistry
from web_ui_fakes import Visitor, World

from shared.auth import UNASKED_FOR, CachedTokenDirectory
from shared.contracts.incidents import Status
from web_ui import live
from web_ui.cookies import Cookies
from web_ui.live import Broadcast, Follower, topic_of
from web_ui.pages import events
from web_ui.sse import Message
from web_ui.viewer import Viewers


async def until(condition: Callable[[], bool], seconds: float = 60.0) -> None:
    """Wait for what another task is about to do."""
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110 - what is waited for announces nothing
            await asyncio.sleep(0.005)


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live, "SHORTEST_PAUSE", 0.01)
    monkeypatch.setattr(live, "LONGEST_PAUSE", 0.02)


class Ear:
    """A browser's side of the stream."""

    def __init__(self, chunks: AsyncGenerator[bytes, None]) -> None:
        self._chunks = chunks

    async def hear(self) -> str:
        async with asyncio.timeout(60):
            return (await anext(self._chunks)).decode()

    async def hear_of(self, word: str) -> str:
        while word not in (heard := await self.hear()):
            pass
        return heard

    async def ended(self) -> bool:
        async with asyncio.timeout(60):
            async for _ in self._chunks:
                pass
        return True


@pytest.fixture
async def broadcast() -> Broadcast:
    return Broadcast(CollectorRegistry())


@pytest.fixture
async def follower(world: World, broadcast: Broadcast) -> "AsyncGenerator[Follower, None]":
    follower = Follower(world.feed, broadcast)
    await follower.start()
    await until(lambda: broadcast.upstream == "up")
    yield follower
    await follower.stop()
    assert world.feed.connections == 0


@pytest.mark.usefixtures("follower")
async def test_a_change_reaches_the_list_and_the_page_of_its_incident(
    world: World, broadcast: Broadcast
) -> None:
    incident = world.incidents.open()
    with broadcast.subscribe() as subscription:
        assert await subscription.take() == {"upstream": "up"}
        world.incidents.change(incident, status=Status.ACKNOWLEDGED)
        heard: dict[str, str] = {}
        while topic_of(incident.id) not in heard:
            heard |= await subscription.take()
    assert heard == {"incidents": str(incident.id), topic_of(incident.id): "2"}


async def test_what_changed_between_the_making_of_a_page_and_its_listening_is_told(
    broadcast: Broadcast, monkeypatch: pytest.MonkeyPatch
) -> None:
    broadcast.publish("incidents", "7")
    with broadcast.subscribe() as subscription:
        assert await subscription.take() == {"upstream": "down", "incidents": "7"}
    monkeypatch.setattr("web_ui.live.LATELY_SECONDS", 0.0)
    with broadcast.subscribe() as subscription:
        assert await subscription.take() == {"upstream": "down"}


async def test_a_browser_that_is_slow_is_told_once_of_many_changes(broadcast: Broadcast) -> None:
    with broadcast.subscribe() as subscription:
        for number in range(1000):
            broadcast.publish("incidents", str(number))
        assert await subscription.take() == {"upstream": "down", "incidents": "999"}


@pytest.mark.usefixtures("follower")
async def test_every_browser_is_told_over_one_subscription_upstream(
    world: World, broadcast: Broadcast
) -> None:
    with broadcast.subscribe() as one, broadcast.subscribe() as other:
        await one.take()
        await other.take()
        world.incidents.change(world.incidents.open())
        await until(lambda: world.feed.connections == 1)
        assert "incidents" in await one.take()
        assert "incidents" in await other.take()
    assert world.feed.connections == 1


@pytest.mark.usefixtures("follower")
async def test_a_lost_feed_is_told_and_resumed_after_the_last_event(
    world: World, broadcast: Broadcast
) -> None:
    incident = world.incidents.open()
    with broadcast.subscribe() as subscription:
        await subscription.take()
        world.incidents.change(incident)
        await subscription.take()
        world.feed.down = True
        world.feed.send(None)
        await until(lambda: broadcast.upstream == "down")
        assert (await subscription.take())["upstream"] == "down"
        world.feed.down = False
        await until(lambda: broadcast.upstream == "up")
        # What was missed in between may be on any page.
        heard = await subscription.take()
        assert heard["upstream"] == "up"
        assert "missed" in heard
    assert world.feed.resumed_after == [None, "1"]


async def test_silence_counts_as_a_lost_connection(
    world: World, broadcast: Broadcast, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live, "SILENCE_SECONDS", 0.05)
    follower = Follower(world.feed, broadcast)
    await follower.start()
    await until(lambda: len(world.feed.resumed_after) >= 2)
    await follower.stop()


@pytest.mark.usefixtures("follower")
async def test_a_reset_and_an_event_of_a_newer_version_make_every_page_ask_anew(
    world: World, broadcast: Broadcast
) -> None:
    with broadcast.subscribe() as subscription:
        for message in (
            Message("reset", "{}", "90"),
            Message("incident", '{"type": "of a newer version"}', "91"),
        ):
            await subscription.take()
            world.feed.send(message)
            await until(lambda: "missed" in subscription._pending)
        world.feed.send(Message("hello", "{}", "92"))
        world.feed.send(Message())


async def test_a_feed_that_fails_oddly_is_followed_all_the_same(
    world: World, broadcast: Broadcast, monkeypatch: pytest.MonkeyPatch
) -> None:
    follow = world.feed.follow
    failures: list[str | None] = []

    async def odd(last_id: str | None) -> AsyncGenerator[Message, None]:
        if not failures:
            failures.append(last_id)
            raise ZeroDivisionError
        async for message in follow(last_id):
            yield message

    monkeypatch.setattr(world.feed, "follow", odd)
    follower = Follower(world.feed, broadcast)
    await follower.start()
    await until(lambda: broadcast.upstream == "up")
    await follower.stop()


def ear(viewers: Viewers, stopping: asyncio.Event, token: str, beat: float) -> Ear:
    return Ear(events.stream(Broadcast(CollectorRegistry()), viewers, token, stopping, beat))


@pytest.fixture
def viewers(world: World) -> Viewers:
    return Viewers(CachedTokenDirectory(world.directory, world.clock), Cookies(secure=False))


async def test_a_stream_opens_with_the_state_of_the_way_and_keeps_itself_alive(
    world: World, viewers: Viewers
) -> None:
    listening = ear(viewers, asyncio.Event(), world.directory.begin("ada"), 0.02)
    assert await listening.hear() == "retry: 2000\n\n"
    assert await listening.hear() == "event: upstream\ndata: down\n\n"
    assert (await listening.hear()).startswith(":")


async def test_a_stream_ends_when_the_service_stops(world: World, viewers: Viewers) -> None:
    stopping = asyncio.Event()
    listening = ear(viewers, stopping, world.directory.begin("ada"), 60)
    await listening.hear_of("upstream")
    stopping.set()
    assert await listening.ended()


async def test_a_stream_ends_with_the_session_and_survives_a_dead_oncall_service(
    world: World, viewers: Viewers
) -> None:
    token = world.directory.begin("ada")
    listening = ear(viewers, asyncio.Event(), token, 0.02)
    await listening.hear_of("still here")
    world.clock.advance(timedelta(minutes=2))  # type: ignore[attr-defined]
    world.directory.down = True
    await listening.hear_of("still here")
    world.directory.down = False
    world.directory.sessions.clear()
    world.clock.advance(UNASKED_FOR)
    assert await listening.ended()


async def test_a_stream_ends_soon_after_its_session_and_not_with_the_next_heartbeat(
    world: World, viewers: Viewers, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(events, "SESSION_CHECK_SECONDS", 0.02)
    token = world.directory.begin("ada")
    listening = ear(viewers, asyncio.Event(), token, 3600)
    await listening.hear_of("upstream")
    world.directory.sessions.clear()
    world.clock.advance(timedelta(seconds=4))  # type: ignore[attr-defined]
    async with asyncio.timeout(10):
        assert await listening.ended()


async def test_a_dead_directory_ends_no_stream_of_somebody_it_has_not_forgotten(
    world: World, viewers: Viewers
) -> None:
    world.directory.down = True
    listening = ear(viewers, asyncio.Event(), "never-checked", 0.02)
    await listening.hear_of("still here")


async def test_nobody_listens_without_a_session(visitor: Visitor) -> None:
    response = await visitor.get("/events", Accept="text/event-stream")
    assert response.status_code == 401
    assert "location" not in response.headers


async def test_what_is_measured_of_it_is_in_the_metrics(responder: Visitor, app: Litestar) -> None:
    del app
    world = responder.world
    await until(lambda: world.feed.connections == 1)
    text = (await responder.get("/metrics")).text
    assert "web_ui_upstream_connected 1.0" in text
    assert "web_ui_event_streams 0.0" in text
