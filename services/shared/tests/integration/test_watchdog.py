"""The first process of a container, as a process."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from shared.liveness import speaks

# Answers /health with one word, writes its pid down, and does what its name says when it is told.
SERVICE = """
import os, pathlib, signal, socket, sys, time
pathlib.Path("pid").write_text(str(os.getpid()))
{first}
server = socket.create_server(("127.0.0.1", int(os.environ["VIGIE_BIND_PORT"])))
while True:
    line, _ = server.accept()
    line.recv(4096)
    line.sendall(b"HTTP/1.1 200 OK\\r\\n\\r\\n")
    line.close()
"""
# The module's own times are for real services; these are for a test.
QUICK = """
import sys
from shared import watchdog
from shared.liveness import Silence
sys.exit(watchdog.main("thing", ask_every=0.05, answer_within=0.2, silence=Silence(0.5, 2)))
"""


class Container:
    """What a container is to the watchdog: a folder, a port, and a process that starts it."""

    def __init__(self, folder: Path, port: int) -> None:
        self._folder = folder
        self.port = port
        self.process: subprocess.Popen[bytes] | None = None

    def run(
        self, first: str = "", command: str = QUICK, *, measured: bool = False
    ) -> subprocess.Popen[bytes]:
        # What measures coverage would be measured with it.
        environment = {
            name: value
            for name, value in os.environ.items()
            if not (measured and name.startswith("COV"))
        }
        (self._folder / "thing.py").write_text(SERVICE.format(first=first))
        variables = {"PYTHONPATH": str(self._folder), "VIGIE_BIND_PORT": str(self.port)}
        with (self._folder / "output").open("wb") as output:
            self.process = subprocess.Popen(  # noqa: S603 - this very Python
                [sys.executable, "-c", command],
                cwd=self._folder,
                env={**environment, **variables},
                stdout=output,
            )
        return self.process

    def output(self) -> str:
        """What it logged."""
        return (self._folder / "output").read_text()

    def child(self) -> int:
        note = self._folder / "pid"
        wait_until(lambda: note.exists() and note.read_text())
        return int(note.read_text())

    def serving(self) -> int:
        """Wait until the service answers; its pid."""
        pid = self.child()
        wait_until(lambda: speaks("127.0.0.1", self.port))
        # Once more than the watchdog's own beat, so that it has heard a word.
        time.sleep(0.3)
        return pid

    def end(self) -> None:
        if self.process is not None and self.process.poll() is None:
            os.kill(self.child(), signal.SIGKILL)
            self.process.wait(10)


def wait_until(condition: Callable[[], object], seconds: float = 20) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.02)


@pytest.fixture
def container(tmp_path: Path, free_port: Callable[[], int]) -> Iterator[Container]:
    made = Container(tmp_path, free_port())
    yield made
    made.end()


def _gone(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    return False


def test_a_service_that_is_stopped_is_killed_and_the_container_ends_to_be_restarted(
    container: Container,
) -> None:
    process = container.run()
    pid = container.serving()
    os.kill(pid, signal.SIGSTOP)
    assert process.wait(20) == 70
    assert '"event": "service_hangs"' in container.output()
    assert _gone(pid)


def test_the_exit_code_of_the_service_is_the_containers(container: Container) -> None:
    assert container.run("sys.exit(78)").wait(20) == 78


def test_a_service_that_is_killed_ends_the_container_as_docker_writes_it(
    container: Container,
) -> None:
    process = container.run()
    os.kill(container.serving(), signal.SIGKILL)
    assert process.wait(20) == 137


def test_a_stop_is_handed_on_and_takes_the_time_it_needs(container: Container) -> None:
    ending = "signal.signal(signal.SIGTERM, lambda *_: (time.sleep(1.5), sys.exit(3)))"
    process = container.run(ending)
    container.serving()
    process.terminate()
    assert process.wait(20) == 3, "it was silent for longer than a service may be, but told to stop"


def test_a_start_that_takes_long_is_not_taken_for_a_hang(container: Container) -> None:
    process = container.run("time.sleep(2)")
    container.serving()
    assert process.poll() is None


def test_it_needs_little_memory(container: Container) -> None:
    module = "import runpy, sys; sys.argv = ['w', 'thing']; runpy.run_module('shared.watchdog', "
    process = container.run(command=module + "run_name='__main__')", measured=True)
    container.serving()
    status = Path(f"/proc/{process.pid}/status")
    if not status.exists():
        pytest.skip("no /proc: memory was not measured")
    private = Path(f"/proc/{process.pid}/smaps_rollup").read_text()
    kilobytes = sum(
        int(line.split()[1]) for line in private.splitlines() if line.startswith("Private_")
    )
    assert kilobytes < 12 * 1024, private
    process.terminate()
    assert process.wait(20) == 143
