"""What the supervisor tells others: one lock, and one file that says what runs."""

import contextlib
import fcntl
import json
import os
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal

from vigie_local.processes import ProcessIdentity

# File systems give room by the block.
_BLOCK_BYTES = 4096
_LOOKS, _PAUSE_SECONDS = 5, 0.02

Phase = Literal["starting", "ready", "stopping", "failed"]


@dataclass
class Child:
    """One supervised program, as others see it."""

    process: ProcessIdentity | None = None
    restarts: int = 0
    last_exit: int | None = None
    hangs: int = 0
    """How often it was killed because nothing was heard of it any more."""


@dataclass
class RunState:
    """Who supervises what. ``message`` explains ``failed``."""

    supervisor: ProcessIdentity
    phase: Phase = "starting"
    message: str = ""
    ports: dict[str, int] = field(default_factory=dict)
    children: dict[str, Child] = field(default_factory=dict)

    def write(self, folder: Path) -> None:
        """Write whole or not at all: readers never see half of it.

        On a full disk the room that the file has already is written over instead, which takes no
        more of it; a reader that comes at that very moment looks again.

        Raises:
            OSError: that did not help either, and the file says what it said before.
        """
        content = json.dumps(asdict(self)).encode()
        content = content.ljust(-(-len(content) // _BLOCK_BYTES) * _BLOCK_BYTES)
        partial, path = folder / "state.json.partial", folder / "state.json"
        try:
            partial.write_bytes(content)
            partial.replace(path)
        except OSError:
            with contextlib.suppress(OSError):
                partial.unlink(missing_ok=True)
            with path.open("r+b", buffering=0) as file:
                if os.fstat(file.fileno()).st_size != len(content):
                    raise
                file.write(content)


def read(folder: Path) -> RunState | None:
    """What the last supervisor wrote; None when there is nothing (it stopped cleanly)."""
    try:
        values = _loaded(folder / "state.json")
    except FileNotFoundError:
        return None
    children = {
        name: Child(
            ProcessIdentity(**child["process"]) if child["process"] else None,
            child["restarts"],
            child["last_exit"],
            child.get("hangs", 0),
        )
        for name, child in values.pop("children").items()
    }
    supervisor = ProcessIdentity(**values.pop("supervisor"))
    return RunState(supervisor=supervisor, children=children, **values)


def _loaded(path: Path) -> dict[str, Any]:
    for _ in range(_LOOKS):
        try:
            values: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        except ValueError:
            time.sleep(_PAUSE_SECONDS)
        else:
            return values
    # Emptied by a crash of the machine, for one; nothing can be learnt from it.
    raise FileNotFoundError(path)


class AlreadyRunning(Exception):
    """Another supervisor holds the lock of this state folder."""


class Lock:
    """Held by the one supervisor of a state folder for as long as it lives (flock)."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / "supervisor.lock"
        self._descriptor: int | None = None

    def acquire(self) -> None:
        """Take the lock.

        Raises:
            AlreadyRunning: somebody has it.
        """
        while True:
            descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600)
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                os.close(descriptor)
                raise AlreadyRunning from None
            # A supervisor that stopped between open and flock has removed this very file.
            if self._path.exists() and os.fstat(descriptor).st_ino == self._path.stat().st_ino:
                self._descriptor = descriptor
                return
            os.close(descriptor)

    def release(self) -> None:
        """Give it back and leave no file behind."""
        if self._descriptor is not None:
            self._path.unlink(missing_ok=True)
            os.close(self._descriptor)
            self._descriptor = None

    def is_held(self) -> bool:
        """Whether a supervisor runs."""
        try:
            self.acquire()
        except AlreadyRunning:
            return True
        self.release()
        return False
