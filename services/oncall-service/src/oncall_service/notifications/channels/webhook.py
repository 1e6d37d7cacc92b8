"""Signed webhooks: a POST of JSON that the receiver can verify and de-duplicate.

Headers of every request (the README documents them for receivers)::

    Idempotency-Key:    the same for every attempt of one notification
    X-Vigie-Timestamp:  seconds since 1970, when this attempt was made
    X-Vigie-Signature:  v1=<hex HMAC-SHA256 of "<timestamp>.<body>" under the method's secret>
"""

import hashlib
import hmac
import json

from oncall_service.notifications.channels.base import Outgoing
from oncall_service.notifications.channels.posting import (
    Post,
    PostingChannel,
    host_alone,
    http_url,
)

NOT_DELIVERED = "the webhook did not take it"


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
        **({"acknowledge_url": message.acknowledge_url} if message.acknowledge_url else {}),
        **message.facts,
    }
    return json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()


class WebhookChannel(PostingChannel):
    """A receiver of the person's own."""

    name = "webhook"
    signs = True
    sealed_target = True
    not_taken = NOT_DELIVERED

    @staticmethod
    def validate(target: str) -> None:
        """An http or https URL with a host, and without a user or password in it."""
        http_url(target)

    @staticmethod
    def shown(target: str) -> str:
        """Without its path, which often is its password."""
        return host_alone(target)

    def post(self, outgoing: Outgoing) -> Post:
        """The message as JSON, signed."""
        body = payload(outgoing)
        timestamp = str(int(self._clock.now().timestamp()))
        headers = {
            "Content-Type": "application/json",
            "Idempotency-Key": outgoing.idempotency_key,
            "X-Vigie-Timestamp": timestamp,
            "X-Vigie-Signature": signature(outgoing.secret or "", timestamp, body),
        }
        return Post(outgoing.target, body, headers)
