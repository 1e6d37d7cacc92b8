"""Running one script so that nothing of it outlives it: not its children, not theirs.

The script leads a session of its own. A stop goes to the whole process group as SIGTERM, so that
traps and clients clean up; what is still there after the grace period, and whatever the script left
running at its end, is found by session or by the marker in its environment, and killed.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

# A stop must leave room for `docker compose down` and for a deploy to restore what ran before.
GRACE_SECONDS = 120.0
MARKER = "VIGIE_STAGE_MARKER"


class Process:
    """A started script. `wait` returns its exit code; `stop` may be called from any thread."""

    def __init__(
        self,
        command: Sequence[str],
        *,
        cwd: Path,
        environment: Mapping[str, str],
        marker: str,
        on_line: Callable[[str], None],
        grace_seconds: float = GRACE_SECONDS,
    ) -> None:
        self._marker = marker
        self._grace = grace_seconds
        self._on_line = on_line
        self._stop_asked: float | None = None
        self._popen = subprocess.Popen(
            command,
            cwd=cwd,
            env={**environment, MARKER: marker},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            bufsize=1,
            start_new_session=True,
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def stop(self) -> None:
        """Ask the whole group to end; `wait` sees to it that it does."""
        if self._stop_asked is None:
            self._stop_asked = time.monotonic()
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._popen.pid, signal.SIGTERM)

    def poll(self) -> int | None:
        """Exit code, or None while it runs; past the grace period of a stop it is killed."""
        code = self._popen.poll()
        if (
            code is None
            and self._stop_asked is not None
            and time.monotonic() - self._stop_asked > self._grace
        ):
            self._kill_all()
            code = self._popen.wait()
        return code

    def finish(self) -> list[str]:
        """After the end: drain the log, kill what was left running, and name it."""
        self._reader.join(timeout=0.5)
        leftovers = self._kill_all()
        self._reader.join(timeout=5)
        return leftovers

    def _read(self) -> None:
        stream = self._popen.stdout
        if stream is None:
            return
        with contextlib.suppress(ValueError):  # the pipe was closed under the reader
            for line in stream:
                self._on_line(line.rstrip("\n"))

    def _kill_all(self) -> list[str]:
        found: dict[int, str] = {}
        for _ in range(3):  # a child may fork between the look and the kill
            members = _members(self._popen.pid, self._marker)
            if not members:
                break
            found |= members
            for pid in members:
                with contextlib.suppress(ProcessLookupError, PermissionError):
                    os.kill(pid, signal.SIGKILL)
            time.sleep(0.05)
        return sorted(set(found.values()))


def _members(session: int, marker: str) -> dict[int, str]:
    """Living processes of the session, or started from it: pid -> command name."""
    needle = f"{MARKER}={marker}".encode()
    members: dict[int, str] = {}
    for entry in Path("/proc").glob("[0-9]*"):
        pid = int(entry.name)
        if pid == os.getpid():
            continue
        try:
            name, _, rest = (entry / "stat").read_text(encoding="utf-8").rpartition(") ")
            state, fields = rest.split()[0], rest.split()
            environment = (entry / "environ").read_bytes().split(b"\0")
        except (OSError, ValueError):
            continue  # it ended while we looked, or belongs to somebody else
        if state != "Z" and (int(fields[3]) == session or needle in environment):
            members[pid] = name.partition("(")[2]
    return members
