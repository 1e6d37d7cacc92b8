"""Messages that really leave, to servers that speak each protocol, and to such that do not."""

import asyncio
import base64
import hashlib
import hmac
import json
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from email import message_from_bytes
from email.policy import default
from typing import Any
from urllib.parse import parse_qs

import pytest
from aiosmtpd.controller import Controller
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from oncall_service.app import create_app
from oncall_service.notifications.channels import registry
from oncall_service.notifications.channels.base import Failed, Message, Outgoing, Result, Sent
from oncall_service.notifications.dispatch import CYCLE_SECONDS
from oncall_service.settings import OncallSettings
from shared.auth import hash_token
from vigie_testing.clock import ManualClock

KEY = base64.urlsafe_b64encode(bytes(range(1, 33))).decode()
PAGE = Message(
    "[CRITICAL] INC-1 Süden down",
    "Ada, you are paged.\nService: checkout",
    "https://vigie.example/incidents/1",
    {"kind": "page", "severity": "critical", "incident_id": "0198"},
    "https://vigie.example/ack/token",
)


@dataclass
class Request:
    line: str
    headers: dict[str, str]
    body: bytes


@dataclass
class Sink:
    """An HTTP server on a real socket that answers in its own way, and remembers what it got."""

    answer: bytes | None = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
    """None: it takes the request and never says anything."""
    got: list[Request] = field(default_factory=list)
    port: int = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
            fields = (line.split(": ", 1) for line in head[1:] if line)
            headers = {name.lower(): value for name, value in fields}
            body = await reader.readexactly(int(headers.get("content-length", 0)))
            self.got.append(Request(head[0], headers, body))
            if self.answer is None:
                await reader.read()  # until the other side has had enough
            else:
                writer.write(self.answer)
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass  # the other side left, which is its right
        finally:
            writer.close()


@asynccontextmanager
async def sink(**fields: Any) -> AsyncIterator[Sink]:
    one = Sink(**fields)
    server = await asyncio.start_server(one.serve, "127.0.0.1", 0)
    one.port = server.sockets[0].getsockname()[1]
    try:
        yield one
    finally:
        server.close()


def settings(**fields: Any) -> OncallSettings:
    known = {"vapid_private_key": KEY, "webhook_allowed_networks": "127.0.0.0/8"}
    return OncallSettings(**{"database_user": "x", **known, **fields})


async def send(name: str, target: str, secret: str | None = None, **fields: Any) -> Result:
    channel = registry.of(name).configured(settings(**fields), ManualClock())
    await channel.start()
    try:
        return await channel.send(Outgoing("run:1:ada", "Ada", target, secret, PAGE))
    finally:
        await channel.stop()


async def test_a_mail_server_gets_both_parts_with_the_link_that_acknowledges(
    free_port: Callable[[], int],
) -> None:
    mails: list[bytes] = []

    class Mailbox:
        async def handle_DATA(self, _server: Any, _session: Any, mail: Any) -> str:  # noqa: N802
            mails.append(mail.content)
            return "250 OK"

    controller = Controller(Mailbox(), hostname="127.0.0.1", port=free_port())
    controller.start()
    try:
        host = {"smtp_host": "127.0.0.1", "smtp_port": controller.port}
        assert isinstance(await send("email", "ada@ops.example", **host), Sent)
    finally:
        controller.stop()
    mail = message_from_bytes(mails[0], policy=default)
    assert str(mail["Subject"]) == PAGE.title
    plain, html = (part.get_content() for part in mail.iter_parts())
    assert PAGE.acknowledge_url in plain.splitlines()
    assert f'href="{PAGE.acknowledge_url}"' in html


async def test_a_webhook_can_be_verified_with_the_secret_alone() -> None:
    async with sink() as receiver:
        result = await send("webhook", f"{receiver.url}/hook", "made up for this test")
    assert result == Sent("answered 200")
    [request] = receiver.got
    signed = request.headers["x-vigie-timestamp"].encode() + b"." + request.body
    digest = hmac.new(b"made up for this test", signed, hashlib.sha256).hexdigest()
    assert request.headers["x-vigie-signature"] == f"v1={digest}"
    assert json.loads(request.body)["acknowledge_url"] == PAGE.acknowledge_url


async def test_a_server_of_ntfy_is_asked_to_publish() -> None:
    async with sink() as server:
        assert isinstance(await send("ntfy", f"{server.url}/pager", "tk_for_this_test_"), Sent)
    [request] = server.got
    assert request.line == "POST / HTTP/1.1"
    assert request.headers["authorization"] == "Bearer tk_for_this_test_"
    published = json.loads(request.body)
    assert (published["topic"], published["title"]) == ("pager", PAGE.title)
    assert published["priority"] == 5
    assert published["actions"][0] == {
        "action": "http",
        "label": "Acknowledge",
        "url": PAGE.acknowledge_url,
        "method": "POST",
        "clear": True,
    }


def unpadded(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def derived(secret: bytes, salt: bytes, info: bytes, length: int) -> bytes:
    return HKDF(hashes.SHA256(), length, salt, info).derive(secret)


class Browser:
    """The other end of Web Push: RFC 8291 and RFC 8292 as they are written, and nothing of ours."""

    def __init__(self, endpoint: str) -> None:
        self.endpoint = endpoint
        self._private = ec.generate_private_key(ec.SECP256R1())
        self._point = self._private.public_key().public_bytes(
            Encoding.X962, PublicFormat.UncompressedPoint
        )
        self._auth = bytes(range(16))

    @property
    def subscription(self) -> str:
        point, auth = (
            base64.urlsafe_b64encode(one).rstrip(b"=").decode() for one in (self._point, self._auth)
        )
        return json.dumps({"endpoint": self.endpoint, "keys": {"p256dh": point, "auth": auth}})

    def decrypt(self, body: bytes) -> Any:
        salt, size, length = body[:16], int.from_bytes(body[16:20], "big"), body[20]
        sender, sealed = body[21 : 21 + length], body[21 + length :]
        assert len(sealed) <= size
        public = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), sender)
        shared = self._private.exchange(ec.ECDH(), public)
        info = b"WebPush: info\0" + self._point + sender
        secret = derived(shared, self._auth, info, 32)
        key = derived(secret, salt, b"Content-Encoding: aes128gcm\0", 16)
        nonce = derived(secret, salt, b"Content-Encoding: nonce\0", 12)
        plain = AESGCM(key).decrypt(nonce, sealed, None).rstrip(b"\0")
        assert plain[-1:] == b"\2", "the last record ends with 2"
        return json.loads(plain[:-1])

    @staticmethod
    def claims(authorization: str, known: str) -> Any:
        scheme, _, rest = authorization.partition(" ")
        assert scheme == "vapid"
        parts = dict(part.strip().split("=", 1) for part in rest.split(","))
        assert parts["k"] == known, "the key is the one that the browser subscribed with"
        public = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), unpadded(known))
        signed, _, signature = parts["t"].rpartition(".")
        numbers = unpadded(signature)
        r, s = int.from_bytes(numbers[:32], "big"), int.from_bytes(numbers[32:], "big")
        public.verify(encode_dss_signature(r, s), signed.encode(), ec.ECDSA(hashes.SHA256()))
        head, claims = (json.loads(unpadded(part)) for part in signed.split("."))
        assert head == {"typ": "JWT", "alg": "ES256"}
        return claims


async def test_a_browser_decrypts_what_its_push_service_passed_on() -> None:
    async with sink(answer=b"HTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n") as service:
        browser = Browser(f"{service.url}/send/1")
        assert await send("webpush", browser.subscription) == Sent("answered 201")
    [request] = service.got
    assert request.line == "POST /send/1 HTTP/1.1"
    assert request.headers["content-encoding"] == "aes128gcm"
    assert request.headers["urgency"] == "high"
    shown = browser.decrypt(request.body)
    assert (shown["title"], shown["body"]) == (PAGE.title, PAGE.text)
    assert (shown["url"], shown["acknowledge_url"]) == (PAGE.url, PAGE.acknowledge_url)
    assert (shown["severity"], shown["incident_id"]) == ("critical", "0198")
    assert shown["tag"] == request.headers["topic"]
    key = settings().vapid_key
    assert key is not None
    claims = browser.claims(request.headers["authorization"], key.public)
    assert claims["aud"] == service.url
    now = ManualClock().now().timestamp()
    assert now < claims["exp"] <= now + 24 * 3600
    assert claims["sub"] == "mailto:vigie@localhost"


async def test_apprise_posts_json_and_forms_to_a_receiver() -> None:
    async with sink() as receiver:
        address = f"127.0.0.1:{receiver.port}/hook"
        assert await send("apprise", f"json://{address}") == Sent("taken by json")
        assert await send("apprise", f"form://{address}") == Sent("taken by form")
    document, form = receiver.got
    said = json.loads(document.body)
    assert (said["title"], said["type"]) == (PAGE.title, "failure")
    assert said["message"].splitlines()[-1] == f"Acknowledge: {PAGE.acknowledge_url}"
    fields = parse_qs(form.body.decode())
    assert fields["title"] == [PAGE.title]
    assert PAGE.url in fields["message"][0]


RUBBISH = b"\x00\xff\xfe SSH-2.0-OpenSSH_9.6\r\n\r\n"
BAD = {
    "fails": b"HTTP/1.1 500 Oh\r\nContent-Length: 0\r\n\r\n",
    "is full": b"HTTP/1.1 429 Slow Down\r\nRetry-After: 1\r\nContent-Length: 0\r\n\r\n",
    "talks rubbish": RUBBISH,
}


def ways(port: int) -> list[dict[str, str]]:
    """A contact method of each channel that leads to one port."""
    there = f"127.0.0.1:{port}"
    return [
        {"channel": "webhook", "target": f"http://{there}/hook"},
        {"channel": "ntfy", "target": f"http://{there}/topic"},
        {"channel": "webpush", "target": Browser(f"http://{there}/send").subscription},
        {"channel": "apprise", "target": f"json://{there}/apprise"},
    ]


@pytest.mark.parametrize("answer", BAD.values(), ids=BAD)
async def test_a_receiver_that_does_not_take_it_is_tried_again(answer: bytes) -> None:
    async with sink(answer=answer) as receiver:
        for way in ways(receiver.port):
            result = await send(way["channel"], way["target"], "made up for this test")
            assert isinstance(result, Failed), way["channel"]
            assert result.retry, way["channel"]


async def test_sinks_that_hang_refuse_or_talk_rubbish_delay_nobody_else(
    make_database: Any,
    clock: ManualClock,
    serve: Any,
    free_port: Callable[[], int],
) -> None:
    database = make_database("oncall-service")
    token = "made up for this test"
    async with sink() as good, sink(answer=None) as hanging, sink(answer=RUBBISH) as rubbish:
        app = create_app(
            settings(
                **database.settings(),
                bootstrap_api_token=token,
                smtp_host="127.0.0.1",
                smtp_port=hanging.port,
            ),
            clock=clock,
            background=False,
        )
        async with serve(app) as client:
            client.headers["Authorization"] = f"Bearer {token}"

            async def owe(person: str, ways: list[dict[str, str]]) -> None:
                made = await client.post("/api/v1/people", json={"name": person, "login": person})
                assert made.status_code == 201, made.text
                path = f"/api/v1/people/{person}/contact-methods"
                for way in ways:
                    method = await client.post(path, json=way)
                    assert method.status_code == 201, method.text
                    trial = await client.post(f"{path}/{method.json()['id']}/test")
                    assert trial.is_success, trial.text

            async def cycle() -> float:
                began = time.monotonic()
                assert await app.state.engines["sending"].cycle()
                return time.monotonic() - began

            async def outcomes(person: str) -> set[str]:
                sent = await client.get("/api/v1/notifications", params={"person": person})
                return {one["outcome"] for one in sent.json()["items"]}

            told = (await client.get("/api/v1/push/key")).json()
            assert len(unpadded(told["public_key"])) == 65
            await owe("ada", [*ways(hanging.port), {"channel": "email", "target": "a@b.example"}])
            await owe("ben", [*ways(rubbish.port), *ways(free_port())])
            await owe("cleo", ways(good.port))
            assert await cycle() < CYCLE_SECONDS + 3
            assert len(good.got) == 4, "whoever answers has it within the cycle of those who do not"
            assert await outcomes("cleo") == {"sent"}
            assert await outcomes("ben") == {"pending"}, "it is tried again"

            assert len(hanging.got) >= 4, "those are still on their way"
            await owe("dora", ways(good.port))
            assert await cycle() < CYCLE_SECONDS
            assert len(good.got) == 8


@pytest.mark.parametrize("answer", [None, *BAD.values()], ids=["hangs", *BAD])
async def test_a_receiver_that_fails_holds_up_neither_the_next_rule_nor_the_next_step(
    make_database: Any, clock: ManualClock, serve: Any, incident_event: Any, answer: bytes | None
) -> None:
    database = make_database("oncall-service")
    token = "made up for this test"
    async with sink() as good, sink(answer=answer) as bad:
        app = create_app(
            settings(
                **database.settings(),
                bootstrap_api_token=token,
                callers={"incident-management": hash_token(token + "!")},
            ),
            clock=clock,
            background=False,
        )
        async with serve(app) as client:

            async def put(kind: str, name: str, **body: Any) -> Any:
                headers = {"Authorization": f"Bearer {token}"}
                path = f"/api/v1/{kind}"
                made = await client.put(
                    f"{path}/{name}", json={"name": name, **body}, headers=headers
                )
                assert made.is_success, made.text
                return made.json()

            async def cycle(**forward: float) -> list[str]:
                clock.advance(**forward)
                began = time.monotonic()
                for name in ("escalation", "sending"):
                    assert await app.state.engines[name].cycle()
                assert time.monotonic() - began < CYCLE_SECONDS + 3
                paths = [request.line.split()[1] for request in good.got]
                good.got.clear()
                return paths

            both = [
                {"channel": "webhook", "target": f"{bad.url}/first"},
                {"channel": "webhook", "target": f"{good.url}/second"},
            ]
            ada = await put("people", "Ada", contact_methods=both)
            rules = [
                {"contact_method_id": method["id"], "delay_minutes": minutes}
                for method, minutes in zip(ada["contact_methods"], (0, 2), strict=True)
            ]
            preferred = await client.patch(
                "/api/v1/people/Ada/preferences",
                json={"notification_rules": rules},
                headers={"Authorization": f"Bearer {token}"},
            )
            assert preferred.is_success, preferred.text
            await put("people", "Ben", contact_methods=[{**both[1], "target": f"{good.url}/ben"}])
            await put("teams", "Payments", members=["Ada", "Ben"])
            steps = [
                {"target": "person", "person": name, "delay_minutes": 5} for name in ("Ada", "Ben")
            ]
            await put("policies", "Payments", team="Payments", steps=steps)
            await put("services", "checkout", team="Payments")
            heard = await client.post(
                "/internal/v1/incident-events",
                json={"events": [incident_event()]},
                headers={"Authorization": f"Bearer {token}!"},
            )
            assert heard.is_success, heard.text
            assert await cycle() == []
            assert bad.got, "it is on its way"
            assert await cycle(minutes=2) == ["/second"]
            assert await cycle(minutes=3) == ["/ben"]
