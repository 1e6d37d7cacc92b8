"""./services/run.sh itself: quick second start, a clean stop, and a kill -9 of everything."""

import json
import os
import shutil
import signal
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import httpx
import psutil
import pytest
from stack import Stack, wait_until

from vigie_testing.cluster import new_session_folder

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("runner"), pytest.mark.timeout(400)]


@pytest.fixture(scope="module")
def installation() -> Iterator[Stack]:
    """One that is not started, for the tests of this file to start and stop as they like."""
    folder = new_session_folder()
    made = Stack.make(folder / "state", VIGIE_PROMETHEUS="off")
    yield made
    made.stop()
    assert _left_behind(made) == []
    shutil.rmtree(folder)


@pytest.fixture
def own(installation: Stack) -> Stack:
    """The same, running; one that runs already is left alone."""
    installation.start()
    return installation


def _left_behind(stack: Stack) -> list[str]:
    """Processes that have to do with this installation."""
    places = {str(stack.installation.state), str(stack.installation.database)}
    found = []
    for process in psutil.process_iter():
        try:
            text = " ".join([*process.cmdline(), *process.environ().values()])
        except psutil.Error:
            continue
        if process.pid != os.getpid() and any(place in text for place in places):
            found.append(f"{process.pid} {text[:80]}")
    return found


def test_the_demonstration_fills_a_week_once(own: Stack) -> None:
    demo = Path(__file__).parents[2] / "services" / "demo.sh"

    def fill() -> str:
        done = subprocess.run(
            [str(demo)],
            env=own.environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    assert "46 incidents of the past week" in fill()
    # The four alerts of the moment are three incidents.
    wait_until("what is going on now", lambda: len(own.incidents()) == 46 + 3)
    assert "nothing was added" in fill()
    assert len(own.incidents()) == 46 + 3
    stats = own.get("incident-management", "/api/v1/stats")
    assert stats["total"]["mtta"]["count"] > 20
    # Its people can look around: the command that prints the admin's password prints theirs.
    told = subprocess.run(
        [str(demo.with_name("credentials.sh")), "--json"],
        env=own.environment,
        capture_output=True,
        text=True,
        check=True,
        timeout=30,
    )
    signed_in = own.api.post(
        own.url("oncall-service", "/api/v1/sessions"),
        json={"user": "maya.patel", "password": json.loads(told.stdout)["demo_password"]},
    )
    assert signed_in.status_code == 201, signed_in.text
    assert signed_in.json()["role"] == "responder"


def test_a_start_beside_a_running_one_changes_nothing(own: Stack) -> None:
    pids = {name: own.pid(name) for name in own.state().children}
    again = own.run("--detach")
    assert again.returncode == 0
    assert "running already" in again.stdout
    assert {name: own.pid(name) for name in own.state().children} == pids


def test_a_service_that_hangs_is_started_again(own: Stack) -> None:
    before = own.pid("web-ui")
    os.kill(before, signal.SIGSTOP)
    wait_until("another process", lambda: own.pid("web-ui") not in {None, before}, seconds=60)
    wait_until("all to be ready", lambda: own.run("--status").returncode == 0, seconds=60)
    assert "(1 because it answered nobody)" in own.run("--status").stdout


def test_the_administrator_gets_back_in_while_it_runs(own: Stack) -> None:
    script = Path(__file__).parents[2] / "services" / "credentials.sh"
    done = subprocess.run(
        [str(script), "--reset-admin", "--json"],
        env=own.environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    admin = json.loads(done.stdout)["admin"]
    body = {"user": admin["user"], "password": admin["password"]}
    url = own.installation.url("oncall-service")
    answer = httpx.post(f"{url}/api/v1/sessions", json=body, trust_env=False)
    assert answer.status_code == 201
    assert answer.json()["role"] == "admin"


def test_an_orphaned_installation_is_taken_over_and_can_be_stopped(own: Stack) -> None:
    os.kill(own.state().supervisor.pid, signal.SIGKILL)
    wait_until("the supervisor to be dead", lambda: not own.state().supervisor.is_running())
    # Its services still serve, with nobody to restart them.
    orphans = own.run("--status")
    assert orphans.returncode == 1
    assert f"process {own.pid('alert-ingestion')}" in orphans.stdout
    assert "./services/run.sh --stop" in orphans.stdout
    own.start()
    assert own.run("--status").returncode == 0
    os.kill(own.state().supervisor.pid, signal.SIGKILL)
    wait_until("the supervisor to be dead", lambda: not own.state().supervisor.is_running())
    assert own.run("--stop").returncode == 0
    assert _left_behind(own) == []


def test_nothing_is_lost_by_a_stop_nor_by_a_kill_of_everything_and_nothing_is_left_behind(
    own: Stack,
) -> None:
    assert own.installation.state.stat().st_mode & 0o777 == 0o700
    sent = own.alert(service="kept", message="Remember me").json()["incident_id"]
    wait_until("the incident", lambda: own.incidents(service="kept"))
    wait_until("its page", lambda: own.pages(sent))
    before = own.incident(sent)

    assert own.run("--status").returncode == 0
    assert own.run("--stop").returncode == 0
    assert _left_behind(own) == []
    assert {path.name for path in own.installation.run.iterdir()} <= {"prometheus.yml"}
    assert own.run("--status").returncode == 3

    print(f"second start: {own.start():.1f} s")
    assert own.incident(sent)["revision"] >= before["revision"]

    state = own.state()
    processes = [state.supervisor, *(child.process for child in state.children.values())]
    for process in processes:
        assert process is not None
        os.kill(process.pid, signal.SIGKILL)
    wait_until("all of it to be dead", lambda: not any(p and p.is_running() for p in processes))
    assert own.run("--status").returncode == 3
    own.start()
    assert own.incident(sent)["title"] == before["title"]
    assert own.incident(sent)["created_at"] == before["created_at"]
    assert len(own.pages(sent)) == 1


def test_a_taken_port_stops_the_start_with_a_sentence_and_nothing_runs(
    installation: Stack,
) -> None:
    own = installation
    assert own.run("--stop").returncode == 0
    with socket.create_server(("127.0.0.1", own.installation.ports["oncall-service"])):
        done = own.run("--detach")
    assert done.returncode == 1
    port = own.installation.ports["oncall-service"]
    assert f"port {port}, for oncall-service, is taken by" in done.stderr
    assert f"process {os.getpid()}" in done.stderr
    assert "VIGIE_ONCALL_SERVICE_PORT=PORT" in done.stderr
    assert _left_behind(own) == []
