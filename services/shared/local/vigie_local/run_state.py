"""What the supervisor tells others: one lock, and one file that says what runs."""

import fcntl
import json
import os
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal

from vigie_local.processes import ProcessIdentity

Phase = Literal["starting", "ready", "stopping", "failed"]


@dataclass
class Child:
    """One supervised program, as others see it."""

    process: ProcessIdentity | None = None
    restarts: int = 0
    last_exit: int | None = None


@dataclass
class RunState:
    """Who supervises what. ``message`` explains ``failed``."""

    supervisor: ProcessIdentity
    phase: Phase = "starting"
    message: str = ""
    ports: dict[str, int] = field(default_factory=dict)
    children: dict[str, Child] = field(default_factory=dict)

    def write(self, folder: Path) -> None:
        """Write whole or not at all: readers never see half of it."""
        partial = folder / "state.json.partial"
        partial.write_text(json.dumps(asdict(self)), encoding="utf-8")
        partial.replace(folder / "state.json")


def read(folder: Path) -> RunState | None:
    """What the last supervisor wrote; None when there is nothing (it stopped cleanly)."""
    try:
        values: dict[str, Any] = json.loads((folder / "state.json").read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    children = {
        name: Child(
            ProcessIdentity(**child["process"]) if child["process"] else None,
            child["restarts"],
            child["last_exit"],
        )
        for name, child in values.pop("children").items()
    }
    supervisor = ProcessIdentity(**values.pop("supervisor"))
    return RunState(supervisor=supervisor, children=children, **values)


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
