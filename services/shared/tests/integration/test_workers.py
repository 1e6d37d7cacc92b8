"""Several processes behind one port: who answers, who is brought back, and what they measure."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import psutil
import pytest

PROGRAM = """
import os
from litestar import get
from shared.app import ServiceParts, assemble
from shared.server import serve
from shared.settings import ServiceSettings

@get("/who")
async def who() -> dict[str, int]:
    return {"pid": os.getpid()}

@get("/hang", sync_to_thread=False)
def hang() -> None:
    import time
    time.sleep(3600)

def create_app(settings):
    if os.environ.get("PROBE_FAILS"):
        raise SystemExit(7)
    return assemble(ServiceParts("probe", "A probe.", "abc", [who, hang]))

serve("probe", create_app, ServiceSettings)
"""
WORKERS = 3


@dataclass
class Probe:
    process: "subprocess.Popen[str]"
    url: str
    log: Path

    def pids(self) -> set[int]:
        """Who answers, each on a connection of its own."""
        deadline = time.monotonic() + 30
        found: set[int] = set()
        while len(found) < WORKERS and time.monotonic() < deadline:
            try:
                found.add(httpx.get(f"{self.url}/who", trust_env=False).json()["pid"])
            except httpx.TransportError:
                time.sleep(0.05)
        assert len(found) == WORKERS, self.log.read_text()
        return found

    def wait_for(self, gone: int) -> None:
        deadline = time.monotonic() + 60
        while psutil.pid_exists(gone):
            assert time.monotonic() < deadline, self.log.read_text()
            time.sleep(0.05)


def start(port: int, folder: Path, **more: str) -> "subprocess.Popen[str]":
    (folder / "probe.py").write_text(PROGRAM)
    environment = {**os.environ, "VIGIE_BIND_PORT": str(port), "VIGIE_WORKERS": str(WORKERS)}
    with (folder / "log").open("w") as log:
        return subprocess.Popen(  # noqa: S603 - the probe above
            [sys.executable, str(folder / "probe.py")],
            env={**environment, **more},
            stdout=log,
            stderr=log,
            text=True,
        )


@pytest.fixture
def probe(free_port: Callable[[], int], tmp_path: Path) -> Iterator[Probe]:
    port = free_port()
    process = start(port, tmp_path)
    yield Probe(process, f"http://127.0.0.1:{port}", tmp_path / "log")
    process.kill()
    process.wait()


def test_all_answer_behind_one_port_and_stop_together(probe: Probe) -> None:
    pids = probe.pids()
    assert probe.process.pid not in pids
    probe.process.send_signal(signal.SIGTERM)
    assert probe.process.wait(10) == 0
    assert not any(psutil.pid_exists(pid) for pid in pids)


def test_one_that_is_killed_is_brought_back_and_the_others_go_on(probe: Probe) -> None:
    before = probe.pids()
    killed = min(before)
    os.kill(killed, signal.SIGKILL)
    probe.wait_for(killed)
    after = probe.pids()
    assert len(before & after) == WORKERS - 1
    assert "worker_ended" in probe.log.read_text()


def test_with_the_parent_all_are_gone_and_the_port_is_free(probe: Probe, tmp_path: Path) -> None:
    before = probe.pids()
    probe.process.kill()
    probe.process.wait()
    for pid in before:
        probe.wait_for(pid)
    again = start(int(probe.url.rpartition(":")[2]), tmp_path)
    try:
        assert probe.pids().isdisjoint(before)
    finally:
        again.kill()
        again.wait()


def test_what_each_measures_is_told_apart(probe: Probe) -> None:
    probe.pids()
    page = httpx.get(f"{probe.url}/metrics", trust_env=False).text
    asked = [line for line in page.splitlines() if line.startswith("http_requests_total{")]
    answered = [line for line in asked if 'route="/who"' in line and 'status="2xx"' in line]
    assert sorted(line.partition('worker="')[2][0] for line in answered) == ["0", "1", "2"]
    assert all(float(line.rpartition(" ")[2]) > 0 for line in answered)
    assert page.count("# TYPE process_resident_memory_bytes") == 1
    own = httpx.get(f"{probe.url}/metrics?part=worker", trust_env=False).text
    assert 'worker="' not in own


def test_a_start_that_fails_is_not_tried_again(
    free_port: Callable[[], int], tmp_path: Path
) -> None:
    process = start(free_port(), tmp_path, PROBE_FAILS="1")
    try:
        assert process.wait(20) == 7
    finally:
        process.kill()
