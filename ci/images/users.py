"""`python3 -m images.users DOCKERFILE...`: fails for an image that would run as root.

hadolint complains about `USER root` as the last user, but not about an image that names none and so
inherits root from its base. Ours must say a numeric user, because Kubernetes and a reader can both
check a number without looking into the image.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Sequence
from pathlib import Path

_INSTRUCTION = re.compile(r"^\s*(FROM|USER)\s+(\S+)", re.IGNORECASE)


def complaint(dockerfile: str) -> str | None:
    """What is wrong with the user of the last stage of a Dockerfile's text, or None."""
    user: str | None = None
    where = 0
    for number, line in enumerate(dockerfile.splitlines(), 1):
        found = _INSTRUCTION.match(line)
        if found is None:
            continue
        where = number
        user = None if found[1].upper() == "FROM" else found[2]
    if user is None:
        return f"{where}: the last stage names no USER, so the container runs as root"
    name = user.partition(":")[0]
    if name in {"root", "0"}:
        return f"{where}: the container runs as root (USER {user})"
    if not name.isdigit():
        return f"{where}: USER {user} is not a number, so nobody can tell that it is not root"
    return None


def main(paths: Sequence[str]) -> int:
    """Print a line for each Dockerfile that would run as root; 1 when there is one."""
    found = 0
    for path in paths:
        said = complaint(Path(path).read_text(encoding="utf-8"))
        if said is not None:
            print(f"{path}:{said}")
            found = 1
    return found


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
