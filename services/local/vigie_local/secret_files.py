"""The secrets of one installation: made once, one file each, never overwritten.

Standard library only, so that the same module serves the runner on a laptop and the one-shot
``secrets`` container: ``python secret_files.py FOLDER``.
"""

import base64
import hashlib
import json
import os
import secrets
import string
import sys
from collections.abc import Callable
from pathlib import Path

SERVICES = ("alert-ingestion", "incident-management", "oncall-service", "web-ui")
CALLERS = "callers.json"

_ORDER_OF_P256 = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551

# No letter or digit that is taken for another one when read aloud or typed from a screen.
_TYPEABLE = "".join(c for c in string.ascii_letters + string.digits if c not in "0O1lI")


def _random(alphabet: str, length: int) -> Callable[[], str]:
    return lambda: "".join(secrets.choice(alphabet) for _ in range(length))


def _sealing_key() -> str:
    """A key of Fernet's: 32 bytes in url-safe base64."""
    return base64.urlsafe_b64encode(secrets.token_bytes(32)).decode()


def _vapid_private_key() -> str:
    """A private key of P-256: a number from 1 to below the order of the curve, as its 32 bytes."""
    number = 1 + secrets.randbelow(_ORDER_OF_P256 - 1)
    return base64.urlsafe_b64encode(number.to_bytes(32, "big")).rstrip(b"=").decode()


def token_name(service: str) -> str:
    """The file that holds the token with which ``service`` calls its neighbours."""
    return service.replace("-", "_") + "_token"


GENERATORS: dict[str, Callable[[], str]] = {
    "postgres_password": lambda: secrets.token_urlsafe(32),
    "alerts_db_password": lambda: secrets.token_urlsafe(32),
    "incidents_db_password": lambda: secrets.token_urlsafe(32),
    "oncall_db_password": lambda: secrets.token_urlsafe(32),
    "metrics_db_password": lambda: secrets.token_urlsafe(32),
    **{token_name(service): lambda: secrets.token_urlsafe(32) for service in SERVICES},
    # As long as a PagerDuty routing key, whose clients refuse any other length.
    "ingestion_key": _random(string.ascii_lowercase + string.digits, 32),
    "admin_password": _random(_TYPEABLE, 20),
    "api_token": lambda: secrets.token_urlsafe(32),
    "link_keys": lambda: secrets.token_urlsafe(48),
    "sealing_keys": _sealing_key,
    "vapid_private_key": _vapid_private_key,
    "csrf_secret": lambda: secrets.token_urlsafe(48),
    "grafana_admin_password": _random(_TYPEABLE, 20),
}


def ensure(folder: Path) -> list[str]:
    """Make the secrets that are missing in ``folder`` (mode 0700, files 0600); name what was made.

    A file that exists is kept as it is, whatever wrote it: a password that the database already
    knows must not change under it. An empty one is the remains of a full disk and is made again.
    ``callers.json`` is derived, {service: SHA-256 of its token in hex}, and follows the tokens.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    made = []
    for name, generate in GENERATORS.items():
        path = folder / name
        if not path.is_file() or path.stat().st_size == 0:
            _write(path, generate())
            made.append(name)
    callers = json.dumps(
        {service: fingerprint(read(folder, token_name(service))) for service in SERVICES}
    )
    if not (folder / CALLERS).is_file() or read(folder, CALLERS) != callers:
        _write(folder / CALLERS, callers)
        made.append(CALLERS)
    return made


def read(folder: Path, name: str) -> str:
    """The value of one secret."""
    return (folder / name).read_text(encoding="utf-8").strip()


def replace(folder: Path, name: str, value: str) -> None:
    """Keep another value of one secret."""
    _write(folder / name, value)


def fingerprint(token: str) -> str:
    """What a service keeps of the token of a caller."""
    return hashlib.sha256(token.encode()).hexdigest()


def _write(path: Path, value: str) -> None:
    """Write whole or not at all, so that a start that is cut off leaves no half of a password."""
    partial = path.with_name(path.name + ".partial")
    partial.unlink(missing_ok=True)
    descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(value + "\n")
        file.flush()
        os.fsync(file.fileno())
    partial.replace(path)


if __name__ == "__main__":
    print("made:", ", ".join(ensure(Path(sys.argv[1]))) or "nothing, all secrets exist")
