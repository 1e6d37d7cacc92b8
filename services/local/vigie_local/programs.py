"""What the supervisor runs: command, environment and readiness of each program."""

import os
import shutil
import signal
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from shared import liveness
from vigie_local import http, prometheus_config
from vigie_local.database import DATABASE, METRICS_ROLE, ROLES
from vigie_local.embedded_postgres import EmbeddedPostgres
from vigie_local.installation import REPOSITORY, Installation
from vigie_local.preflight import runs_prometheus
from vigie_local.secret_files import CALLERS, SERVICES, token_name

# Of the caller's environment only this is handed on, and every VIGIE_ setting: what a service sees
# should not depend on the shell it was started from.
_HANDED_ON = ("PATH", "HOME", "LANG", "SSL_CERT_FILE", "FORWARDED_ALLOW_IPS")

# The secrets of one service beside its token: {service: {variable: file}}.
_SECRETS = {
    "alert-ingestion": {"VIGIE_BOOTSTRAP_INGESTION_KEY": "ingestion_key"},
    "incident-management": {
        "VIGIE_METRICS_DATABASE_PASSWORD": "metrics_db_password",
        "VIGIE_LINK_KEYS": "link_keys",
    },
    "oncall-service": {
        "VIGIE_BOOTSTRAP_ADMIN_PASSWORD": "admin_password",
        "VIGIE_BOOTSTRAP_API_TOKEN": "api_token",
        "VIGIE_LINK_KEYS": "link_keys",
        "VIGIE_SEALING_KEYS": "sealing_keys",
        "VIGIE_VAPID_PRIVATE_KEY": "vapid_private_key",
    },
    "web-ui": {"VIGIE_CSRF_SECRET": "csrf_secret"},
}


@dataclass(frozen=True)
class Program:
    """A program to keep running.

    ``ready`` says whether it does its work by now. ``speaks`` asks it for a sign of life and may
    take seconds; None for a program that is not asked.
    """

    name: str
    command: list[str]
    environment: Mapping[str, str]
    folder: Path
    ready: Callable[[], bool]
    speaks: Callable[[], bool] | None = None
    stop_signal: int = signal.SIGTERM
    stop_seconds: float = 20
    before_start: Callable[[], None] = lambda: None
    popen: Mapping[str, Any] = field(default_factory=dict)


def postgres(server: EmbeddedPostgres) -> Program:
    """The embedded database: SIGINT is its fast shutdown."""
    return Program(
        name="postgres",
        command=server.command(),
        environment=server.environment(),
        folder=server.home,
        ready=server.is_ready,
        stop_signal=signal.SIGINT,
        stop_seconds=30,
        before_start=server.prepare_start,
        popen=server.as_user(),
    )


def service(
    installation: Installation,
    name: str,
    *,
    database_port: int,
    environment: Mapping[str, str],
    port: int | None = None,
) -> Program:
    """One service of an installation; ``port`` for a further copy of it."""
    port = port or installation.ports[name]
    variables = {key: environment[key] for key in _HANDED_ON if key in environment}
    variables |= {
        key: value for key, value in environment.items() if key.startswith("VIGIE_") and value
    }
    kept = {"VIGIE_WEB_UI_URL"} & variables.keys()
    variables |= {
        # Calls between the services never leave the machine.
        "NO_PROXY": "127.0.0.1,localhost,::1",
        "PYTHONUNBUFFERED": "1",
        "VIGIE_BIND_HOST": installation.host,
        "VIGIE_BIND_PORT": str(port),
        "VIGIE_SERVICE_TOKEN_FILE": str(installation.secrets / token_name(name)),
        "VIGIE_CALLERS_FILE": str(installation.secrets / CALLERS),
        **{
            f"VIGIE_{other.upper().replace('-', '_')}_URL": installation.url(other)
            for other in SERVICES
            # Where people find the pages is for them to say; a proxy may stand in front.
            if f"VIGIE_{other.upper().replace('-', '_')}_URL" not in kept
        },
        **{
            f"{variable}_FILE": str(installation.secrets / file)
            for variable, file in _SECRETS[name].items()
            # Whoever sets the value itself means it: giving both is refused by the settings.
            if variable not in variables
        },
    }
    if name == "web-ui":
        variables.setdefault(
            "VIGIE_ALERT_INGESTION_PUBLIC_URL", installation.url("alert-ingestion")
        )
    if name in ROLES:
        _, role, password = ROLES[name]
        variables |= {
            "VIGIE_DATABASE_HOST": "127.0.0.1",
            "VIGIE_DATABASE_PORT": str(database_port),
            "VIGIE_DATABASE_NAME": DATABASE,
            "VIGIE_DATABASE_USER": role,
            "VIGIE_DATABASE_PASSWORD_FILE": str(installation.secrets / password),
        }
    if name == "incident-management":
        variables.setdefault("VIGIE_METRICS_DATABASE_USER", METRICS_ROLE)
    host = "127.0.0.1" if ":" not in installation.host else "::1"
    if installation.host not in {"0.0.0.0", "::"}:  # noqa: S104 - compared
        host = installation.host
    return Program(
        name=name if port == installation.ports[name] else f"{name}-{port}",
        command=[sys.executable, "-m", name.replace("-", "_")],
        environment=variables,
        folder=REPOSITORY / "services" / name,
        ready=lambda: http.answers(f"http://{f'[{host}]' if ':' in host else host}:{port}/ready"),
        speaks=lambda: liveness.speaks(host, port),
    )


def prometheus(installation: Installation) -> Program | None:
    """Prometheus with the product's configuration for these ports, where it is on PATH."""
    binary = shutil.which("prometheus")
    source = REPOSITORY / "prometheus" / "prometheus.yml"
    if binary is None or not runs_prometheus(installation) or not source.exists():
        return None
    port = installation.ports["prometheus"]
    config = installation.run / "prometheus.yml"

    def write_config() -> None:
        config.write_text(prometheus_config.derive(source, installation), encoding="utf-8")

    return Program(
        name="prometheus",
        command=[
            binary,
            f"--config.file={config}",
            f"--storage.tsdb.path={installation.state / 'prometheus'}",
            f"--storage.tsdb.retention.time={prometheus_config.RETENTION}",
            f"--web.listen-address=127.0.0.1:{port}",
            "--log.level=warn",
        ],
        environment={"PATH": os.environ.get("PATH", os.defpath)},
        folder=installation.state,
        ready=lambda: http.answers(f"http://127.0.0.1:{port}/-/ready"),
        before_start=write_config,
    )
