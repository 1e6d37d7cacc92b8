"""Several processes of one service behind one port.

Each is a whole replica: it answers whatever connection it is given, and its engines share their
work with the others' through the database. The process that starts them serves nobody; it brings
back whoever dies or hangs, and hands signals on. Whoever ends before it ever answered takes all of
them with it: that start would fail again.
"""

import os
import signal
import socket
import sys
import time
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final

import structlog

from shared.liveness import ANSWER_SECONDS, ASK_EVERY_SECONDS, Silence, speaks

AUTOMATICALLY: Final = 2
"""How many there are at the most when the number of cores decides."""

_BACKLOG: Final = 2048
_PAUSE_SECONDS: Final = 1.0
_HANDED_ON: Final = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
_AWAITED: Final = {signal.SIGCHLD, *_HANDED_ON}

_log: Final = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Worker:
    """One of the processes: its number, and the ports on loopback at which each can be asked."""

    number: int
    ports: tuple[int, ...]
    parent: int
    ready: int
    """A file descriptor that hears of it once this process serves."""

    def serves(self) -> None:
        """Tell the process that started this one that its start went well."""
        os.write(self.ready, b"1")

    @property
    def has_lost_its_parent(self) -> bool:
        """Whether the process that started this one is gone: killed, so nobody hands signals on."""
        return os.getppid() != self.parent

    @property
    def siblings(self) -> dict[int, int]:
        """The ports of the others, by their numbers."""
        return {number: port for number, port in enumerate(self.ports) if number != self.number}


Serve = Callable[[Worker, Sequence[socket.socket]], int]
"""Serves on sockets until it is told to stop; the exit code."""


def how_many(wanted: int) -> int:
    """The number of processes: what is ``wanted``, or (0) one a core, but no more than two."""
    return wanted or min(AUTOMATICALLY, len(os.sched_getaffinity(0)))


@dataclass(slots=True)
class _Child:
    number: int
    ready: int
    silence: Silence = field(default_factory=Silence)

    def has_served(self) -> bool:
        """Whether its start went well; asked once, when it has ended."""
        try:
            return os.read(self.ready, 1) == b"1"
        finally:
            os.close(self.ready)


class Workers:
    """Starts processes by forking, and looks after them until one of the signals comes."""

    def __init__(self, count: int, host: str, port: int, serve: Serve) -> None:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self._listener = socket.create_server((host, port), family=family, backlog=_BACKLOG)
        self._own = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
        self._ports = tuple(one.getsockname()[1] for one in self._own)
        self._serve = serve
        self._children: dict[int, _Child] = {}
        self._stopping = False

    def run(self) -> int:
        """Until all have ended; the exit code, which is the worst of theirs."""
        signal.pthread_sigmask(signal.SIG_BLOCK, _AWAITED)
        for number in range(len(self._own)):
            self._start(number)
        worst = 0
        ask_at = time.monotonic() + ASK_EVERY_SECONDS
        while self._children:
            received = signal.sigtimedwait(_AWAITED, max(0.0, ask_at - time.monotonic()))
            if received is not None and received.si_signo != signal.SIGCHLD:
                self._stop(received.si_signo)
            # Of several that end at once there may be one signal.
            for child, code in self._ended():
                worst = max(worst, self._take_leave(child, code))
            if time.monotonic() >= ask_at:
                self._ask()
                ask_at = time.monotonic() + ASK_EVERY_SECONDS
        return worst

    def _start(self, number: int) -> None:
        parent = os.getpid()
        hears, tells = os.pipe()
        pid = os.fork()
        if pid:
            os.close(tells)
            self._children[pid] = _Child(number, hears)
            return
        code = 1
        try:
            signal.pthread_sigmask(signal.SIG_UNBLOCK, _AWAITED)
            worker = Worker(number, self._ports, parent, tells)
            code = self._serve(worker, [self._listener, self._own[number]])
        except SystemExit as ended:
            code = ended.code if isinstance(ended.code, int) else 1
        except BaseException:  # noqa: BLE001 - there is nobody above to say it to
            traceback.print_exc()
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            # What the parent would do at its end is not this process's.
            os._exit(code)

    def _ended(self) -> list[tuple[_Child, int]]:
        found = []
        while self._children:
            pid, status = os.waitpid(-1, os.WNOHANG)
            if pid == 0:
                break
            if (child := self._children.pop(pid, None)) is not None:
                found.append((child, os.waitstatus_to_exitcode(status)))
        return found

    def _take_leave(self, child: _Child, code: int) -> int:
        """Start whoever ended again, if it had served; the code that counts."""
        served = child.has_served()
        if self._stopping:
            return max(0, code)
        if not served:
            self._stop(signal.SIGTERM)
            return code if code > 0 else 1
        _log.error("worker_ended", worker=child.number, exit_code=code)
        time.sleep(_PAUSE_SECONDS)
        self._start(child.number)
        return 0

    def _stop(self, by: int) -> None:
        self._stopping = True
        for pid in self._children:
            os.kill(pid, by)

    def _ask(self) -> None:
        if self._stopping:
            return
        for pid, child in self._children.items():
            asked_at = time.monotonic()
            spoke = speaks("127.0.0.1", self._ports[child.number], ANSWER_SECONDS)
            child.silence.hears(spoke, asked_at, time.monotonic())
            if child.silence.is_death:
                _log.error("worker_hangs", worker=child.number)
                os.kill(pid, signal.SIGKILL)
