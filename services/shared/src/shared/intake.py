"""What a body may cost: who sends it is known before it is read, and it ends within bounds.

Nothing of a body is read before a handler asks for it, and guards come before that. Behind them
this middleware is the second lock: whoever nobody has vouched for gets no further than 64 KB,
whatever a route forgot; a body that stands still is given up; and all large bodies of a process
together fit into a budget. Connections are bounded in ``shared.connections``.
"""

import asyncio
from collections import deque
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import quote

from litestar.connection import ASGIConnection
from litestar.enums import ScopeType
from litestar.handlers import BaseRouteHandler
from litestar.types import ASGIApp, HTTPReceiveMessage, Message, Receive, Scope, Send
from prometheus_client import CollectorRegistry, Gauge

from shared.auth import bearer_token, current_principal
from shared.errors import Busy, HungUp, TooLarge, TooSlow

_KNOWN: Final = "vigie.known"
_AS_IT_IS: Final = "".join(map(chr, range(0x21, 0x7F)))


@dataclass(frozen=True)
class Bounds:
    """Of the bodies of one process; sized for 256 MB (docs/adr/0014-what-a-stranger-may-cost.md).

    ``free_bytes`` of each body are covered by the bound on connections; what is beyond them comes
    out of ``reading_bytes`` until it is answered, and out of ``working_bytes`` from when it is
    complete: what becomes of a body takes twenty times its room. Either is waited for, for
    ``patience_seconds``. Nothing for ``silence_seconds``, or less than ``least_rate`` bytes a
    second after ``grace_seconds``, is the end of a body.
    """

    free_bytes: int = 64 * 1024
    reading_bytes: int = 8 * 1024 * 1024
    working_bytes: int = 2 * 1024 * 1024
    patience_seconds: float = 5.0
    silence_seconds: float = 15.0
    grace_seconds: float = 20.0
    least_rate: int = 8 * 1024


def vouch(scope: Scope) -> None:
    """Say that the sender of this request is known: its body may be larger than a stranger's."""
    scope[_KNOWN] = True  # type: ignore[typeddict-unknown-key]


async def refuse_by_length(
    connection: ASGIConnection[Any, Any, Any, Any], handler: BaseRouteHandler
) -> None:
    """A guard: a body that says it is larger than the route takes is refused before anything.

    Raises:
        TooLarge: it does.
    """
    most = getattr(handler, "resolve_request_max_body_size", lambda: None)()
    if most is not None and (_length(connection.scope) or 0) > most:
        raise TooLarge(f"This body is larger than the {most} bytes that this route accepts.")


class Budget:
    """Bytes that requests may hold at once; whoever waits for them is served in order."""

    def __init__(self, total: int) -> None:
        self._total = total
        self._free = total
        self._waiting: deque[tuple[int, asyncio.Future[None]]] = deque()

    @property
    def taken(self) -> int:
        """What is held now."""
        return self._total - self._free

    async def take(self, wanted: int, patience_seconds: float) -> None:
        """Take ``wanted`` bytes.

        Raises:
            Busy: they did not become free in time.
        """
        if not self._waiting and wanted <= self._free:
            self._free -= wanted
            return
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((wanted, turn))
        try:
            async with asyncio.timeout(patience_seconds):
                await turn
        except BaseException as error:
            if turn.done() and not turn.cancelled():
                self.give(wanted)
            else:
                turn.cancel()
                self._serve()
            if isinstance(error, TimeoutError):
                raise Busy from None
            raise

    def give(self, given: int) -> None:
        """Give bytes back."""
        self._free += given
        self._serve()

    def at_most(self, wanted: int) -> int:
        """What to take for ``wanted`` bytes: a body larger than all of it gets in alone."""
        return min(wanted, self._total)

    def _serve(self) -> None:
        while self._waiting:
            wanted, turn = self._waiting[0]
            if not turn.cancelled():
                if wanted > self._free:
                    return
                self._free -= wanted
                turn.set_result(None)
            self._waiting.popleft()


class _Share:
    """What one request holds of a budget."""

    def __init__(self, budget: Budget, patience_seconds: float) -> None:
        self._budget = budget
        self._patience = patience_seconds
        self._taken = 0

    async def grow(self, size: int) -> None:
        """Hold ``size`` bytes, if it is fewer now; see ``Budget.take``."""
        wanted = self._budget.at_most(size) - self._taken
        if wanted > 0:
            await self._budget.take(wanted, self._patience)
            self._taken += wanted

    def give_back(self) -> None:
        """Hold nothing any more."""
        self._budget.give(self._taken)
        self._taken = 0


class Intake:
    """ASGI middleware around the router: bounds what ``receive`` lets through."""

    def __init__(
        self, app: ASGIApp, registry: CollectorRegistry, bounds: Bounds | None = None
    ) -> None:
        self._app = app
        self._bounds = bounds or Bounds()
        self._reading = Budget(self._bounds.reading_bytes)
        self._working = Budget(self._bounds.working_bytes)
        Gauge(
            "http_body_bytes_in_flight",
            "Bytes of large bodies that are being read or worked on.",
            registry=registry,
        ).set_function(lambda: float(self._reading.taken))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        if scope["type"] == ScopeType.HTTP and not scope["query_string"].isascii():
            # Browsers send it so; the framework takes what is left for UTF-8, which it need not be.
            scope["query_string"] = quote(scope["query_string"], safe=_AS_IT_IS).encode()
        if scope["type"] != ScopeType.HTTP or _length(scope) == 0:
            await self._app(scope, receive, send)
            return
        body = _Body(
            scope,
            receive,
            send,
            bounds=self._bounds,
            reading=self._reading,
            working=self._working,
        )
        try:
            await self._app(scope, body.receive, body.send)
        finally:
            body.over()


class _Body:
    """One body, while its request is served."""

    def __init__(
        self,
        scope: Scope,
        receive: Receive,
        send: Send,
        *,
        bounds: Bounds,
        reading: Budget,
        working: Budget,
    ) -> None:
        self._scope = scope
        self._receive = receive
        self._send = send
        self._bounds = bounds
        self._reading = _Share(reading, bounds.patience_seconds)
        self._working = _Share(working, bounds.patience_seconds)
        self._length = _length(scope)
        self._loop = asyncio.get_running_loop()
        self._came = 0
        self._waited = 0.0
        self._complete = False
        self._answered = False

    async def send(self, message: Message) -> None:
        """See ASGI."""
        self._answered = True
        await self._send(message)

    async def receive(self) -> Any:
        """See ASGI.

        Raises:
            TooLarge: a stranger sends more than 64 KB.
            Busy: there is no room for it now.
            TooSlow: nothing comes any more, or hardly anything.
            HungUp: the connection ended.
        """
        if self._complete or self._answered:
            # Whoever listens now wants to hear of the end of the connection, which may be hours.
            return await self._receive()
        await self._make_room(self._came if self._length is None else self._length)
        message = await self._next()
        if message["type"] != "http.request":
            raise HungUp
        self._came += len(message["body"])
        await self._make_room(self._came)
        if not message.get("more_body", False):
            self._complete = True
            await self._working.grow(self._came - self._bounds.free_bytes)
        return message

    def over(self) -> None:
        """The request was answered."""
        self._reading.give_back()
        self._working.give_back()

    async def _next(self) -> HTTPReceiveMessage:
        bounds, began = self._bounds, self._loop.time()
        left = bounds.grace_seconds + self._came / bounds.least_rate - self._waited
        try:
            async with asyncio.timeout(min(left, bounds.silence_seconds)):
                return await self._receive()  # type: ignore[return-value]
        except TimeoutError:
            raise TooSlow("The body took too long.") from None
        finally:
            self._waited += self._loop.time() - began

    async def _make_room(self, size: int) -> None:
        """Let a body of ``size`` bytes in, or no further."""
        if size <= self._bounds.free_bytes:
            return
        if not await _is_known(self._scope):
            raise TooLarge("This body is larger than is accepted from a sender who is not known.")
        await self._reading.grow(size - self._bounds.free_bytes)


async def _is_known(scope: Scope) -> bool:
    if _KNOWN in scope:
        return True
    connection: ASGIConnection[Any, Any, Any, Any] = ASGIConnection(scope)
    try:
        current_principal(connection)
    except TypeError:
        # No guard has asked: the route is open to all, but this may still be somebody.
        token, authenticator = bearer_token(connection), connection.app.state.get("authenticator")
        if token is None or authenticator is None:
            return False
        return await authenticator.authenticate(token) is not None
    return True


def _length(scope: Scope) -> int | None:
    """The length of a body; None while nobody can know it."""
    headers = dict(scope["headers"])
    if b"transfer-encoding" in headers:
        return None
    try:
        return int(headers.get(b"content-length", b"0"))
    except ValueError:
        return None
