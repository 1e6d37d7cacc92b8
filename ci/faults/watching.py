"""What a drill watches while it lasts: memory against the limits of compose, and backlogs."""

import re
import threading
import time
from collections.abc import Collection
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Self

import httpx
import yaml
from stack import Stack

SERVICES = ("alert-ingestion", "incident-management", "oncall-service", "web-ui")
_UNITS = {"m": 1 << 20, "g": 1 << 30}


def limits(repository: Path) -> dict[str, int]:
    """Bytes each service may use under compose."""
    services = yaml.safe_load((repository / "docker-compose.yml").read_text())["services"]
    return {name: _bytes(str(services[name]["mem_limit"])) for name in SERVICES}


def _bytes(text: str) -> int:
    return int(text[:-1]) * _UNITS[text[-1].lower()]


@dataclass
class Watch:
    """Samples until the end of the block, a few times a second."""

    stack: Stack
    peak: dict[str, int] = field(default_factory=dict)
    swap: dict[str, int] = field(default_factory=dict)
    backlog: list[tuple[float, float]] = field(default_factory=list)
    _over: threading.Event = field(default_factory=threading.Event)

    def __enter__(self) -> Self:
        self._threads = [
            threading.Thread(target=self._watch_memory),
            threading.Thread(target=self._watch_backlog),
        ]
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(
        self,
        _type: type[BaseException] | None,
        _error: BaseException | None,
        _traceback: TracebackType | None,
    ) -> None:
        self._over.set()
        for thread in self._threads:
            thread.join()

    def _watch_memory(self) -> None:
        while not self._over.wait(0.2):
            for name in SERVICES:
                pid = self.stack.pid(name)
                try:
                    status = Path(f"/proc/{pid}/status").read_text()
                except (FileNotFoundError, ProcessLookupError):
                    continue
                for kept, line in ((self.peak, "VmHWM"), (self.swap, "VmSwap")):
                    found = re.search(rf"^{line}:\s+(\d+) kB", status, re.MULTILINE)
                    size = int(found.group(1)) * 1024 if found else 0
                    kept[name] = max(kept.get(name, 0), size)

    def _watch_backlog(self) -> None:
        while not self._over.wait(1.0):
            try:
                depth = backlog(self.stack)
            except (httpx.TransportError, ValueError):
                continue
            self.backlog.append((time.monotonic(), depth))


OWING = ("alert-ingestion", "incident-management", "oncall-service")


def backlog(stack: Stack, services: Collection[str] = OWING) -> float:
    """Messages that the services, or some of them, owe others."""
    return sum(
        value
        for name in services
        for series, value in stack.samples(name).items()
        if series.startswith("outbox_depth")
    )
