"""What Apprise may do here, and what it may not, whatever a URL says."""

import asyncio
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from apprise import NotifyType
from pydantic import ValidationError

from oncall_service.notifications.channels import apprise, confined, registry
from oncall_service.notifications.channels.apprise import NOT_TAKEN, AppriseChannel
from oncall_service.notifications.channels.base import Failed, Message, Outgoing, Result, Sent
from oncall_service.notifications.channels.confined import ConfinedThreads, Refused, Sending
from oncall_service.notifications.channels.posting import NOT_ALLOWED
from oncall_service.people.shapes import ContactMethodCreate
from oncall_service.settings import OncallSettings
from oncall_service.targets import AllowedTargets

PAGE = Message(
    "[HIGH] INC-1 down", "Ada, you are paged.", "https://v/1", {"kind": "page"}, "https://v/ack/1"
)
Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


def settings(**fields: Any) -> OncallSettings:
    return OncallSettings(database_user="x", **fields)


async def send(target: str, *, allowed: str = "127.0.0.0/8", schemes: str = "json") -> Result:
    targets = AllowedTargets.parse(allowed)
    channel = AppriseChannel(frozenset(schemes.split(",")), targets, "https://v")
    await channel.start()
    try:
        return await channel.send(Outgoing("run:1", "Ada", target, None, PAGE))
    finally:
        await channel.stop()


async def serving(serve: Serve, port: int) -> asyncio.Server:
    return await asyncio.start_server(serve, "127.0.0.1", port)


def answering(head: bytes, seen: list[bytes]) -> Serve:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        seen.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(b"HTTP/1.1 " + head + b"\r\nContent-Length: 0\r\n\r\n")
        await writer.drain()
        writer.close()

    return serve


@pytest.mark.parametrize(
    "target",
    [
        "",
        "hello",
        "nosuch://host",
        "dbus://",
        "syslog://",
        "windows://",
        "fcm://project/token?keyfile=/etc/passwd",
        "json://",
        "json://[::1/x",
    ],
)
def test_what_is_local_or_no_url_of_apprises_is_not_taken(target: str) -> None:
    with pytest.raises(ValidationError):
        ContactMethodCreate(channel="apprise", target=target)


def test_only_the_schemes_of_the_setting_are_taken_and_local_ones_never() -> None:
    target = "mailto://ada:pass@mail.example"
    with pytest.raises(ValueError, match="not allowed here"):
        AppriseChannel.address(target, email=None, settings=settings())
    have = settings(apprise_schemes="mailto, Dbus")
    assert AppriseChannel.address(target, email=None, settings=have) == target
    assert AppriseChannel.configured(have, None)._schemes == {"mailto"}  # type: ignore[arg-type]


async def test_a_scheme_that_is_no_longer_allowed_is_not_sent_to() -> None:
    result = await send("json://127.0.0.1/", schemes="form")
    assert result == Failed("'json' is not in VIGIE_APPRISE_SCHEMES", retry=False)


def test_a_server_inside_is_refused_by_its_looks_and_a_token_is_no_server() -> None:
    for target in ("json://127.0.0.1/x", "gotify://169.254.169.254/token"):
        with pytest.raises(ValueError, match="public address"):
            AppriseChannel.address(target, email=None, settings=settings())
    bot = "tgram://123456789:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw/12315544"
    assert AppriseChannel.address(bot, email=None, settings=settings()) == bot


@pytest.mark.parametrize(
    ("target", "shown"),
    [
        ("json://ada:word@hooks.example:8080/path?x=1", "json://hooks.example/..."),
        ("tgram://123456789:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw/12315544", "tgram://..."),
        ("slack://T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ", "slack://..."),
    ],
)
def test_what_is_shown_holds_no_secret(target: str, shown: str) -> None:
    assert registry.shown("apprise", target) == shown


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "2130706433"])
async def test_what_is_inside_is_not_connected_to(host: str, free_port: Callable[[], int]) -> None:
    seen: list[bytes] = []
    port = free_port()
    server = await serving(answering(b"200 OK", seen), port)
    result = await send(f"json://{host}:{port}/", allowed="")
    server.close()
    assert result == Failed(NOT_TAKEN, retry=True, inside=NOT_ALLOWED)
    assert seen == []


@pytest.mark.parametrize("allowed", ["localhost", "127.0.0.0/8"])
async def test_a_host_that_the_list_names_is_connected_to(
    allowed: str, free_port: Callable[[], int]
) -> None:
    """Also where another address of its name, such as ::1, is refused."""
    seen: list[bytes] = []
    port = free_port()
    server = await serving(answering(b"200 OK", seen), port)
    result = await send(f"json://localhost:{port}/", allowed=allowed)
    server.close()
    assert result == Sent("taken by json")
    assert len(seen) == 1


@pytest.mark.parametrize("asked", ["", "?redirect=yes"])
async def test_a_redirect_is_not_followed(asked: str, free_port: Callable[[], int]) -> None:
    inside: list[bytes] = []
    first, second = free_port(), free_port()
    there = await serving(answering(b"200 OK", inside), second)
    head = f"302 Found\r\nLocation: http://127.0.0.1:{second}/".encode()
    server = await serving(answering(head, []), first)
    result = await send(f"json://127.0.0.1:{first}/{asked}")
    server.close()
    there.close()
    assert isinstance(result, Failed)
    assert inside == []


async def test_a_failure_is_one_although_the_url_calls_it_optional(
    free_port: Callable[[], int],
) -> None:
    seen: list[bytes] = []
    port = free_port()
    server = await serving(answering(b"500 No", seen), port)
    result = await send(f"json://127.0.0.1:{port}/?optional=yes&retry=5&wait=10")
    server.close()
    assert result == Failed(NOT_TAKEN, retry=True, inside="Apprise said no")
    assert len(seen) == 1


async def test_a_server_that_drips_is_cut_off_and_its_thread_ends(
    free_port: Callable[[], int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(apprise, "SEND_SECONDS", 1.0)
    cut_off = asyncio.Event()

    async def drip(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
        try:
            while True:
                writer.write(b"x")
                await writer.drain()
                await asyncio.sleep(0.05)
        except ConnectionError:
            cut_off.set()
        writer.close()

    port = free_port()
    server = await serving(drip, port)
    began = time.monotonic()
    result = await send(f"json://127.0.0.1:{port}/?rto=1000")
    assert time.monotonic() - began < 5
    assert result == Failed(NOT_TAKEN, retry=True, inside="no result within 1 s")
    await asyncio.wait_for(cut_off.wait(), 5)
    server.close()


async def test_in_a_confined_thread_no_file_is_read_and_no_program_started(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("x")
    threads = ConfinedThreads()

    async def attempt(call: Callable[[], object]) -> object:
        return await threads.run(Sending(lambda _: False), call, 5)

    for refused in (secret.read_text, lambda: subprocess.run([sys.executable], check=False)):
        with pytest.raises(Refused):
            await attempt(refused)
    assert await attempt(lambda: Path(confined.__file__).exists())
    assert secret.read_text() == "x", "only the sendings are confined"
    await threads.stop()


@pytest.mark.parametrize(
    ("facts", "kind"),
    [
        ({"kind": "page", "severity": "critical"}, NotifyType.FAILURE),
        ({"kind": "page", "severity": "medium"}, NotifyType.WARNING),
        ({"kind": "test"}, NotifyType.INFO),
        ({"kind": "resolved", "severity": "critical"}, NotifyType.SUCCESS),
    ],
)
def test_how_bad_it_is_in_apprises_words(facts: dict[str, str], kind: NotifyType) -> None:
    assert apprise.kind(Message("T", "text", "https://v/1", facts)) == kind


def test_the_text_ends_with_where_to_look_and_how_to_acknowledge() -> None:
    assert apprise.body(PAGE).splitlines() == [
        "Ada, you are paged.",
        "https://v/1",
        "Acknowledge: https://v/ack/1",
    ]
