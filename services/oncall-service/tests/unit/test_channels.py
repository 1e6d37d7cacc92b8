"""What leaves this service, and what each channel makes of an answer."""

import hashlib
import hmac
import json
from collections.abc import Callable
from datetime import UTC, datetime
from email import message_from_bytes
from email.policy import default
from typing import Any
from uuid import uuid4

import httpx
import pytest
import structlog
from aiosmtpd.controller import Controller

from oncall_service import messages
from oncall_service.channels.base import Failed, Message, Outgoing, Sent
from oncall_service.channels.email import EmailChannel, MailServer
from oncall_service.channels.log import LogChannel
from oncall_service.channels.webhook import WebhookChannel
from oncall_service.outside import OutsideWorld
from vigie_testing.clock import ManualClock

CLOCK = ManualClock(datetime(2026, 3, 2, 9, tzinfo=UTC))
MESSAGE = Message("[CRITICAL] INC-1 Süden down", "Ada, you are paged.", "http://ui/1", {"a": 1})


def outgoing(target: str, **fields: Any) -> Outgoing:
    values = {"idempotency_key": "run:0:0:ada:hook", "person": "Ada", "secret": None}
    return Outgoing(target=target, message=MESSAGE, **(values | fields))


async def call(handler: Callable[[httpx.Request], httpx.Response], hook: Outgoing) -> Sent | Failed:
    outside = OutsideWorld(httpx.MockTransport(handler))
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
        (302, Failed("answered 302", retry=False)),
        (404, Failed("answered 404", retry=False)),
        (408, Failed("answered 408", retry=True)),
        (429, Failed("answered 429", retry=True)),
        (503, Failed("answered 503", retry=True)),
    ],
)
async def test_what_an_answer_means_for_a_retry(status: int, expected: Sent | Failed) -> None:
    def receiver(request: httpx.Request) -> httpx.Response:
        assert request.url.host == "hooks.example", "a redirect was followed"
        return httpx.Response(status, headers={"Location": "http://169.254.169.254/"})

    assert await call(receiver, outgoing("https://hooks.example/")) == expected


async def test_trouble_on_the_way_is_worth_a_retry() -> None:
    def receiver(_request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectTimeout("too slow")

    result = await call(receiver, outgoing("http://hooks.example/"))
    assert result == Failed("no answer (ConnectTimeout)", retry=True)


@pytest.mark.parametrize("url", ["ftp://a/b", "file:///etc/passwd", "https://", "http://u:p@h/"])
async def test_only_http_and_https_are_called(url: str) -> None:
    def receiver(_request: httpx.Request) -> httpx.Response:
        raise AssertionError("nothing should have been sent")

    result = await call(receiver, outgoing(url))
    assert isinstance(result, Failed)
    assert not result.retry


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
    assert "Ada, you are paged." in first.get_content()


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


def test_a_message_survives_its_storage() -> None:
    subject = messages.Subject(uuid4(), 7, "down", "checkout", "high")
    page = messages.page(subject, person="Ada", team="Web", reason="x_y", web_ui_url="http://ui/")
    assert messages.restored(messages.stored(page)) == page
    assert page.url == f"http://ui/incidents/{subject.id}"
