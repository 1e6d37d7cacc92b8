"""A message to a browser: what its push service gets, and what the answers mean."""

import ipaddress
import json
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)
from pydantic import ValidationError

from oncall_service.notifications.channels import registry
from oncall_service.notifications.channels.base import Failed, Message, Outgoing, Result, Sent
from oncall_service.notifications.channels.outside import OutsideWorld
from oncall_service.notifications.channels.webpush import (
    GONE,
    MOST_BYTES,
    NO_KEY,
    WebPushChannel,
    payload,
)
from oncall_service.people.shapes import ContactMethodCreate
from oncall_service.settings import OncallSettings
from oncall_service.targets import Address
from oncall_service.vapid import VapidKey, base64url
from vigie_testing.clock import ManualClock

CLOCK = ManualClock(datetime(2026, 3, 2, 9, tzinfo=UTC))
KEY = base64url(bytes(range(1, 33)))
BROWSER = ec.derive_private_key(7, ec.SECP256R1())
POINT = BROWSER.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)


def subscription(**changes: Any) -> str:
    keys = {"p256dh": base64url(POINT), "auth": base64url(bytes(16))}
    whole = {"endpoint": "https://push.example/send/abc", "expirationTime": None, "keys": keys}
    return json.dumps(whole | changes)


def settings(**fields: Any) -> OncallSettings:
    return OncallSettings(database_user="x", **fields)


async def resolve(_host: str, _port: int) -> Sequence[Address]:
    return [ipaddress.ip_address("93.184.215.14")]


async def push(
    status: int = 201, *, key: str = KEY, severity: str = "high"
) -> tuple[Result, list[httpx.Request]]:
    seen: list[httpx.Request] = []

    def service(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return httpx.Response(status)

    outside = OutsideWorld(transport=httpx.MockTransport(service), resolve=resolve)
    pair = VapidKey.parse(key) if key else None
    channel = WebPushChannel(CLOCK, outside, pair, "mailto:ops@vigie.example")
    await channel.start()
    try:
        message = Message("T", "text", "https://v/1", {"severity": severity})
        return await channel.send(Outgoing("run:1", "Ada", subscription(), None, message)), seen
    finally:
        await channel.stop()


@pytest.mark.parametrize(("severity", "urgency"), [("critical", "high"), ("low", "normal")])
async def test_the_push_service_is_told_how_urgent_it_is_and_how_long_it_holds(
    severity: str, urgency: str
) -> None:
    result, [request] = await push(severity=severity)
    assert result == Sent("answered 201")
    assert request.headers["Urgency"] == urgency
    assert int(request.headers["TTL"]) > 0
    assert request.headers["Content-Encoding"] == "aes128gcm"
    assert len(request.headers["Topic"]) <= 32
    _, [again] = await push(severity=severity)
    assert again.headers["Topic"] == request.headers["Topic"]


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (404, Failed(GONE, retry=False, inside="answered 404")),
        (410, Failed(GONE, retry=False, inside="answered 410")),
        (413, Failed(WebPushChannel.not_taken, retry=False, inside="answered 413")),
        (429, Failed(WebPushChannel.not_taken, retry=True, inside="answered 429")),
        (503, Failed(WebPushChannel.not_taken, retry=True, inside="answered 503")),
    ],
)
async def test_what_an_answer_means(status: int, expected: Failed) -> None:
    assert (await push(status))[0] == expected


async def test_without_a_key_nothing_is_sent_and_no_browser_is_taken() -> None:
    assert (await push(key=""))[0] == Failed(NO_KEY, retry=False)
    with pytest.raises(ValueError, match="VIGIE_VAPID_PRIVATE_KEY"):
        WebPushChannel.address(subscription(), email=None, settings=settings())


@pytest.mark.parametrize(
    "changes",
    [
        {"endpoint": "ftp://push.example/"},
        {"endpoint": None},
        {"keys": {"p256dh": base64url(POINT), "auth": base64url(bytes(15))}},
        {"keys": {"p256dh": base64url(b"\4" + bytes(64)), "auth": base64url(bytes(16))}},
        {"keys": {"p256dh": "!", "auth": base64url(bytes(16))}},
        {"keys": {}},
    ],
)
def test_what_no_browser_gave_is_not_taken(changes: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        ContactMethodCreate(channel="webpush", target=subscription(**changes))
    with pytest.raises(ValidationError):
        ContactMethodCreate(channel="webpush", target="https://push.example/")


def test_the_same_subscription_is_the_same_address_and_only_its_service_is_shown() -> None:
    have = settings(vapid_private_key=KEY)
    stored = {
        WebPushChannel.address(target, email=None, settings=have)
        for target in (subscription(), json.dumps(json.loads(subscription()), indent=2))
    }
    assert len(stored) == 1
    assert registry.shown("webpush", stored.pop()) == "https://push.example/..."


def test_a_service_inside_is_refused_by_its_looks() -> None:
    target = subscription(endpoint="https://169.254.169.254/x")
    with pytest.raises(ValueError, match="public address"):
        WebPushChannel.address(target, email=None, settings=settings(vapid_private_key=KEY))


@pytest.mark.parametrize("text", ["short", "word " * 3000, "\x01" * 3000, "€" * 3000])
def test_a_message_fits_into_what_a_push_service_takes(text: str) -> None:
    message = Message("T" * 500, text, "https://v/1", {})
    body = payload(Outgoing("run:1", "Ada", subscription(), None, message))
    assert len(body) <= MOST_BYTES
    assert json.loads(body)["url"] == "https://v/1"


def test_a_key_is_pem_or_its_bytes_and_anything_else_stops_the_start() -> None:
    private = ec.derive_private_key(int.from_bytes(bytes(range(1, 33)), "big"), ec.SECP256R1())
    pem = private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    assert VapidKey.parse(pem).public == VapidKey.parse(KEY).public
    other = ec.generate_private_key(ec.SECP384R1())
    wrong = other.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    for text in (wrong, "abc", base64url(bytes(32)), "-----BEGIN"):
        with pytest.raises(ValidationError, match="is no private key"):
            settings(vapid_private_key=text)


@pytest.mark.parametrize(
    ("fields", "contact"),
    [
        ({"smtp_from": "Vigie <ops@vigie.example>"}, "mailto:ops@vigie.example"),
        ({"web_ui_url": "https://vigie.example"}, "https://vigie.example"),
        ({"vapid_subject": "mailto:me@vigie.example"}, "mailto:me@vigie.example"),
    ],
)
def test_whom_a_push_service_may_ask(fields: dict[str, str], contact: str) -> None:
    assert settings(**fields).vapid_contact == contact
