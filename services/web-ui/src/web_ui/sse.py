"""Server-sent events as bytes: reading the neighbour's stream, writing the browser's.

WHATWG HTML, section 9.2. Pure.
"""

from collections.abc import AsyncGenerator, AsyncIterable
from dataclasses import dataclass

HEARTBEAT = b": still here\n\n"


@dataclass(frozen=True)
class Message:
    """One event; a heartbeat (a comment) is a message without an event and data."""

    event: str = ""
    data: str = ""
    id: str = ""


def encode(event: str, data: str) -> bytes:
    """An event for a browser. An empty ``data`` still needs its line, or it is not delivered."""
    lines = "".join(f"data: {line}\n" for line in data.splitlines() or [""])
    return f"event: {event}\n{lines}\n".encode()


def retry(milliseconds: int) -> bytes:
    """How long a browser waits before it connects again."""
    return f"retry: {milliseconds}\n\n".encode()


async def parse(lines: AsyncIterable[str]) -> AsyncGenerator[Message, None]:
    """The messages of a stream of lines; comments come through as empty messages."""
    fields: dict[str, str] = {}
    async for line in lines:
        if not line:
            if fields:
                yield Message(fields.get("event", ""), fields.get("data", ""), fields.get("id", ""))
            fields = {}
        elif line.startswith(":"):
            yield Message()
        else:
            name, _, value = line.partition(":")
            value = value.removeprefix(" ")
            if name == "data" and "data" in fields:
                value = f"{fields['data']}\n{value}"
            fields[name] = value
