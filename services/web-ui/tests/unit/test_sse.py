from collections.abc import AsyncIterator

from web_ui import sse
from web_ui.sse import Message


async def lines(text: str) -> AsyncIterator[str]:
    for line in text.split("\n"):
        yield line


async def test_a_stream_is_read_event_by_event_and_heartbeats_come_through() -> None:
    text = (
        "retry: 2000\nid: 7\nevent: hello\ndata: {}\n\n"
        ": still here\n\n"
        "id: 8\nevent: incident\ndata: {\ndata:  }\n\n"
        "id: 9\nevent: cut off"
    )
    messages = [message async for message in sse.parse(lines(text))]
    assert messages == [
        Message("hello", "{}", "7"),
        Message(),
        Message("incident", "{\n }", "8"),
    ]


def test_what_is_written_is_one_event_whatever_it_holds() -> None:
    assert sse.encode("incidents", "") == b"event: incidents\ndata: \n\n"
    assert sse.encode("x", "a\nb") == b"event: x\ndata: a\ndata: b\n\n"
    assert sse.retry(2000) == b"retry: 2000\n\n"
    assert sse.HEARTBEAT.startswith(b":")
