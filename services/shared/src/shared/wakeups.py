"""LISTEN/NOTIFY as a hint that there is work; whoever waits also polls, in case one is lost."""

import asyncio
from collections import defaultdict
from collections.abc import Iterable

import psycopg
import structlog

from shared import tasks
from shared.database import Connection, connection_parameters
from shared.settings import DatabaseSettings

RECONNECT_SECONDS = 1.0

_log = structlog.get_logger(__name__)


async def notify(connection: Connection, channel: str) -> None:
    """Wake the listeners of ``channel`` in this schema when the transaction commits.

    PostgreSQL folds equal notifications of one transaction into one.
    """
    await connection.execute("SELECT pg_notify(current_schema() || '.' || %s, '')", (channel,))


class Wakeups:
    """One connection of the process that listens for everybody in it."""

    def __init__(self, settings: DatabaseSettings, *, schema: str, name: str) -> None:
        self._schema = schema
        self._parameters = connection_parameters(settings, schema=schema, name=f"{name} listener")
        self._events: defaultdict[str, list[asyncio.Event]] = defaultdict(list)
        self._task: asyncio.Task[None] | None = None

    def event(self, channel: str) -> asyncio.Event:
        """A new event that is set on each notification of ``channel``; the waiter clears it."""
        event = asyncio.Event()
        self._events[channel].append(event)
        return event

    def forget(self, channel: str, event: asyncio.Event) -> None:
        """Stop setting an event (a stream that ended)."""
        self._events[channel].remove(event)

    async def start(self) -> None:
        """Listen in the background."""
        self._task = asyncio.create_task(self._listen_for_ever(), name="wakeups")

    async def stop(self) -> None:
        """Stop listening."""
        if self._task is not None:
            await tasks.end([self._task])

    async def _listen_for_ever(self) -> None:
        while True:
            try:
                await self._listen()
            except psycopg.Error as error:
                _log.warning("listener_lost", error=str(error).strip())
            await asyncio.sleep(RECONNECT_SECONDS)

    async def _listen(self) -> None:
        connection = await psycopg.AsyncConnection.connect(**self._parameters, autocommit=True)
        async with connection:
            channels = {f"{self._schema}.{channel}": channel for channel in self._events}
            for channel in channels:
                await connection.execute(
                    psycopg.sql.SQL("LISTEN {}").format(psycopg.sql.Identifier(channel))
                )
            # What was notified while nobody listened is found by looking once now.
            self._set(self._events)
            async for notification in connection.notifies():
                self._set([channels[notification.channel]])

    def _set(self, channels: Iterable[str]) -> None:
        for channel in list(channels):
            for event in self._events[channel]:
                event.set()
