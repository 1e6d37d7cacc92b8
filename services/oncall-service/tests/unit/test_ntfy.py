"""What is published to a topic of ntfy, and what its answers mean."""

import ipaddress
import json
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
from pydantic import ValidationError

from oncall_service.notifications.channels import registry
from oncall_service.notifications.channels.base import Failed, Message, Outgoing, Result, Sent
from oncall_service.notifications.channels.ntfy import NtfyChannel
from oncall_service.notifications.channels.outside import OutsideWorld
from oncall_service.notifications.channels.posting import NOT_ALLOWED
from oncall_service.people.shapes import ContactMethodCreate
from oncall_service.targets import Address
from vigie_testing.clock import ManualClock

CLOCK = ManualClock(datetime(2026, 3, 2, 9, tzinfo=UTC))
TOPIC = "https://ntfy.example/pager-of-ada"
TAKE = "https://vigie.example/ack/token"


def page(severity: str = "critical", **facts: Any) -> Message:
    known = {"kind": "page", "severity": severity, **facts}
    return Message("[CRITICAL] INC-1 Süden down", "Ada, you are paged.", "https://v/1", known, TAKE)


async def resolve(host: str, _port: int) -> Sequence[Address]:
    public = host == "ntfy.example"
    return [ipaddress.ip_address("93.184.215.14" if public else "10.0.0.5")]


async def publish(
    message: Message,
    answer: Callable[[httpx.Request], httpx.Response] = lambda _: httpx.Response(200),
    *,
    target: str = TOPIC,
    secret: str | None = None,
) -> tuple[Result, list[httpx.Request]]:
    seen: list[httpx.Request] = []

    def server(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return answer(request)

    outside = OutsideWorld(transport=httpx.MockTransport(server), resolve=resolve)
    channel = NtfyChannel(CLOCK, outside)
    await channel.start()
    try:
        return await channel.send(Outgoing("run:1", "Ada", target, secret, message)), seen
    finally:
        await channel.stop()


async def test_a_message_is_json_for_the_root_of_the_server() -> None:
    result, [request] = await publish(page())
    assert result == Sent("answered 200")
    assert request.url.path == "/"
    assert request.headers["host"] == "ntfy.example"
    assert "Authorization" not in request.headers
    body = json.loads(request.content)
    assert (body["topic"], body["title"]) == ("pager-of-ada", "[CRITICAL] INC-1 Süden down")
    assert (body["message"], body["click"]) == ("Ada, you are paged.", "https://v/1")


async def test_a_page_has_a_button_that_acknowledges_by_a_post() -> None:
    _, [request] = await publish(page())
    take, see = json.loads(request.content)["actions"]
    assert (take["action"], take["method"], take["url"]) == ("http", "POST", TAKE)
    assert take["clear"] is True
    assert (see["action"], see["url"]) == ("view", "https://v/1")


async def test_what_cannot_be_acknowledged_has_no_such_button() -> None:
    told = Message("INC-1 resolved", "It is over.", "https://v/1", {"kind": "resolved"})
    _, [request] = await publish(told)
    assert [each["action"] for each in json.loads(request.content)["actions"]] == ["view"]


@pytest.mark.parametrize(
    ("facts", "priority"),
    [
        ({"severity": "critical"}, 5),
        ({"severity": "high"}, 4),
        ({"severity": "medium"}, 3),
        ({"severity": "low"}, 2),
        ({"kind": "test", "severity": ""}, 3),
        ({"kind": "resolved", "severity": "critical"}, 2),
        ({"kind": "bundle", "incidents": [{"kind": "resolved"}, {"kind": "acknowledged"}]}, 2),
        ({"kind": "bundle", "incidents": [{"kind": "resolved"}, {"kind": "page"}]}, 5),
    ],
)
async def test_how_loud_it_is_follows_the_severity_and_news_are_quiet(
    facts: dict[str, Any], priority: int
) -> None:
    _, [request] = await publish(page(**facts))
    assert json.loads(request.content)["priority"] == priority


async def test_a_repetition_replaces_what_the_phone_shows() -> None:
    _, [first] = await publish(page())
    _, [again] = await publish(page())
    assert json.loads(first.content)["sequence_id"] == json.loads(again.content)["sequence_id"]


async def test_a_protected_topic_gets_the_token_of_the_method() -> None:
    _, [request] = await publish(page(), secret="made up for this test")
    assert request.headers["Authorization"] == "Bearer made up for this test"


async def test_a_long_text_is_cut_before_ntfy_makes_a_file_of_it() -> None:
    told = Message("t", "ü" * 5000, "https://v/1", {"kind": "page"})
    _, [request] = await publish(told)
    text = json.loads(request.content)["message"]
    assert len(text.encode()) <= 4096
    assert text.endswith("…")


@pytest.mark.parametrize(
    ("status", "retry"), [(400, False), (403, False), (429, True), (507, True)]
)
async def test_what_an_answer_means_for_a_retry(status: int, retry: bool) -> None:
    result, _ = await publish(page(), lambda _: httpx.Response(status))
    assert result == Failed(NtfyChannel.not_taken, retry, f"answered {status}")


async def test_a_server_inside_is_not_called() -> None:
    result, seen = await publish(page(), target="https://inside.example/topic")
    assert result == Failed(NtfyChannel.not_taken, retry=True, inside=NOT_ALLOWED)
    assert seen == []


@pytest.mark.parametrize(
    "target",
    ["", "ntfy.sh/x", "https://ntfy.sh", "https://ntfy.sh/a/b", "https://ntfy.sh/x?auth=1"],
)
def test_only_the_url_of_a_topic_is_taken(target: str) -> None:
    with pytest.raises(ValidationError):
        ContactMethodCreate(channel="ntfy", target=target)


def test_a_token_may_be_given_and_the_topic_is_not_shown_whole() -> None:
    ContactMethodCreate(channel="ntfy", target=TOPIC, secret="made up for this test")
    assert registry.shown("ntfy", TOPIC) == "https://ntfy.example/pag..."
