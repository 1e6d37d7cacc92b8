"""The platform that is measured: the one that runs, or one of our own for the time."""

import contextlib
import json
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from peers import PeerError, Pgbench
from stack import Stack

from vigie_local import run_state, secret_files
from vigie_local.embedded_postgres import SUPERUSER
from vigie_local.installation import REPOSITORY, Installation
from vigie_local.postgres_binaries import program
from vigie_testing.cluster import new_session_folder

_MEASURED = ("alert-ingestion", "incident-management", "oncall-service", "postgres")


@dataclass(frozen=True)
class Target:
    """A platform: where it takes alerts, with which key, its processes, and its PostgreSQL."""

    kind: str
    url: str
    key: str
    pids: Callable[[], dict[str, int]]
    pgbench: Pgbench


@contextlib.contextmanager
def platform() -> Iterator[Target]:
    """The platform that runs; where none does, one that is started here and removed again."""
    found = _credentials()
    if found is not None:
        yield _running(found)
        return
    print("nothing runs: starting an installation for the measurement", flush=True)
    folder = new_session_folder()
    try:
        stack = Stack.make(folder / "state")
        stack.start()
        try:
            yield _local(stack.installation, stack.url("alert-ingestion"), stack.key)
        finally:
            stack.stop()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _credentials() -> dict[str, object] | None:
    done = subprocess.run(
        [str(REPOSITORY / "ci" / "credentials.sh"), "--json"],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    if done.returncode != 0:
        return None
    found: dict[str, object] = json.loads(done.stdout)
    return found


def _running(found: dict[str, object]) -> Target:
    urls, key = found["urls"], str(found["ingestion_key"])
    assert isinstance(urls, dict)
    url = str(urls["alert_ingestion"])
    if found["runtime"] == "local":
        return _local(Installation.from_environment({}), url, key)
    return Target("docker compose", url, key, _containers, _pgbench_of_compose())


def _local(installation: Installation, url: str, key: str) -> Target:
    state = run_state.read(installation.run)
    if state is None:
        raise PeerError("The installation has stopped.")
    major = int((installation.database / "data" / "PG_VERSION").read_text())
    pgbench = Pgbench(
        prefix=(),
        programs=program(major, "pgbench").parent,
        environment={
            "PGHOST": "127.0.0.1",
            "PGPORT": str(state.ports["postgres"]),
            "PGUSER": SUPERUSER,
            "PGPASSWORD": secret_files.read(installation.secrets, "postgres_password"),
        },
    )
    return Target("./services/run.sh", url, key, lambda: _children(installation.run), pgbench)


def _children(run: Path) -> dict[str, int]:
    state = run_state.read(run)
    assert state is not None, "the installation runs"
    return {
        name: child.process.pid
        for name, child in state.children.items()
        if name in _MEASURED and child.process is not None
    }


def _compose(*arguments: str) -> str:
    done = subprocess.run(
        ["docker", "compose", *arguments],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    return done.stdout.strip()


def _containers() -> dict[str, int]:
    found = {name: _compose("ps", "--quiet", name).splitlines() for name in _MEASURED}
    named = {name: ids[0] for name, ids in found.items() if ids}
    shown = subprocess.run(
        ["docker", "inspect", "--format", "{{.State.Pid}}", *named.values()],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    return dict(zip(named, map(int, shown.stdout.split()), strict=True))


def _pgbench_of_compose() -> Pgbench:
    # Over the container's own socket, where its superuser needs no password.
    inside = ("docker", "compose", "--project-directory", str(REPOSITORY), "exec", "-T", "postgres")
    return Pgbench(prefix=inside, programs=None, environment={})


if sys.platform != "linux":
    raise SystemExit("Processes are measured as Linux tells of them.")
