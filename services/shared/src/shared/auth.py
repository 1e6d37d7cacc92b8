"""Who is calling: a token in ``Authorization: Bearer``, checked here or by oncall-service."""

import asyncio
import hashlib
import hmac
from collections import OrderedDict
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Protocol, TypeAlias, TypeVar

from litestar.connection import ASGIConnection
from litestar.di import NamedDependency
from litestar.handlers import BaseRouteHandler
from litestar.types import Guard
from pydantic import ValidationError

from shared.clock import Clock
from shared.contracts.identity import (
    TOKEN_CHECK_PATH,
    Principal,
    Role,
    TokenCheckResult,
)
from shared.errors import Forbidden, Unauthorized, Unavailable
from shared.http import ServiceClient

# How long an answer is taken for true without asking again. A session may end at any moment, and
# must then be refused everywhere within five seconds; a token is revoked by somebody who reads that
# it takes a minute.
SESSION_KNOWN_FOR = timedelta(seconds=4)
TOKEN_KNOWN_FOR = timedelta(seconds=60)
UNKNOWN_FOR = timedelta(seconds=5)

# What nobody has can be made up without end, so it has a place of its own and pushes nothing out.
REMEMBERED_KNOWN = 10_000
REMEMBERED_UNKNOWN = 2_000

# Whom the directory has vouched for acts on while it is silent; not for ever, since whatever ended
# meanwhile goes unnoticed: a night, which is as long as a sign-in lasts by default.
HONOURED_FOR = timedelta(hours=12)

# A directory that hangs must not hang whoever it has already vouched for: they wait this long for
# it, and for some seconds after that not at all.
PATIENCE_SECONDS = 2.0
UNASKED_FOR = timedelta(seconds=3)

# Questions about tokens that nothing is known of, at a time: they must not take every connection to
# the directory while it is slow. One that gets no turn in time is answered with 503.
STRANGERS_AT_ONCE = 32
TURN_SECONDS = 5.0

Caller: TypeAlias = NamedDependency[Principal]
"""The type of a handler's ``principal`` argument: who passed the route's guard."""

_SCOPE_KEY = "vigie.principal"

T = TypeVar("T")


def hash_token(token: str) -> str:
    """SHA-256 in hex: what is stored of a key or token.

    Ours are random with at least 128 bits, so a fast hash is enough (unlike for passwords).
    """
    return hashlib.sha256(token.encode()).hexdigest()


class TokenDirectory(Protocol):
    """Knows the tokens of people and automations."""

    async def find(self, token: str) -> Principal | None:
        """Whose token this is; null when unknown, expired or revoked.

        Raises:
            Unavailable: it cannot be told now.
        """
        ...


class RemoteTokenDirectory:
    """Asks oncall-service."""

    def __init__(self, client: ServiceClient) -> None:
        self._client = client

    async def find(self, token: str) -> Principal | None:
        """See :class:`TokenDirectory`."""
        response = await self._client.request(
            "POST", TOKEN_CHECK_PATH, json={"token": token}, idempotent=True
        )
        if response.status_code != 200:
            raise Unavailable(f"Tokens cannot be checked: it answered {response.status_code}.")
        try:
            return TokenCheckResult.model_validate_json(response.content).principal
        except ValidationError as error:
            raise Unavailable("Tokens cannot be checked: the answer was not understood.") from error


@dataclass(frozen=True)
class _Known:
    principal: Principal
    checked_at: datetime

    def fresh(self, now: datetime) -> bool:
        known_for = SESSION_KNOWN_FOR if self.principal.kind == "person" else TOKEN_KNOWN_FOR
        # A clock that was set back makes nothing fresh again.
        return timedelta() <= now - self.checked_at < known_for

    def honoured(self, now: datetime) -> bool:
        return timedelta() <= now - self.checked_at < HONOURED_FOR


class CachedTokenDirectory:
    """Remembers answers: sessions for seconds, tokens for a minute, both while nobody answers.

    So an ended session is refused within seconds, a revoked token within a minute, and
    acknowledging an incident never depends on oncall-service being up. Only hashes are kept, and
    made-up tokens never push out known ones.
    """

    def __init__(
        self,
        directory: TokenDirectory,
        clock: Clock,
        *,
        patience_seconds: float = PATIENCE_SECONDS,
    ) -> None:
        self._directory = directory
        self._clock = clock
        self._patience = patience_seconds
        self._silent_since: datetime | None = None
        self._known: OrderedDict[str, _Known] = OrderedDict()
        self._unknown: OrderedDict[str, datetime] = OrderedDict()
        self._turns = asyncio.Semaphore(STRANGERS_AT_ONCE)

    async def find(self, token: str) -> Principal | None:
        """See :class:`TokenDirectory`."""
        key = hash_token(token)
        now = self._clock.now()
        known = self._known.get(key)
        if known is not None:
            self._known.move_to_end(key)
            if known.fresh(now) or (known.honoured(now) and self._is_silent(now)):
                return known.principal
        elif (refused_at := self._unknown.get(key)) is not None and now - refused_at < UNKNOWN_FOR:
            return None
        if known is None or not known.honoured(now):
            principal = await self._ask_about_a_stranger(token)
        else:
            try:
                async with asyncio.timeout(self._patience):
                    principal = await self._directory.find(token)
            except (Unavailable, TimeoutError):
                self._silent_since = self._clock.now()
                return known.principal
        self._silent_since = None
        self._remember(key, principal, now)
        return principal

    async def _ask_about_a_stranger(self, token: str) -> Principal | None:
        try:
            async with asyncio.timeout(TURN_SECONDS):
                await self._turns.acquire()
        except TimeoutError:
            raise Unavailable("Tokens cannot be checked now: too many are waiting.") from None
        try:
            return await self._directory.find(token)
        finally:
            self._turns.release()

    def _remember(self, key: str, principal: Principal | None, now: datetime) -> None:
        if principal is None:
            self._known.pop(key, None)
            self._unknown[key] = now
            self._unknown.move_to_end(key)
            _trim(self._unknown, REMEMBERED_UNKNOWN)
        else:
            self._unknown.pop(key, None)
            self._known[key] = _Known(principal, now)
            self._known.move_to_end(key)
            _trim(self._known, REMEMBERED_KNOWN)

    def _is_silent(self, now: datetime) -> bool:
        return self._silent_since is not None and now - self._silent_since < UNASKED_FOR

    def forget(self, token: str) -> None:
        """Ask anew about a token whose end is known here: somebody signed out."""
        key = hash_token(token)
        self._known.pop(key, None)
        self._unknown.pop(key, None)


def _trim(remembered: OrderedDict[str, Any], most: int) -> None:
    while len(remembered) > most:
        remembered.popitem(last=False)


class Authenticator:
    """Knows the services that may call, and asks a directory about everybody else."""

    def __init__(self, callers: Mapping[str, str], directory: TokenDirectory) -> None:
        self._callers = dict(callers)
        self._directory = directory

    async def authenticate(self, token: str) -> Principal | None:
        """The principal of a token, or null.

        A service is a viewer on the public API; what it may do beyond that are the internal
        routes that name it.
        """
        hashed = hash_token(token)
        service = None
        # Every comparison is made, so that the time tells nothing about which one matched.
        for name, known in self._callers.items():
            if hmac.compare_digest(hashed, known):
                service = name
        if service is not None:
            return Principal(kind="service", id=service, name=service, role=Role.VIEWER)
        return await self._directory.find(token)


def bearer_token(connection: ASGIConnection) -> str | None:  # type: ignore[type-arg]
    """The token of ``Authorization: Bearer ...``; null without one."""
    scheme, _, token = connection.headers.get("authorization", "").partition(" ")
    token = token.strip()
    return token if scheme.lower() == "bearer" and token else None


def requires(role: Role) -> Guard:
    """A guard: the caller is somebody, with at least this role."""

    async def guard(connection: ASGIConnection, _handler: BaseRouteHandler) -> None:  # type: ignore[type-arg]
        principal = await _authenticated(connection)
        if not principal.role.includes(role):
            raise Forbidden(f"This needs the role {role}; {principal.name} is {principal.role}.")

    return guard


def requires_service(*names: str) -> Guard:
    """A guard for internal routes: the caller is one of these services."""

    async def guard(connection: ASGIConnection, _handler: BaseRouteHandler) -> None:  # type: ignore[type-arg]
        principal = await _authenticated(connection)
        if principal.kind != "service" or principal.name not in names:
            raise Forbidden("This route is for Vigie's own services.")

    return guard


async def _authenticated(connection: ASGIConnection) -> Principal:  # type: ignore[type-arg]
    token = bearer_token(connection)
    if token is None:
        raise Unauthorized("Send an API token as 'Authorization: Bearer <token>'.")
    authenticator: Authenticator = connection.app.state.authenticator
    principal = await authenticator.authenticate(token)
    if principal is None:
        raise Unauthorized("This token is unknown, expired or revoked.")
    connection.scope[_SCOPE_KEY] = principal  # type: ignore[literal-required]
    return principal


async def while_authenticated(
    connection: ASGIConnection,  # type: ignore[type-arg]
    chunks: AsyncIterator[T],
) -> AsyncGenerator[T, None]:
    """A stream that says nothing more once whoever opened it would be refused."""
    token = bearer_token(connection)
    authenticator: Authenticator = connection.app.state.authenticator
    try:
        async for chunk in chunks:
            # Where it cannot be told now they stay: they were let in.
            with suppress(Unavailable):
                if token is None or await authenticator.authenticate(token) is None:
                    return
            yield chunk
    finally:
        if isinstance(chunks, AsyncGenerator):
            await chunks.aclose()


def current_principal(connection: ASGIConnection) -> Principal:  # type: ignore[type-arg]
    """Who passed this route's guard."""
    principal = connection.scope.get(_SCOPE_KEY)
    if not isinstance(principal, Principal):
        raise TypeError("a route that asks for the principal needs a guard")
    return principal
