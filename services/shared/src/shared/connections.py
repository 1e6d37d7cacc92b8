"""What a connection may cost before anybody knows who it is: time, bytes, and a place.

uvicorn waits for ever for the end of a header, keeps a header of any length, queues any number of
pipelined requests, and closes on a sender that is still sending, so that its answer is lost to a
reset. Here the same protocol is bounded. What a body may cost is in ``shared.intake``.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, cast

import structlog
from prometheus_client import CollectorRegistry, Counter, Gauge
from uvicorn._types import ASGI3Application, ASGISendEvent, Scope
from uvicorn._types import ASGIReceiveCallable as Receive
from uvicorn._types import ASGISendCallable as Send
from uvicorn.protocols.http.httptools_impl import (
    STATUS_LINE,
    HttpToolsProtocol,
    RequestResponseCycle,
)

from shared.errors import Busy, HeaderTooLarge, Malformed, Problem, TooSlow
from shared.problems import PROBLEM_JSON, document

# The kernel holds this much of what we do not read (twice, by its own counting), and one read
# cannot bring more: what a sender without a key has in our memory is bounded by it.
RECEIVE_BUFFER_BYTES: Final = 32 * 1024

REASONS: Final = (
    "crowded",
    "evicted",
    "header_too_large",
    "header_too_slow",
    "pipelined",
    "unread",
)

# Asked by health checks and Prometheus: answered also in a crowd.
_VITAL: Final = frozenset({"/health", "/ready", "/metrics"})
_OF_USE_TO_UVICORN: Final = frozenset({"type", "method", "http_version", "path", "client"})
_CLOSE: Final = (b"connection", b"close")
_TELL_EVERY_SECONDS: Final = 10.0

_log: Final = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Limits:
    """Of one process; sized for 256 MB (docs/adr/0014-what-a-stranger-may-cost.md).

    ``header_seconds`` is from the connection, or from the first byte of a later request, to the end
    of its header. ``spare`` connections beyond the bound are let in, to be told 503 or to ask for
    health. In a crowd, whoever takes longer than ``eager_seconds``, or sends less than
    ``eager_rate`` bytes a second, may be put out for somebody else. A sender that has its answer
    but is still sending is listened to for ``linger_seconds``, as long as it does not fall silent
    for ``silence_seconds``. An answer of which nothing is read for ``unread_seconds`` is given up.
    """

    header_seconds: float = 10.0
    header_bytes: int = 32 * 1024
    headers: int = 100
    buffered_bytes: int = 16 * 1024
    pipelined: int = 8
    connections: int = 512
    spare: int = 64
    eager_seconds: float = 0.5
    eager_rate: int = 16 * 1024
    linger_seconds: float = 30.0
    linger_bytes: int = 128 * 1024 * 1024
    silence_seconds: float = 3.0
    unread_seconds: float = 30.0


class Door:
    """Every connection of a process, the oldest first."""

    def __init__(self, registry: CollectorRegistry, limits: Limits | None = None) -> None:
        self.limits = limits or Limits()
        self._inside: dict[Connection, None] = {}
        self._told_at = float("-inf")
        self._refused = Counter(
            "http_connections_refused_total",
            "Connections that were refused or ended early, by why.",
            ["reason"],
            registry=registry,
        )
        for reason in REASONS:
            self._refused.labels(reason)
        Gauge("http_connections", "Open connections.", registry=registry).set_function(
            lambda: float(len(self._inside))
        )

    @property
    def crowded(self) -> bool:
        """Whether there are more connections than there should be."""
        return len(self._inside) > self.limits.connections

    @property
    def full(self) -> bool:
        """Whether not even somebody who asks for health fits in."""
        return len(self._inside) > self.limits.connections + self.limits.spare

    def enter(self, connection: "Connection") -> None:
        """Count a new connection; in a crowd, whoever only keeps a place has to leave."""
        self._inside[connection] = None
        if self.crowded:
            self._make_room(connection)

    def leave(self, connection: "Connection") -> None:
        """Count a connection no more."""
        self._inside.pop(connection, None)

    def tend(self) -> None:
        """End what has taken too long; called a few times a second."""
        for connection in list(self._inside):
            connection.tend()

    def count(self, reason: str) -> None:
        """Remember, and now and then say, that a connection was refused or ended early."""
        self._refused.labels(reason).inc()
        now = asyncio.get_running_loop().time()
        if now - self._told_at >= _TELL_EVERY_SECONDS:
            self._told_at = now
            _log.warning("connection_refused", reason=reason, connections=len(self._inside))

    def _make_room(self, newcomer: "Connection") -> None:
        # The worst claims first; of equal ones, whoever came first.
        weak = sorted(
            (other for other in self._inside if other is not newcomer and other.claim < _WORKING),
            key=lambda other: other.claim,
        )
        for connection in weak[: len(self._inside) - self.limits.connections]:
            self.count("evicted")
            self.leave(connection)
            connection.end()


# How good a connection's claim to its place is. All but the last may lose it.
_OVER, _STALLED, _IDLE, _WORKING = range(4)


class _Line(asyncio.Transport):
    """A transport that is not closed on a peer who is still sending.

    A close with unread bytes is a reset, and a reset overtakes the answer. So the answer is sent
    with the end of our side, and what still comes is thrown away for a while.
    """

    def __init__(self, transport: asyncio.Transport, connection: "Connection") -> None:
        super().__init__()
        self._transport = transport
        self._connection = connection
        self._loop = connection.loop
        self._limits = connection.door.limits
        self._thrown_away = 0
        self._lingers_since = 0.0
        self._linger_until = 0.0
        self._silent_since = 0.0
        self._unread_since: float | None = None
        self._unread_bytes = 0
        self.lingering = False

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Send, unless the end was sent; uvloop minds a word to a peer who is gone."""
        if not self.is_closing():
            self._transport.write(data)

    def close(self) -> None:
        """Close, when the peer has said what it wanted to say."""
        if self.is_closing():
            return
        if self._connection.is_being_told:
            self.linger()
        else:
            self._transport.close()

    def linger(self, seconds: float | None = None) -> None:
        """Say that this was all, and listen a little longer."""
        if self.is_closing():
            return
        self.lingering = True
        self._lingers_since = self._silent_since = self._loop.time()
        self._linger_until = self._silent_since + (seconds or self._limits.linger_seconds)
        self._transport.write_eof()
        self._transport.resume_reading()

    def throw_away(self, data: bytes) -> None:
        """Of no interest any more."""
        self._thrown_away += len(data)
        self._silent_since = self._loop.time()
        if self._thrown_away > self._limits.linger_bytes:
            self._transport.abort()

    def tend(self, now: float) -> None:
        """End what has taken too long."""
        if self.lingering and (
            now > self._linger_until or now - self._silent_since > self._limits.silence_seconds
        ):
            self._transport.abort()
            return
        unread = self._transport.get_write_buffer_size()
        if not unread or self._unread_since is None or unread < self._unread_bytes:
            self._unread_since = now if unread else None
        self._unread_bytes = unread
        if self.unread_for(now) > self._limits.unread_seconds:
            self._connection.door.count("unread")
            self._transport.abort()

    def unread_for(self, now: float) -> float:
        """For how many seconds the peer has taken nothing of what is there for it."""
        return 0.0 if self._unread_since is None else now - self._unread_since

    def overstays(self, now: float) -> bool:
        """Whether a peer that has its answer takes longer than it should to say the rest."""
        due = self._limits.eager_seconds + self._thrown_away / self._limits.eager_rate
        return now - self._lingers_since > due

    def abort(self) -> None:
        """Close at once."""
        self._transport.abort()

    def is_closing(self) -> bool:
        """Whether nothing more is sent."""
        return self.lingering or self._transport.is_closing()

    def pause_reading(self) -> None:
        """See asyncio."""
        if not self.lingering:
            self._transport.pause_reading()

    def resume_reading(self) -> None:
        """See asyncio."""
        if not self._transport.is_closing():
            self._transport.resume_reading()

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        """See asyncio."""
        return self._transport.get_extra_info(name, default)


class _Refused(Exception):
    """Ends the parser's work on a header."""


class Connection(HttpToolsProtocol):
    """uvicorn's protocol, within ``Limits``."""

    def __init__(self, *args: Any, door: Door, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.door = door
        self._line: _Line
        # Of the header that is being sent: since when, and whether it has begun.
        self._waiting_since: float | None = None
        self._header_begun = False
        self._body_since = 0.0
        self._body_bytes = 0
        # Bytes since the parser last had something to tell.
        self._untold = 0
        self._told = False
        self._refusal: Problem | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """See asyncio."""
        self._line = _Line(transport, self)
        self._waiting_since = self.loop.time()
        super().connection_made(self._line)
        self.door.enter(self)
        if self.door.full:
            self.door.count("crowded")
            self._line.write(_response(Busy()))
            transport.close()

    def connection_lost(self, exc: Exception | None) -> None:
        """See asyncio."""
        self.door.leave(self)
        super().connection_lost(exc)
        self._unset_keepalive_if_required()

    def data_received(self, data: bytes) -> None:
        """See asyncio."""
        if self._line.lingering:
            self._line.throw_away(data)
            return
        if self._waiting_since is None and self._asks_nothing:
            self._waiting_since = self.loop.time()
        self._told = False
        super().data_received(data)
        self._untold = 0 if self._told else self._untold + len(data)
        if self._untold > self.door.limits.header_bytes and not self._line.is_closing():
            self._refuse("header_too_large", HeaderTooLarge())

    def on_message_begin(self) -> None:
        """The first byte of a request."""
        if self._waiting_since is None:
            self._waiting_since = self.loop.time()
        self._header_begun = True
        super().on_message_begin()

    def on_header(self, name: bytes, value: bytes) -> None:
        """One header, or one trailer."""
        if len(self.headers) >= self.door.limits.headers:
            self._refusal = HeaderTooLarge()
            raise _Refused
        super().on_header(name, value)

    def on_headers_complete(self) -> None:
        """A request can begin."""
        if len(self.pipeline) >= self.door.limits.pipelined:
            self.door.count("pipelined")
            self._line.abort()
            raise _Refused
        self._told = True
        self._waiting_since, self._header_begun = None, False
        self._body_since, self._body_bytes = self.loop.time(), 0
        super().on_headers_complete()

    def on_chunk_header(self) -> None:
        """A part of a body of unknown length begins."""
        self._told = True

    def on_body(self, body: bytes) -> None:
        """A part of a body."""
        self._told = True
        self._body_bytes += len(body)
        super().on_body(body)
        # uvicorn alone would hold four times as much for an application that has not asked.
        if len(self.cycle.body) > self.door.limits.buffered_bytes:
            self.flow.pause_reading()

    def send_400_response(self, msg: str) -> None:
        """The parser gave up."""
        if self._line.is_closing():
            return
        if self._refusal is not None:
            self._refuse("header_too_large", self._refusal)
        else:
            self._answer(Malformed(msg))

    def _unsupported_upgrade_warning(self) -> None:
        """The request is answered as if it had not asked; nothing to warn of."""

    def end(self) -> None:
        """Close at once."""
        self._line.abort()

    def shutdown(self) -> None:
        """The process stops."""
        if self._line.lingering:
            self._line.abort()
        else:
            super().shutdown()

    def tend(self) -> None:
        """End what has taken too long."""
        now = self.loop.time()
        if self._waiting_since is not None and self.flow.read_paused:
            # It is we who do not listen.
            self._waiting_since = now
        if (
            self._waiting_since is None
            or self._line.is_closing()
            or now - self._waiting_since <= self.door.limits.header_seconds
        ):
            self._line.tend(now)
        elif self._header_begun:
            self._refuse("header_too_slow", TooSlow("The header took too long."))
        else:
            # A browser opens connections ahead of need, and takes their end for granted.
            self._line.close()

    @property
    def claim(self) -> int:
        """How good a claim it has to its place."""
        now, limits = self.loop.time(), self.door.limits
        if self._line.lingering:
            return _OVER if self._line.overstays(now) else _WORKING
        if self._line.unread_for(now) > limits.eager_seconds:
            return _STALLED
        if self._waiting_since is not None:
            return _STALLED if now - self._waiting_since > limits.eager_seconds else _WORKING
        if self.is_being_told and not self.flow.read_paused:
            patience = limits.eager_seconds + self._body_bytes / limits.eager_rate
            return _STALLED if now - self._body_since > patience else _WORKING
        return _IDLE if self._asks_nothing else _WORKING

    @property
    def is_being_told(self) -> bool:
        """Whether the body of a request has not come to its end."""
        return self._request is not None and self._request.more_body

    @property
    def _asks_nothing(self) -> bool:
        return self._request is None or (self._request.response_complete and not self.pipeline)

    @property
    def _request(self) -> RequestResponseCycle | None:
        """The newest one."""
        return self.cycle

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: ASGI3Application) -> None:
        if self.door.crowded and cycle.scope["path"] not in _VITAL:
            self.door.count("crowded")
            app = _busy
        super()._start_asgi_task(cycle, _bounded(cycle, app))

    def _refuse(self, reason: str, problem: Problem) -> None:
        self.door.count(reason)
        self._answer(problem)

    def _answer(self, problem: Problem) -> None:
        if not self._asks_nothing:
            if self.pipeline or self.cycle.response_started:
                # It would arrive in the middle of another answer.
                self._line.abort()
                return
            self.cycle.disconnected = True
            self.cycle.message_event.set()
        self._line.write(_response(problem))
        # It had its time.
        self._line.linger(self.door.limits.silence_seconds)


def protocol(door: Door) -> Callable[..., Connection]:
    """What uvicorn makes a connection with."""

    def connection(*args: Any, **kwargs: Any) -> Connection:
        return Connection(*args, door=door, **kwargs)

    return connection


def _bounded(cycle: RequestResponseCycle, app: ASGI3Application) -> ASGI3Application:
    """The application, such that an answer before the end of a body ends the connection.

    And such that an idle connection keeps nothing of its last request: uvicorn holds on to the
    scope, in which the framework leaves the body.
    """

    async def answered(scope: Scope, receive: Receive, send: Send) -> None:
        async def say(message: ASGISendEvent) -> None:
            if message["type"] == "http.response.start" and cycle.more_body:
                message["headers"] = [*message.get("headers", ()), _CLOSE]
            await send(message)

        try:
            await app(scope, receive, say)
        finally:
            whole = cast("dict[str, Any]", scope)
            for name in whole.keys() - _OF_USE_TO_UVICORN:
                del whole[name]

    return answered


async def _busy(scope: Scope, receive: Receive, send: Send) -> None:
    del scope, receive
    problem = Busy()
    body = document(problem)
    headers = [(b"content-type", PROBLEM_JSON.encode()), (b"content-length", b"%d" % len(body))]
    headers += [(name.lower().encode(), value.encode()) for name, value in problem.headers.items()]
    await send(
        {"type": "http.response.start", "status": problem.status, "headers": [*headers, _CLOSE]}
    )
    await send({"type": "http.response.body", "body": body, "more_body": False})


def _response(problem: Problem) -> bytes:
    body = document(problem)
    headers = {
        "content-type": PROBLEM_JSON,
        "content-length": str(len(body)),
        "connection": "close",
        **problem.headers,
    }
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    return STATUS_LINE[problem.status] + lines.encode() + b"\r\n" + body
