"""``./services/run.sh``: start, stop and look at an installation without Docker."""

import argparse
import contextlib
import os
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

from vigie_local import report, run_state, serving
from vigie_local.installation import PORTS, REPOSITORY, Installation, InstallationError
from vigie_local.processes import end_group
from vigie_local.removal import remove

START_SECONDS = 240.0
STOP_SECONDS = 90.0
_POLL_SECONDS = 0.1

EXIT_FAILED, EXIT_NOT_RUNNING = 1, 3


def main(arguments: list[str]) -> int:
    """Do what the flags say; the exit code."""
    options = _parser().parse_args(arguments)
    # Whatever this process and its children write is for their user alone.
    os.umask(0o077)
    try:
        installation = Installation.from_environment(os.environ)
        return _run(options, installation)
    except InstallationError as error:
        print(f"run.sh: {error}", file=sys.stderr)
        return EXIT_FAILED
    except run_state.AlreadyRunning:
        print("run.sh: another start is under way in this state folder", file=sys.stderr)
        return EXIT_FAILED


def _run(options: argparse.Namespace, installation: Installation) -> int:
    if options.serve:
        return serving.serve(installation, os.environ, _tell)
    if options.status:
        return _status(installation)
    if options.stop:
        return _stop(installation)
    if options.reset:
        return _reset(installation, ask=not options.yes)
    return _start(installation, detach=options.detach, demo=options.demo)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="./services/run.sh",
        description="Vigie on this machine, without Docker. Without a flag: start, and stop with "
        "Ctrl-C. State and generated secrets are under .local/ (VIGIE_STATE_DIR). Ports: "
        + ", ".join(variable for variable, _ in PORTS.values())
        + ". Prometheus runs too where it is on PATH, unless VIGIE_PROMETHEUS=off.",
    )
    action = parser.add_mutually_exclusive_group()
    action.add_argument("--detach", action="store_true", help="start, and return once it is ready")
    action.add_argument("--stop", action="store_true", help="stop it, leaving its data")
    action.add_argument("--status", action="store_true", help="what runs, and whether it is ready")
    action.add_argument("--reset", action="store_true", help="stop it and delete all of its data")
    action.add_argument("--serve", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--demo", action="store_true", help="fill it with a believable week")
    parser.add_argument("--yes", action="store_true", help="with --reset: do not ask")
    return parser


def _start(installation: Installation, *, detach: bool, demo: bool) -> int:
    began = time.monotonic()
    installation.make_folders()
    process: subprocess.Popen[bytes] | None = None
    if run_state.Lock(installation.run).is_held():
        print("Vigie is running already.")
    else:
        process = _spawn(installation)
    if (failure := _wait_until_ready(installation, process)) is not None:
        print(f"run.sh: {failure}", file=sys.stderr)
        return EXIT_FAILED
    seconds = time.monotonic() - began
    filling = [str(REPOSITORY / "services/demo.sh")]
    if demo and (code := subprocess.run(filling, check=False).returncode):
        print("run.sh: Vigie runs, but the demonstration could not be filled in", file=sys.stderr)
        return code
    state = run_state.read(installation.run)
    if state is not None:
        installation = installation.on_ports(state.ports)
    print(report.addresses(installation, seconds if process is not None else None))
    if detach or process is None:
        print("Stop it with ./services/run.sh --stop")
        return 0
    print("Ctrl-C stops it.", flush=True)
    return _follow(process)


def _spawn(installation: Installation) -> subprocess.Popen[bytes]:
    """Start the supervisor in a session of its own: it outlives this terminal."""
    log = installation.logs / "supervisor.log"
    print(f"Starting Vigie (logs in {installation.logs}) ...", flush=True)
    with log.open("ab") as output:
        return subprocess.Popen(
            [sys.executable, "-m", "vigie_local", "--serve"],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            cwd=REPOSITORY,
            start_new_session=True,
        )


def _wait_until_ready(
    installation: Installation, process: subprocess.Popen[bytes] | None
) -> str | None:
    """Wait for the supervisor to say that all is ready; what went wrong otherwise."""
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        state = run_state.read(installation.run)
        if state is not None and process is not None and state.supervisor.pid != process.pid:
            state = None  # what an earlier run left
        if state is not None and state.phase == "ready":
            return None
        if state is not None and state.phase == "failed":
            if process is not None:
                process.wait(STOP_SECONDS)
            return state.message
        if process is not None and process.poll() is not None:
            return f"the supervisor ended:\n{_tail(installation.logs / 'supervisor.log')}"
        time.sleep(_POLL_SECONDS)
    return f"not ready after {START_SECONDS:g} s; see {installation.logs}"


def _follow(process: subprocess.Popen[bytes]) -> int:
    """Wait for the end in the foreground; Ctrl-C, a closed terminal and SIGTERM stop all of it."""

    def pass_on(_signal: int, _frame: object) -> None:
        process.terminate()

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, pass_on)
    code = process.wait()
    print("Stopped.")
    return code


def _stop(installation: Installation) -> int:
    """Stop the supervisor, or what a killed one left; nothing of it remains."""
    if not installation.run.exists():
        print("Vigie is not running.")
        return 0
    state = run_state.read(installation.run)
    lock = run_state.Lock(installation.run)
    if not lock.is_held():
        serving.end_orphans(installation, print)
        print("Vigie is not running.")
        return 0
    deadline = time.monotonic() + STOP_SECONDS
    # It may just have taken the lock and not yet have said who it is.
    while state is None and lock.is_held() and time.monotonic() < deadline:
        time.sleep(_POLL_SECONDS)
        state = run_state.read(installation.run)
    if state is not None:
        end_group(state.supervisor, STOP_SECONDS)
        serving.end_orphans(installation, print)
    # Takes the file of the lock away where its holder was ended before it could.
    lock.is_held()
    print("Stopped.")
    return 0


def _status(installation: Installation) -> int:
    state = run_state.read(installation.run) if installation.run.exists() else None
    if state is None or not state.supervisor.is_running():
        if (orphans := report.orphans(state)) is not None:
            print(orphans)
            return EXIT_FAILED
        print("Vigie is not running.")
        return EXIT_NOT_RUNNING
    text, good = report.status(installation, state)
    print(text)
    return 0 if good else EXIT_FAILED


def _reset(installation: Installation, *, ask: bool) -> int:
    if ask and sys.stdin.isatty():
        print(f"This deletes every alert, incident and secret in {installation.state}.")
        if input("Type 'reset' to go on: ").strip() != "reset":
            print("Nothing was changed.")
            return EXIT_FAILED
    _stop(installation)
    remove(installation)
    print(f"Removed {installation.state}.")
    return 0


def _tail(path: Path) -> str:
    lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
    return "\n".join(lines[-15:])


def _tell(text: str) -> None:
    line = f"{datetime.now(UTC).isoformat(timespec='seconds')} {text}\n"
    # Past Python's buffer: what a full disk does not take is lost, and does not come up again.
    with contextlib.suppress(OSError):
        os.write(1, line.encode("utf-8", "replace"))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
