"""A real process: how it starts, drains and refuses to start."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from shared import healthcheck

PROGRAM = """
import asyncio
from litestar import Request, get
from litestar.response import ServerSentEvent
from shared.app import ServiceParts, assemble
from shared.server import serve
from shared.settings import ServiceSettings

@get("/stream")
async def stream(request: Request) -> ServerSentEvent:
    async def beats():
        yield {"data": "first"}
        await request.app.state.stopping.wait()
    return ServerSentEvent(beats())

def create_app(settings):
    return assemble(ServiceParts("probe", "A probe.", "abc", [stream]))

serve("probe", create_app, ServiceSettings)
"""


@pytest.fixture
def port(free_port: Callable[[], int]) -> int:
    return free_port()


@pytest.fixture
def process(port: int, tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    (tmp_path / "probe.py").write_text(PROGRAM)
    environment = {**os.environ, "VIGIE_BIND_PORT": str(port)}
    with (tmp_path / "log").open("w") as log:
        process = subprocess.Popen(  # noqa: S603 - the probe above
            [sys.executable, str(tmp_path / "probe.py")], env=environment, stdout=log, text=True
        )
    deadline = time.monotonic() + 30
    while True:
        try:
            httpx.get(f"http://127.0.0.1:{port}/health", trust_env=False)
            break
        except httpx.ConnectError:
            assert time.monotonic() < deadline, (tmp_path / "log").read_text()
            time.sleep(0.05)
    yield process
    process.kill()
    process.wait()


def test_sigterm_ends_streams_at_once_and_the_process_within_ten_seconds(
    process: subprocess.Popen[str], port: int, tmp_path: Path
) -> None:
    base = f"http://127.0.0.1:{port}"
    with httpx.Client(base_url=base, trust_env=False, timeout=15) as client:
        with client.stream("GET", "/stream") as stream:
            lines = stream.iter_lines()
            assert next(lines) == "data: first"
            process.send_signal(signal.SIGTERM)
            started = time.monotonic()
            assert [line for line in lines if line] == []
        # uvicorn raises the signal again when it is done, as a well-behaved program does.
        assert process.wait(10) == -signal.SIGTERM
        assert time.monotonic() - started < 10
    for line in (tmp_path / "log").read_text().splitlines():
        assert json.loads(line)["service"] == "probe"


def test_the_container_health_check_agrees_with_the_service(
    process: subprocess.Popen[str], port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VIGIE_BIND_PORT", str(port))
    assert healthcheck.main() == 0
    assert healthcheck.main("/nowhere") == 1
    process.kill()
    process.wait()
    assert healthcheck.main() == 1


def test_a_service_without_sense_in_its_settings_says_so_and_exits_78(tmp_path: Path) -> None:
    (tmp_path / "probe.py").write_text(PROGRAM)
    done = subprocess.run(  # noqa: S603 - the probe above
        [sys.executable, str(tmp_path / "probe.py")],
        env={**os.environ, "VIGIE_BIND_PORT": "none"},
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert done.returncode == 78
    assert "VIGIE_BIND_PORT" in done.stderr
    assert "Traceback" not in done.stderr
