"""``python -m vigie_local.reset_admin``: run oncall-service's reset as that service is run here.

Reads the new password from standard input, and needs the .venv that the services run in.
"""

import os
import subprocess
import sys

from vigie_local import programs, run_state
from vigie_local.installation import Installation


def main() -> int:
    """The exit code of the reset; 1 where no installation runs."""
    installation = Installation.from_environment(os.environ)
    state = run_state.read(installation.run) if installation.run.exists() else None
    if state is None or "postgres" not in state.ports:
        print("no installation runs in this state folder", file=sys.stderr)
        return 1
    # Whom the first start made, whatever this terminal has set.
    named = {"VIGIE_BOOTSTRAP_ADMIN_USER": installation.admin_user}
    service = programs.service(
        installation.on_ports(state.ports),
        "oncall-service",
        database_port=state.ports["postgres"],
        environment={**os.environ, **named},
    )
    command = [sys.executable, "-m", "oncall_service.reset_admin"]
    environment = dict(service.environment)
    return subprocess.run(command, cwd=service.folder, env=environment, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
