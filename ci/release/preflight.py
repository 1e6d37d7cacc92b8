"""Before anything is changed: can this deploy succeed at all?"""

from __future__ import annotations

import shutil
import socket
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from release.engine import docker

_FREE_BYTES = 1_000_000_000


class NotReadyError(Exception):
    """The deploy cannot succeed; nothing was changed yet."""


def require(compose: Mapping[str, Any], project: str) -> None:
    """NotReadyError with everything that stands in the way, if anything does."""
    found = complaints(compose, project)
    if found:
        raise NotReadyError("; ".join(found))


def complaints(compose: Mapping[str, Any], project: str) -> list[str]:
    """Sentences about what would make the start fail: taken ports, no disk space."""
    found = []
    ours = _published_by(project)
    for name, service in compose["services"].items():
        for port in service.get("ports", ()):
            published = str(port.get("published", ""))
            if published.isdecimal() and int(published) and published not in ours:
                host = port.get("host_ip") or "127.0.0.1"
                if _taken(host, int(published)):
                    found.append(
                        f"{name}: port {published} on {host} is taken by something else "
                        "(./services/run.sh --stop, or set another port in .env)"
                    )
    free = shutil.disk_usage(Path.cwd()).free
    if free < _FREE_BYTES:
        found.append(f"only {free / 1e6:.0f} MB are free on this disk")
    return found


def _published_by(project: str) -> set[str]:
    """Host ports that the project's own containers hold: they are freed before the start."""
    label = f"label=com.docker.compose.project={project}"
    listed = docker("ps", "--filter", label, "--format", "{{.Ports}}")
    return {
        part.partition("->")[0].rpartition(":")[2]
        for line in listed.splitlines()
        for part in line.split(", ")
        if "->" in part
    }


def _taken(host: str, port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return True
    return False
