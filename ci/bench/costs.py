"""What processes take while they are loaded: processor time, and memory at the most."""

import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from types import TracebackType
from typing import Self

import psutil

_LOOK_EVERY_SECONDS = 0.2


@dataclass(frozen=True)
class Costs:
    """Cores in use on the average, and the highest resident memory in MiB, by name."""

    cores: dict[str, float]
    memory: dict[str, float]


class Meter:
    """Measures processes, by name, from the beginning of a block to its end."""

    def __init__(self, pids: Callable[[], dict[str, int]]) -> None:
        self._roots = {name: psutil.Process(pid) for name, pid in pids().items()}
        self._over = threading.Event()
        self._watcher = threading.Thread(target=self._watch, daemon=True)
        self._memory: dict[str, float] = {}

    def __enter__(self) -> Self:
        self._began, self._before = time.monotonic(), self._seconds()
        self._watcher.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._over.set()
        self._watcher.join()
        self._took = time.monotonic() - self._began
        self._after = self._seconds()

    def spent(self) -> Costs:
        """What was seen within the block."""
        cores = {
            name: max(0.0, self._after.get(name, 0.0) - before) / self._took
            for name, before in self._before.items()
        }
        return Costs(cores, dict(self._memory))

    def _watch(self) -> None:
        while True:
            for name, root in self._roots.items():
                # Pages that the processes of PostgreSQL share would count once for each of them.
                used = sum(_own_memory(one) for one in _tree(root)) / 2**20
                self._memory[name] = max(self._memory.get(name, 0.0), used)
            if self._over.wait(_LOOK_EVERY_SECONDS):
                return

    def _seconds(self) -> dict[str, float]:
        return {
            name: sum(_processor(one) for one in _tree(root)) for name, root in self._roots.items()
        }


def _tree(root: psutil.Process) -> Iterable[psutil.Process]:
    try:
        return [root, *root.children(recursive=True)]
    except psutil.NoSuchProcess:
        return []


def _processor(process: psutil.Process) -> float:
    try:
        times = process.cpu_times()
    except psutil.Error:
        return 0.0
    # Connections of PostgreSQL that ended meanwhile count with their parent.
    return float(times.user + times.system + times.children_user + times.children_system)


def _own_memory(process: psutil.Process) -> float:
    try:
        used = process.memory_info()
    except psutil.Error:
        return 0.0
    return float(used.rss - used.shared)
