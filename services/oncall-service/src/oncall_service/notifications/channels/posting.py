"""What the channels share that POST to an address outside, which a person chose."""

from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Self
from urllib.parse import SplitResult, urlsplit

import httpx

from oncall_service.notifications.channels.base import (
    Channel,
    Failed,
    Outgoing,
    Result,
    Sent,
    noted,
)
from oncall_service.notifications.channels.outside import NotAllowed, OutsideWorld
from oncall_service.settings import OncallSettings
from shared.clock import Clock

TIMEOUT_SECONDS = 8.0
# Worth another try although they are not 5xx: request timeout, too early, too many requests.
_PASSING = {408, 425, 429}

NOT_ALLOWED = "its address is not public, and VIGIE_WEBHOOK_ALLOWED_NETWORKS does not name it"


@dataclass(frozen=True, slots=True)
class Post:
    """A request on its way."""

    url: str
    body: bytes
    headers: Mapping[str, str]


class PostingChannel(Channel):
    """POSTs to http and https URLs. Redirects are not followed: a person chose the target.

    ``not_taken`` is the one answer to every failure, for who is no administrator: whether a port is
    open, a name known or an address inside is nothing that a contact method may find out. ``final``
    are statuses with a meaning of their own, after which the address is of no use any more.
    """

    not_taken: ClassVar[str]
    final: ClassVar[Mapping[int, str]] = {}

    def __init__(self, clock: Clock, outside: OutsideWorld) -> None:
        self._clock = clock
        self._outside = outside

    @classmethod
    def configured(cls, settings: OncallSettings, clock: Clock) -> Self:
        """To public addresses, and to those of ``VIGIE_WEBHOOK_ALLOWED_NETWORKS``."""
        return cls(clock, outside_world(settings))

    @staticmethod
    def address(target: str, *, email: str | None, settings: OncallSettings) -> str:  # noqa: ARG004
        """By its looks alone: what a name leads to is seen at each sending, and told to nobody."""
        refuse_inside(target, settings)
        return target

    async def start(self) -> None:
        """Make the HTTP client."""
        await self._outside.start()

    async def stop(self) -> None:
        """Close its connections."""
        await self._outside.stop()

    async def send(self, outgoing: Outgoing) -> Result:
        """POST once; 2xx is delivered, 5xx and trouble on the way are worth a retry."""
        return noted(self.name, outgoing, await self._send(outgoing))

    @abstractmethod
    def post(self, outgoing: Outgoing) -> Post:
        """The request that a message is, for a target that is valid."""

    async def _send(self, outgoing: Outgoing) -> Result:
        try:
            self.validate(outgoing.target)
        except ValueError as error:
            return self._failed(f"the address {error}", retry=False)
        try:
            status = await self._status(self.post(outgoing))
        except httpx.InvalidURL as error:
            return self._failed(f"the URL cannot be used: {error}", retry=False)
        except NotAllowed:
            # As if nobody had answered: a name may lead elsewhere later, and giving up at once
            # would tell that it is known.
            return self._failed(NOT_ALLOWED, retry=True)
        except httpx.HTTPError as error:
            return self._failed(f"no answer ({type(error).__name__})", retry=True)
        return self._meaning(status)

    async def _status(self, post: Post) -> int:
        # The body of the answer is of no interest and may be endless: only the head is read.
        async with self._outside.client.stream(
            "POST", post.url, content=post.body, headers=post.headers, timeout=TIMEOUT_SECONDS
        ) as response:
            return response.status_code

    def _meaning(self, status: int) -> Result:
        if 200 <= status < 300:
            return Sent(f"answered {status}")
        if status in self.final:
            return Failed(self.final[status], retry=False, inside=f"answered {status}")
        return self._failed(f"answered {status}", retry=status >= 500 or status in _PASSING)

    def _failed(self, reason: str, *, retry: bool) -> Failed:
        return Failed(self.not_taken, retry, reason)


def outside_world(settings: OncallSettings) -> OutsideWorld:
    """A client for what people chose, as the operator confines it."""
    return OutsideWorld(settings.webhook_targets, proxy=settings.webhook_proxy)


def http_url(target: str) -> SplitResult:
    """A URL that may be called: with a host, and without a user or password in it.

    Raises:
        ValueError: it is none.
    """
    try:
        parts = urlsplit(target)
        host, _ = parts.hostname, parts.port
    except ValueError:
        raise ValueError("must be a URL") from None
    if parts.scheme not in ("http", "https") or not host:
        raise ValueError("must be an http:// or https:// URL")
    if parts.username or parts.password:
        raise ValueError("must not carry a user or password")
    return parts


def refuse_inside(url: str, settings: OncallSettings) -> None:
    """``ValueError`` for a URL whose very looks say that it leads inside."""
    if settings.webhook_targets.refuses(urlsplit(url).hostname or ""):
        raise ValueError("must lead to a public address, or one that is allowed")


def host_alone(url: str) -> str:
    """A URL without its path, which often is its password."""
    scheme, _, rest = url.partition("://")
    host, slash, path = rest.partition("/")
    host = host.partition("?")[0].partition("#")[0]
    return f"{scheme}://{host}/..." if slash and path else f"{scheme}://{host}"
