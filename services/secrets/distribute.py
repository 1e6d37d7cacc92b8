# ruff: noqa: INP001 - the one script of its image
"""The one-shot `secrets` container: makes what is missing, gives each consumer a folder of its own.

    distribute.py FOLDER          make, then hand out; run before every start of the stack
    distribute.py FOLDER show     print the secrets a person needs, as JSON, to standard output
    distribute.py FOLDER put NAME     take a secret from standard input, then hand out

`put` is for what nobody can generate, such as the password of a mail server, and for replacing a
value on purpose. FOLDER/installation holds every secret, for root alone. FOLDER/<consumer> holds
copies that only the consumer's uid can read. A start never changes a value, it makes what is
missing; the copies follow. The process is root without any capability but CHOWN, so it can neither
read nor write what it has given away: a copy is replaced whole, by renaming within a folder that
stays root's own.
"""

import json
import os
import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from vigie_local import secret_files

# Changes the owner of an open file: (descriptor, uid, gid).
Give = Callable[[int, int, int], None]

INSTALLATION = "installation"
# What ./services/credentials.sh tells the person who runs the stack.
SHOWN = ("admin_password", "ingestion_key", "api_token", "grafana_admin_password")
# Handed out only where `put` has brought one.
OPTIONAL = ("smtp_password", "deadman_url")
# No service reads it: the people of the demonstration sign in with it.
DEMO = "demo_password"


@dataclass(frozen=True)
class Consumer:
    """A container that reads secrets: the uid it runs as, and the files it may see."""

    uid: int
    files: tuple[str, ...]


CONSUMERS = {
    "alert-ingestion": Consumer(
        10001,
        (
            "alerts_db_password",
            "alert_ingestion_token",
            secret_files.CALLERS,
            "ingestion_key",
            "deadman_url",
        ),
    ),
    "incident-management": Consumer(
        10002,
        (
            "incidents_db_password",
            "metrics_db_password",
            "incident_management_token",
            secret_files.CALLERS,
            "link_keys",
        ),
    ),
    "oncall-service": Consumer(
        10003,
        (
            "oncall_db_password",
            "oncall_service_token",
            secret_files.CALLERS,
            "admin_password",
            "api_token",
            "link_keys",
            "sealing_keys",
            "vapid_private_key",
            "smtp_password",
        ),
    ),
    "web-ui": Consumer(10004, ("web_ui_token", secret_files.CALLERS, "csrf_secret")),
    "postgres": Consumer(
        70,
        (
            "postgres_password",
            "alerts_db_password",
            "incidents_db_password",
            "oncall_db_password",
            "metrics_db_password",
        ),
    ),
    "prometheus": Consumer(65534, ("ingestion_key",)),
    "grafana": Consumer(472, ("grafana_admin_password",)),
}


def distribute(root: Path, give: Give = os.fchown) -> list[str]:
    """Make the missing secrets under ``root`` and hand out all; the names of those made.

    A test that is not root passes its own ``give``.
    """
    made = secret_files.ensure(root / INSTALLATION)
    for name, consumer in CONSUMERS.items():
        folder = root / name
        # Passable but not listable, and root's: what lies in it protects itself by mode and owner.
        folder.mkdir(exist_ok=True)
        folder.chmod(0o711)
        for file in consumer.files:
            if file in OPTIONAL and not (root / INSTALLATION / file).exists():
                continue
            content = (root / INSTALLATION / file).read_bytes()
            _replace(folder / file, content, partial(_chown_to, give, consumer.uid), mode=0o400)
    return made


def shown(root: Path) -> dict[str, str]:
    """The secrets that a person needs, by name."""
    folder = root / INSTALLATION
    there = [*SHOWN, *([DEMO] if (folder / DEMO).exists() else [])]
    return {name: secret_files.read(folder, name) for name in there}


def put(root: Path, name: str, value: str) -> None:
    """Keep ``value`` as the secret ``name``, whether or not there was one.

    Raises:
        ValueError: nobody reads such a secret, or there is nothing in it.
    """
    known = {DEMO, *(file for consumer in CONSUMERS.values() for file in consumer.files)}
    if name not in known - {secret_files.CALLERS}:
        raise ValueError(f"nobody reads a secret {name!r}; known are {', '.join(sorted(known))}")
    if not value:
        raise ValueError("standard input is empty")
    (root / INSTALLATION).mkdir(mode=0o700, exist_ok=True)
    _replace(root / INSTALLATION / name, f"{value}\n".encode(), lambda _: None, mode=0o600)


def _chown_to(give: Give, uid: int, descriptor: int) -> None:
    give(descriptor, uid, uid)


def _replace(path: Path, content: bytes, give: Callable[[int], None], *, mode: int) -> None:
    """Write whole or not at all, and give it away last: then this process could not open it."""
    unfinished = path.with_name(f".{path.name}.partial")
    unfinished.unlink(missing_ok=True)
    descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
        give(descriptor)
    unfinished.replace(path)


def main(arguments: list[str]) -> None:
    """Do what the command line asks for (see the module)."""
    root = Path(arguments[0])
    if arguments[1:] == ["show"]:
        print(json.dumps(shown(root)))
        return
    if len(arguments) == 3 and arguments[1] == "put":
        put(root, arguments[2], sys.stdin.read().strip())
    made = distribute(root)
    print(f"made: {', '.join(made)}" if made else "nothing to make: every secret exists")


if __name__ == "__main__":
    main(sys.argv[1:])
