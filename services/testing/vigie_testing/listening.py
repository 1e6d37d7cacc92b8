"""An application that listens on a port, for browsers and clients that take no transport.

    with listening(app) as served:
        SomebodysClient(base_url=served.url).send(...)

It is served as in production, in a thread of its own; over TLS where a client insists on it.
"""

import socket
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

import trustme
import uvicorn
from litestar import Litestar

from shared.connections import protocol

START_SECONDS = 30.0


@dataclass(frozen=True)
class Served:
    """Where an application listens; ``trust`` is what a client has to believe in over TLS."""

    url: str
    trust: ssl.SSLContext = field(default_factory=ssl.create_default_context)


@contextmanager
def listening(app: Litestar, *, tls: bool = False) -> Iterator[Served]:
    """Serve ``app``, and stop it afterwards."""
    config = uvicorn.Config(
        app,
        http=protocol(app.state.door),  # type: ignore[arg-type]
        ws="none",
        log_config=None,
        access_log=False,
        timeout_graceful_shutdown=5,
    )
    served = Served("https" if tls else "http")
    config.load()
    if tls:
        authority = trustme.CA()
        authority.configure_trust(served.trust)
        config.ssl = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority.issue_cert("127.0.0.1").configure_cert(config.ssl)
    server = uvicorn.Server(config)
    with socket.create_server(("127.0.0.1", 0)) as own:
        thread = threading.Thread(target=server.run, args=([own],), name="listening", daemon=True)
        thread.start()
        try:
            deadline = time.monotonic() + START_SECONDS
            while not server.started:
                assert thread.is_alive(), "it stopped"
                assert time.monotonic() < deadline, "it did not start"
                time.sleep(0.02)
            yield replace(served, url=f"{served.url}://127.0.0.1:{own.getsockname()[1]}")
        finally:
            # Streams hear of the stop as they do under shared.server.
            app.state.stopping.set()
            server.should_exit = True
            thread.join(START_SECONDS)
