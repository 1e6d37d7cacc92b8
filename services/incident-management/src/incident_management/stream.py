"""Server-sent events: the feed, as a stream that a browser keeps open and resumes by itself.

Format: WHATWG HTML, section 9.2. Each change is an event ``incident`` whose id a client sends back
as Last-Event-ID. A client whose id is too old (or of a database that was restored) gets one event
``reset``: it must load afresh what it shows. Comments keep idle connections open.
"""

import asyncio
import json
from collections.abc import AsyncIterator

import structlog

from incident_management.store import feed
from shared.database import Database
from shared.errors import Unavailable
from shared.wakeups import Wakeups

HEARTBEAT_SECONDS = 15.0
POLL_SECONDS = 2.0
RETRY_MILLISECONDS = 2000

_log = structlog.get_logger(__name__)


class FeedStreams:
    """All streams of this process; one listener and no database connection is held for them."""

    def __init__(
        self,
        database: Database,
        wakeups: Wakeups,
        *,
        heartbeat_seconds: float = HEARTBEAT_SECONDS,
        poll_seconds: float = POLL_SECONDS,
    ) -> None:
        self._database = database
        self._wakeup = wakeups.event(feed.CHANNEL)
        self._heartbeat = heartbeat_seconds
        self._poll = poll_seconds
        self._waiting: set[asyncio.Event] = set()
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Pass wake-ups on to the streams."""
        self._task = asyncio.create_task(self._pass_on(), name="feed wake-ups")

    async def stop(self) -> None:
        """Stop passing on."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def start_after(self, last_event_id: int | None) -> tuple[int, bool]:
        """Where a stream begins, and whether the client must be told to load afresh.

        Raises:
            Unavailable: the database does not answer.
        """
        async with self._database.transaction() as connection:
            if last_event_id is None:
                return await feed.position(connection), False
            if await feed.resumable(connection, last_event_id):
                return last_event_id, False
            return await feed.position(connection), True

    async def events(
        self, after: int, *, reset: bool, stopping: asyncio.Event
    ) -> AsyncIterator[bytes]:
        """The stream after an id, until the client goes or the service stops."""
        woken = asyncio.Event()
        self._waiting.add(woken)
        try:
            yield _opening(after, reset=reset)
            now = asyncio.get_running_loop().time
            spoke = now()
            while not stopping.is_set():
                woken.clear()
                entries = await self._read(after)
                for entry in entries:
                    yield encode(entry)
                    after = entry.id
                if entries:
                    spoke = now()
                    continue
                if now() - spoke >= self._heartbeat:
                    yield b": still here\n\n"
                    spoke = now()
                await _first(woken, stopping, timeout=min(self._poll, self._heartbeat))
        finally:
            self._waiting.discard(woken)

    async def _read(self, after: int) -> list[feed.Entry]:
        try:
            async with self._database.transaction() as connection:
                return await feed.read(connection, after)
        except Unavailable:
            # Logged where it was noticed. The stream stays open and goes on where it was.
            return []

    async def _pass_on(self) -> None:
        while True:
            await self._wakeup.wait()
            self._wakeup.clear()
            for woken in self._waiting:
                woken.set()


def encode(entry: feed.Entry) -> bytes:
    """One change; JSON without line breaks fits one data line."""
    return f"id: {entry.id}\nevent: incident\ndata: {json.dumps(entry.data)}\n\n".encode()


def _opening(after: int, *, reset: bool) -> bytes:
    # The id makes a client resume from here even when nothing happened before it lost us.
    name = "reset" if reset else "hello"
    return f"retry: {RETRY_MILLISECONDS}\nid: {after}\nevent: {name}\ndata: {{}}\n\n".encode()


async def _first(*events: asyncio.Event, timeout: float) -> None:  # noqa: ASYNC109 - a pause
    waiters = [asyncio.ensure_future(event.wait()) for event in events]
    try:
        await asyncio.wait(waiters, timeout=timeout, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for waiter in waiters:
            waiter.cancel()
        await asyncio.gather(*waiters, return_exceptions=True)
