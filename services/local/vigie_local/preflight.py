"""Before the first minute of setting up: whether a start could get its ports at all.

``python3 -m vigie_local.preflight``. Standard library only, for it runs before there is a .venv.
"""

import os
import shutil
import sys
import time

from vigie_local import ports, run_state
from vigie_local.installation import PORTS, Installation, InstallationError


def runs_prometheus(installation: Installation) -> bool:
    """Whether a start brings Prometheus up too: where it is on PATH and not left out."""
    return installation.prometheus and shutil.which("prometheus") is not None


def check_ports(installation: Installation) -> None:
    """Say in one sentence a port that cannot be had, before anything is started.

    Raises:
        InstallationError: the port, who holds it if the system says so, and what to do.
    """
    # A service of the run before may need a moment to let go.
    deadline = time.monotonic() + 2
    for name, port in installation.ports.items():
        if name == "prometheus" and not runs_prometheus(installation):
            continue
        while not ports.is_free(installation.host, port):
            if time.monotonic() > deadline:
                raise taken(name, port, PORTS[name][0])
            time.sleep(0.1)


def taken(name: str, port: int, variable: str) -> InstallationError:
    """What to say, and to do, about a port that is taken."""
    who = ports.holder(port) or "another program"
    return InstallationError(
        f"port {port}, for {name}, is taken by {who}: "
        f"stop that, or choose another with {variable}=PORT."
    )


def main() -> int:
    """0, also where the installation runs already; 1 with the reason on standard error."""
    try:
        installation = Installation.from_environment(os.environ)
        if not (installation.run.exists() and run_state.Lock(installation.run).is_held()):
            check_ports(installation)
    except InstallationError as error:
        print(f"run.sh: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
