"""Around every request, routed or not: its context, one log line, and the request metrics."""

import time
from collections.abc import Mapping
from typing import Any, cast
from urllib.parse import parse_qsl, urlencode

import structlog
from litestar.enums import ScopeType
from litestar.types import ASGIApp, Message, Receive, Scope, Send

from shared import context
from shared.masks import MASK, is_secret_name, looks_like_key, masked, masked_url
from shared.metrics import ServiceMetrics

# Asked for every few seconds by health checks and Prometheus: logged only when they fail.
QUIET_PATHS = frozenset({"/health", "/ready", "/metrics"})

LONGEST_LOGGED = 500

_TOLD = "vigie.told"

_log = structlog.get_logger("access")


def tell(scope: Scope, said: Mapping[str, Any]) -> None:
    """Let the line of this request in the log say more."""
    scope[_TOLD] = said  # type: ignore[literal-required]


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
        carried = context.begin(_request_id(headers), headers.get(b"traceparent"))
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
        path, query = scope["path"], scope.get("query_string", b"")
        _log.info(
            "request",
            method=scope.get("method"),
            # A path without parameters is our own word, in which nobody can have put a key.
            path=path if path == route else _cut(masked_url(path)),
            query=_cut(_without_secrets(query)) if query else "",
            route=route,
            status=status,
            duration_ms=round(seconds * 1000, 2),
            # Behind a proxy this comes from a header.
            client=masked(str(client[0])) if client else None,
            **cast("Mapping[str, Any]", scope.get(_TOLD, {})),
        )


def _request_id(headers: Mapping[bytes, str]) -> str | None:
    """The caller's id of this request, unless it put a key there: it is logged and passed on."""
    given = headers.get(b"x-request-id")
    return None if given is None or (looks_like_key(given) and not _is_hex(given)) else given


def _is_hex(text: str) -> bool:
    # What proxies make. Keys of ours have other letters too.
    return set(text.lower()) <= set("0123456789abcdef-")


def _without_secrets(query: bytes) -> str:
    pairs = parse_qsl(query.decode("latin-1"), keep_blank_values=True)
    return urlencode([(masked_url(name), _masked(name, value)) for name, value in pairs])


def _masked(name: str, value: str) -> str:
    # A value can name a parameter too: for some senders a semicolon parts two of them.
    return MASK if is_secret_name(name) else masked_url(value)


def _cut(text: str) -> str:
    # Whoever asks chooses how long it is.
    return text if len(text) <= LONGEST_LOGGED else f"{text[:LONGEST_LOGGED]}..."
