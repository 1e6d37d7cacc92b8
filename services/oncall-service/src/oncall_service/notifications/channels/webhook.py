"""Signed webhooks: a POST of JSON that the receiver can verify and de-duplicate.

Headers of every request (the README documents them for receivers)::

    Idempotency-Key:    the same for every attempt of one notification
    X-Vigie-Timestamp:  seconds since 1970, when this attempt was made
    X-Vigie-Signature:  v1=<hex HMAC-SHA256 of "<timestamp>.<body>" under the method's secret>
"""

import hashlib
import hmac
import json

import httpx
import structlog

from oncall_service.core.fields import web_address
from oncall_service.notifications.channels.base import Failed, Outgoing, Result, Sent
from oncall_service.notifications.channels.outside import NotAllowed, OutsideWorld
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


class WebhookChannel:
    """POSTs to http and https URLs. Redirects are not followed: a person chose the target."""

    def __init__(self, clock: Clock, outside: OutsideWorld) -> None:
        self._clock = clock
        self._outside = outside

    async def send(self, outgoing: Outgoing) -> Result:
        """POST once; 2xx is delivered, 5xx and trouble on the way are worth a retry."""
        result = await self._post(outgoing)
        if isinstance(result, Failed):
            _log.info("webhook_failed", key=outgoing.idempotency_key, reason=result.inside)
        return result

    async def _post(self, outgoing: Outgoing) -> Result:
        try:
            url = web_address(outgoing.target)
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
                "POST", url, content=body, headers=headers, timeout=TIMEOUT_SECONDS
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
