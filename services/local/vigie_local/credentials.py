"""``./services/credentials.sh``: how to reach and enter whichever installation is up.

Standard library only: a machine that runs compose needs no .venv for it.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace

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
DEMO = "demo_password"
EXIT_FAILED, EXIT_NOTHING_UP = 1, 3


@dataclass(frozen=True)
class Credentials:
    """What ``--json`` prints; an address is null when the host cannot reach it.

    ``demo_password`` is that of all people of the demonstration, and left out without one.
    """

    runtime: str
    urls: Mapping[str, str | None]
    admin: Mapping[str, str]
    ingestion_key: str
    api_token: str
    grafana_admin_password: str | None
    demo_password: str | None = None


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
        demo_password=secret_files.read(secrets, DEMO) if (secrets / DEMO).exists() else None,
    )


def of_compose() -> Credentials | None:
    """The stack that docker compose runs from this folder; None when none does."""
    if shutil.which("docker") is None:
        return None
    running = _compose("ps", "--status", "running", "--services")
    if running is None or "alert-ingestion" not in running.split():
        if (said := half_started()) is not None:
            raise CredentialsError(said)
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
        demo_password=secrets.get(DEMO),
    )


def half_started() -> str | None:
    """What to do about containers that were made and never started; None when there are none.

    So ends a `docker compose up` that finds a port taken.
    """
    made = (_compose("ps", "--all", "--status", "created", "--services") or "").split()
    if not made:
        return None
    return (
        f"the stack is half started: {', '.join(sorted(made))} did not start. Often a port is "
        "taken: free it, or set another one in .env (VIGIE_WEB_UI_PORT and so on), and run "
        "`docker compose up -d --wait` again; `docker compose down` removes what is there and "
        "keeps the data"
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


def reset_admin(found: Credentials, environment: Mapping[str, str]) -> Credentials:
    """Give the administrator a new password; the credentials with it.

    Raises:
        CredentialsError: it could not be set, and the old one is as it was; or it was set and
            could not be kept for this script, and the message holds it.
    """
    password = secret_files.GENERATORS["admin_password"]()
    if found.runtime == "local":
        # The services' own Python: this one may be any.
        python = REPOSITORY / ".venv" / "bin" / "python"
        said = _run([str(python), "-m", "vigie_local.reset_admin"], said_to_it=password)
    else:
        inside = ("python", "-m", "oncall_service.reset_admin")
        said = _run(
            ["docker", "compose", "exec", "-T", "oncall-service", *inside], said_to_it=password
        )
    user = str(json.loads(said.strip().splitlines()[-1])["user"])
    if (failure := _keep(found.runtime, "admin_password", password, environment)) is not None:
        raise CredentialsError(
            f"the password of {user} is now {password}, but it could not be written down "
            f"({failure}): this script will go on printing the old one"
        )
    return replace(found, admin={"user": user, "password": password})


def with_demo_password(found: Credentials, environment: Mapping[str, str]) -> Credentials:
    """Make a password for the demonstration's people, unless there is one; the credentials with it.

    Raises:
        CredentialsError: it could not be kept for this script.
    """
    if found.demo_password is not None:
        return found
    password = secret_files.GENERATORS["admin_password"]()
    if (failure := _keep(found.runtime, DEMO, password, environment)) is not None:
        raise CredentialsError(f"the password of the demonstration cannot be kept ({failure})")
    return replace(found, demo_password=password)


def _keep(runtime: str, name: str, value: str, environment: Mapping[str, str]) -> str | None:
    """Write a password down where this script reads it; what went wrong otherwise."""
    if runtime == "local":
        try:
            folder = Installation.from_environment(environment).secrets
            secret_files.replace(folder, name, value)
        except OSError as error:
            return str(error)
    elif _secrets_again("/run/secrets", "put", name, keeps=value) is None:
        return "the secrets container did not take it"
    return None


def document(found: Credentials) -> str:
    """For a program."""
    fields = asdict(found)
    if found.demo_password is None:
        del fields["demo_password"]
    return json.dumps(fields, indent=2)


def text(found: Credentials) -> str:
    """For a person: addresses, the password, and a line to paste."""
    labels = {key: name for key, (name, _) in _PUBLISHED.items()}
    rows = [(labels[key], url) for key, url in found.urls.items() if url is not None]
    rows += [("sign in as", found.admin["user"]), ("password", found.admin["password"])]
    rows += [("ingestion key", found.ingestion_key), ("API token", found.api_token)]
    if found.grafana_admin_password is not None:
        rows.append(("Grafana admin", found.grafana_admin_password))
    if found.demo_password is not None:
        rows.append(("people of the demo", "such as maya.patel: the login is first.last"))
        rows.append(("their password", found.demo_password))
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
    parser = argparse.ArgumentParser(prog="./services/credentials.sh", description=__doc__)
    parser.add_argument("--json", action="store_true", help="for programs")
    parser.add_argument("--runtime", choices=["local", "compose"], help="when both are up")
    parser.add_argument(
        "--reset-admin",
        action="store_true",
        help="give the administrator a new password, and print it; also when they were locked out, "
        "deleted or demoted",
    )
    # For ./services/demo.sh: makes the password that the people of the demonstration sign in with.
    parser.add_argument("--demo-password", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    try:
        found = find(os.environ, options.runtime)
    except (CredentialsError, InstallationError) as error:
        print(f"credentials.sh: {error}", file=sys.stderr)
        return EXIT_NOTHING_UP
    if options.reset_admin:
        try:
            found = reset_admin(found, os.environ)
        except CredentialsError as error:
            print(f"credentials.sh: {error}", file=sys.stderr)
            return EXIT_FAILED
        if not options.json:
            print(f"Vigie ({found.runtime}): the administrator has a new password.")
            print(f"  {'sign in as':<20} {found.admin['user']}")
            print(f"  {'password':<20} {found.admin['password']}")
            return 0
    if options.demo_password:
        try:
            found = with_demo_password(found, os.environ)
        except CredentialsError as error:
            print(f"credentials.sh: {error}", file=sys.stderr)
            return EXIT_FAILED
    print(document(found) if options.json else text(found))
    if found.runtime == "compose" and (said := half_started()) is not None:
        print(f"credentials.sh: {said}", file=sys.stderr)
    return 0


def _secrets_again(*arguments: str, keeps: str | None = None) -> str | None:
    """What the one-shot container prints, the only one that may read every secret.

    From the very image and volume that it ran with: `docker compose run` would take the image that
    the settings of this shell name, which need not be those the stack was started with. ``keeps``
    is the value of a secret, for the container's standard input.
    """
    container = (_compose("ps", "--all", "--quiet", "secrets") or "").strip()
    image = container and (_docker("inspect", "--format", "{{.Image}}", container) or "").strip()
    if not image:
        return None
    # To hand a secret out again it gives it to its consumer, as in the stack itself.
    more = () if keeps is None else ("--interactive", "--cap-add=CHOWN")
    return _docker(
        "run", "--rm", "--network=none", "--read-only", "--cap-drop=ALL", *more,
        "--security-opt=no-new-privileges", f"--volumes-from={container}", image, *arguments,
        said_to_it=keeps,
    )  # fmt: skip


def _compose(*arguments: str) -> str | None:
    """The output of docker compose in this folder; None when it fails."""
    return _docker("compose", *arguments)


def _docker(*arguments: str, said_to_it: str | None = None) -> str | None:
    """The output of docker in this folder; None when it fails."""
    try:
        return _run(["docker", *arguments], said_to_it=said_to_it)
    except CredentialsError:
        return None


def _run(command: list[str], *, said_to_it: str | None = None) -> str:
    """The output of a program in this folder.

    Raises:
        CredentialsError: it failed; the message is what it said.
    """
    result: subprocess.CompletedProcess[str] = subprocess.run(
        command,
        cwd=REPOSITORY,
        input=said_to_it or "",
        capture_output=True,
        text=True,
        timeout=_DOCKER_SECONDS,
        check=False,
    )
    if result.returncode != 0:
        said = (result.stderr or result.stdout).strip().splitlines()
        raise CredentialsError(said[-1] if said else f"{command[0]} failed")
    return result.stdout


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
