"""Who is calling: a token in ``Authorization: Bearer``, checked here or by oncall-service."""

import asyncio
import hashlib
import hmac
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol, TypeAlias

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

KNOWN_FOR = timedelta(seconds=60)
UNKNOWN_FOR = timedelta(seconds=5)
REMEMBERED_TOKENS = 10_000

# A directory that hangs must not hang whoever it has already vouched for: they wait this long for
# it, and for some seconds after that not at all.
PATIENCE_SECONDS = 2.0
UNASKED_FOR = timedelta(seconds=5)

Caller: TypeAlias = NamedDependency[Principal]
"""The type of a handler's ``principal`` argument: who passed the route's guard."""

_SCOPE_KEY = "vigie.principal"


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
class _Remembered:
    principal: Principal | None
    checked_at: datetime

    def fresh(self, now: datetime) -> bool:
        return now - self.checked_at < (KNOWN_FOR if self.principal else UNKNOWN_FOR)


class CachedTokenDirectory:
    """Remembers answers for a minute, and known tokens for as long as the directory is silent.

    So a revocation takes effect within a minute, and acknowledging an incident never depends on
    oncall-service being up. Only hashes of tokens are kept.
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
        self._remembered: OrderedDict[str, _Remembered] = OrderedDict()

    async def find(self, token: str) -> Principal | None:
        """See :class:`TokenDirectory`."""
        key = hash_token(token)
        now = self._clock.now()
        remembered = self._remembered.get(key)
        if remembered is not None and remembered.fresh(now):
            return remembered.principal
        known = remembered.principal if remembered is not None else None
        if known is not None and self._is_silent(now):
            return known
        try:
            async with asyncio.timeout(None if known is None else self._patience):
                principal = await self._directory.find(token)
        except (Unavailable, TimeoutError):
            if known is None:
                raise
            self._silent_since = self._clock.now()
            return known
        self._silent_since = None
        self._remembered[key] = _Remembered(principal, now)
        self._remembered.move_to_end(key)
        while len(self._remembered) > REMEMBERED_TOKENS:
            self._remembered.popitem(last=False)
        return principal

    def _is_silent(self, now: datetime) -> bool:
        return self._silent_since is not None and now - self._silent_since < UNASKED_FOR

    def forget(self, token: str) -> None:
        """Ask anew about a token whose end is known here: somebody signed out."""
        self._remembered.pop(hash_token(token), None)


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


def current_principal(connection: ASGIConnection) -> Principal:  # type: ignore[type-arg]
    """Who passed this route's guard."""
    principal = connection.scope.get(_SCOPE_KEY)
    if not isinstance(principal, Principal):
        raise TypeError("a route that asks for the principal needs a guard")
    return principal
