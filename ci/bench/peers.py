"""What the platform is measured beside: Debian's Alertmanager, and PostgreSQL's own benchmark."""

import contextlib
import os
import re
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx

from vigie_local.ports import find_free

_NAMES = ("prometheus-alertmanager", "alertmanager")
_START_SECONDS = 20

_CONFIGURATION = """\
route: {receiver: nobody, group_by: [service], group_wait: 1h}
receivers: [{name: nobody}]
"""

TABLE = """\
CREATE TABLE durable (id bigint PRIMARY KEY, count integer NOT NULL, body text NOT NULL);
"""
UPSERT = """\
\\set id random(1, 10000000)
INSERT INTO durable VALUES (:id, 1, repeat('x', 300))
  ON CONFLICT (id) DO UPDATE SET count = durable.count + 1;
"""

_TPS = re.compile(r"^tps = ([0-9.]+)", re.MULTILINE)
_LATENCY = re.compile(r"^latency average = ([0-9.]+) ms", re.MULTILINE)


class PeerError(Exception):
    """A peer cannot be measured; the message says why."""


@dataclass(frozen=True)
class Peer:
    """An Alertmanager that runs."""

    url: str
    pid: int
    version: str


@contextlib.contextmanager
def alertmanager() -> Iterator[Peer]:
    """Debian's Alertmanager with nobody to notify, until the end of the block.

    Raises:
        PeerError: it is not installed, or does not start.
    """
    program = next((found for name in _NAMES if (found := shutil.which(name))), None)
    if program is None:
        raise PeerError("Alertmanager is not installed.")
    with tempfile.TemporaryDirectory(prefix="vigie-bench-") as folder:
        configuration = Path(folder, "alertmanager.yml")
        configuration.write_text(_CONFIGURATION)
        address = f"127.0.0.1:{find_free()}"
        process = subprocess.Popen(
            [
                program,
                f"--config.file={configuration}",
                f"--storage.path={folder}/data",
                f"--web.listen-address={address}",
                "--cluster.listen-address=",
                "--log.level=error",
            ],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            yield Peer(f"http://{address}", process.pid, _version(f"http://{address}", process))
        finally:
            process.terminate()
            process.wait(timeout=20)


def _version(url: str, process: "subprocess.Popen[bytes]") -> str:
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        with contextlib.suppress(httpx.TransportError):
            status = httpx.get(f"{url}/api/v2/status", timeout=2, trust_env=False).json()
            return str(status["versionInfo"]["version"])
        time.sleep(0.1)
    raise PeerError("Alertmanager did not start.")


@dataclass(frozen=True)
class Limit:
    """Durable commits of one row each, as many as the database does: the floor of any such work."""

    clients: int
    commits_per_second: float
    latency: float


def pgbench(run: "Pgbench", clients: int, seconds: float) -> Limit:
    """Commit one-row upserts for some seconds.

    Raises:
        PeerError: pgbench failed.
    """
    output = run(UPSERT, clients, seconds)
    tps, latency = _TPS.search(output), _LATENCY.search(output)
    if tps is None or latency is None:
        raise PeerError(f"pgbench said: {output}")
    return Limit(clients, float(tps.group(1)), float(latency.group(1)))


@dataclass(frozen=True)
class Pgbench:
    """pgbench on a database of its own; ``prefix`` goes before each command of PostgreSQL."""

    prefix: tuple[str, ...]
    programs: Path | None
    environment: dict[str, str]
    database: str = "vigie_bench"

    def __call__(self, script: str, clients: int, seconds: float) -> str:
        """The output of a run."""
        return self._do(
            "pgbench",
            *("--no-vacuum", "--protocol=prepared", "--file=/dev/stdin", "--jobs=1"),
            *(f"--client={clients}", f"--time={max(1, round(seconds))}", self.database),
            given=script,
        )

    @contextlib.contextmanager
    def prepared(self) -> Iterator["Pgbench"]:
        """The database, until the end of the block."""
        self._do("psql", "-qc", f"DROP DATABASE IF EXISTS {self.database}", "postgres")
        self._do("psql", "-qc", f"CREATE DATABASE {self.database}", "postgres")
        try:
            self._do("psql", "-q", self.database, given=TABLE)
            yield self
        finally:
            self._do("psql", "-qc", f"DROP DATABASE {self.database}", "postgres")

    def _do(self, program: str, *arguments: str, given: str = "") -> str:
        path = program if self.programs is None else str(self.programs / program)
        try:
            done = subprocess.run(
                [*self.prefix, path, *arguments],
                env={"PATH": os.environ.get("PATH", os.defpath), **self.environment},
                input=given,
                capture_output=True,
                text=True,
                timeout=300,
                check=False,
            )
        except OSError as error:
            raise PeerError(f"{program}: {error}") from error
        if done.returncode != 0:
            raise PeerError(f"{program}: {done.stderr.strip()}")
        return done.stdout
