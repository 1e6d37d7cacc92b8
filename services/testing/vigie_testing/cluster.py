"""The one PostgreSQL server of a test session, whatever number of pytest workers share it.

A guardian process owns it. It is started by the first worker that needs a database, and stops the
server and removes its files when the session asks, or when the session's process is gone: also a
``kill -9`` of pytest leaves nothing behind.

The server gives up durability (fast mode); ``VIGIE_TEST_POSTGRES=16`` runs the tests on the other
major version that the package ships.
"""

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import asdict, dataclass
from pathlib import Path

from filelock import FileLock

from vigie_local import secret_files
from vigie_local.embedded_postgres import DEFAULT_MAJOR, EmbeddedPostgres
from vigie_local.ports import find_free
from vigie_local.processes import ProcessIdentity

_START_SECONDS = 60
_STOP_SECONDS = 30


@dataclass(frozen=True)
class Cluster:
    """Where the session's server is. ``folder`` holds everything, ``secrets`` the passwords."""

    folder: Path
    port: int
    guardian: int

    @property
    def secrets(self) -> Path:
        """The generated passwords, one file each, as in an installation."""
        return self.folder / "secrets"

    @property
    def server(self) -> EmbeddedPostgres:
        """The server as an object to run psql against; it is started and stopped elsewhere."""
        return EmbeddedPostgres(
            self.folder / "postgres", self.port, self.secrets / "postgres_password", fast=True
        )

    def password(self, name: str) -> str:
        """One of the passwords, by its file name."""
        return secret_files.read(self.secrets, name)

    def lock(self, name: str) -> FileLock:
        """A lock between the workers of this session."""
        return FileLock(self.folder / f"{name}.lock", timeout=120)


def new_session_folder() -> Path:
    """A folder for one session. Walkable by others: as root the server runs as another user."""
    folder = Path(tempfile.mkdtemp(prefix="vigie-tests-"))
    folder.chmod(0o711)
    return folder


def obtain(folder: Path, session_pid: int) -> Cluster:
    """The session's cluster, started if this is the first worker that asks.

    Raises:
        RuntimeError: the server did not start; the message holds its output.
    """
    with FileLock(folder / "cluster.lock", timeout=2 * _START_SECONDS):
        if (folder / "cluster.json").exists():
            return _read(folder)
        output = folder / "guardian.log"
        with output.open("wb") as log:
            guardian = subprocess.Popen(
                [sys.executable, "-m", "vigie_testing.cluster", str(folder), str(session_pid)],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        deadline = time.monotonic() + _START_SECONDS
        while not (folder / "cluster.json").exists():
            if guardian.poll() is not None or time.monotonic() > deadline:
                guardian.kill()
                raise RuntimeError(f"no test database: {output.read_text(errors='replace')}")
            time.sleep(0.02)
        # It outlives this worker on purpose: Popen would warn about that.
        guardian.returncode = 0
        return _read(folder)


def release(folder: Path) -> None:
    """Stop the cluster of a session, if one was started, and remove its folder."""
    if (folder / "cluster.json").exists():
        guardian = ProcessIdentity.of(_read(folder).guardian)
        if guardian is not None:
            os.kill(guardian.pid, signal.SIGTERM)
            deadline = time.monotonic() + _STOP_SECONDS
            while guardian.is_running() and time.monotonic() < deadline:
                time.sleep(0.02)
    shutil.rmtree(folder, ignore_errors=True)


def _read(folder: Path) -> Cluster:
    values = json.loads((folder / "cluster.json").read_text())
    return Cluster(Path(values["folder"]), values["port"], values["guardian"])


def _guard(folder: Path, session: ProcessIdentity) -> None:
    """Run the server until told to stop, or until the session is gone."""
    told_to_stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: told_to_stop.set())
    cluster = Cluster(folder, find_free(), os.getpid())
    secret_files.ensure(cluster.secrets)
    server = cluster.server
    server.major = int(os.environ.get("VIGIE_TEST_POSTGRES", DEFAULT_MAJOR))
    try:
        server.initialise()
        server.start(folder / "postgres.log")
        from vigie_local.database import bootstrap

        # Roles belong to the cluster: every test database uses the same.
        bootstrap(server, cluster.secrets)
        unfinished = folder / "cluster.json.unfinished"
        unfinished.write_text(json.dumps(asdict(cluster), default=str))
        unfinished.rename(folder / "cluster.json")
        while session.is_running() and not told_to_stop.wait(0.5):
            pass
    finally:
        server.stop()
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    _session = ProcessIdentity.of(int(sys.argv[2]))
    if _session is None:
        sys.exit("the test session is gone already")
    _guard(Path(sys.argv[1]), _session)
