"""A PostgreSQL server from the binaries of a PyPI package, for a machine without Docker.

The package's own start-up helper is not used: run as root, it opens the permissions of every parent
directory. Here ``initdb`` and ``postgres`` are run directly; as root they run as an unprivileged
user, on copies of the binaries where that user cannot read the originals, in a folder of its own.
"""

import hashlib
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from vigie_local import postgres_binaries
from vigie_local.processes import arguments, is_alive

DEFAULT_MAJOR = 18
SUPERUSER = "postgres"
# A unix socket address holds 107 bytes; the name of the socket in its folder takes up to 20.
_LONGEST_SOCKET_FOLDER = 87
_POLL_SECONDS = 0.05

_DURABLE = {"max_connections": "150", "shared_buffers": "64MB"}
# For tests: what a crash of the machine would lose does not matter, a fast disk does.
_FAST = {
    "max_connections": "300",
    "shared_buffers": "64MB",
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "max_wal_size": "512MB",
}


class PostgresError(Exception):
    """The embedded server cannot be made, started or stopped; the message says what to do."""


@dataclass(frozen=True)
class ServerUser:
    """The unprivileged user the server runs as when its caller is root."""

    name: str
    uid: int
    gid: int


def server_user() -> ServerUser | None:
    """Who the server runs as: None, the caller, unless the caller is root, whom PostgreSQL refuses.

    Nothing is added to the machine's users: ``VIGIE_POSTGRES_OS_USER``, an existing ``postgres`` or
    ``nobody``.
    """
    if os.geteuid() != 0:
        return None
    for name in (os.environ.get("VIGIE_POSTGRES_OS_USER"), "postgres", "nobody"):
        try:
            entry = pwd.getpwnam(name or "")
        except KeyError:
            continue
        if entry.pw_uid != 0:
            return ServerUser(entry.pw_name, entry.pw_uid, entry.pw_gid)
    raise PostgresError(
        "PostgreSQL does not run as root, and this machine has neither a user 'postgres' nor "
        "'nobody': name an unprivileged one in VIGIE_POSTGRES_OS_USER."
    )


@dataclass
class EmbeddedPostgres:
    """One database cluster under ``home``, listening on loopback and on a unix socket.

    ``password_file`` holds the superuser's password. ``fast`` gives up durability and is for tests.
    Every connection, the socket included, has to authenticate (scram-sha-256).
    """

    home: Path
    port: int
    password_file: Path
    fast: bool = False
    major: int = DEFAULT_MAJOR
    user: ServerUser | None = field(default_factory=server_user)
    process: subprocess.Popen[bytes] | None = None

    @property
    def data(self) -> Path:
        """The data directory (mode 0700, the server's own)."""
        return self.home / "data"

    @property
    def socket_folder(self) -> Path:
        """Where the unix socket is: in ``home``, unless that path is too long for one."""
        inside = self.home / "socket"
        if len(os.fsencode(inside)) <= _LONGEST_SOCKET_FOLDER:
            return inside
        return Path(tempfile.gettempdir()) / f"vigie-socket-{os.geteuid()}-{self.port}"

    def initialise(self) -> bool:
        """Make the cluster unless it exists; True when it was made.

        It is made beside its place and moved there whole: an initdb that was cut off leaves nothing
        that looks like a database.
        """
        self._make_folders()
        existing = self.data / "PG_VERSION"
        if existing.exists():
            self.major = int(existing.read_text())
            self.binary("postgres")
            return False
        unfinished = self.home / "data.unfinished"
        shutil.rmtree(unfinished, ignore_errors=True)
        password = self.home / "password.once"
        password.unlink(missing_ok=True)
        descriptor = os.open(password, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(self.password_file.read_bytes())
            self._give(password)
            self._run_initdb(unfinished, password)
        finally:
            password.unlink()
        (unfinished / "pg_hba.conf").write_text(
            "local all all scram-sha-256\nhost all all 127.0.0.1/32 scram-sha-256\n"
        )
        unfinished.rename(self.data)
        return True

    def command(self) -> list[str]:
        """The argument list of the server; no secret is in it."""
        settings = {
            "listen_addresses": "127.0.0.1",
            "port": str(self.port),
            "unix_socket_directories": str(self.socket_folder),
            "unix_socket_permissions": "0700",
            "password_encryption": "scram-sha-256",
            "timezone": "UTC",
            "log_timezone": "UTC",
            "log_line_prefix": "%m [%p] %q%u@%d ",
            "jit": "off",
            **(_FAST if self.fast else _DURABLE),
        }
        options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        return [str(self.binary("postgres")), "-D", str(self.data), *options]

    def environment(self) -> dict[str, str]:
        """All that the server gets to see of its caller's environment.

        The marker is that of a stage of ci/ around us, which ends what it leaves running.
        """
        marker = {key: os.environ[key] for key in ("VIGIE_STAGE_MARKER",) if key in os.environ}
        return {"PATH": os.defpath, "LANG": "C", "TZ": "UTC", **marker}

    def prepare_start(self) -> None:
        """Remove what keeps a cluster that was killed from starting again.

        A postmaster.pid survives ``kill -9`` or a power cut, and PostgreSQL refuses to start when
        an unrelated process has its pid by now. An orphaned server of this cluster is stopped.
        """
        self._make_folders()
        pid = self._postmaster_pid()
        if pid is not None and self._is_our_postmaster(pid):
            _stop_pid(pid)
        (self.data / "postmaster.pid").unlink(missing_ok=True)
        # The socket's own lock names the server too. In a container whose first process reaps
        # nobody, one that was killed remains as a zombie, which PostgreSQL takes for alive.
        for left in self.socket_folder.glob(".s.PGSQL.*"):
            left.unlink()

    def start(self, log: Path, deadline_seconds: float = 30) -> None:
        """Start the server as a child of this process and wait until it takes connections.

        Raises:
            PostgresError: with the last lines of its log.
        """
        self.prepare_start()
        with log.open("ab") as output:
            self.process = subprocess.Popen(
                self.command(),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                cwd=self.home,
                env=self.environment(),
                start_new_session=True,
                **self.as_user(),
            )
        deadline = time.monotonic() + deadline_seconds
        while not self.is_ready():
            if self.process.poll() is not None or time.monotonic() > deadline:
                tail = "\n".join(log.read_text(errors="replace").splitlines()[-15:])
                self.stop()
                raise PostgresError(f"PostgreSQL did not start. Its log, {log}, ends with:\n{tail}")
            time.sleep(_POLL_SECONDS)

    def is_ready(self) -> bool:
        """Whether the server says, in its pid file, that it takes connections."""
        try:
            lines = (self.data / "postmaster.pid").read_text().splitlines()
        except FileNotFoundError:
            return False
        return len(lines) > 7 and lines[7].strip() == "ready" and is_alive(int(lines[0]))

    def stop(self) -> None:
        """Stop what :meth:`start` started: open transactions are rolled back, nothing is lost."""
        if self.process is None or self.process.poll() is not None:
            return
        self.process.send_signal(signal.SIGINT)
        try:
            self.process.wait(30)
        except subprocess.TimeoutExpired:
            self.process.send_signal(signal.SIGQUIT)
            self.process.wait(10)

    def as_user(self) -> dict[str, Any]:
        """The arguments of Popen that make a process the server's user's."""
        if self.user is None:
            return {"umask": 0o077}
        return {
            "user": self.user.uid,
            "group": self.user.gid,
            "extra_groups": [],
            "umask": 0o077,
        }

    def client(self, name: str) -> Path:
        """A client program, run by the caller: never a copy that the server's user could alter."""
        return postgres_binaries.program(self.major, name)

    def binary(self, name: str) -> Path:
        """A program that runs as the server's user.

        Raises:
            PostgresError: the package does not ship this major version.
        """
        path = postgres_binaries.program(self.major, name)
        if not path.exists():
            raise PostgresError(
                f"{self.home} holds a database of PostgreSQL {self.major}, which this version of "
                "Vigie does not ship: dump it with the version that made it, or --reset."
            )
        if self.user is None or postgres_binaries.readable_by_others(path):
            return path
        return postgres_binaries.copy_for_others(path, self.home)

    def _run_initdb(self, target: Path, password: Path) -> None:
        locale = ["--locale=C"]
        if self.major >= 17:
            # The same order and case rules on every machine, whatever locales it has.
            locale += ["--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
        result = subprocess.run(
            [
                str(self.binary("initdb")),
                f"--pgdata={target}",
                f"--username={SUPERUSER}",
                f"--pwfile={password}",
                "--auth=scram-sha-256",
                "--encoding=UTF8",
                "--data-checksums",
                *locale,
                *(["--no-sync"] if self.fast else []),
            ],
            cwd=self.home,
            env=self.environment(),
            capture_output=True,
            text=True,
            check=False,
            **self.as_user(),
        )
        if result.returncode != 0:
            raise PostgresError(f"initdb failed: {result.stderr.strip() or result.stdout.strip()}")

    def _make_folders(self) -> None:
        """``home`` and all in it are the server's user's alone."""
        for above in reversed(self.home.parents):
            if not above.exists():
                above.mkdir(exist_ok=True)
                if self.user is not None:
                    # Whatever the umask: the server's user has to walk through it.
                    above.chmod(0o711)
        self.home.mkdir(exist_ok=True)
        self.home.chmod(0o700)
        self._give(self.home)
        self.socket_folder.mkdir(mode=0o700, exist_ok=True)
        if self.socket_folder.stat().st_uid not in {os.geteuid(), self._uid()}:
            raise PostgresError(f"{self.socket_folder} belongs to somebody else: remove it.")
        self._give(self.socket_folder)

    def _give(self, path: Path) -> None:
        if self.user is not None:
            os.chown(path, self.user.uid, self.user.gid)

    def _uid(self) -> int:
        return os.geteuid() if self.user is None else self.user.uid

    def _postmaster_pid(self) -> int | None:
        try:
            return int((self.data / "postmaster.pid").read_text().splitlines()[0])
        except (FileNotFoundError, IndexError, ValueError):
            return None

    def _is_our_postmaster(self, pid: int) -> bool:
        """Whether that process is a server on this data directory, not a later owner of the pid."""
        return str(self.data) in arguments(pid)


def home_for(state: Path) -> Path:
    """Where the cluster of the installation with that state folder lives.

    Inside it, except as root: the server's user could not walk through the folders of root, and
    opening them for it is what this module avoids.
    """
    if os.geteuid() != 0:
        return state / "postgres"
    return Path("/var/lib/vigie") / hashlib.sha256(os.fsencode(state.resolve())).hexdigest()[:12]


def _stop_pid(pid: int) -> None:
    """End an orphaned server: fast shutdown, then an immediate one."""
    for sent, patience in ((signal.SIGINT, 20.0), (signal.SIGQUIT, 10.0), (signal.SIGKILL, 5.0)):
        try:
            os.kill(pid, sent)
        except ProcessLookupError:
            return
        deadline = time.monotonic() + patience
        while time.monotonic() < deadline:
            if not is_alive(pid):
                return
            time.sleep(_POLL_SECONDS)
    raise PostgresError(f"process {pid}, an old PostgreSQL server of this cluster, does not end")
