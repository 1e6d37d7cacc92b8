"""``/events``: the live updates of one browser, as server-sent events."""

import asyncio
from collections.abc import AsyncGenerator
from typing import Any

from litestar import Request, get
from litestar.response import Stream

from shared.app import UNCOMPRESSED
from web_ui import sse
from web_ui.clients import Down
from web_ui.live import Broadcast
from web_ui.services import TheServices, TheViewer
from web_ui.viewer import Viewers

HEARTBEAT_SECONDS = 15.0
RECONNECT_MILLISECONDS = 2000
# Answers about sessions are remembered for four seconds: an ended one is noticed within five.
SESSION_CHECK_SECONDS = 1.0

HEADERS = {
    "Cache-Control": "no-store",
    # A proxy that collects answers before it sends them would hold the events back.
    "X-Accel-Buffering": "no",
}


async def stream(
    broadcast: Broadcast,
    viewers: Viewers,
    token: str,
    stopping: asyncio.Event,
    heartbeat: float = HEARTBEAT_SECONDS,
) -> AsyncGenerator[bytes, None]:
    """Changes as they come, a heartbeat when none do; ends when we stop or the session does."""
    loop = asyncio.get_running_loop()
    stopped = loop.create_task(stopping.wait())
    beat_at = checked_at = loop.time()
    check = min(heartbeat, SESSION_CHECK_SECONDS)
    try:
        with broadcast.subscribe() as subscription:
            yield sse.retry(RECONNECT_MILLISECONDS)
            while not stopping.is_set():
                changes = loop.create_task(subscription.take())
                try:
                    await asyncio.wait(
                        {changes, stopped},
                        timeout=check,
                        return_when=asyncio.FIRST_COMPLETED,
                    )
                    words = changes.result() if changes.done() else {}
                finally:
                    changes.cancel()
                if loop.time() - checked_at >= check:
                    if not await _still_signed_in(viewers, token):
                        return
                    checked_at = loop.time()
                for topic, word in words.items():
                    yield sse.encode(topic, word)
                if loop.time() - beat_at >= heartbeat:
                    beat_at = loop.time()
                    yield sse.HEARTBEAT
    finally:
        stopped.cancel()


async def _still_signed_in(viewers: Viewers, token: str) -> bool:
    try:
        return await viewers.principal(token) is not None
    except Down:
        return True


@get("/events", include_in_schema=False, opt={UNCOMPRESSED: True})
async def follow(
    request: Request[Any, Any, Any], services: TheServices, viewer: TheViewer
) -> Stream:
    """Live updates for a signed-in person."""
    return Stream(
        stream(
            services.broadcast,
            services.viewers,
            viewer.token,
            request.app.state.stopping,
        ),
        media_type="text/event-stream",
        headers=HEADERS,
    )
