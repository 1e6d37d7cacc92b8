r"""An application that lives in a thread, so that a test that cannot wait may ask it things.

    with hosting(app) as hosted:
        hosted.client.get("/health")                        # as any client does
        hosted.ask("GET", "/a\b", query=b"%ff")            # what no client would send

Hypothesis' tests are plain functions, and an application's pools belong to one event loop.
"""

import asyncio
import threading
from collections.abc import Coroutine, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TypeVar

import httpx
from litestar import Litestar

ANSWER_SECONDS = 30.0

Result = TypeVar("Result")


@dataclass(frozen=True)
class Answer:
    """What an application answered."""

    status: int
    headers: dict[str, str]
    body: bytes


class Hosted(httpx.BaseTransport):
    """A running application."""

    def __init__(self, app: Litestar, loop: asyncio.AbstractEventLoop) -> None:
        self._app = app
        self._loop = loop
        self._transport = httpx.ASGITransport(app=app, raise_app_exceptions=True)  # type: ignore[arg-type]
        self.client = httpx.Client(transport=self, base_url="http://hosted.test")

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """See httpx."""
        content = request.read()

        async def answer() -> httpx.Response:
            asked = httpx.Request(
                request.method,
                request.url,
                headers=request.headers,
                content=content,
                extensions=request.extensions,
            )
            response = await self._transport.handle_async_request(asked)
            # As it went over the wire: whoever asked undoes the compression.
            stream = httpx.ByteStream(b"".join([part async for part in response.aiter_raw()]))
            return httpx.Response(response.status_code, headers=response.headers, stream=stream)

        return self._wait(answer())

    def ask(
        self,
        method: str = "GET",
        path: str = "/",
        *,
        query: bytes = b"",
        headers: Sequence[tuple[bytes, bytes]] = (),
        body: bytes = b"",
        complete: bool = True,
    ) -> Answer:
        """A request as the server hands it over, which may hold what no client lets through.

        Unless it is ``complete``, the connection ends before the body does.
        """
        scope = {
            "type": "http",
            "asgi": {"version": "3.0", "spec_version": "2.3"},
            "http_version": "1.1",
            "method": method,
            "scheme": "http",
            "path": path,
            "raw_path": path.encode("utf-8", "surrogateescape"),
            "query_string": query,
            "root_path": "",
            "headers": list(headers),
            "client": ("127.0.0.1", 12345),
            "server": ("127.0.0.1", 80),
            "state": {},
        }
        sent: list[Any] = []
        asked = [{"type": "http.request", "body": body, "more_body": not complete}]

        async def receive() -> Any:
            return asked.pop(0) if asked else {"type": "http.disconnect"}

        async def send(message: Any) -> None:
            sent.append(message)

        self._wait(self._app(scope, receive, send))  # type: ignore[arg-type]
        start = next(message for message in sent if message["type"] == "http.response.start")
        return Answer(
            start["status"],
            {
                name.decode("latin-1").lower(): value.decode("latin-1")
                for name, value in start["headers"]
            },
            b"".join(message.get("body", b"") for message in sent),
        )

    def _wait(self, work: Coroutine[Any, Any, Result]) -> Result:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(ANSWER_SECONDS)


@contextmanager
def hosting(app: Litestar) -> Iterator[Hosted]:
    """Start ``app`` in a thread of its own, and stop it afterwards."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, name="hosting", daemon=True)
    thread.start()
    stop = asyncio.Event()

    async def live(started: asyncio.Event) -> None:
        async with app.lifespan():
            started.set()
            await stop.wait()

    async def begin() -> "asyncio.Task[None]":
        started = asyncio.Event()
        life = asyncio.create_task(live(started))
        waiting = asyncio.create_task(started.wait())
        await asyncio.wait({life, waiting}, return_when=asyncio.FIRST_COMPLETED)
        if life.done():
            await life
        return life

    async def end(life: "asyncio.Task[None]") -> None:
        stop.set()
        await life

    try:
        life = asyncio.run_coroutine_threadsafe(begin(), loop).result(ANSWER_SECONDS)
        try:
            yield Hosted(app, loop)
        finally:
            asyncio.run_coroutine_threadsafe(end(life), loop).result(ANSWER_SECONDS)
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join(ANSWER_SECONDS)
        loop.close()
