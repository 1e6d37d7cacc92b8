"""Web Push (RFC 8030): a message to a browser, encrypted so that its push service cannot read it.

The target is what the browser's ``PushManager.subscribe`` gave: its PushSubscription as JSON.
"""

import hashlib
import json
from collections.abc import Mapping
from typing import Any, Self

from cryptography.hazmat.primitives.asymmetric import ec
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator
from webpush import WebPush, WebPushSubscription  # type: ignore[import-untyped]

from oncall_service.notifications.channels.base import Failed, Outgoing, Result, cut
from oncall_service.notifications.channels.outside import OutsideWorld
from oncall_service.notifications.channels.posting import (
    Post,
    PostingChannel,
    host_alone,
    http_url,
    outside_world,
    refuse_inside,
)
from oncall_service.settings import OncallSettings
from oncall_service.vapid import VapidKey, base64url, from_base64url
from shared.clock import Clock

# A phone that is off for so long gets what it missed when it is back; older pages are history.
TTL_SECONDS = 4 * 3600
# Push services take 4096 bytes, of which the encryption needs 103.
MOST_BYTES = 4096 - 103
# The longest of these texts with which the message fits: a control character takes six bytes.
TITLE_BYTES, TEXT_BYTES = 300, (2000, 1000, 300, 0)
URGENT = ("critical", "high")
TOPIC_LENGTH = 32

NO_KEY = "Web Push needs a key (VIGIE_VAPID_PRIVATE_KEY)"
GONE = "the browser has withdrawn its subscription: it has to subscribe again"


class _Keys(BaseModel):
    p256dh: str
    auth: str

    @field_validator("p256dh")
    @classmethod
    def _is_a_point(cls, value: str) -> str:
        ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), from_base64url(value))
        return value

    @field_validator("auth")
    @classmethod
    def _is_a_secret(cls, value: str) -> str:
        if len(from_base64url(value)) != 16:
            raise ValueError
        return value


class Subscription(BaseModel):
    """A PushSubscription, of which nothing else is of interest."""

    model_config = ConfigDict(extra="ignore")

    endpoint: str = Field(max_length=1500)
    keys: _Keys


class WebPushChannel(PostingChannel):
    """A browser that has subscribed, wherever its push service is."""

    name = "webpush"
    sealed_target = True
    not_taken = "the browser's push service did not take it"
    final = {404: GONE, 410: GONE}

    def __init__(
        self, clock: Clock, outside: OutsideWorld, key: VapidKey | None = None, subject: str = ""
    ) -> None:
        super().__init__(clock, outside)
        self._key = key
        self._subject = subject

    @classmethod
    def configured(cls, settings: OncallSettings, clock: Clock) -> Self:
        """With the key of ``VIGIE_VAPID_PRIVATE_KEY``."""
        return cls(clock, outside_world(settings), settings.vapid_key, settings.vapid_contact)

    @staticmethod
    def validate(target: str) -> None:
        """A PushSubscription: an endpoint, a point of P-256 and a secret of 16 bytes."""
        http_url(_read(target).endpoint)

    @staticmethod
    def address(target: str, *, email: str | None, settings: OncallSettings) -> str:  # noqa: ARG004
        """Written in one way, so that the same subscription is the same address."""
        if settings.vapid_key is None:
            raise ValueError(f"cannot be used: {NO_KEY}")
        subscription = _read(target)
        refuse_inside(subscription.endpoint, settings)
        return subscription.model_dump_json()

    @staticmethod
    def shown(target: str) -> str:
        """The push service alone."""
        return host_alone(_read(target).endpoint)

    async def send(self, outgoing: Outgoing) -> Result:
        """Push once; a subscription that is gone says so, and stays so."""
        if self._key is None:
            return Failed(NO_KEY, retry=False)
        return await super().send(outgoing)

    def post(self, outgoing: Outgoing) -> Post:
        """The message, encrypted for this browser alone."""
        if self._key is None:
            raise RuntimeError(NO_KEY)
        subscription = _read(outgoing.target)
        severity = outgoing.message.facts.get("severity")
        headers = {
            "Authorization": self._key.authorization(
                subscription.endpoint, self._subject, self._clock.now()
            ),
            "Content-Encoding": "aes128gcm",
            "Content-Type": "application/octet-stream",
            "TTL": str(TTL_SECONDS),
            "Urgency": "high" if severity in URGENT else "normal",
            # A repetition takes the place of the message that still waits at the push service.
            "Topic": topic(outgoing.idempotency_key),
        }
        body = _encrypted(payload(outgoing), subscription, self._key)
        return Post(subscription.endpoint, body, headers)


def payload(outgoing: Outgoing) -> bytes:
    """What a service worker shows; ``tag``: one notification a message, repeated or not."""
    message = outgoing.message
    document = {
        "title": cut(message.title, TITLE_BYTES),
        "body": "",
        "url": message.url,
        "acknowledge_url": message.acknowledge_url,
        "severity": message.facts.get("severity"),
        "incident_id": message.facts.get("incident_id"),
        "tag": topic(outgoing.idempotency_key),
    }
    sizes = (_encoded({**document, "body": cut(message.text, most)}) for most in TEXT_BYTES)
    return next((body for body in sizes if len(body) <= MOST_BYTES), _encoded(document))


def _encrypted(body: bytes, subscription: Subscription, key: VapidKey) -> bytes:
    # Only what it encrypts is taken: its VAPID header forgets the port, and knows mail alone.
    private, public = key.pem
    pusher = WebPush(private_key=private, public_key=public, subscriber="nobody")
    receiver = WebPushSubscription.model_validate(subscription.model_dump())
    encrypted: bytes = pusher.get(body, receiver).encrypted
    return encrypted


def topic(idempotency_key: str) -> str:
    """A name for a message that may be repeated (RFC 8030, 5.4: 32 characters of base64url)."""
    return base64url(hashlib.sha256(idempotency_key.encode()).digest())[:TOPIC_LENGTH]


def _encoded(document: Mapping[str, Any]) -> bytes:
    return json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()


def _read(target: str) -> Subscription:
    try:
        return Subscription.model_validate_json(target)
    except ValidationError as error:
        place = ".".join(str(part) for part in error.errors()[0]["loc"])
        wrong = f" ({place})" if place else ""
        raise ValueError(f"must be a browser's PushSubscription as JSON{wrong}") from None
