"""What leaves this service, and what each channel makes of an answer."""

import asyncio
import hashlib
import hmac
import ipaddress
import json
import ssl
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from email import message_from_bytes
from email.policy import default
from typing import Any
from uuid import uuid4

import httpx
import pytest
import structlog
from aiosmtpd.controller import Controller

from oncall_service.notifications import messages
from oncall_service.notifications.channels.base import Failed, Message, Outgoing, Sent
from oncall_service.notifications.channels.email import EmailChannel, MailServer, compose
from oncall_service.notifications.channels.log import LogChannel
from oncall_service.notifications.channels.outside import OutsideWorld
from oncall_service.notifications.channels.posting import NOT_ALLOWED
from oncall_service.notifications.channels.webhook import NOT_DELIVERED, WebhookChannel
from oncall_service.targets import Address, AllowedTargets
from shared.words.catalogues import speaking
from vigie_testing.clock import ManualClock

CLOCK = ManualClock(datetime(2026, 3, 2, 9, tzinfo=UTC))
MESSAGE = Message("[CRITICAL] INC-1 Süden down", "Ada, you are paged.", "http://ui/1", {"a": 1})


def outgoing(target: str, **fields: Any) -> Outgoing:
    values = {"idempotency_key": "run:0:0:ada:hook", "person": "Ada", "secret": None}
    return Outgoing(target=target, message=MESSAGE, **(values | fields))


async def resolve(host: str, _port: int) -> Sequence[Address]:
    """A directory of names; each answer may be different, as an attacker's can be."""
    return [ipaddress.ip_address(address) for address in NAMES.get(host, [])]


NAMES = {
    "hooks.example": ["93.184.215.14"],
    "inside.example": ["10.0.0.5"],
    "both.example": ["127.0.0.1", "93.184.215.14"],
    "many.example": ["93.184.215.14", "2606:2800:21f:cb07::1"],
}


async def call(
    handler: Callable[[httpx.Request], httpx.Response], hook: Outgoing, *, allowed: str = ""
) -> Sent | Failed:
    outside = OutsideWorld(
        AllowedTargets.parse(allowed), transport=httpx.MockTransport(handler), resolve=resolve
    )
    await outside.start()
    try:
        return await WebhookChannel(CLOCK, outside).send(hook)
    finally:
        await outside.stop()


async def test_a_webhook_can_be_verified_by_its_receiver() -> None:
    seen: list[httpx.Request] = []

    def receiver(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return httpx.Response(204)

    hook = outgoing("https://hooks.example/x?y=1", secret="made up for this test")
    assert await call(receiver, hook) == Sent("answered 204")
    [request] = seen
    timestamp = request.headers["X-Vigie-Timestamp"]
    assert timestamp == str(int(CLOCK.now().timestamp()))
    expected = hmac.new(
        b"made up for this test", timestamp.encode() + b"." + request.content, hashlib.sha256
    )
    assert request.headers["X-Vigie-Signature"] == "v1=" + expected.hexdigest()
    assert request.headers["Idempotency-Key"] == "run:0:0:ada:hook"
    body = json.loads(request.content)
    assert (body["person"], body["title"], body["a"]) == ("Ada", MESSAGE.title, 1)


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (200, Sent("answered 200")),
        (302, Failed(NOT_DELIVERED, retry=False, inside="answered 302")),
        (404, Failed(NOT_DELIVERED, retry=False, inside="answered 404")),
        (408, Failed(NOT_DELIVERED, retry=True, inside="answered 408")),
        (429, Failed(NOT_DELIVERED, retry=True, inside="answered 429")),
        (503, Failed(NOT_DELIVERED, retry=True, inside="answered 503")),
    ],
)
async def test_what_an_answer_means_for_a_retry(status: int, expected: Sent | Failed) -> None:
    def receiver(request: httpx.Request) -> httpx.Response:
        assert request.headers["host"] == "hooks.example", "a redirect was followed"
        return httpx.Response(status, headers={"Location": "http://169.254.169.254/"})

    assert await call(receiver, outgoing("https://hooks.example/")) == expected


async def test_trouble_on_the_way_is_worth_a_retry() -> None:
    def receiver(_request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectTimeout("too slow")

    result = await call(receiver, outgoing("http://hooks.example/"))
    assert result == Failed(NOT_DELIVERED, retry=True, inside="no answer (ConnectTimeout)")


@pytest.mark.parametrize("url", ["ftp://a/b", "file:///etc/passwd", "https://", "http://u:p@h/"])
async def test_only_http_and_https_are_called(url: str) -> None:
    def receiver(_request: httpx.Request) -> httpx.Response:
        raise AssertionError("nothing should have been sent")

    result = await call(receiver, outgoing(url))
    assert isinstance(result, Failed)
    assert not result.retry


async def test_the_connection_goes_to_the_very_address_that_was_looked_at() -> None:
    seen: list[httpx.Request] = []

    def receiver(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return httpx.Response(204)

    assert isinstance(await call(receiver, outgoing("https://hooks.example:8443/x?y=1")), Sent)
    [request] = seen
    assert str(request.url) == "https://93.184.215.14:8443/x?y=1"
    assert request.headers["host"] == "hooks.example:8443"
    assert request.extensions["sni_hostname"] == "hooks.example"


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:5432/",
        "http://169.254.169.254/latest/meta-data/",
        "http://2130706433/",
        "http://[::ffff:127.0.0.1]/",
        "http://inside.example/",
    ],
)
async def test_what_is_inside_is_not_called_unless_it_is_allowed(url: str) -> None:
    called: list[str] = []

    def receiver(request: httpx.Request) -> httpx.Response:
        called.append(request.url.host)
        return httpx.Response(204)

    result = await call(receiver, outgoing(url))
    assert result == Failed(NOT_DELIVERED, retry=True, inside=NOT_ALLOWED)
    assert called == []
    allowed = "127.0.0.0/8, 169.254.169.254, 10.0.0.0/24"
    assert isinstance(await call(receiver, outgoing(url), allowed=allowed), Sent)
    assert len(called) == 1


async def test_of_a_name_with_an_address_inside_only_the_public_one_is_called() -> None:
    called: list[str] = []

    def receiver(request: httpx.Request) -> httpx.Response:
        called.append(request.url.host)
        return httpx.Response(204)

    assert isinstance(await call(receiver, outgoing("http://both.example/")), Sent)
    assert called == ["93.184.215.14"]


async def test_the_next_address_of_a_name_is_tried_when_one_does_not_answer() -> None:
    called: list[str] = []

    def receiver(request: httpx.Request) -> httpx.Response:
        called.append(request.url.host)
        if len(called) == 1:
            raise httpx.ConnectError("refused")
        return httpx.Response(204)

    assert isinstance(await call(receiver, outgoing("http://many.example/")), Sent)
    assert called == ["93.184.215.14", "2606:2800:21f:cb07::1"]


async def test_every_failure_is_the_same_to_who_is_no_administrator() -> None:
    def refuses(_request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("refused")

    def speaks_otherwise(_request: httpx.Request) -> httpx.Response:
        raise httpx.RemoteProtocolError("SSH-2.0")

    results = [
        await call(refuses, outgoing("http://hooks.example:22/")),
        await call(speaks_otherwise, outgoing("http://hooks.example:22/")),
        await call(refuses, outgoing("http://inside.example/")),
        await call(refuses, outgoing("http://unknown.example/")),
        await call(lambda _: httpx.Response(500), outgoing("http://hooks.example/")),
    ]
    assert {(result.detail, result.retry) for result in results if isinstance(result, Failed)} == {
        (NOT_DELIVERED, True)
    }
    assert len({result.inside for result in results if isinstance(result, Failed)}) == 4


async def test_a_proxy_of_the_environment_is_not_used(
    monkeypatch: pytest.MonkeyPatch, free_port: Callable[[], int]
) -> None:
    asked: list[bytes] = []

    async def proxy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked.append(await reader.readline())
        writer.write(b"HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n")
        writer.close()

    port = free_port()
    server = await asyncio.start_server(proxy, "127.0.0.1", port)
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{port}")
    target = "http://127.0.0.1:1/"
    for configured in ("", f"http://127.0.0.1:{port}"):
        outside = OutsideWorld(AllowedTargets.parse("127.0.0.1"), proxy=configured)
        await outside.start()
        result = await WebhookChannel(CLOCK, outside).send(outgoing(target))
        await outside.stop()
        assert isinstance(result, Sent) is bool(configured)
    assert asked == [f"POST {target} HTTP/1.1\r\n".encode()]
    refusing = OutsideWorld(proxy=f"http://127.0.0.1:{port}")
    await refusing.start()
    result = await WebhookChannel(CLOCK, refusing).send(outgoing(target))
    await refusing.stop()
    assert isinstance(result, Failed)
    assert result.inside == NOT_ALLOWED
    server.close()
    await server.wait_closed()


async def test_the_certificate_is_checked_for_the_name_and_not_for_the_address(
    free_port: Callable[[], int], monkeypatch: pytest.MonkeyPatch
) -> None:
    names: list[str] = []
    wrap = ssl.SSLContext.wrap_bio

    def remembering(self: ssl.SSLContext, *args: Any, **options: Any) -> Any:
        name = options["server_hostname"]
        names.append(name.decode() if isinstance(name, bytes) else name)
        assert self.check_hostname
        return wrap(self, *args, **options)

    monkeypatch.setattr(ssl.SSLContext, "wrap_bio", remembering)

    async def resolve_here(_host: str, _port: int) -> Sequence[Address]:
        return [ipaddress.ip_address("127.0.0.1")]

    async def no_tls(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.close()

    port = free_port()
    server = await asyncio.start_server(no_tls, "127.0.0.1", port)
    outside = OutsideWorld(AllowedTargets.parse("hooks.example"), resolve=resolve_here)
    await outside.start()
    result = await WebhookChannel(CLOCK, outside).send(outgoing(f"https://hooks.example:{port}/"))
    await outside.stop()
    server.close()
    await server.wait_closed()
    assert isinstance(result, Failed)
    assert names == ["hooks.example"]


async def test_the_log_channel_writes_the_page_into_the_log() -> None:
    with structlog.testing.capture_logs() as logs:
        assert isinstance(await LogChannel().send(outgoing("")), Sent)
    [line] = logs
    assert (line["event"], line["person"], line["title"]) == ("page", "Ada", MESSAGE.title)


class Mailbox:
    """A mail server that answers what it is told to."""

    def __init__(self, answer: str) -> None:
        self.answer = answer
        self.mails: list[bytes] = []

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:  # noqa: N802
        self.mails.append(envelope.content)
        return self.answer


def mail_to(answer: str, free_port: Callable[[], int]) -> tuple[Controller, Mailbox, EmailChannel]:
    mailbox = Mailbox(answer)
    controller = Controller(mailbox, hostname="127.0.0.1", port=free_port())
    server = MailServer("127.0.0.1", controller.port, "Vigie <vigie@ops.example>")
    return controller, mailbox, EmailChannel(CLOCK, server)


async def test_a_mail_carries_the_idempotency_key_as_its_message_id(
    free_port: Callable[[], int],
) -> None:
    controller, mailbox, channel = mail_to("250 OK", free_port)
    controller.start()
    try:
        for _ in range(2):
            assert isinstance(await channel.send(outgoing("ada@ops.example")), Sent)
    finally:
        controller.stop()
    first, second = (message_from_bytes(mail, policy=default) for mail in mailbox.mails)
    assert first["Message-ID"] == second["Message-ID"]
    assert str(first["Message-ID"]).endswith("@ops.example>")
    assert first["Subject"] == MESSAGE.title
    assert first["To"] == "Ada <ada@ops.example>"
    plain = first.get_body(("plain",))
    assert plain is not None
    assert "Ada, you are paged." in plain.get_content()


def parts_of(message: Message) -> tuple[str, str]:
    mail = compose(Outgoing("key", "Ada", "ada@ops.example", None, message), "vigie@x", CLOCK)
    assert mail.get_content_type() == "multipart/alternative"
    plain, html = mail.iter_parts()
    assert (plain.get_content_type(), html.get_content_type()) == ("text/plain", "text/html")
    return plain.get_content(), html.get_content()


def test_both_parts_of_a_mail_say_the_essentials_first_and_how_to_acknowledge() -> None:
    facts = {"severity": "critical"}
    url, take = "https://v/incidents/1?a=1&b=2", "https://v/ack/token?x=1&y=2"
    plain, html = parts_of(
        Message("[CRITICAL] INC-1 down", "Ada: why\nTeam: Web", url, facts, take)
    )
    assert plain.startswith("Ada: why\nTeam: Web\n")
    assert {take, url} <= set(plain.splitlines())
    assert "Ada: why<br>Team: Web" in html
    assert html.index("[CRITICAL] INC-1 down") < html.index("Ada: why") < html.index("href=")
    assert 'href="https://v/ack/token?x=1&amp;y=2"' in html
    assert 'href="https://v/incidents/1?a=1&amp;b=2"' in html


def test_a_mail_about_what_cannot_be_acknowledged_has_no_such_button() -> None:
    for part in parts_of(Message("INC-1 resolved", "It is over.", "https://v/1", {})):
        assert "Acknowledge" not in part
        assert "https://v/1" in part


def test_an_alert_cannot_write_markup_into_a_mail() -> None:
    evil = '<img src=x onerror="alert(1)">'
    _, html = parts_of(Message(evil, evil, 'https://v/"><script>', {"severity": evil}))
    assert "<img" not in html
    assert "<script" not in html
    assert html.count("&lt;img") == 2


@pytest.mark.parametrize(("answer", "retry"), [("451 try later", True), ("554 never", False)])
async def test_a_mail_servers_reply_says_whether_to_try_again(
    answer: str, retry: bool, free_port: Callable[[], int]
) -> None:
    controller, _, channel = mail_to(answer, free_port)
    controller.start()
    try:
        result = await channel.send(outgoing("ada@ops.example"))
    finally:
        controller.stop()
    assert result == Failed(f"the mail server said {answer[:3]}", retry=retry)


async def test_a_mail_server_that_is_down_is_worth_a_retry_and_a_missing_one_is_not(
    free_port: Callable[[], int],
) -> None:
    down = EmailChannel(CLOCK, MailServer("127.0.0.1", free_port(), "vigie@ops.example"))
    result = await down.send(outgoing("ada@ops.example"))
    assert isinstance(result, Failed)
    assert result.retry
    missing = EmailChannel(CLOCK, MailServer("", 25, "vigie@ops.example"))
    result = await missing.send(outgoing("ada@ops.example"))
    assert result == Failed("no mail server is configured (VIGIE_SMTP_HOST)", retry=False)


async def test_an_alert_cannot_write_headers_into_a_mail(free_port: Callable[[], int]) -> None:
    controller, mailbox, channel = mail_to("250 OK", free_port)
    controller.start()
    try:
        evil = Message("down\r\nBcc: everybody@ops.example", "text", "url", {})
        mail = Outgoing("key", "Ada\nX-Evil: 1", "ada@ops.example", None, evil)
        assert isinstance(await channel.send(mail), Sent)
    finally:
        controller.stop()
    [raw] = mailbox.mails
    assert message_from_bytes(raw, policy=default)["Bcc"] is None
    assert message_from_bytes(raw, policy=default)["X-Evil"] is None


def test_a_message_is_stored_as_facts_and_worded_when_it_is_sent() -> None:
    subject = messages.Subject(uuid4(), 7, "down", "checkout", "high")
    stored = messages.stored(messages.page(subject, team="Web", reason="primary_on_call"))
    assert "primary on call" not in json.dumps(stored)
    for language, why in (("en", "Why you: primary on call"), ("fr", "Pourquoi vous : ")):
        said = messages.composed(speaking(language), stored, person="Ada", web_ui_url="http://ui/")
        assert said.url == f"http://ui/incidents/{subject.id}"
        assert why in said.text
        assert said.facts["kind"] == "page"


def test_what_was_stored_in_words_is_sent_in_those_words() -> None:
    stored = {"title": "T", "text": "Words", "url": "http://ui/1", "facts": {"kind": "page"}}
    for document in (stored, {**stored, "kind": "legacy"}):
        said = messages.composed(speaking("fr"), document, person="Ada", web_ui_url="http://ui")
        assert said == Message("T", "Words", "http://ui/1", {"kind": "page"})
