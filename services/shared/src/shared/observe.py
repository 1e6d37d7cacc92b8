"""Around every request, routed or not: its context, one log line, and the request metrics."""

import re
import time
from urllib.parse import parse_qsl, urlencode

import structlog
from litestar.enums import ScopeType
from litestar.types import ASGIApp, Message, Receive, Scope, Send

from shared import context
from shared.metrics import ServiceMetrics

# Asked for every few seconds by health checks and Prometheus: logged only when they fail.
QUIET_PATHS = frozenset({"/health", "/ready", "/metrics"})

# What senders that can only set a URL put into it, also where they misspell its name.
_SECRET = re.compile("key|token|secret|passw|auth", re.IGNORECASE)

_log = structlog.get_logger("access")


class Observe:
    """ASGI middleware outside the router, so that a 404 is seen as well."""

    def __init__(self, app: ASGIApp, metrics: ServiceMetrics) -> None:
        self._app = app
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        if scope["type"] != ScopeType.HTTP:
            await self._app(scope, receive, send)
            return
        headers = {name: value.decode("latin-1") for name, value in scope["headers"]}
        carried = context.begin(headers.get(b"x-request-id"), headers.get(b"traceparent"))
        started = time.perf_counter()
        # A client that goes away before an answer began is neither a success nor our failure.
        status = 499

        async def observed_send(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [
                    *message.get("headers", []),
                    (context.REQUEST_ID_HEADER.lower().encode(), carried["request_id"].encode()),
                ]
            await send(message)

        with context.bound(carried):
            try:
                await self._app(scope, receive, observed_send)
            finally:
                self._account(scope, status, time.perf_counter() - started)

    def _account(self, scope: Scope, status: int, seconds: float) -> None:
        # Unrouted paths share one series: a scanner must not be able to grow the metrics.
        route = str(scope.get("path_template") or "unmatched")
        method = str(scope.get("method", "GET")) if route != "unmatched" else "ANY"
        self._metrics.observe(method, route, status, seconds)
        if scope["path"] in QUIET_PATHS and status < 400:
            return
        client = scope.get("client")
        _log.info(
            "request",
            method=scope.get("method"),
            path=scope["path"],
            query=_without_secrets(scope.get("query_string", b"")),
            route=route,
            status=status,
            duration_ms=round(seconds * 1000, 2),
            client=client[0] if client else None,
        )


def _without_secrets(query: bytes) -> str:
    pairs = parse_qsl(query.decode("latin-1"), keep_blank_values=True)
    return urlencode([(name, _masked(name, value)) for name, value in pairs])


def _masked(name: str, value: str) -> str:
    # A value can name a parameter too: for some senders a semicolon parts two of them.
    return "***" if _SECRET.search(name) or (_SECRET.search(value) and "=" in value) else value
