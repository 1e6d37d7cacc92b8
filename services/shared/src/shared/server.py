"""Serving an application: settings first, then uvicorn, and a stop that lets requests finish."""

import asyncio
import contextlib
import ctypes
import gc
import os
import signal
import socket
import sys
from collections.abc import Callable, Sequence
from types import FrameType

import structlog
import uvicorn
from litestar import Litestar

from shared import logs, workers
from shared.connections import RECEIVE_BUFFER_BYTES, Door, protocol
from shared.settings import ServiceSettings, Settings, SettingsError, load
from shared.workers import Worker

# Containers and the supervisor kill after 10 s; streams close at once, requests have this long.
DRAIN_SECONDS = 8

# Longer than proxies and clients keep an idle connection (mostly 60 s): whoever closes first must
# be them, or a request that is just being sent meets a closed door.
KEEP_ALIVE_SECONDS = 75

# malloc.h of glibc. Its own threshold grows with the first large block that is freed.
_M_MMAP_THRESHOLD, _M_ARENA_MAX = -3, -8
_LARGE_BYTES = 128 * 1024

# Most of what a request makes goes with its last reference; to look for circles after every few
# hundred objects took a tenth of the time, and each look at all of them 50 ms.
_YOUNG_OBJECTS, _YOUNG_ROUNDS, _OLD_ROUNDS = 20_000, 20, 50

# sysexits.h: the configuration is wrong, so a restart alone will not help.
EX_CONFIG = 78

# uvicorn's loop turns ten times a second.
_TICKS_A_ROUND = 5

_log = structlog.get_logger(__name__)


class _Server(uvicorn.Server):
    def __init__(
        self, config: uvicorn.Config, stopping: asyncio.Event, door: Door, worker: Worker | None
    ) -> None:
        super().__init__(config)
        self._stopping = stopping
        self._door = door
        self._worker = worker
        self._loop: asyncio.AbstractEventLoop | None = None

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        self._loop = asyncio.get_running_loop()
        await super().startup(sockets)
        for server in self.servers:
            for listener in server.sockets:
                # What a connection inherits from the socket it came in by.
                with socket.socket(fileno=os.dup(listener.fileno())) as inherited:
                    inherited.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BUFFER_BYTES)
        if self._worker is not None and self.started:
            self._worker.serves()

    async def on_tick(self, counter: int) -> bool:
        if counter % _TICKS_A_ROUND == 0:
            self._door.tend()
            if self._worker is not None and self._worker.has_lost_its_parent:
                # As it would have ended itself: whoever comes next needs the port at once.
                os.kill(os.getpid(), signal.SIGKILL)
        return await super().on_tick(counter)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        # uvicorn waits for open responses before it runs the lifespan's end, so streams must
        # hear of the stop by themselves.
        if self._loop is not None:
            self._loop.call_soon_threadsafe(self._stopping.set)
        super().handle_exit(sig, frame)


def serve(
    service: str, create_app: Callable[[Settings], Litestar], settings_class: type[Settings]
) -> None:
    """Run a service until SIGTERM or SIGINT; exits 78 when the environment makes no sense."""
    try:
        settings = load(settings_class)
    except SettingsError as error:
        print(f"{service} cannot start. {error}", file=sys.stderr)
        raise SystemExit(EX_CONFIG) from None
    logs.configure(service, settings.log_level)
    _give_memory_back()
    gc.set_threshold(_YOUNG_OBJECTS, _YOUNG_ROUNDS, _OLD_ROUNDS)
    count = workers.how_many(settings.workers)
    _log.info("starting", host=settings.bind_host, port=settings.bind_port, workers=count)
    if count == 1:
        code = _run(create_app(settings), settings)
    else:
        # What is imported by now is in memory once, and not looked at by any collection.
        gc.freeze()
        code = _run_several(count, create_app, settings)
    if code:
        raise SystemExit(code)


def _run_several(count: int, create_app: Callable[[Settings], Litestar], settings: Settings) -> int:
    def one(worker: Worker, sockets: Sequence[socket.socket]) -> int:
        app = create_app(settings)
        app.state.worker = worker
        structlog.contextvars.bind_contextvars(worker=worker.number)
        return _run(app, settings, worker, sockets)

    try:
        several = workers.Workers(count, settings.bind_host, settings.bind_port, one)
    except OSError as error:
        _log.error("cannot_listen", error=str(error))
        return 1
    return several.run()


def _run(
    app: Litestar,
    settings: ServiceSettings,
    worker: Worker | None = None,
    sockets: Sequence[socket.socket] | None = None,
) -> int:
    config = uvicorn.Config(
        app,
        # uvicorn takes whatever makes a protocol, and declares a class.
        http=protocol(app.state.door),  # type: ignore[arg-type]
        ws="none",
        host=settings.bind_host,
        port=settings.bind_port,
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=DRAIN_SECONDS,
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
        # Behind a proxy the client's address comes from a header only when we are told to.
        proxy_headers=bool(os.environ.get("FORWARDED_ALLOW_IPS")),
    )
    server = _Server(config, app.state.stopping, app.state.door, worker)
    server.run(None if sockets is None else list(sockets))
    # The interpreter's last collections walk every object there is: a third of a second of work,
    # which on a busy machine outlasts the time a container is given to stop.
    gc.freeze()
    return 0 if server.started else 1


def _give_memory_back() -> None:
    """Let the memory of a large body go when it is done with, instead of keeping it for the next.

    Only glibc has these; elsewhere nothing happens.
    """
    with contextlib.suppress(OSError, AttributeError):
        libc = ctypes.CDLL(None)
        libc.mallopt(_M_MMAP_THRESHOLD, _LARGE_BYTES)
        libc.mallopt(_M_ARENA_MAX, 2)
