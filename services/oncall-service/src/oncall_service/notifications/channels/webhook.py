"""Signed webhooks: a POST of JSON that the receiver can verify and de-duplicate.

Headers of every request (the README documents them for receivers)::

    Idempotency-Key:    the same for every attempt of one notification
    X-Vigie-Timestamp:  seconds since 1970, when this attempt was made
    X-Vigie-Signature:  v1=<hex HMAC-SHA256 of "<timestamp>.<body>" under the method's secret>
"""

import hashlib
import hmac
import json
from typing import Self
from urllib.parse import urlsplit

import httpx
import structlog

from oncall_service.notifications.channels.base import Channel, Failed, Outgoing, Result, Sent
from oncall_service.notifications.channels.outside import NotAllowed, OutsideWorld
from oncall_service.settings import OncallSettings
from shared.clock import Clock

TIMEOUT_SECONDS = 8.0
# Worth another try although they are not 5xx: request timeout, too early, too many requests.
_PASSING = {408, 425, 429}

# The one answer to every failure, for who is no administrator: whether a port is open, a name known
# or an address inside is nothing that a contact method may find out.
NOT_DELIVERED = "the webhook did not take it"
NOT_ALLOWED = "its address is not public, and VIGIE_WEBHOOK_ALLOWED_NETWORKS does not name it"

_log = structlog.get_logger(__name__)


def signature(secret: str, timestamp: str, body: bytes) -> str:
    """What ``X-Vigie-Signature`` carries."""
    signed = timestamp.encode() + b"." + body
    return "v1=" + hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()


def payload(outgoing: Outgoing) -> bytes:
    """The body: the message and its facts."""
    message = outgoing.message
    document = {
        "version": 1,
        "idempotency_key": outgoing.idempotency_key,
        "person": outgoing.person,
        "title": message.title,
        "text": message.text,
        "url": message.url,
        **message.facts,
    }
    return json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()


class WebhookChannel(Channel):
    """POSTs to http and https URLs. Redirects are not followed: a person chose the target."""

    name = "webhook"
    signs = True
    sealed_target = True

    def __init__(self, clock: Clock, outside: OutsideWorld) -> None:
        self._clock = clock
        self._outside = outside

    @classmethod
    def configured(cls, settings: OncallSettings, clock: Clock) -> Self:
        """To public addresses, and to those of ``VIGIE_WEBHOOK_ALLOWED_NETWORKS``."""
        return cls(clock, OutsideWorld(settings.webhook_targets, proxy=settings.webhook_proxy))

    @staticmethod
    def validate(target: str) -> None:
        """An http or https URL with a host, and without a user or password in it."""
        try:
            parts = urlsplit(target)
            host, _ = parts.hostname, parts.port
        except ValueError:
            raise ValueError("must be a URL") from None
        if parts.scheme not in ("http", "https") or not host:
            raise ValueError("must be an http:// or https:// URL")
        if parts.username or parts.password:
            raise ValueError("must not carry a user or password")

    @staticmethod
    def address(target: str, *, email: str | None, settings: OncallSettings) -> str:  # noqa: ARG004
        """By its looks alone: what a name leads to is seen at each sending, and told to nobody."""
        if settings.webhook_targets.refuses(urlsplit(target).hostname or ""):
            raise ValueError("must lead to a public address, or one that is allowed")
        return target

    @staticmethod
    def shown(target: str) -> str:
        """Without its path, which often is its password."""
        scheme, _, rest = target.partition("://")
        host, slash, path = rest.partition("/")
        host = host.partition("?")[0].partition("#")[0]
        return f"{scheme}://{host}/..." if slash and path else f"{scheme}://{host}"

    async def start(self) -> None:
        """Make the HTTP client."""
        await self._outside.start()

    async def stop(self) -> None:
        """Close its connections."""
        await self._outside.stop()

    async def send(self, outgoing: Outgoing) -> Result:
        """POST once; 2xx is delivered, 5xx and trouble on the way are worth a retry."""
        result = await self._post(outgoing)
        if isinstance(result, Failed):
            _log.info("webhook_failed", key=outgoing.idempotency_key, reason=result.inside)
        return result

    async def _post(self, outgoing: Outgoing) -> Result:
        try:
            self.validate(outgoing.target)
        except ValueError as error:
            return _failed(f"the URL {error}", retry=False)
        body = payload(outgoing)
        timestamp = str(int(self._clock.now().timestamp()))
        headers = {
            "Content-Type": "application/json",
            "Idempotency-Key": outgoing.idempotency_key,
            "X-Vigie-Timestamp": timestamp,
            "X-Vigie-Signature": signature(outgoing.secret or "", timestamp, body),
        }
        try:
            # The body of the answer is of no interest and may be endless: only the head is read.
            async with self._outside.client.stream(
                "POST", outgoing.target, content=body, headers=headers, timeout=TIMEOUT_SECONDS
            ) as response:
                status = response.status_code
        except httpx.InvalidURL as error:
            return _failed(f"the URL cannot be used: {error}", retry=False)
        except NotAllowed:
            # As if nobody had answered: a name may lead elsewhere later, and giving up at once
            # would tell that it is known.
            return _failed(NOT_ALLOWED, retry=True)
        except httpx.HTTPError as error:
            return _failed(f"no answer ({type(error).__name__})", retry=True)
        if 200 <= status < 300:
            return Sent(f"answered {status}")
        return _failed(f"answered {status}", retry=status >= 500 or status in _PASSING)


def _failed(reason: str, *, retry: bool) -> Failed:
    return Failed(NOT_DELIVERED, retry, reason)
