"""The harm that a drill does: kills, a starved process, a full disk."""

import contextlib
import os
import signal
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path

from stack import Stack

from vigie_local.embedded_postgres import home_for

FIVE = ("alert-ingestion", "incident-management", "oncall-service", "web-ui", "postgres")
_PERIOD = 0.1


@contextlib.contextmanager
def killing(stack: Stack, times: int, every: float) -> Iterator[list[str]]:
    """``kill -9`` of one process after the other, ``times`` in all; the list says which."""
    killed: list[str] = []
    over = threading.Event()

    def kill() -> None:
        for number in range(times):
            if over.wait(every):
                return
            name = FIVE[number % len(FIVE)]
            stack.kill(name)
            killed.append(name)

    killer = threading.Thread(target=kill)
    killer.start()
    try:
        yield killed
        killer.join()
    finally:
        over.set()
        killer.join()


@contextlib.contextmanager
def starved(stack: Stack, name: str, share: float) -> Iterator[None]:
    """Let a process run only this share of each tenth of a second, as a CPU limit does."""
    over = threading.Event()

    def starve() -> None:
        while not over.is_set():
            pid = stack.pid(name)
            if pid is None:
                over.wait(_PERIOD)
                continue
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGSTOP)
                time.sleep(_PERIOD * (1 - share))
                os.kill(pid, signal.SIGCONT)
            over.wait(_PERIOD * share)

    thread = threading.Thread(target=starve)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


@contextlib.contextmanager
def small_disk(folder: Path, megabytes: int) -> Iterator[Path]:
    """A state folder on a disk of its own, the database's home with it; needs root."""
    disk = folder / "disk"
    disk.mkdir(mode=0o711)
    _run("mount", "-t", "tmpfs", "-o", f"size={megabytes}m,mode=0711", "tmpfs", str(disk))
    mounted = [disk]
    try:
        state = disk / "state"
        home = home_for(state)
        if home != state / "postgres":
            (disk / "database").mkdir(mode=0o711)
            home.parent.mkdir(mode=0o711, parents=True, exist_ok=True)
            home.mkdir(mode=0o700)
            _run("mount", "--bind", str(disk / "database"), str(home))
            mounted.append(home)
        yield state
    finally:
        for each in reversed(mounted):
            _run("umount", "--lazy", str(each))
            each.rmdir()


def fill(disk: Path) -> Path:
    """Write until nothing more fits; the file that has to go for things to get better."""
    filler = disk / "filler"
    with filler.open("wb", buffering=0) as file, contextlib.suppress(OSError):
        for size in (1 << 20, 1 << 12, 1):
            with contextlib.suppress(OSError):
                while True:
                    file.write(b"\0" * size)
    return filler


def _run(*command: str) -> None:
    subprocess.run(command, check=True, capture_output=True)
