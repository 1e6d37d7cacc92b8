"""Processes that may outlive the one that started them: naming them surely, and ending them."""

import contextlib
import os
import signal
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

_POLL_SECONDS = 0.05


@dataclass(frozen=True)
class ProcessIdentity:
    """A process for good: a pid alone may belong to somebody else by the time it is read."""

    pid: int
    started: str

    @classmethod
    def of(cls, pid: int) -> "ProcessIdentity | None":
        """The process that has this pid now; None when there is none."""
        started = _start_time(pid)
        return None if started is None else cls(pid, started)

    def is_running(self) -> bool:
        """Whether that very process still runs (a zombie does not)."""
        return _start_time(self.pid) == self.started


def is_alive(pid: int) -> bool:
    """Whether any process has this pid and is more than a zombie."""
    return _start_time(pid) is not None


def arguments(pid: int) -> list[str]:
    """The argument list of a process; empty when there is none."""
    try:
        raw = Path(f"/proc/{pid}/cmdline").read_bytes()
    except FileNotFoundError:
        if Path("/proc/self").exists():
            return []
        return _ps(pid, "args").split()
    return [os.fsdecode(part) for part in raw.split(b"\0")]


def end_group(
    leader: ProcessIdentity, patience_seconds: float, first: int = signal.SIGTERM
) -> None:
    """End a process and the group it leads: asked first, killed after ``patience_seconds``."""
    if leader.is_running():
        with contextlib.suppress(ProcessLookupError):
            os.kill(leader.pid, first)
        deadline = time.monotonic() + patience_seconds
        while leader.is_running() and time.monotonic() < deadline:
            time.sleep(_POLL_SECONDS)
        if leader.is_running():
            with contextlib.suppress(ProcessLookupError):
                os.killpg(leader.pid, signal.SIGKILL)


def _start_time(pid: int) -> str | None:
    """When a process started, in the system's own terms."""
    try:
        # The name, in parentheses, may hold anything; after it come the state and 18 more fields.
        state, *fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        if Path("/proc/self").exists():
            return None
        return _ps(pid, "lstart") or None
    return None if state in "ZX" else fields[18]


def _ps(pid: int, column: str) -> str:
    """One column of ps, for systems without /proc."""
    command = ["ps", "-o", f"{column}=", "-p", str(pid)]
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip()
