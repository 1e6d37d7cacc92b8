"""Going back: start a kept release again, and believe it only after looking."""

from __future__ import annotations

import subprocess

from release.engine import EngineError
from release.interruption import ignore_signals
from release.store import Release, Store


class StrandedError(Exception):
    """The way back failed as well: the product is down until a person acts."""


def restore(store: Store, release: Release, health_seconds: int) -> None:
    """Run `release` again, from its own compose file and images; StrandedError if it will not."""
    stack = store.stack(release)
    print(f"going back to {release.name}", flush=True)
    ignore_signals()
    try:
        stack.down()
        stack.up(health_seconds)
        broken = stack.unhealthy()
    except (EngineError, subprocess.TimeoutExpired) as error:
        broken = [str(error).strip().splitlines()[-1]]
    if broken:
        raise StrandedError(
            f"going back to {release.name} failed as well ({broken[0]}): the product is down; "
            f"look at docker compose -p {store.project} -f {release.file} logs"
        )
    print(f"{release.name} runs again and is healthy", flush=True)
