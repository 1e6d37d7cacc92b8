"""HEAD is GET without the content (RFC 9110, section 9.3.2), for every route that has a GET."""

from litestar.enums import ScopeType
from litestar.types import ASGIApp, HTTPResponseStartEvent, Message, Receive, Scope, Send


class _Answered(BaseException):
    """The headers are out; whatever would make the content may end here."""


class Heads:
    """ASGI middleware around the router."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        if scope["type"] != ScopeType.HTTP or scope["method"] != "HEAD":
            await self._app(scope, receive, send)
            return

        async def without_content(message: Message) -> None:
            if message["type"] != "http.response.start":
                return
            start: HTTPResponseStartEvent = message
            await send(start)
            await send({"type": "http.response.body", "body": b"", "more_body": False})
            # A stream of events would go on for ever.
            raise _Answered

        scope["method"] = "GET"
        try:
            await self._app(scope, receive, without_content)
        except _Answered:
            pass
        finally:
            scope["method"] = "HEAD"
