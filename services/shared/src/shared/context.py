"""What travels with a piece of work through every hop: the request id and the W3C trace context."""

import re
import secrets
from collections.abc import Iterator, Mapping, MutableMapping
from contextlib import contextmanager
from contextvars import ContextVar
from types import MappingProxyType
from typing import Any

REQUEST_ID_HEADER = "X-Request-ID"
TRACEPARENT_HEADER = "traceparent"

_NOTHING: Mapping[str, str] = MappingProxyType({})
_CURRENT: ContextVar[Mapping[str, str]] = ContextVar("context", default=_NOTHING)

_REQUEST_ID = re.compile(r"[A-Za-z0-9._:-]{1,64}")
_TRACEPARENT = re.compile(r"00-(?!0{32})([0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}")


def begin(request_id: str | None, traceparent: str | None) -> dict[str, str]:
    """The context of a request: the caller's ids where they are well formed, else new ones.

    A trace is continued with a span id of our own (W3C Trace Context, section 3.2).
    """
    given = _TRACEPARENT.fullmatch(traceparent or "")
    trace_id = given.group(1) if given else secrets.token_hex(16)
    accepted = request_id is not None and _REQUEST_ID.fullmatch(request_id)
    return {
        "request_id": request_id if accepted and request_id else secrets.token_hex(8),
        "traceparent": f"00-{trace_id}-{secrets.token_hex(8)}-01",
    }


@contextmanager
def bound(context: Mapping[str, str]) -> Iterator[None]:
    """Bind a context, as it arrived in a request or an event, to every log line within."""
    values = {name: context[name] for name in ("request_id", "traceparent") if name in context}
    before = _CURRENT.set({**_CURRENT.get(), **values})
    try:
        yield
    finally:
        _CURRENT.reset(before)


def current() -> dict[str, str]:
    """The context of the work under way; empty outside any."""
    return dict(_CURRENT.get())


def merge(
    _logger: object, _method: str, event: MutableMapping[str, Any]
) -> MutableMapping[str, Any]:
    """A processor of structlog: every line names the context of the work that it tells of."""
    for name, value in _CURRENT.get().items():
        event.setdefault(name, value)
    return event


def headers() -> dict[str, str]:
    """The current context as headers of an outgoing request."""
    context = current()
    named = {REQUEST_ID_HEADER: "request_id", TRACEPARENT_HEADER: "traceparent"}
    return {header: context[name] for header, name in named.items() if name in context}
