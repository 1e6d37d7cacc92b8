"""`python3 -m release.rollback [--list]`: the product of this host, one good release back."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

from pipeline import lock
from pipeline.kinds import Exit
from release.deploy import health_seconds
from release.engine import EngineError
from release.found import containers_of, release_of, what_runs
from release.interruption import Interrupted, raise_on_signals
from release.store import Store
from release.wayback import StrandedError, restore

# The name that docker-compose.yml gives itself.
PRODUCT = "vigie"
_LOCK_SECONDS = 1800.0


def main(argv: Sequence[str]) -> int:
    """0 when the older release runs; 1 when there is none; 23 when it will not run; 24 and 130."""
    store = Store.of(os.environ.get("VIGIE_PROJECT", PRODUCT))
    if list(argv) == ["--list"]:
        return _list(store)
    if argv:
        print(f"unknown argument {argv[0]}: only --list")
        return Exit.USAGE
    raise_on_signals()
    try:
        with lock.held(store.lock, "the product of this host", _LOCK_SECONDS, print):
            return go_back(store)
    except (StrandedError, EngineError) as error:
        print(f"FAILED: {error}")
        return Exit.STRANDED
    except lock.BusyError as error:
        print(f"FAILED: {error}")
        return Exit.BUSY
    except Interrupted as interrupted:
        print("interrupted: nothing was changed")
        return interrupted.code


def go_back(store: Store) -> int:
    """From what runs now to the newest good release other than it."""
    now = what_runs(store)
    target = store.last_good(but=now.name if now else "")
    if target is None:
        print("FAILED: no earlier release passed verification, so there is nothing to go back to")
        return Exit.FAULT
    restore(store, target, health_seconds())
    return Exit.OK


def _list(store: Store) -> int:
    now = release_of(containers_of(store.project), store)
    for release in store.all():
        mark = "*" if now and release.name == now.name else " "
        worth = "verified" if release.verified else "was healthy" if release.found else ""
        print(f"{mark} {release.name}  {release.commit}  {worth}".rstrip())
    return Exit.OK


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
