"""A whole installation for a journey: the four processes as ./services/run.sh runs them."""

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import httpx

from pipeline.processes import MARKER
from vigie_local import programs, run_state, secret_files
from vigie_local.installation import PORTS, REPOSITORY, Installation
from vigie_local.ports import find_free
from vigie_local.programs import Program

START_SECONDS = 120
# How long a thing that should happen soon may take on a busy machine of two cores.
SOON_SECONDS = 30.0

Answer = TypeVar("Answer")


def wait_until(
    what: str,
    probe: Callable[[], Answer],
    seconds: float = SOON_SECONDS,
    explain: Callable[[], str] = str,
) -> Answer:
    """The first truthy answer of ``probe``.

    Fails when there is none in time, naming ``what``, and with what ``explain`` finds then.
    """
    deadline = time.monotonic() + seconds
    while True:
        answer = probe()
        if answer:
            return answer
        if time.monotonic() > deadline:
            raise AssertionError(
                f"waited {seconds:g} s in vain for {what}; last answer: {answer!r}\n{explain()}"
            )
        time.sleep(0.05)


@dataclass
class Stack:
    """One installation with ports and state of its own."""

    installation: Installation
    environment: dict[str, str]
    api: httpx.Client = field(init=False)
    sender: httpx.Client = field(init=False)
    key: str = field(init=False)
    token: str = field(init=False)

    @classmethod
    def make(cls, state: Path, **settings: str) -> "Stack":
        """One that is not started yet; ``settings`` are further variables of its environment."""
        environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("VIGIE_")},
            # By which the stage that runs these tests finds what they leave when it is stopped.
            **{name: os.environ[name] for name in (MARKER,) if name in os.environ},
            **{variable: str(find_free()) for variable, _ in PORTS.values()},
            "VIGIE_STATE_DIR": str(state),
            # A test run that is killed must not leave an installation running.
            "VIGIE_RUN_WHILE_PID": str(os.getpid()),
            **settings,
        }
        return cls(Installation.from_environment(environment), environment)

    def run(self, *flags: str, timeout: float = START_SECONDS) -> subprocess.CompletedProcess[str]:
        """``./services/run.sh FLAGS``, without the part that makes the .venv this runs in."""
        return subprocess.run(
            [sys.executable, "-m", "vigie_local", *flags],
            cwd=REPOSITORY,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
        )

    def start(self) -> float:
        """Start it; the seconds until everything was ready."""
        began = time.monotonic()
        done = self.run("--detach")
        assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
        self.key = secret_files.read(self.installation.secrets, "ingestion_key")
        self.token = secret_files.read(self.installation.secrets, "api_token")
        self._close()
        self.api, self.sender = (
            httpx.Client(headers={"Authorization": f"Bearer {key}"}, timeout=15, trust_env=False)
            for key in (self.token, self.key)
        )
        return time.monotonic() - began

    def stop(self) -> None:
        """Stop it, and remove what it made."""
        self._close()
        done = self.run("--reset")
        assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"

    def _close(self) -> None:
        for name in ("api", "sender"):
            if hasattr(self, name):
                getattr(self, name).close()

    def url(self, name: str, path: str = "") -> str:
        """An address of one of the services."""
        return self.installation.url(name) + path

    def get(self, name: str, path: str, **query: Any) -> Any:
        """The JSON answer of a service to a GET with the API token."""
        answer = self.api.get(self.url(name, path), params=query)
        answer.raise_for_status()
        return answer.json()

    def items(self, name: str, path: str, **query: Any) -> list[dict[str, Any]]:
        """Every item of a list."""
        found: list[dict[str, Any]] = []
        cursor: str | None = None
        while True:
            page = self.get(
                name, path, limit=200, **({"cursor": cursor} if cursor else {}), **query
            )
            found += page["items"]
            cursor = page["next_cursor"]
            if cursor is None:
                return found

    def incident(self, incident_id: str) -> dict[str, Any]:
        """One incident as the API shows it."""
        found: dict[str, Any] = self.get("incident-management", f"/api/v1/incidents/{incident_id}")
        return found

    def incidents(self, **query: Any) -> list[dict[str, Any]]:
        """Incidents, filtered."""
        return self.items("incident-management", "/api/v1/incidents", **query)

    def pages(self, incident_id: str) -> list[dict[str, Any]]:
        """The pages that went out for an incident, one for each message to a person."""
        found = self.items("oncall-service", "/api/v1/notifications", incident_id=incident_id)
        return [notification for notification in found if notification["kind"] == "page"]

    def trouble(self, incident_ids: list[str]) -> str:
        """What the installation knows about incidents that nobody was told of."""
        lines = []
        for incident_id in incident_ids:
            lines.append(f"{self.incident(incident_id)}")
            lines += map(
                str, self.items("oncall-service", "/api/v1/escalations", incident_id=incident_id)
            )
        for name in ("alert-ingestion", "incident-management", "oncall-service"):
            owed = {key: value for key, value in self.samples(name).items() if "outbox" in key}
            logged = [line for line in self.seen(name).splitlines() if '"warning"' in line]
            lines += [f"{name} owes {owed}", *logged[-10:]]
        return "\n".join(lines)

    def patch(self, incident_id: str, **changes: Any) -> httpx.Response:
        """Change an incident with the API token."""
        return self.api.patch(
            self.url("incident-management", f"/api/v1/incidents/{incident_id}"), json=changes
        )

    def alert(self, url: str | None = None, **fields: Any) -> httpx.Response:
        """Send one alert in the native format."""
        body = {"severity": "high", "message": "made up", **fields}
        return self.sender.post(
            f"{url or self.url('alert-ingestion')}/api/v1/alerts",
            json=body,
        )

    def samples(self, name: str) -> dict[str, float]:
        """Everything in /metrics of a service: {name with labels: value}."""
        text = self.api.get(self.url(name, "/metrics")).text
        lines = (line for line in text.splitlines() if line and not line.startswith("#"))
        return {series: float(value) for series, _, value in (x.rpartition(" ") for x in lines)}

    def state(self) -> run_state.RunState:
        """What the supervisor says it runs."""
        found = run_state.read(self.installation.run)
        assert found is not None, "the installation runs"
        return found

    def pid(self, name: str) -> int | None:
        """The process of a program; None while it is down."""
        process = self.state().children[name].process
        return process.pid if process is not None and process.is_running() else None

    def kill(self, name: str) -> None:
        """``kill -9`` of a program that runs."""
        os.kill(wait_until(f"{name} to run", lambda: self.pid(name)), signal.SIGKILL)

    @contextlib.contextmanager
    def kept_down(self, name: str) -> Iterator[None]:
        """Kill a program, and again whenever the supervisor has brought it back, until the end."""
        over = threading.Event()

        def keep_down() -> None:
            while not over.is_set():
                if (pid := self.pid(name)) is not None:
                    with contextlib.suppress(ProcessLookupError):
                        os.kill(pid, signal.SIGKILL)
                over.wait(0.02)

        killer = threading.Thread(target=keep_down)
        killer.start()
        try:
            if name != "postgres":
                wait_until(f"{name} to be down", lambda: not self.is_ready(name))
            yield
        finally:
            over.set()
            killer.join()

    def is_ready(self, name: str) -> bool:
        """Whether a service says that it can do its work."""
        try:
            return self.api.get(self.url(name, "/ready"), timeout=2).status_code == 200
        except httpx.TransportError:
            return False

    def wait_ready(self, *names: str) -> None:
        """Wait until services are ready again; a restart may back off for a while."""
        for name in names:
            wait_until(f"{name} to be ready", lambda name=name: self.is_ready(name), 60)  # type: ignore[misc]

    def copy_of(self, name: str) -> Program:
        """A second copy of a service, on a port of its own and the same database."""
        return programs.service(
            self.installation,
            name,
            database_port=self.state().ports["postgres"],
            environment=self.environment,
            port=find_free(),
        )

    def seen(self, log: str) -> str:
        """What a program has logged so far."""
        return (self.installation.logs / f"{log}.log").read_text(errors="replace")


@contextlib.contextmanager
def running(program: Program, log: Path) -> Iterator[str]:
    """A further program beside the stack, until the end of the block; its address."""
    with log.open("ab") as output:
        process = subprocess.Popen(
            program.command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            cwd=program.folder,
            env=dict(program.environment),
            start_new_session=True,
        )
    try:
        wait_until(f"{program.name} to be ready", program.ready, START_SECONDS)
        yield f"http://127.0.0.1:{program.environment['VIGIE_BIND_PORT']}"
    finally:
        process.terminate()
        process.wait(30)


def on_call(
    stack: Stack,
    team: str,
    person: str,
    services: list[str],
    *,
    hours: dict[str, str] | None = None,
    **method: str,
) -> None:
    """A team whose one member is on call, always or in some hours, and what it answers for."""
    bodies: list[tuple[str, dict[str, Any]]] = [
        ("people", {"name": person, "contact_methods": [{"channel": "log", **method}]}),
        ("teams", {"name": team, "members": [person]}),
        (
            "schedules",
            {
                "name": team,
                "team": team,
                "layers": [
                    {
                        "participants": [person],
                        "start": "2026-01-05T09:00:00",
                        "hours": [hours] if hours else [],
                    }
                ],
            },
        ),
        ("policies", {"name": team, "team": team, "steps": [{"target": "primary"}]}),
        *(("services", {"name": service, "team": team}) for service in services),
    ]
    for kind, body in bodies:
        answer = stack.api.post(stack.url("oncall-service", f"/api/v1/{kind}"), json=body)
        assert answer.status_code == 201, answer.text
