"""A real server on a free port, for a real browser."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

import uvicorn
from litestar import Litestar

from vigie_local.ports import find_free

STARTS_WITHIN_SECONDS = 20.0


class Server(uvicorn.Server):
    """Runs beside the test, and leaves the test's signals alone."""

    def __init__(self, app: Litestar, port: int) -> None:
        super().__init__(
            uvicorn.Config(
                app, host="127.0.0.1", port=port, log_config=None, access_log=False, lifespan="on"
            )
        )
        self.app = app
        self.ready = threading.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.ready.set()

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Signals are the test runner's."""

    def install_signal_handlers(self) -> None:
        """Signals are the test runner's."""


@contextmanager
def served(app: Litestar, port: int | None = None) -> Iterator[str]:
    """The address of the application, for as long as the block lasts."""
    port = port or find_free()
    server = Server(app, port)
    thread = threading.Thread(target=server.run, name=f"web-ui on {port}")
    thread.start()
    try:
        if not server.ready.wait(STARTS_WITHIN_SECONDS):
            raise TimeoutError("web-ui did not start")
        yield f"http://127.0.0.1:{port}"
    finally:
        # Streams hear of the stop as they do under shared.server.
        app.state.stopping.set()
        server.should_exit = True
        thread.join(timeout=STARTS_WITHIN_SECONDS)
