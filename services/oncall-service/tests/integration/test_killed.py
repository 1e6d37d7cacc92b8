"""The service killed at every point of a step, and another process that goes on where it was."""

import asyncio
import os
import signal
import sys
from asyncio.subprocess import DEVNULL, STDOUT, Process
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from shared.clock import SystemClock
from vigie_testing import databases

# How often the receiver gets the page of a step, when the process dies there.
POINTS = {
    "before the transaction": 1,
    "rows written, not committed": 1,
    "committed, nothing sent": 1,
    "claimed, nothing sent": 1,
    "sent, not answered": 2,
    "answered, outcome not written": 2,
    "outcome written, not committed": 2,
    "outcome committed": 1,
}
DIES = Path(__file__).with_name("dies_at.py")
PATIENCE_SECONDS, BETWEEN_LOOKS = 30.0, 0.05
ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"


@pytest.fixture
def clock() -> SystemClock:
    """The processes have none of ours."""
    return SystemClock()


@dataclass
class Receiver:
    """Remembers the idempotency keys of what it got; answers unless it is to hang."""

    hangs: bool = False
    keys: list[str] = field(default_factory=list)
    port: int = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
            headers = dict(line.split(": ", 1) for line in head.split("\r\n")[1:] if line)
            fields = {name.lower(): value for name, value in headers.items()}
            await reader.readexactly(int(fields["content-length"]))
            self.keys.append(fields["idempotency-key"])
            if self.hangs:
                await reader.read()  # until the other side is gone
            else:
                writer.write(ANSWER)
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass  # it was killed
        finally:
            writer.close()


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    one = Receiver()
    server = await asyncio.start_server(one.serve, "127.0.0.1", 0)
    one.port = server.sockets[0].getsockname()[1]
    yield one
    server.close()


@asynccontextmanager
async def process(crew: Any, port: int, dies_at: str = "never") -> AsyncIterator[Process]:
    """The service as it is run, on the crew's database."""
    started = await asyncio.create_subprocess_exec(
        sys.executable,
        str(DIES),
        dies_at,
        env={
            **os.environ,
            **crew.database.environment(),
            "VIGIE_BIND_PORT": str(port),
            "VIGIE_WEBHOOK_ALLOWED_NETWORKS": "127.0.0.0/8",
            "VIGIE_INCIDENT_MANAGEMENT_URL": "http://127.0.0.1:9",
        },
        stdout=DEVNULL,
        stderr=STDOUT,
    )
    try:
        yield started
    finally:
        if started.returncode is None:
            started.kill()
        await started.wait()


async def until(true: Callable[[], Any]) -> None:
    for _ in range(int(PATIENCE_SECONDS / BETWEEN_LOOKS)):
        if true():
            return
        await asyncio.sleep(BETWEEN_LOOKS)
    pytest.fail(f"it did not come to that within {PATIENCE_SECONDS:g} s")


async def a_step_is_due(crew: Any, receiver: Receiver, event: dict[str, Any]) -> None:
    """Ada was paged, and it is Ben's turn, who is reached at the receiver."""
    way = {"channel": "webhook", "target": f"http://127.0.0.1:{receiver.port}/ben"}
    await crew.ok("PATCH", "/api/v1/people/Ben", json={"contact_methods": [way]})
    steps = [{"target": "person", "person": name} for name in ("Ada", "Ben")]
    await crew.ok("PATCH", "/api/v1/policies/Payments", json={"steps": steps, "repeat": 0})
    await crew.hear(event)
    assert await crew.tick() == ["Ada"]
    crew.database.query("UPDATE escalations SET due_at = now()")


@pytest.fixture
async def crew(start: Any, crew_database: Any) -> AsyncIterator[Any]:
    """As in other tests, where people may be reached inside."""
    copy = databases.copy(crew_database)
    async with start(copy, webhook_allowed_networks="127.0.0.0/8") as on_duty:
        yield on_duty
    databases.drop(copy)


@pytest.mark.parametrize("point", POINTS)
async def test_a_kill_loses_no_page_and_repeats_one_only_under_its_key(
    crew: Any,
    receiver: Receiver,
    incident_event: Any,
    free_port: Callable[[], int],
    point: str,
) -> None:
    await a_step_is_due(crew, receiver, incident_event())
    if point == "sent, not answered":
        receiver.hangs = True
        async with process(crew, free_port()) as killed:
            await until(lambda: receiver.keys)
            killed.kill()
        receiver.hangs = False
    else:
        async with process(crew, free_port(), dies_at=point) as killed:
            async with asyncio.timeout(PATIENCE_SECONDS):
                await killed.wait()
    assert killed.returncode == -signal.SIGKILL, "it came to that point"

    def outcomes() -> list[Any]:
        return crew.database.query("SELECT outcome FROM notifications WHERE step = 1")

    async with process(crew, free_port()):
        await until(lambda: outcomes() == [("sent",)])
        # Whatever would come twice comes in the cycles after it.
        await asyncio.sleep(1.5)
    [(key,)] = crew.database.query("SELECT idempotency_key FROM notifications WHERE step = 1")
    assert receiver.keys == [key] * POINTS[point]
    assert outcomes() == [("sent",)]
    steps = crew.database.query("SELECT round, step FROM escalation_decisions ORDER BY step")
    assert steps == [(0, 0), (0, 1)], "the step was done once"
    told = crew.database.query(
        "SELECT payload->>'type' FROM outbox WHERE payload->'person'->>'name' = 'Ben' ORDER BY 1"
    )
    assert len(told) == len(set(told)), "and incident-management was told once of each"
    [(status,)] = crew.database.query("SELECT status FROM escalations")
    assert status == "running"
