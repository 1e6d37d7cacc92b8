"""``./services/outbox.sh``: messages that were set aside, in whichever installation is up.

Standard library only where the installation is compose's: it then runs inside its containers.
"""

import argparse
import os
import subprocess
import sys
from collections.abc import Sequence

from vigie_local import run_state
from vigie_local.credentials import EXIT_FAILED, EXIT_NOTHING_UP, CredentialsError, find
from vigie_local.installation import REPOSITORY, Installation, InstallationError

# {service: its schema}; web-ui owes nobody anything.
_SCHEMAS = {
    "alert-ingestion": "alerts",
    "incident-management": "incidents",
    "oncall-service": "oncall",
}


def command_in_compose(service: str, arguments: Sequence[str]) -> list[str]:
    """The command of a service, run inside its container."""
    inside = ("python", "-m", "shared.dead_letters", _SCHEMAS[service])
    return ["docker", "compose", "exec", "-T", service, *inside, *arguments]


def run_here(service: str, arguments: Sequence[str]) -> int:
    """The command of a service, run as that service is run here; its exit code."""
    # These need the .venv that the services run in, which compose does not.
    from vigie_local import programs

    installation = Installation.from_environment(os.environ)
    state = run_state.read(installation.run)
    if state is None:
        raise CredentialsError("the installation stopped meanwhile")
    program = programs.service(
        installation.on_ports(state.ports),
        service,
        database_port=state.ports["postgres"],
        environment=os.environ,
    )
    command = [sys.executable, "-m", "shared.dead_letters", _SCHEMAS[service], *arguments]
    environment = dict(program.environment)
    return subprocess.run(command, cwd=program.folder, env=environment, check=False).returncode


def _here(service: str, arguments: Sequence[str]) -> int:
    try:
        return run_here(service, arguments)
    except CredentialsError as error:
        print(f"outbox.sh: {error}", file=sys.stderr)
        return EXIT_FAILED


def main(arguments: Sequence[str]) -> int:
    """0; 1 where a service could not be asked, 3 when nothing is up."""
    parser = argparse.ArgumentParser(prog="./services/outbox.sh", description=__doc__)
    parser.add_argument("--runtime", choices=["local", "compose"], help="when both are up")
    parser.add_argument("--service", choices=[*_SCHEMAS], help="only its messages")
    parser.add_argument("--replay", action="store_true", help="make them due again")
    parser.add_argument("ids", nargs="*", metavar="ID", help="only these")
    options = parser.parse_intermixed_args(arguments)
    handed_on = [*(["--replay"] if options.replay else []), *options.ids]
    try:
        runtime = find(os.environ, options.runtime).runtime
    except (CredentialsError, InstallationError) as error:
        print(f"outbox.sh: {error}", file=sys.stderr)
        return EXIT_NOTHING_UP
    failed = False
    for service in [options.service] if options.service else _SCHEMAS:
        print(f"{service}:", flush=True)
        if runtime == "local":
            code = _here(service, handed_on)
        else:
            code = subprocess.run(
                command_in_compose(service, handed_on), cwd=REPOSITORY, check=False
            ).returncode
        failed |= code != 0
    return EXIT_FAILED if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
