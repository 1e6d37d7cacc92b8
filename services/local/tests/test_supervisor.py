"""The supervisor on small programs of the test's own: restarts, readiness, stopping, orphans."""

import errno
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from shared.liveness import Silence
from vigie_local import report, run_state
from vigie_local.logfiles import rotate
from vigie_local.processes import ProcessIdentity, is_alive
from vigie_local.programs import Program
from vigie_local.run_state import AlreadyRunning, Child, Lock, RunState
from vigie_local.supervisor import (
    LONGEST_BACKOFF_SECONDS,
    Listener,
    StartError,
    Supervisor,
    backoff_seconds,
)


def _program(folder: Path, name: str, code: str, **options: object) -> Program:
    defaults: dict[str, object] = {"ready": (folder / f"{name}.ready").exists}
    return Program(
        name=name,
        command=[sys.executable, "-u", "-c", code],
        environment={"PATH": os.defpath},
        folder=folder,
        **{**defaults, **options},  # type: ignore[arg-type]
    )


STEADY = "import pathlib, time; pathlib.Path({name!r} + '.ready').touch(); time.sleep(600)"


def _quick_listener(speaks: Callable[[], bool]) -> Listener:
    return Listener(speaks, every=0.05, silence=Silence(0.3, 2))


class Harness:
    """A supervisor whose loop runs in a thread of the test."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.told: list[str] = []
        identity = ProcessIdentity.of(os.getpid())
        assert identity is not None
        self.state = RunState(identity)
        self.supervisor = Supervisor(
            self.state, folder, folder, self.told.append, listen=_quick_listener
        )
        self._thread = threading.Thread(target=self.supervisor.supervise)

    def supervise(self) -> None:
        self._thread.start()

    def pid(self, name: str) -> int:
        child = self.state.children[name].process
        return child.pid if child is not None else 0

    def end(self) -> None:
        self.supervisor.request_stop()
        if self._thread.is_alive():
            self._thread.join()
        self.supervisor.stop_all()


@pytest.fixture
def harness(tmp_path: Path) -> Harness:
    return Harness(tmp_path)


def _wait_until(condition: Callable[[], object], seconds: float = 15) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.02)


def test_a_program_that_is_killed_runs_again_and_the_state_file_says_so(
    harness: Harness, tmp_path: Path
) -> None:
    harness.supervisor.add(_program(tmp_path, "one", STEADY.format(name="one")))
    harness.supervisor.wait_ready(15)
    harness.supervise()
    first = harness.pid("one")
    os.kill(first, signal.SIGKILL)
    _wait_until(lambda: harness.pid("one") not in {0, first})
    harness.end()
    assert harness.state.children["one"].restarts == 1
    assert any("one ended (signal SIGKILL)" in line for line in harness.told)


def test_supervision_ends_with_the_process_it_was_started_for(
    harness: Harness, tmp_path: Path
) -> None:
    principal = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
    identity = ProcessIdentity.of(principal.pid)
    harness.supervisor.add(_program(tmp_path, "one", STEADY.format(name="one")))
    watching = threading.Thread(target=harness.supervisor.supervise, args=[identity])
    watching.start()
    principal.kill()
    principal.wait()
    watching.join(15)
    assert not watching.is_alive()
    harness.end()


def _does_not_stand_still(pid: Callable[[], int]) -> Callable[[], bool]:
    """What a request for /health finds out: a process that is stopped answers nobody."""

    def speaks() -> bool:
        try:
            state = Path(f"/proc/{pid()}/stat").read_text().rpartition(")")[2].split()[0]
        except OSError:
            return False
        return state != "T"

    return speaks


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="a stopped process is told by /proc")
def test_a_program_that_hangs_is_killed_and_runs_again(harness: Harness, tmp_path: Path) -> None:
    speaks = _does_not_stand_still(lambda: harness.pid("one"))
    harness.supervisor.add(_program(tmp_path, "one", STEADY.format(name="one"), speaks=speaks))
    harness.supervisor.wait_ready(15)
    harness.supervise()
    first = harness.pid("one")
    time.sleep(0.3)
    os.kill(first, signal.SIGSTOP)
    _wait_until(lambda: harness.pid("one") not in {0, first})
    harness.end()
    child = harness.state.children["one"]
    assert (child.hangs, child.restarts) == (1, 1)
    assert "one answers nobody: killed, to be started again" in harness.told
    assert not is_alive(first)


def test_a_program_that_never_spoke_is_left_to_start(harness: Harness, tmp_path: Path) -> None:
    program = _program(tmp_path, "one", STEADY.format(name="one"), speaks=lambda: False)
    harness.supervisor.add(program)
    harness.supervisor.wait_ready(15)
    harness.supervise()
    time.sleep(1)
    harness.end()
    assert harness.state.children["one"].restarts == 0


def _full(*_args: object, **_options: object) -> int:
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def test_a_full_disk_does_not_keep_what_ended_from_running_again(
    harness: Harness, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    harness.supervisor.add(_program(tmp_path, "one", STEADY.format(name="one")))
    harness.supervisor.wait_ready(15)
    with monkeypatch.context() as full:
        full.setattr(RunState, "write", _full)
        harness.supervise()
        for _ in range(2):
            seen = {0, harness.pid("one")}
            os.kill(max(seen), signal.SIGKILL)
            while harness.pid("one") in seen:
                time.sleep(0.02)
        told = [line for line in harness.told if "cannot be written down" in line]
        assert len(told) == 1, "said once, and not ten times a second"
    _wait_until(lambda: _written_pid(tmp_path) == harness.pid("one"))
    harness.end()


def _written_pid(folder: Path) -> int:
    state = run_state.read(folder)
    child = state.children["one"].process if state is not None else None
    return child.pid if child is not None else 0


def test_what_cannot_be_started_for_want_of_room_is_tried_again(
    harness: Harness, tmp_path: Path
) -> None:
    full = [True, True]

    def prepare() -> None:
        if started and full:
            full.pop()
            _full()
        started.append(True)

    started: list[bool] = []
    program = _program(tmp_path, "one", STEADY.format(name="one"), before_start=prepare)
    harness.supervisor.add(program)
    harness.supervisor.wait_ready(15)
    harness.supervise()
    first = harness.pid("one")
    os.kill(first, signal.SIGKILL)
    _wait_until(lambda: harness.pid("one") not in {0, first})
    harness.end()
    assert sum("one cannot be started" in line for line in harness.told) == 2


def test_the_state_is_written_over_itself_where_there_is_no_room_for_another_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    identity = ProcessIdentity.of(os.getpid())
    assert identity is not None
    state = RunState(identity)
    state.write(tmp_path)
    size = (tmp_path / "state.json").stat().st_size
    monkeypatch.setattr(Path, "write_bytes", _full)
    state.phase, state.children = "ready", {"one": Child(identity, 3)}
    state.write(tmp_path)
    read = run_state.read(tmp_path)
    assert read is not None
    assert (read.phase, read.children["one"].restarts) == ("ready", 3)
    assert (tmp_path / "state.json").stat().st_size == size, "no more room was taken"
    assert [path.name for path in tmp_path.iterdir()] == ["state.json"]


def test_a_log_that_finds_no_room_to_be_moved_goes_on_and_loses_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "one.log").write_text("new " * 10)
    (tmp_path / "one.log.1").write_text("old")
    monkeypatch.setattr("shutil.copyfile", _full)
    assert rotate(tmp_path / "one.log", limit_bytes=10) is False
    assert (tmp_path / "one.log").read_text() == "new " * 10
    assert (tmp_path / "one.log.1").read_text() == "old"
    assert len(list(tmp_path.iterdir())) == 2


def test_what_a_killed_supervisor_left_is_named_with_what_to_do() -> None:
    mine = ProcessIdentity.of(os.getpid())
    assert mine is not None
    gone = ProcessIdentity(mine.pid, "1")
    state = RunState(gone, "ready", children={"web-ui": Child(mine), "postgres": Child(gone)})
    said = report.orphans(state)
    assert said is not None
    assert f"web-ui               orphaned   process {mine.pid}" in said
    assert "postgres" not in said
    assert "./services/run.sh --stop" in said
    assert report.orphans(RunState(gone, "ready", children={"web-ui": Child(gone)})) is None
    assert report.orphans(None) is None


def test_stopping_ends_everything_even_what_ignores_the_request(
    harness: Harness, tmp_path: Path
) -> None:
    stubborn = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN)\n" + STEADY
    for name, code in (("meek", STEADY), ("stubborn", stubborn)):
        program = _program(tmp_path, name, code.format(name=name), stop_seconds=0.5)
        harness.supervisor.add(program)
    harness.supervisor.wait_ready(15)
    pids = [harness.pid("meek"), harness.pid("stubborn")]
    harness.end()
    assert not any(is_alive(pid) for pid in pids)
    assert "stubborn does not stop: killed" in harness.told


def test_the_database_is_stopped_after_its_users(harness: Harness, tmp_path: Path) -> None:
    note = (
        "import signal, sys, pathlib, time\n"
        "def end(*_):\n"
        "    with open('order', 'a') as f: f.write({name!r} + ' ')\n"
        "    sys.exit()\n"
        "signal.signal(signal.SIGTERM, end)\n"
        "pathlib.Path({name!r} + '.ready').touch()\n"
        "while True: time.sleep(0.05)\n"
    )
    for name in ("postgres", "service"):
        harness.supervisor.add(_program(tmp_path, name, note.format(name=name)))
    harness.supervisor.wait_ready(15)
    harness.end()
    assert (tmp_path / "order").read_text() == "service postgres "


def test_a_program_that_is_never_ready_fails_with_the_end_of_its_log(
    harness: Harness, tmp_path: Path
) -> None:
    harness.supervisor.add(_program(tmp_path, "sad", "print('no such database'); raise SystemExit"))
    with pytest.raises(StartError, match="no such database"):
        harness.supervisor.wait_ready(1)
    harness.end()


def test_a_program_whose_settings_are_wrong_is_not_tried_for_ever(
    harness: Harness, tmp_path: Path
) -> None:
    harness.supervisor.add(_program(tmp_path, "sad", "print('set it'); raise SystemExit(78)"))
    with pytest.raises(StartError, match=r"sad does not start.*\n.*set it"):
        harness.supervisor.wait_ready(60)
    harness.end()


def test_restarts_back_off_and_a_steady_program_starts_again_at_once() -> None:
    waits = [backoff_seconds(failures) for failures in range(12)]
    assert waits[0] == 0
    assert waits == sorted(waits)
    assert waits[1] < 1
    assert waits[-1] == LONGEST_BACKOFF_SECONDS


def test_one_supervisor_a_state_folder_and_no_lock_is_left_behind(tmp_path: Path) -> None:
    first, second = Lock(tmp_path), Lock(tmp_path)
    first.acquire()
    with pytest.raises(AlreadyRunning):
        second.acquire()
    assert second.is_held()
    first.release()
    assert not second.is_held()
    assert list(tmp_path.iterdir()) == []


def test_a_later_owner_of_a_pid_is_not_taken_for_the_program() -> None:
    mine = ProcessIdentity.of(os.getpid())
    assert mine is not None
    assert mine.is_running()
    assert not ProcessIdentity(mine.pid, "1").is_running()


def test_the_state_survives_being_written_and_read(harness: Harness, tmp_path: Path) -> None:
    harness.supervisor.add(_program(tmp_path, "one", STEADY.format(name="one")))
    read = run_state.read(tmp_path)
    harness.end()
    assert read is not None
    assert read.children["one"].process is not None
    assert read.supervisor.pid == os.getpid()


def test_a_long_log_is_rotated_under_its_writer(tmp_path: Path) -> None:
    log = tmp_path / "one.log"
    with log.open("a") as writer:
        for number in range(6):
            writer.write(f"{number} " * 10)
            writer.flush()
            assert rotate(log, limit_bytes=10) is True
        assert rotate(log, limit_bytes=10) is False
        writer.write("after")
        writer.flush()
    assert log.read_text() == "after"
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "one.log",
        "one.log.1",
        "one.log.2",
        "one.log.3",
    ]
    assert (tmp_path / "one.log.1").read_text().startswith("5 ")
