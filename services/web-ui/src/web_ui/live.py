"""Live updates: one subscription to incident-management per process, fanned out to every browser.

A browser is told that something changed, not what: it then asks for the fragment it shows, as the
person it belongs to. So a slow browser holds no queue (changes of one topic are one change), a
missed event costs nothing, and nobody is shown what they may not see.
"""

import asyncio
import random
import time
from collections.abc import AsyncGenerator, Iterator
from contextlib import aclosing, contextmanager
from typing import Protocol

import structlog
from prometheus_client import CollectorRegistry, Gauge
from pydantic import ValidationError

from shared.contracts.incident_api import FeedEvent
from shared.errors import Unavailable
from web_ui.sse import Message

LIST = "incidents"
UPSTREAM = "upstream"
MISSED = "missed"

SHORTEST_PAUSE = 0.5
LONGEST_PAUSE = 3.0
# incident-management's heartbeats come far more often: silence this long is a dead connection.
SILENCE_SECONDS = 45.0
# A page is made, then its scripts come, and only then does it listen: even on a slow line by now.
LATELY_SECONDS = 30.0

_log = structlog.get_logger(__name__)


def topic_of(incident_id: object) -> str:
    """The topic of one incident's page."""
    return f"incident-{incident_id}"


class Subscription:
    """What one browser has still to be told: the latest word on each topic."""

    def __init__(self) -> None:
        self._pending: dict[str, str] = {}
        self._changed = asyncio.Event()

    def put(self, topic: str, word: str) -> None:
        """Remember that ``topic`` changed."""
        self._pending[topic] = word
        self._changed.set()

    async def take(self) -> dict[str, str]:
        """Wait for changes, then take all of them."""
        await self._changed.wait()
        self._changed.clear()
        taken, self._pending = self._pending, {}
        return taken


class Broadcast:
    """Everybody who listens, and whether there is anything to listen to."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._subscriptions: set[Subscription] = set()
        self._lately: dict[str, tuple[float, str]] = {}
        self.upstream = "down"
        self._ever_up = False
        Gauge(
            "web_ui_event_streams", "Browsers that listen for live updates.", registry=registry
        ).set_function(lambda: len(self._subscriptions))
        Gauge(
            "web_ui_upstream_connected",
            "Whether the subscription to incident-management's events is up.",
            registry=registry,
        ).set_function(lambda: float(self.upstream == "up"))

    @contextmanager
    def subscribe(self) -> Iterator[Subscription]:
        """Listen; the first words are what changed lately, and the state of the one upstream.

        Whoever listens shows a page that was made before, maybe before one of those changes.
        """
        subscription = Subscription()
        self._forget()
        for topic, (_, word) in self._lately.items():
            subscription.put(topic, word)
        subscription.put(UPSTREAM, self.upstream)
        self._subscriptions.add(subscription)
        try:
            yield subscription
        finally:
            self._subscriptions.discard(subscription)

    def publish(self, topic: str, word: str) -> None:
        """Tell everybody, and who comes a little later."""
        # Taken out first, so that the oldest stay in front.
        self._lately.pop(topic, None)
        self._lately[topic] = (time.monotonic(), word)
        self._forget()
        for subscription in self._subscriptions:
            subscription.put(topic, word)

    def _forget(self) -> None:
        since = time.monotonic() - LATELY_SECONDS
        while self._lately and next(iter(self._lately.values()))[0] < since:
            del self._lately[next(iter(self._lately))]

    def set_upstream(self, state: str) -> None:
        """The subscription is ``up`` or ``down``. What was missed meanwhile may be on any page."""
        changed, self.upstream = state != self.upstream, state
        if changed:
            self.publish(UPSTREAM, state)
            self.publish(MISSED, "")
        if changed and not self._ever_up:
            # The beginning: whoever comes from now on has missed nothing by it.
            self._ever_up = True
            del self._lately[MISSED]


class Feed(Protocol):
    """incident-management's stream of events."""

    def follow(self, last_id: str | None) -> AsyncGenerator[Message, None]:
        """Connect, resuming after ``last_id``; the first message only says that we are connected.

        Heartbeats are messages as well. Ends when the neighbour closes; raises ``Unavailable``
        when there is no connection.
        """
        ...


class Follower:
    """Follows the feed and publishes what changed, for as long as the process runs."""

    def __init__(self, feed: Feed, broadcast: Broadcast) -> None:
        self._feed = feed
        self._broadcast = broadcast
        self._last_id: str | None = None
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Follow in the background: pages work without."""
        self._task = asyncio.create_task(self._run(), name="follow incidents")

    async def stop(self) -> None:
        """Disconnect."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _run(self) -> None:
        pause = SHORTEST_PAUSE
        while True:
            try:
                async for _ in self._connection():
                    pause = SHORTEST_PAUSE
            except (Unavailable, TimeoutError) as error:
                _log.warning("feed_lost", error=str(error) or "silence")
            except Exception:  # noqa: BLE001 - see below
                # Without the feed every page would quietly grow stale, so nothing ends this loop.
                _log.exception("feed_failed")
            self._broadcast.set_upstream("down")
            # Spread out, so that replicas do not all come back in one instant.
            await asyncio.sleep(pause * random.uniform(0.5, 1.0))  # noqa: S311 - not a secret
            pause = min(pause * 2, LONGEST_PAUSE)

    async def _connection(self) -> AsyncGenerator[None, None]:
        async with aclosing(self._feed.follow(self._last_id)) as feed:
            while True:
                try:
                    async with asyncio.timeout(SILENCE_SECONDS):
                        message = await anext(feed)
                except StopAsyncIteration:
                    return
                self._broadcast.set_upstream("up")
                self._handle(message)
                yield

    def _handle(self, message: Message) -> None:
        self._last_id = message.id or self._last_id
        if message.event == "reset":
            self._broadcast.publish(MISSED, "")
        if message.event != "incident":
            return
        try:
            change = FeedEvent.model_validate_json(message.data)
        except ValidationError:
            # A newer version says something this one does not know: anything may have changed.
            self._broadcast.publish(MISSED, "")
            return
        self._broadcast.publish(LIST, str(change.incident.id))
        self._broadcast.publish(topic_of(change.incident.id), str(change.incident.revision))
