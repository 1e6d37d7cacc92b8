"""The service as it is run: a process that is configured, asked, and stopped."""

import json
import os
import secrets
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any

import httpx

from shared.auth import hash_token


def wait_until_ready(url: str, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        assert process.poll() is None, "it ended instead of starting"
        try:
            if httpx.get(f"{url}/ready").status_code == 200:
                return
        except httpx.TransportError:
            pass  # not listening yet
        time.sleep(0.1)
    raise AssertionError("not ready within a minute")


def test_a_stop_ends_streams_at_once_and_the_process_soon(
    make_database: Callable[[str], Any], free_port: Callable[[], int]
) -> None:
    token, port = secrets.token_hex(16), free_port()
    process = subprocess.Popen(
        [sys.executable, "-m", "incident_management"],
        env={
            **os.environ,
            **make_database("incident-management").environment(),
            "VIGIE_BIND_PORT": str(port),
            "VIGIE_CALLERS": json.dumps({"web-ui": hash_token(token)}),
        },
    )
    url = f"http://127.0.0.1:{port}"
    try:
        wait_until_ready(url, process)
        headers = {"Authorization": f"Bearer {token}"}
        with httpx.stream("GET", f"{url}/api/v1/events", headers=headers, timeout=30) as stream:
            lines = stream.iter_lines()
            assert "event: hello" in [next(lines) for _ in range(3)]
            process.send_signal(signal.SIGTERM)
            stopped = time.monotonic()
            assert all(line.startswith((":", "data")) or not line for line in lines)
            assert time.monotonic() - stopped < 7, "it was drained instead of ended"
        process.wait(timeout=30)
    finally:
        process.kill()
        process.wait()
