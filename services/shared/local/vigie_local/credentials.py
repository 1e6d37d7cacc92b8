"""``./ci/credentials.sh``: how to reach and enter whichever installation is up.

Standard library only: a machine that runs compose needs no .venv for it.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from vigie_local import run_state, secret_files
from vigie_local.installation import DEFAULT_ADMIN, REPOSITORY, Installation, InstallationError

# {key in "urls": (compose service, its port inside)}
_PUBLISHED = {
    "web_ui": ("web-ui", 8080),
    "alert_ingestion": ("alert-ingestion", 8001),
    "incident_management": ("incident-management", 8002),
    "oncall_service": ("oncall-service", 8003),
    "prometheus": ("prometheus", 9090),
    "grafana": ("grafana", 3000),
}
_DOCKER_SECONDS = 60
EXIT_NOTHING_UP = 3


@dataclass(frozen=True)
class Credentials:
    """What ``--json`` prints; an address is null when the host cannot reach it."""

    runtime: str
    urls: Mapping[str, str | None]
    admin: Mapping[str, str]
    ingestion_key: str
    api_token: str
    grafana_admin_password: str | None


class CredentialsError(Exception):
    """There is nothing to tell; the message says why."""


def of_local(installation: Installation) -> Credentials | None:
    """The installation that ./services/run.sh runs; None when it does not."""
    state = run_state.read(installation.run) if installation.run.exists() else None
    if state is None or not state.supervisor.is_running():
        return None
    # What it was started with counts, not what this shell's environment says.
    running = installation.on_ports(state.ports)
    urls: dict[str, str | None] = {
        key: running.url(name) if name in state.children else None
        for key, (name, _) in _PUBLISHED.items()
    }
    secrets = installation.secrets
    return Credentials(
        runtime="local",
        urls=urls,
        admin={
            "user": running.admin_user,
            "password": secret_files.read(secrets, "admin_password"),
        },
        ingestion_key=secret_files.read(secrets, "ingestion_key"),
        api_token=secret_files.read(secrets, "api_token"),
        # There is no Grafana without Docker.
        grafana_admin_password=None,
    )


def of_compose() -> Credentials | None:
    """The stack that docker compose runs from this folder; None when none does."""
    if shutil.which("docker") is None:
        return None
    running = _compose("ps", "--status", "running", "--services")
    if running is None or "alert-ingestion" not in running.split():
        return None
    shown = _secrets_again("/run/secrets", "show")
    if shown is None:
        raise CredentialsError(
            "the stack runs, but its secrets container does not answer; "
            "`docker compose up -d secrets`, with the --env-file you started with, brings it back"
        )
    secrets: dict[str, str] = json.loads(shown.strip().splitlines()[-1])
    user = _compose("exec", "-T", "oncall-service", "printenv", "VIGIE_BOOTSTRAP_ADMIN_USER")
    return Credentials(
        runtime="compose",
        urls={
            key: address(_compose("port", name, str(port)))
            for key, (name, port) in _PUBLISHED.items()
        },
        admin={
            "user": (user or "").strip() or DEFAULT_ADMIN,
            "password": secrets["admin_password"],
        },
        ingestion_key=secrets["ingestion_key"],
        api_token=secrets["api_token"],
        grafana_admin_password=secrets["grafana_admin_password"],
    )


def address(published: str | None) -> str | None:
    """The URL for what ``docker compose port`` says: ``0.0.0.0:8080``, ``[::]:8080`` or nothing."""
    host, _, port = (published or "").strip().partition("\n")[0].rpartition(":")
    if not port.isdecimal() or port == "0":
        return None
    return f"http://{'127.0.0.1' if host in {'0.0.0.0', '[::]', ''} else host}:{port}"  # noqa: S104


def find(environment: Mapping[str, str], wanted: str | None) -> Credentials:
    """Those of ``wanted`` ("local", "compose"), or of whichever is up.

    Raises:
        CredentialsError: nothing of that kind is up.
    """
    installation = Installation.from_environment(environment)
    local = of_local(installation) if wanted != "compose" else None
    compose = of_compose() if wanted == "compose" or (wanted is None and local is None) else None
    found = local or compose
    if found is None:
        raise CredentialsError(
            f"no {wanted + ' ' if wanted else ''}installation is up: start one with "
            "`docker compose up -d` or `./services/run.sh --detach`"
        )
    return found


def text(found: Credentials) -> str:
    """For a person: addresses, the password, and a line to paste."""
    labels = {key: name for key, (name, _) in _PUBLISHED.items()}
    rows = [(labels[key], url) for key, url in found.urls.items() if url is not None]
    rows += [("sign in as", found.admin["user"]), ("password", found.admin["password"])]
    rows += [("ingestion key", found.ingestion_key), ("API token", found.api_token)]
    if found.grafana_admin_password is not None:
        rows.append(("Grafana admin", found.grafana_admin_password))
    lines = [f"Vigie ({found.runtime})"]
    lines += [f"  {label:<20} {value}" for label, value in rows]
    alerts = found.urls["alert_ingestion"]
    body = '{"service": "checkout", "severity": "high", "message": "Payments answer slowly"}'
    lines += [
        "",
        "Send an alert:",
        f"  curl -sS {alerts}/api/v1/alerts -H 'Authorization: Bearer {found.ingestion_key}' \\",
        f"    -H 'Content-Type: application/json' -d '{body}'",
    ]
    return "\n".join(lines)


def main(arguments: list[str]) -> int:
    """Print them; 3 when nothing is up."""
    parser = argparse.ArgumentParser(prog="./ci/credentials.sh", description=__doc__)
    parser.add_argument("--json", action="store_true", help="for programs")
    parser.add_argument("--runtime", choices=["local", "compose"], help="when both are up")
    options = parser.parse_args(arguments)
    try:
        found = find(os.environ, options.runtime)
    except (CredentialsError, InstallationError) as error:
        print(f"credentials.sh: {error}", file=sys.stderr)
        return EXIT_NOTHING_UP
    print(json.dumps(asdict(found), indent=2) if options.json else text(found))
    return 0


def _secrets_again(*arguments: str) -> str | None:
    """What the one-shot container prints, the only one that may read every secret.

    From the very image and volume that it ran with: `docker compose run` would take the image that
    the settings of this shell name, which need not be those the stack was started with.
    """
    container = (_compose("ps", "--all", "--quiet", "secrets") or "").strip()
    image = container and (_docker("inspect", "--format", "{{.Image}}", container) or "").strip()
    if not image:
        return None
    return _docker(
        "run", "--rm", "--network=none", "--read-only", "--cap-drop=ALL",
        "--security-opt=no-new-privileges", f"--volumes-from={container}", image, *arguments,
    )  # fmt: skip


def _compose(*arguments: str) -> str | None:
    """The output of docker compose in this folder; None when it fails."""
    return _docker("compose", *arguments)


def _docker(*arguments: str) -> str | None:
    """The output of docker in this folder; None when it fails."""
    result: subprocess.CompletedProcess[Any] = subprocess.run(
        ["docker", *arguments],
        cwd=REPOSITORY,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=_DOCKER_SECONDS,
        check=False,
    )
    return result.stdout if result.returncode == 0 else None


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
