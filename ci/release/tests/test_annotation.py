"""A deployment leaves its mark in Grafana, and is none the worse where it cannot."""

import json
import os
import subprocess
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from release import annotation
from release.engine import EngineError, Stack


class Grafana(BaseHTTPRequestHandler):
    """Notes what it is sent."""

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.got.append((self.path, self.headers["Authorization"], json.loads(body)))  # type: ignore[attr-defined]
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Quietly."""


@pytest.fixture
def grafana() -> Iterator[ThreadingHTTPServer]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Grafana)
    server.got = []  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


class Here(Stack):
    """A stack whose only container is this machine."""

    def containers(self) -> list[dict[str, object]]:
        return [{"Service": "grafana"}]

    def compose(self, *arguments: str, seconds: float = 120) -> str:
        assert arguments[:3] == ("exec", "--no-TTY", "grafana")
        shell, options, script, *rest = arguments[3:]
        script = script.replace("/run/secrets/grafana/", f"{self.file.parent}/")
        script = script.replace("127.0.0.1:3000", os.environ["GRAFANA_OF_THIS_TEST"])
        done = subprocess.run(
            [shell, options, script, *rest],
            capture_output=True,
            text=True,
            timeout=seconds,
            check=False,
        )
        if done.returncode:
            raise EngineError(f"docker compose exec: {done.stderr}")
        return done.stdout


@pytest.fixture
def stack(tmp_path: Path, grafana: ThreadingHTTPServer, monkeypatch: pytest.MonkeyPatch) -> Here:
    monkeypatch.setenv("GRAFANA_OF_THIS_TEST", f"127.0.0.1:{grafana.server_port}")
    (tmp_path / "grafana_admin_password").write_text("pass word", encoding="utf-8")
    return Here("vigie", tmp_path / "compose.json")


def test_grafana_is_told_what_was_deployed(stack: Here, grafana: ThreadingHTTPServer) -> None:
    assert annotation.deployed(stack, "2026-1", "abc+") == "annotated in Grafana"
    assert grafana.got == [  # type: ignore[attr-defined]
        (
            "/api/annotations",
            "Basic YWRtaW46cGFzcyB3b3Jk",
            {"tags": ["vigie", "deployment"], "text": "Deployed 2026-1 (commit abc+)"},
        )
    ]


def test_a_grafana_that_does_not_answer_is_said_and_no_failure(
    stack: Here, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GRAFANA_OF_THIS_TEST", "127.0.0.1:9")
    said = annotation.deployed(stack, "2026-1", "abc")
    assert said.startswith("no annotation was written to Grafana: ")
    assert "pass word" not in said


def test_an_installation_without_grafana_is_not_asked(
    stack: Here, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Here, "containers", lambda _: [{"Service": "web-ui"}])
    assert annotation.deployed(stack, "1", "abc") == "no annotation: Grafana does not run here"


def test_an_engine_that_fails_meanwhile_is_said_and_no_failure(
    stack: Here, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(_: Here) -> list[dict[str, object]]:
        raise EngineError("docker compose ps: gone")

    monkeypatch.setattr(Here, "containers", fails)
    said = annotation.deployed(stack, "1", "abc")
    assert said == "no annotation was written to Grafana: docker compose ps: gone"
