"""Sending what is owed to people: a task for each contact method, so none waits for another."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

import structlog

from oncall_service.core.core import Core
from oncall_service.notifications import claims, messages
from oncall_service.notifications.channels.base import Failed, Message, Outgoing, Result, Sender
from oncall_service.notifications.nowhere import Nowhere
from oncall_service.notifications.outcomes import Done, WriteDown
from oncall_service.notifications.pacing import Rate
from oncall_service.notifications.sealing import CannotOpen, Sealer
from oncall_service.settings import OncallSettings
from oncall_service.tables import ContactMethodRow, NotificationRow
from shared import tasks
from shared.contracts.oncall import MessageKind
from shared.contracts.wire import Ref
from shared.errors import Unavailable
from shared.links import Link, Links
from shared.words.catalogues import Say, preferred, speaking

# So many contact methods are sent to at once; of those that hang, each ends within its time limit.
AT_ONCE = 200
# A cycle of the engine waits this long for its messages. Slower ones go on beside the next cycle.
CYCLE_SECONDS = 2.0
# A channel's own limits are for each of its steps.
SEND_TIMEOUT_SECONDS = 30.0
# What cannot be written down is tried for so long: the database comes back within seconds, and
# until then nobody needs to get a message twice.
RECORDING_PAUSE_SECONDS, RECORDING_ATTEMPTS = 1.0, 60

SEALED = "no key of VIGIE_SEALING_KEYS opens this contact method: it has to be made anew"

_log = structlog.get_logger(__name__)


class Dispatch:
    """Sends what is due; a resource of the application."""

    def __init__(self, core: Core, channels: Mapping[str, Sender], write_down: WriteDown) -> None:
        self._core = core
        self._channels = channels
        self._links = Links(core.settings)
        self._sealer = Sealer.of(core.settings)
        self._claims = claims.Claims(core.database, _rate(core.settings))
        self._recorder = _Recorder(write_down)
        self._sending: set[asyncio.Task[None]] = set()

    async def start(self) -> None:
        """Nothing to open: the engine asks for each round."""

    async def stop(self) -> None:
        """End what is being sent; it is sent again under the same keys, by whoever comes next."""
        await tasks.end(self._sending)

    async def send_due(self) -> bool:
        """Send a round of what is due; whether there may be more (run by an engine)."""
        room = AT_ONCE - len(self._sending)
        if room <= 0:
            return False
        claimed = await self._claims.take(self._core.clock.now(), room)
        begun = [self._begin(parcels) for parcels in claimed]
        if not begun:
            return False
        await asyncio.wait(begun, timeout=CYCLE_SECONDS)
        for task in begun:
            if task.done() and not task.cancelled():
                task.result()  # a failure to write an outcome down is one of this cycle
        return len(claimed) >= room

    def _begin(self, parcels: Sequence[claims.Parcel]) -> asyncio.Task[None]:
        task = asyncio.create_task(self._send_all(parcels), name="messages to a contact method")
        self._sending.add(task)
        method = parcels[0].method

        def ended(ended_task: asyncio.Task[None]) -> None:
            self._sending.discard(ended_task)
            # However it ended, also before it began: what was not given back is free from here on.
            if method is not None:
                self._claims.release(method.id)
            if not ended_task.cancelled() and (error := ended_task.exception()) is not None:
                _log.warning("messages_unrecorded", error=str(error))

        task.add_done_callback(ended)
        return task

    async def _send_all(self, parcels: Sequence[claims.Parcel]) -> None:
        """The messages to one contact method, together: there are as many as its rate allows."""
        method, left = parcels[0].method, len(parcels)

        async def send(parcel: claims.Parcel) -> None:
            nonlocal left
            result = await self._send(parcel)
            left -= 1
            last = method.id if method is not None and left == 0 else None
            await self._recorder.write(Done(parcel, result, last))

        await asyncio.gather(*map(send, parcels))

    async def _send(self, parcel: claims.Parcel) -> Result:
        row, method = parcel.rows[0], parcel.method
        if method is None and row.channel != Nowhere.name:
            return await self._without_a_method(parcel)
        sender = self._channels.get(row.channel)
        if sender is None:
            return Failed(f"this release has no channel '{row.channel}'", retry=False)
        try:
            target, secret = self._opened(method) if method else ("", None)
        except CannotOpen:
            _log.error("contact_method_sealed", method=str(parcel.rows[0].contact_method_id))
            return Failed(SEALED, retry=False)
        outgoing = Outgoing(
            idempotency_key=parcel.key,
            person=row.person_name,
            target=target,
            secret=secret,
            message=self._message(parcel, speaking(preferred(parcel.language))),
        )
        try:
            async with asyncio.timeout(SEND_TIMEOUT_SECONDS):
                return await sender.send(outgoing)
        except TimeoutError:
            return Failed(f"no result within {SEND_TIMEOUT_SECONDS:g} s", retry=True)
        except Exception as error:  # noqa: BLE001 - see below
            # A channel with a bug must not lose the page.
            _log.exception("channel_failed", channel=row.channel)
            return Failed(f"the channel broke ({type(error).__name__})", retry=True)

    def _opened(self, method: ContactMethodRow) -> tuple[str, str | None]:
        secret = self._sealer.opened(method.secret) if method.secret is not None else None
        return self._sealer.opened(method.target), secret

    def _message(self, parcel: claims.Parcel, words: Say) -> Message:
        person = parcel.rows[0].person_name
        url = self._core.settings.web_ui_url
        told = [
            messages.composed(
                words,
                row.message,
                person=person,
                web_ui_url=url,
                acknowledge_token=self._acknowledge_token(row),
            )
            for row in parcel.rows
        ]
        if len(told) == 1:
            return told[0]
        return messages.bundle(words, told, person=person, web_ui_url=url)

    def _acknowledge_token(self, row: NotificationRow) -> str:
        """The token of the link by which whoever is paged may acknowledge; empty for the rest."""
        if row.kind != MessageKind.PAGE or row.person_id is None or row.incident_id is None:
            return ""
        person = Ref(id=row.person_id, name=row.person_name)
        link = Link(message=row.id, incident=row.incident_id, person=person, channel=row.channel)
        return self._links.sign(link, self._core.clock.now())

    async def _without_a_method(self, parcel: claims.Parcel) -> Failed:
        async with self._core.database.session() as session:
            method = await session.get(ContactMethodRow, parcel.rows[0].contact_method_id)
        became = "removed" if method is None else "switched off"
        return Failed(f"the contact method was {became}", retry=False)


@dataclass(frozen=True, slots=True, eq=False)
class _Waiting:
    done: Done
    written: asyncio.Future[None]


class _Recorder:
    """Writes outcomes down: whatever has come when the last writing ends is the next one."""

    def __init__(self, write_down: WriteDown) -> None:
        self._write_down = write_down
        self._waiting: list[_Waiting] = []
        self._writing = asyncio.Lock()

    async def write(self, done: Done) -> None:
        """Write an outcome down, together with the others that are there by then.

        Raises:
            Unavailable: the database did not come back; the message will be sent again.
        """
        mine = _Waiting(done, asyncio.get_running_loop().create_future())
        self._waiting.append(mine)
        async with self._writing:
            if not mine.written.done():
                await self._write()
        await mine.written

    async def _write(self) -> None:
        batch, self._waiting = self._waiting, []
        try:
            await self._persist([each.done for each in batch])
        except BaseException as error:
            for each in batch:
                if not each.written.done():
                    each.written.set_exception(
                        error if isinstance(error, Exception) else Unavailable("It was stopped.")
                    )
                    each.written.exception()  # looked at, also where nobody waits any more
            if not isinstance(error, Exception):
                raise
        else:
            for each in batch:
                each.written.set_result(None)

    async def _persist(self, batch: Sequence[Done]) -> None:
        for attempt in range(RECORDING_ATTEMPTS):
            try:
                await self._write_down(batch)
            except Unavailable:
                if attempt + 1 == RECORDING_ATTEMPTS:
                    raise
                await asyncio.sleep(RECORDING_PAUSE_SECONDS)
            else:
                return


def _rate(settings: OncallSettings) -> Rate:
    interval = timedelta(seconds=settings.notification_interval_seconds)
    return Rate(settings.notification_burst, interval)
