"""The short way in for what senders send all day; everything else goes the framework's way.

A plain request (a route of a format without parameters, JSON of a known length that is not large)
is answered by the same use case as its route in ``routes.inbound``, without the machinery that
finds, binds, converts and checks what such a request does not have. That machinery costs more than
storing an alert does. Refusals are the route's own.
"""

from collections.abc import Mapping
from typing import Any, Final

from litestar import Request, Response
from litestar.enums import ScopeType
from litestar.types import ASGIApp, Receive, Scope, Send
from pydantic import BaseModel

from alert_ingestion.formats import FORMATS
from alert_ingestion.formats.format import Format
from alert_ingestion.routes import inbound
from alert_ingestion.workflow.ingest import Ingestion

LARGEST: Final = 64 * 1024
"""Bytes of a body; larger ones are rare, and bounded on their route."""

_JSON: Final = (b"content-type", b"application/json")


class FrontDoor:
    """ASGI middleware right before the router."""

    def __init__(self, app: ASGIApp, ingestion: Ingestion) -> None:
        self._app = app
        self._ingestion = ingestion
        self._forms: Mapping[str, Format] = {
            path: form
            for form in FORMATS
            for path in form.paths
            if "POST" in form.methods and "{" not in path
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        form = self._forms.get(scope["path"]) if _is_plain(scope) else None
        if form is None:
            await self._app(scope, receive, send)
            return
        scope["path_template"] = scope["path"]
        request: Request[Any, Any, Any] = Request(scope, receive, send)
        try:
            answer = await inbound.take(request, form, self._ingestion, lambda: _whole(receive))
        except Exception as error:  # noqa: BLE001 - the same as the router does with them
            response = inbound.refused(request, form, error)
            await _send(send, response.status_code, response.content, _headers(response))
            if response.background is not None:
                await response.background()
            return
        body = answer.model_dump_json().encode() if isinstance(answer, BaseModel) else answer
        await _send(send, form.status_code, body, [_JSON])


async def _send(
    send: Send, status: int | None, body: bytes, headers: list[tuple[bytes, bytes]]
) -> None:
    await send(
        {
            "type": "http.response.start",
            "status": status or 500,
            "headers": [*headers, (b"content-length", b"%d" % len(body))],
        }
    )
    await send({"type": "http.response.body", "body": body, "more_body": False})


def _headers(response: Response[bytes]) -> list[tuple[bytes, bytes]]:
    named = {"content-type": str(response.media_type), **dict(response.headers)}
    return [(name.lower().encode(), value.encode()) for name, value in named.items()]


async def _whole(receive: Receive) -> bytes:
    """A body; whatever keeps it from its end is raised by ``shared.intake``."""
    parts: list[bytes] = []
    while True:
        message: Any = await receive()
        parts.append(message.get("body", b""))
        if not message.get("more_body", False):
            return parts[0] if len(parts) == 1 else b"".join(parts)


def _is_plain(scope: Scope) -> bool:
    """Whether nothing about a request is unusual."""
    if scope["type"] != ScopeType.HTTP or scope["method"] != "POST":
        return False
    length = kind = None
    for name, value in scope["headers"]:
        if name == b"content-length":
            length = value
        elif name == b"content-type":
            kind = value
        elif name in _UNUSUAL:
            return False
    if length is None or kind is None or not length.isdigit() or int(length) > LARGEST:
        return False
    return kind.partition(b";")[0].strip().lower() == b"application/json"


_UNUSUAL: Final = frozenset({b"transfer-encoding", b"content-encoding", b"expect"})
