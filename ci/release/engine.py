"""The Docker Engine and compose, as the release code uses them."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any


class EngineError(Exception):
    """A command of docker failed; the message holds its last words."""


def docker(*arguments: str, seconds: float = 120) -> str:
    """Run docker and return what it printed; EngineError names the command and the reason."""
    done = subprocess.run(
        ["docker", *arguments],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        errors="replace",
        timeout=seconds,
        check=False,
    )
    if done.returncode != 0:
        said = done.stderr.strip() or done.stdout.strip()
        raise EngineError(f"docker {' '.join(arguments[:4])}: {said[-800:]}")
    return done.stdout


@dataclass(frozen=True)
class Stack:
    """A compose project and the rendered file it runs from."""

    project: str
    file: Path

    def compose(self, *arguments: str, seconds: float = 120) -> str:
        """`docker compose` of this project; see `docker` for errors."""
        return docker(
            "compose", "-p", self.project, "-f", str(self.file), *arguments, seconds=seconds
        )

    def up(self, health_seconds: int) -> None:
        """Start everything and wait for health; nothing is built and nothing pulled."""
        wait = ("--wait", "--wait-timeout", str(health_seconds))
        arguments = ("up", "-d", "--no-build", "--pull", "never", "--remove-orphans", *wait)
        self.compose(*arguments, seconds=health_seconds + 60)

    def down(self) -> None:
        """Stop and remove the containers; the data stays."""
        self.compose("down", "--remove-orphans", seconds=240)

    def containers(self) -> list[dict[str, Any]]:
        """One entry a container, stopped ones included, as `compose ps --format json` gives it."""
        lines = self.compose("ps", "--all", "--format", "json").splitlines()
        return [json.loads(line) for line in lines if line.strip()]

    def unhealthy(self) -> list[str]:
        """Sentences about containers that are not what they should be."""
        sentences = []
        for container in self.containers():
            name, state = container["Service"], container["State"]
            health, code = container.get("Health", ""), container.get("ExitCode", 0)
            finished = state == "exited" and code == 0 and not health
            if finished and self.is_one_shot(name):
                continue
            if state != "running" or health not in {"", "healthy"}:
                detail = f", exit code {code}" if state == "exited" else ""
                sentences.append(f"{name} is {health or state}{detail}")
        return sentences

    def services(self) -> list[str]:
        """The names of all services, running or not."""
        return list(self._services())

    def _services(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.file.read_text(encoding="utf-8"))["services"]
        return found

    def is_one_shot(self, service: str) -> bool:
        """Whether a service is meant to end (`restart: "no"` and waited for as completed)."""
        return any(
            needed.get("condition") == "service_completed_successfully"
            for other in self._services().values()
            for name, needed in other.get("depends_on", {}).items()
            if name == service
        )

    def evidence(self, folder: Path) -> None:
        """Leave state, logs and resource use of every container in `folder`, for whoever looks."""
        folder.mkdir(parents=True, exist_ok=True)
        questions: dict[str, Sequence[str]] = {
            "state.txt": ("ps", "--all"),
            "logs.txt": ("logs", "--no-color", "--timestamps", "--tail", "500"),
        }
        for name, arguments in questions.items():
            try:
                text = self.compose(*arguments)
            except (EngineError, subprocess.TimeoutExpired) as error:
                text = f"could not be had: {error}\n"
            (folder / name).write_text(text, encoding="utf-8")

    def last_words(self, service: str, lines: int = 15) -> str:
        """The last log lines of one service."""
        return self.compose("logs", "--no-color", "--no-log-prefix", "--tail", str(lines), service)


def sweep(project: str) -> None:
    """Remove whatever bears the project's label: containers, networks, volumes; then look again."""
    label = f"label=com.docker.compose.project={project}"
    for _ in range(2):
        containers = docker("ps", "--all", "--quiet", "--filter", label).split()
        if containers:
            docker("rm", "--force", "--volumes", *containers)
        networks = docker("network", "ls", "--quiet", "--filter", label).split()
        if networks:
            docker("network", "rm", *networks)
        volumes = docker("volume", "ls", "--quiet", "--filter", label).split()
        if volumes:
            docker("volume", "rm", "--force", *volumes)
    left = [
        *docker("ps", "--all", "--quiet", "--filter", label).split(),
        *docker("network", "ls", "--quiet", "--filter", label).split(),
        *docker("volume", "ls", "--quiet", "--filter", label).split(),
    ]
    if left:
        raise EngineError(f"{project}: these could not be removed: {', '.join(left)}")
