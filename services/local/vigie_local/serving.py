"""The supervisor process of an installation: from an empty folder to four ready services."""

import os
import signal
from collections.abc import Callable, Mapping
from types import FrameType

from vigie_local import ports, programs, run_state, secret_files
from vigie_local.database import bootstrap
from vigie_local.embedded_postgres import EmbeddedPostgres, PostgresError
from vigie_local.installation import Installation, InstallationError
from vigie_local.preflight import check_ports, taken
from vigie_local.processes import ProcessIdentity, end_group
from vigie_local.run_state import RunState
from vigie_local.supervisor import StartError, Supervisor

POSTGRES_SECONDS = 60.0
# The first start on a slow machine compiles Python and runs every migration.
SERVICES_SECONDS = 120.0


def serve(
    installation: Installation, environment: Mapping[str, str], tell: Callable[[str], None]
) -> int:
    """Run an installation until SIGTERM or SIGINT; the exit code.

    Raises:
        run_state.AlreadyRunning: another supervisor has this state folder.
    """
    installation.make_folders()
    lock = run_state.Lock(installation.run)
    lock.acquire()
    end_orphans(installation, tell)
    identity = ProcessIdentity.of(os.getpid())
    assert identity is not None, "this process runs"  # noqa: S101 - it reads itself
    state = RunState(identity, ports=dict(installation.ports))
    supervisor = Supervisor(state, installation.run, installation.logs, tell)

    def stop(_signal: int, _frame: FrameType | None) -> None:
        supervisor.request_stop()

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    supervisor.note("starting")
    try:
        _start(installation, environment, supervisor, state, tell)
        if not supervisor.stop_requested:
            supervisor.note("ready")
            tell("ready")
        supervisor.supervise(_principal(environment))
        supervisor.note("stopping")
    except (InstallationError, PostgresError, StartError, OSError) as error:
        supervisor.note("failed", str(error))
        tell(f"failed: {error}")
    supervisor.stop_all()
    if state.phase != "failed":
        (installation.run / "state.json").unlink(missing_ok=True)
    tell("stopped")
    lock.release()
    return 1 if state.phase == "failed" else 0


def _principal(environment: Mapping[str, str]) -> ProcessIdentity | None:
    """The process without which this should not run: a test session, which may be killed."""
    pid = environment.get("VIGIE_RUN_WHILE_PID", "")
    return ProcessIdentity.of(int(pid)) if pid.isdecimal() else None


def end_orphans(installation: Installation, tell: Callable[[str], None]) -> None:
    """End what a killed supervisor left running; call it only while no supervisor runs."""
    state = run_state.read(installation.run)
    if state is None:
        return
    # In the reverse order of starting, so that the database goes last.
    for name, child in reversed(state.children.items()):
        if child.process is not None and child.process.is_running():
            tell(f"ending {name} (process {child.process.pid}), left by a supervisor that is gone")
            first = signal.SIGINT if name == "postgres" else signal.SIGTERM
            end_group(child.process, 20, first)
    (installation.run / "state.json").unlink()


def _start(
    installation: Installation,
    environment: Mapping[str, str],
    supervisor: Supervisor,
    state: RunState,
    tell: Callable[[str], None],
) -> None:
    check_ports(installation)
    if made := secret_files.ensure(installation.secrets):
        tell(f"generated {len(made)} secrets in {installation.secrets}")
    server = EmbeddedPostgres(
        installation.database,
        _database_port(installation, environment),
        installation.secrets / "postgres_password",
    )
    state.ports["postgres"] = server.port
    if server.initialise():
        tell(f"made a database cluster in {server.home}")
    supervisor.add(programs.postgres(server))
    supervisor.wait_ready(POSTGRES_SECONDS)
    if supervisor.stop_requested:
        return
    bootstrap(server, installation.secrets)
    for name in secret_files.SERVICES:
        supervisor.add(
            programs.service(installation, name, database_port=server.port, environment=environment)
        )
    if (prometheus := programs.prometheus(installation)) is not None:
        supervisor.add(prometheus)
    supervisor.wait_ready(SERVICES_SECONDS)
    if not supervisor.stop_requested:
        # By now oncall-service has made the admin.
        installation.note_admin_user(environment)


def _database_port(installation: Installation, environment: Mapping[str, str]) -> int:
    """The port of the last run if it can be had again, so that a note of it stays true."""
    if given := environment.get("VIGIE_POSTGRES_PORT"):
        if not ports.is_free("127.0.0.1", int(given)):
            raise taken("PostgreSQL", int(given), "VIGIE_POSTGRES_PORT")
        return int(given)
    note = installation.state / "postgres_port"
    port = int(note.read_text()) if note.exists() else 0
    if not port or not ports.is_free("127.0.0.1", port):
        port = ports.find_free()
        note.write_text(f"{port}\n")
    return port
