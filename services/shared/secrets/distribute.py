# ruff: noqa: INP001 - the one script of its image
"""The one-shot `secrets` container: makes what is missing, gives each consumer a folder of its own.

    distribute.py FOLDER          make, then hand out; run before every start of the stack
    distribute.py FOLDER show     print the secrets a person needs, as JSON, to standard output

FOLDER/installation holds every secret, for root alone. FOLDER/<consumer> holds copies that only the
consumer's uid can read. Values are never changed, only made when missing; the copies follow them.
The process is root without any capability but CHOWN, so it can neither read nor write what it has
given away: a copy is replaced whole, by renaming within a folder that stays root's own.
"""

import json
import os
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from vigie_local import secret_files

# Changes the owner of an open file: (descriptor, uid, gid).
Give = Callable[[int, int, int], None]

INSTALLATION = "installation"
# What ./ci/credentials.sh tells the person who runs the stack.
SHOWN = ("admin_password", "ingestion_key", "api_token", "grafana_admin_password")


@dataclass(frozen=True)
class Consumer:
    """A container that reads secrets: the uid it runs as, and the files it may see."""

    uid: int
    files: tuple[str, ...]


CONSUMERS = {
    "alert-ingestion": Consumer(
        10001,
        ("alerts_db_password", "alert_ingestion_token", secret_files.CALLERS, "ingestion_key"),
    ),
    "incident-management": Consumer(
        10002,
        (
            "incidents_db_password",
            "metrics_db_password",
            "incident_management_token",
            secret_files.CALLERS,
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
            content = (root / INSTALLATION / file).read_bytes()
            _hand_out(folder / file, content, consumer.uid, give)
    return made


def shown(root: Path) -> dict[str, str]:
    """The secrets that a person needs, by name."""
    return {name: secret_files.read(root / INSTALLATION, name) for name in SHOWN}


def _hand_out(path: Path, content: bytes, uid: int, give: Give) -> None:
    partial = path.with_name(f".{path.name}.partial")
    partial.unlink(missing_ok=True)
    descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o400)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
        # Last: once it is another's, this process could not even open it.
        give(descriptor, uid, uid)
    partial.replace(path)


def main(arguments: list[str]) -> None:
    """Do what the command line asks for (see the module)."""
    root = Path(arguments[0])
    if arguments[1:] == ["show"]:
        print(json.dumps(shown(root)))
        return
    made = distribute(root)
    print(f"made: {', '.join(made)}" if made else "nothing to make: every secret exists")


if __name__ == "__main__":
    main(sys.argv[1:])
