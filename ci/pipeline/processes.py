"""Running one script so that nothing of it outlives it: not its children, not theirs.

The script leads a session of its own. A stop goes to the whole process group as SIGTERM, so that
traps and clients clean up. What is still there after the grace period, and whatever the script left
running at its end, is found by session, by the marker in its environment or as a child of such a
process (a server may run as another user, with another environment). It is asked to end, since it
may have to clean up itself, and killed when it does not.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from pathlib import Path

# A stop must leave room for `docker compose down` and for a deploy to restore what ran before.
GRACE_SECONDS = 120.0
# For what was left behind: a database of the tests shuts down in less.
LEFTOVER_SECONDS = 10.0
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
            # A chain inside a stage, as in our own tests: both must find what is left running.
            env={**environment, MARKER: f"{environment.get(MARKER, '')}:{marker}"},
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
            _signal_all(_members(self._popen.pid, self._marker), signal.SIGKILL)
            code = self._popen.wait()
        return code

    def finish(self) -> list[str]:
        """After the end: drain the log, end what was left running, and name it."""
        self._reader.join(timeout=0.5)
        leftovers = self._end_leftovers()
        self._reader.join(timeout=5)
        return leftovers

    def _read(self) -> None:
        stream = self._popen.stdout
        if stream is None:
            return
        with contextlib.suppress(ValueError):  # the pipe was closed under the reader
            for line in stream:
                self._on_line(line.rstrip("\n"))

    def _end_leftovers(self) -> list[str]:
        found = _members(self._popen.pid, self._marker)
        names = set(found.values())
        asked: set[int] = set()
        deadline = time.monotonic() + LEFTOVER_SECONDS
        while found and time.monotonic() < deadline:
            _signal_all(found.keys() - asked, signal.SIGTERM)
            asked |= found.keys()
            time.sleep(0.05)
            # Those already known stay known: a child whose parent ended is nobody's child any more.
            found = _members(self._popen.pid, self._marker, asked)
            names |= set(found.values())
        _signal_all(found, signal.SIGKILL)
        return sorted(names)


def _signal_all(pids: Iterable[int], number: signal.Signals) -> None:
    for pid in pids:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.kill(pid, number)


@dataclass(frozen=True)
class _Entry:
    """What /proc says of one process."""

    name: str
    parent: int
    session: int
    marked: bool


def _members(session: int, marker: str, known: AbstractSet[int] = frozenset()) -> dict[int, str]:
    """Living processes of the script, `known` ones included: pid -> command name."""
    table = _table(marker.encode())
    members = {
        pid
        for pid, entry in table.items()
        if entry.marked or entry.session == session or pid in known
    }
    while True:
        children = {pid for pid, entry in table.items() if entry.parent in members} - members
        if not children:
            return {pid: table[pid].name for pid in members}
        members |= children


def _table(marker: bytes) -> dict[int, _Entry]:
    found: dict[int, _Entry] = {}
    for folder in Path("/proc").glob("[0-9]*"):
        pid = int(folder.name)
        if pid == os.getpid():
            continue
        try:
            name, _, rest = (folder / "stat").read_text(encoding="utf-8").rpartition(") ")
        except OSError:
            continue  # it ended while we looked
        fields = rest.split()
        if fields[0] == "Z":
            continue
        try:
            marked = _is_marked((folder / "environ").read_bytes(), marker)
        except OSError:
            marked = False  # another user's
        label = name.partition("(")[2]
        found[pid] = _Entry(label, int(fields[1]), int(fields[3]), marked)
    return found


def _is_marked(environment: bytes, marker: bytes) -> bool:
    name = f"{MARKER}=".encode()
    return any(
        entry.startswith(name) and marker in entry.removeprefix(name).split(b":")
        for entry in environment.split(b"\0")
    )
