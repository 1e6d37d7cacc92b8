"""Keeps programs running: starts them in order, restarts what ends, stops all of it at the end.

One loop, and a thread for each program that is asked for signs of life: one that hangs is killed
and started again. Children write straight to their log files, so a supervisor that is killed takes
no output with it, and the next one finds the orphans in the state file and ends them first. A full
disk keeps it from writing down what it does, and from nothing else.
"""

import contextlib
import os
import random
import signal
import subprocess
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from shared.liveness import ASK_EVERY_SECONDS, Silence
from vigie_local.embedded_postgres import PostgresError
from vigie_local.logfiles import rotate
from vigie_local.processes import ProcessIdentity, end_group
from vigie_local.programs import Program
from vigie_local.run_state import Child, Phase, RunState

TICK_SECONDS = 0.1
FIRST_BACKOFF_SECONDS = 0.25
LONGEST_BACKOFF_SECONDS = 15.0
# A program that ran this long did not fail to start: its next restart is immediate again.
STEADY_SECONDS = 20.0
# A start is given up when a program ends this often in a row, or says that its settings are wrong.
HOPELESS_FAILURES = 6
EX_CONFIG = 78
_ROTATE_EVERY_SECONDS = 10.0
_WRITE_AGAIN_SECONDS = 1.0


class StartError(Exception):
    """A program did not become ready in time; the message holds the end of its log."""


def backoff_seconds(failures: int) -> float:
    """How long to wait before the restart after ``failures`` early ends in a row (0: at once)."""
    if failures == 0:
        return 0.0
    return min(FIRST_BACKOFF_SECONDS * 2.0 ** (failures - 1), LONGEST_BACKOFF_SECONDS)


class Listener:
    """Asks one process for signs of life, in a thread: an answer may take its time."""

    def __init__(
        self,
        speaks: Callable[[], bool],
        *,
        every: float = ASK_EVERY_SECONDS,
        silence: Silence | None = None,
    ) -> None:
        self._speaks = speaks
        self._every = every
        self._silence = silence or Silence()
        self._over = threading.Event()
        threading.Thread(target=self._listen, daemon=True).start()

    def end(self) -> None:
        """Ask no more."""
        self._over.set()

    @property
    def heard_its_end(self) -> bool:
        """Whether the process has been silent for too long."""
        return self._silence.is_death

    def _listen(self) -> None:
        while not self._over.wait(self._every):
            asked_at = time.monotonic()
            spoke = self._speaks()
            self._silence.hears(spoke, asked_at, time.monotonic())


@dataclass
class _Supervised:
    program: Program
    process: subprocess.Popen[bytes] | None = None
    listener: Listener | None = None
    started_at: float = 0.0
    start_at: float = 0.0
    failures: int = 0


class Supervisor:
    """Runs programs until told to stop. ``tell`` gets one line for each thing that happens."""

    def __init__(
        self,
        state: RunState,
        run: Path,
        logs: Path,
        tell: Callable[[str], None],
        listen: Callable[[Callable[[], bool]], Listener] = Listener,
    ) -> None:
        self._listen = listen
        self._written = True
        self._write_again_at = 0.0
        self._state = state
        self._run = run
        self._logs = logs
        self._tell = tell
        self._programs: list[_Supervised] = []
        self._stop = threading.Event()
        self._rotated_at = time.monotonic()

    def request_stop(self) -> None:
        """Make the waiting methods return soon; may be called from a signal handler."""
        self._stop.set()

    @property
    def stop_requested(self) -> bool:
        """Whether somebody asked for the end."""
        return self._stop.is_set()

    def add(self, program: Program) -> None:
        """Start a program and keep it running."""
        supervised = _Supervised(program)
        self._programs.append(supervised)
        self._state.children[program.name] = Child()
        self._start(supervised)

    def wait_ready(self, deadline_seconds: float) -> None:
        """Wait until every program added so far is ready, restarting what ends meanwhile.

        Raises:
            StartError: one was not in time.
        """
        deadline = time.monotonic() + deadline_seconds
        waiting = [supervised.program for supervised in self._programs]
        while not self._stop.is_set():
            self._tick()
            waiting = [program for program in waiting if not program.ready()]
            if not waiting:
                return
            if (hopeless := self._hopeless()) is not None:
                raise StartError(f"{hopeless} does not start. {self._tail(hopeless)}")
            if time.monotonic() > deadline:
                name = waiting[0].name
                raise StartError(
                    f"{name} was not ready after {deadline_seconds:g} s. {self._tail(name)}"
                )
            self._stop.wait(TICK_SECONDS)

    def supervise(self, on_behalf_of: ProcessIdentity | None = None) -> None:
        """Restart what ends, until told to stop, or until ``on_behalf_of`` is gone."""
        while not self._stop.wait(TICK_SECONDS):
            self._tick()
            if on_behalf_of is not None and not on_behalf_of.is_running():
                self._tell(f"process {on_behalf_of.pid}, for which this ran, is gone")
                return

    def stop_all(self) -> None:
        """Stop in the reverse order of starting, one after the other: the database goes last."""
        for supervised in self._programs:
            self._stop_listening(supervised)
        groups = _by_stop_order(self._programs)
        for group in groups:
            for supervised in group:
                if supervised.process is not None and supervised.process.poll() is None:
                    supervised.process.send_signal(supervised.program.stop_signal)
            for supervised in group:
                self._wait_or_kill(supervised)
                self._state.children[supervised.program.name].process = None
                self._write()

    def note(self, phase: Phase, message: str = "") -> None:
        """Say in the state file how far it is."""
        self._state.phase, self._state.message = phase, message
        self._write()

    def _tick(self) -> None:
        now = time.monotonic()
        for supervised in self._programs:
            if supervised.process is None:
                if now >= supervised.start_at:
                    self._start_again(supervised, now)
            elif supervised.process.poll() is not None:
                self._ended(supervised, supervised.process.returncode, now)
            elif supervised.listener is not None and supervised.listener.heard_its_end:
                self._kill_hanging(supervised)
        if not self._written and now >= self._write_again_at:
            self._write()
        if now - self._rotated_at > _ROTATE_EVERY_SECONDS:
            self._rotated_at = now
            for log in self._logs.glob("*.log"):
                with contextlib.suppress(OSError):
                    rotate(log)

    def _start_again(self, supervised: _Supervised, now: float) -> None:
        try:
            self._start(supervised)
        except (OSError, PostgresError, subprocess.SubprocessError) as error:
            # No room for a process or its files: there may be some later.
            supervised.failures += 1
            wait = backoff_seconds(supervised.failures)
            supervised.start_at = now + wait
            name = supervised.program.name
            self._tell(f"{name} cannot be started ({error}); trying again in {wait:.1f} s")

    def _start(self, supervised: _Supervised) -> None:
        program = supervised.program
        program.before_start()
        with self._output(program.name) as log:
            supervised.process = subprocess.Popen(
                program.command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=program.folder,
                env=dict(program.environment),
                # A group of its own: Ctrl-C in the terminal is for the supervisor to pass on.
                start_new_session=True,
                **program.popen,
            )
        supervised.started_at = time.monotonic()
        if program.speaks is not None:
            supervised.listener = self._listen(program.speaks)
        child = self._state.children[program.name]
        child.process = ProcessIdentity.of(supervised.process.pid)
        self._write()

    def _output(self, name: str) -> IO[bytes]:
        """The log of a program; on a disk where no file can be made it runs without."""
        try:
            return self._log(name).open("ab")
        except OSError as error:
            self._tell(f"{name} runs without a log: {error}")
            return open(os.devnull, "ab")  # noqa: PTH123 - not a file of ours

    def _kill_hanging(self, supervised: _Supervised) -> None:
        assert supervised.process is not None  # noqa: S101 - the caller looked
        self._tell(f"{supervised.program.name} answers nobody: killed, to be started again")
        self._stop_listening(supervised)
        self._state.children[supervised.program.name].hangs += 1
        with contextlib.suppress(ProcessLookupError):
            os.killpg(supervised.process.pid, signal.SIGKILL)

    @staticmethod
    def _stop_listening(supervised: _Supervised) -> None:
        if supervised.listener is not None:
            supervised.listener.end()
            supervised.listener = None

    def _ended(self, supervised: _Supervised, code: int, now: float) -> None:
        ran_seconds = now - supervised.started_at
        supervised.failures = 0 if ran_seconds > STEADY_SECONDS else supervised.failures + 1
        jitter = random.uniform(0.8, 1.2)  # noqa: S311 - not a secret
        wait = backoff_seconds(supervised.failures) * jitter
        self._stop_listening(supervised)
        supervised.process = None
        supervised.start_at = now + wait
        child = self._state.children[supervised.program.name]
        child.process, child.last_exit, child.restarts = None, code, child.restarts + 1
        self._write()
        self._tell(
            f"{supervised.program.name} ended ({_describe(code)}) after {ran_seconds:.1f} s; "
            f"starting it again in {wait:.1f} s"
        )

    def _wait_or_kill(self, supervised: _Supervised) -> None:
        if supervised.process is None:
            return
        try:
            supervised.process.wait(supervised.program.stop_seconds)
        except subprocess.TimeoutExpired:
            self._tell(f"{supervised.program.name} does not stop: killed")
            identity = ProcessIdentity.of(supervised.process.pid)
            if identity is not None:
                end_group(identity, 0)
            supervised.process.wait(10)

    def _log(self, name: str) -> Path:
        return self._logs / f"{name}.log"

    def _hopeless(self) -> str | None:
        """A program that will not start however often it is tried."""
        for supervised in self._programs:
            name = supervised.program.name
            if (
                supervised.failures >= HOPELESS_FAILURES
                or self._state.children[name].last_exit == EX_CONFIG
            ):
                return name
        return None

    def _tail(self, name: str) -> str:
        log = self._log(name)
        try:
            lines = log.read_text(encoding="utf-8", errors="replace").splitlines()
        except OSError as error:
            return f"Its log, {log}, cannot be read: {error}"
        return "\n".join([f"The end of its log, {log}:", *lines[-20:]])

    def _write(self) -> None:
        """Write the state down, or do it later: whoever reads it is then behind for a while."""
        try:
            self._state.write(self._run)
        except OSError as error:
            if self._written:
                self._tell(f"the state cannot be written down ({error}); all goes on")
            self._written = False
            self._write_again_at = time.monotonic() + _WRITE_AGAIN_SECONDS
        else:
            self._written = True


def _by_stop_order(programs: list[_Supervised]) -> list[list[_Supervised]]:
    """Everything that uses the database stops together, then the database."""
    others = [supervised for supervised in programs if supervised.program.name != "postgres"]
    return [others, [supervised for supervised in programs if supervised not in others]]


def _describe(code: int) -> str:
    if code >= 0:
        return f"exit code {code}"
    try:
        return f"signal {signal.Signals(-code).name}"
    except ValueError:
        return f"signal {-code}"
