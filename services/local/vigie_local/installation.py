"""Where an installation without Docker keeps its things, and on which ports it answers."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from vigie_local.embedded_postgres import home_for

REPOSITORY = Path(__file__).parents[3]

# {name: (variable, default)}; PostgreSQL gets any free port and keeps it.
PORTS = {
    "web-ui": ("VIGIE_WEB_UI_PORT", 8080),
    "alert-ingestion": ("VIGIE_ALERT_INGESTION_PORT", 8001),
    "incident-management": ("VIGIE_INCIDENT_MANAGEMENT_PORT", 8002),
    "oncall-service": ("VIGIE_ONCALL_SERVICE_PORT", 8003),
    "prometheus": ("VIGIE_PROMETHEUS_PORT", 9090),
}

DEFAULT_ADMIN = "admin"


class InstallationError(Exception):
    """The installation cannot be run as asked; the message says what to change."""


@dataclass(frozen=True)
class Installation:
    """The folders and ports of one installation; ``state`` (mode 0700) holds all it leaves."""

    state: Path
    ports: Mapping[str, int]
    host: str = "127.0.0.1"
    prometheus: bool = True
    """Whether Prometheus is run too, where it is on PATH."""

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> "Installation":
        """Read VIGIE_STATE_DIR, VIGIE_BIND_HOST, VIGIE_PROMETHEUS (``off``) and the ports.

        Raises:
            InstallationError: a port is not one, or two programs were given the same.
        """
        ports: dict[str, int] = {}
        for name, (variable, default) in PORTS.items():
            given = environment.get(variable) or str(default)
            if not given.isdecimal() or not 0 < int(given) < 65536:
                raise InstallationError(f"{variable}={given} is not a port (1 to 65535).")
            if int(given) in ports.values():
                other = next(n for n, port in ports.items() if port == int(given))
                raise InstallationError(f"{variable}={given} is also the port of {other}.")
            ports[name] = int(given)
        state = Path(environment.get("VIGIE_STATE_DIR") or REPOSITORY / ".local").absolute()
        host = environment.get("VIGIE_BIND_HOST") or "127.0.0.1"
        return cls(state, ports, host, environment.get("VIGIE_PROMETHEUS") != "off")

    def on_ports(self, ports: Mapping[str, int]) -> "Installation":
        """The same on the ports that it was started with, whatever this terminal has set."""
        return replace(self, ports={**self.ports, **ports})

    @property
    def secrets(self) -> Path:
        """Generated passwords, tokens and keys, one file each."""
        return self.state / "secrets"

    @property
    def logs(self) -> Path:
        """One file a program, and the supervisor's."""
        return self.state / "logs"

    @property
    def run(self) -> Path:
        """What exists while it runs: the lock and the state of the supervisor."""
        return self.state / "run"

    @property
    def database(self) -> Path:
        """The home of the embedded PostgreSQL."""
        return home_for(self.state)

    @property
    def admin_user(self) -> str:
        """Whom the first start made the admin, whatever this terminal has set."""
        try:
            return self._admin_note.read_text(encoding="utf-8").strip()
        except FileNotFoundError:
            return DEFAULT_ADMIN

    def note_admin_user(self, environment: Mapping[str, str]) -> None:
        """Keep the name that the first start is given; a later one changes nothing."""
        if not self._admin_note.exists():
            user = environment.get("VIGIE_BOOTSTRAP_ADMIN_USER") or DEFAULT_ADMIN
            self._admin_note.write_text(f"{user}\n", encoding="utf-8")

    @property
    def _admin_note(self) -> Path:
        return self.state / "admin_user"

    def url(self, name: str) -> str:
        """Where a program answers, for its neighbours and for the person at this machine."""
        host = "127.0.0.1" if self.host in {"0.0.0.0", "::"} else self.host  # noqa: S104 - compared
        return f"http://{f'[{host}]' if ':' in host else host}:{self.ports[name]}"

    def make_folders(self) -> None:
        """Make what is missing; a state folder that others could read is closed."""
        for folder in (self.state, self.logs, self.run):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if self.state.stat().st_uid != os.geteuid():
            raise InstallationError(
                f"{self.state} belongs to another user: run as that user, or set VIGIE_STATE_DIR."
            )
        self.state.chmod(0o700)
