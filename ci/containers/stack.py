"""One ephemeral stack, driven through docker compose as a person would drive it."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import time
import urllib.error
import urllib.request
import uuid
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

ROOT = Path(__file__).parents[2]
OVERLAYS = Path(__file__).parent
OFFLINE_ENV = ROOT / ".ci-out/offline.env"
FOUR = ("alert-ingestion", "incident-management", "oncall-service", "web-ui")
PORTS = {
    "alert-ingestion": 8001,
    "incident-management": 8002,
    "oncall-service": 8003,
    "web-ui": 8080,
    "prometheus": 9090,
}


@dataclass(frozen=True)
class Reply:
    """An HTTP answer; ``status`` 0 means there was none, with the reason in ``body``."""

    status: int
    body: Any


def docker(*arguments: str, check: bool = True, stdin: str | None = None) -> str:
    """The output of a docker command; its error output is in the exception when it fails."""
    done = subprocess.run(
        ["docker", *arguments], capture_output=True, text=True, check=False, input=stdin, cwd=ROOT
    )
    if check and done.returncode != 0:
        raise AssertionError(f"docker {' '.join(arguments)}\n{done.stdout}\n{done.stderr}")
    return done.stdout


def wait_until(what: str, condition: Callable[[], object], seconds: float = 180) -> float:
    """Seconds until ``condition`` held; fails after ``seconds``."""
    start = time.monotonic()
    while not condition():
        assert time.monotonic() - start < seconds, f"waited {seconds} s in vain: {what}"
        time.sleep(0.2)
    return time.monotonic() - start


def request(
    url: str, payload: object | None = None, token: str | None = None, method: str | None = None
) -> Reply:
    """One request, no retry."""
    data = None if payload is None else json.dumps(payload).encode()
    headers = {"Content-Type": "application/json"}
    if token:
        headers["Authorization"] = f"Bearer {token}"
    call = urllib.request.Request(url, data=data, headers=headers, method=method)  # noqa: S310
    try:
        with urllib.request.urlopen(call, timeout=30) as answer:  # noqa: S310 - our own stack
            raw = answer.read()
            return Reply(answer.status, json.loads(raw) if raw[:1] in (b"{", b"[") else raw)
    except urllib.error.HTTPError as error:
        return Reply(error.code, error.read())
    except OSError as error:
        return Reply(0, str(error))


def free_ports(count: int) -> int:
    """The first of ``count`` ports in a row that nobody listens on."""
    for _ in range(100):
        with ExitStack() as open_until_now:
            listeners = [open_until_now.enter_context(socket.socket()) for _ in range(count)]
            listeners[0].bind(("127.0.0.1", 0))
            first: int = listeners[0].getsockname()[1]
            try:
                for offset, listener in enumerate(listeners[1:], start=1):
                    listener.bind(("127.0.0.1", first + offset))
            except (OSError, OverflowError):
                continue
            return first
    raise AssertionError(f"no {count} free ports in a row")


class Stack:
    """A stack under a name of its own: up when entered, gone without a trace when left."""

    def __init__(self, *overlays: str, product: bool = False, **variables: str) -> None:
        """``product``: docker-compose.yml as it is; ``variables`` then name free ports."""
        self.project = f"vigie-test-{uuid.uuid4().hex[:8]}"
        self._files = [
            ROOT / "docker-compose.yml",
            *([] if product else [ROOT / "docker-compose.ci.yml"]),
            *(OVERLAYS / f"{name}.yml" for name in overlays),
        ]
        self._env_file: Path | None = OFFLINE_ENV if OFFLINE_ENV.is_file() else None
        self.variables = {"VIGIE_TEST_PORT": str(free_ports(1)), **variables}
        self._addresses: dict[str, str] = {}
        self._secrets: dict[str, str] | None = None

    # --- life ---

    def __enter__(self) -> Self:
        try:
            self.up()
        except BaseException:
            self.down()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.down()

    def up(self, *services: str) -> float:
        """Bring it up (again) and wait for health; seconds it took."""
        start = time.monotonic()
        self.compose(
            "up", "-d", "--no-build", "--wait", "--wait-timeout", "300", *self._scale(), *services
        )
        self._addresses.clear()
        return time.monotonic() - start

    def down(self) -> None:
        """Away with containers, networks and volumes."""
        self.compose("down", "--volumes", "--remove-orphans", "--timeout", "5")

    def environment(self) -> dict[str, str]:
        """What makes plain `docker compose`, and scripts that call it, speak of this stack."""
        found = {
            "COMPOSE_PROJECT_NAME": self.project,
            "COMPOSE_FILE": ":".join(map(str, self._files)),
            **self.variables,
        }
        if self._env_file:
            found["COMPOSE_ENV_FILES"] = str(self._env_file)
        return found

    def compose(self, *arguments: str, check: bool = True, stdin: str | None = None) -> str:
        """The output of `docker compose ...` on this stack."""
        done = subprocess.run(
            ["docker", "compose", *arguments],
            capture_output=True,
            text=True,
            check=False,
            input=stdin,
            cwd=ROOT,
            env={**os.environ, **self.environment()},
        )
        if check and done.returncode != 0:
            state = "" if arguments[0] == "ps" else self.compose("ps", "-a", check=False)
            logs = self.compose("logs", "--tail", "20", check=False) if arguments[0] == "up" else ""
            raise AssertionError(
                f"docker compose {' '.join(arguments)}\n{done.stdout}\n{done.stderr}\n"
                f"{state}\n{logs}"
            )
        return done.stdout

    def _scale(self) -> list[str]:
        without_grafana = self._env_file and "no-grafana" in self._env_file.read_text()
        return ["--scale", "grafana=0"] if without_grafana else []

    # --- asking it ---

    def containers(self) -> dict[str, dict[str, Any]]:
        """Service -> what `docker inspect` says of its (first) container, ended ones included."""
        ids = self.compose("ps", "--all", "--quiet").split()
        inspected: list[dict[str, Any]] = json.loads(docker("inspect", *ids))
        return {
            item["Config"]["Labels"]["com.docker.compose.service"]: item
            for item in reversed(inspected)
        }

    def health(self, service: str) -> str:
        """What Docker thinks of the container: healthy, starting, unhealthy, or how it ended."""
        state = self.containers()[service]["State"]
        return str(state.get("Health", {}).get("Status") if state["Running"] else state["Status"])

    def url(self, service: str, path: str = "") -> str:
        """Where a service answers from this machine."""
        if service not in self._addresses:
            self._addresses[service] = self.compose("port", service, str(PORTS[service])).strip()
        return f"http://{self._addresses[service]}{path}"

    def secret(self, name: str) -> str:
        """One of the secrets that a person may see."""
        if self._secrets is None:
            shown = self.compose(
                "run", "--rm", "--no-deps", "-T", "secrets", "/run/secrets", "show"
            )
            self._secrets = dict(json.loads(shown))
        return self._secrets[name]

    def forget(self) -> None:
        """Ask again: other secrets after a restore, other ports after a restart."""
        self._secrets = None
        self._addresses.clear()

    def sql(self, query: str) -> str:
        """The rows of a query, as the superuser, unaligned."""
        return self.compose(
            "exec", "-T", "postgres", "psql", "-XAtq", "-U", "postgres", "-d", "vigie", "-c", query
        ).strip()

    def send_alert(self, service: str, message: str, severity: str = "high") -> Reply:
        """One alert in the native format."""
        return request(
            self.url("alert-ingestion", "/api/v1/alerts"),
            {"service": service, "severity": severity, "message": message},
            self.secret("ingestion_key"),
        )

    def running_tag(self, service: str) -> str:
        """The tag of the image that a service runs."""
        return str(self.containers()[service]["Config"]["Image"]).rpartition(":")[2]

    def services_with_incidents(self, prefix: str) -> set[str]:
        """Services whose name begins with ``prefix`` that have an incident.

        The platform watches itself, so on a busy machine there may be incidents nobody planted.
        """
        answer = request(
            self.url("incident-management", "/api/v1/incidents?limit=200"),
            token=self.secret("api_token"),
        )
        assert answer.status == 200, answer
        return {
            incident["service"]
            for incident in answer.body["items"]
            if incident["service"].startswith(prefix)
        }

    def incidents(self) -> list[dict[str, Any]]:
        """Up to 200 incidents, the newest first."""
        answer = request(
            self.url("incident-management", "/api/v1/incidents?limit=200"),
            token=self.secret("api_token"),
        )
        assert answer.status == 200, answer
        found: list[dict[str, Any]] = answer.body["items"]
        return found
