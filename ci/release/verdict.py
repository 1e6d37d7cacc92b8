"""`python3 -m release.verdict STACK_JSON passed|failed`: what a verification means for the product.

Passed: the release is one worth going back to. Failed: the host goes back to what ran before it,
if that was one, else to the newest that is. An ephemeral stack has no past: nothing is done.
Prints one sentence about the product. Exit codes: 0 · 23 when the way back failed · 24 the lock is
held · 130, 143 interrupted while waiting for it.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path

from pipeline import lock
from pipeline.kinds import Exit
from release.deploy import health_seconds
from release.engine import EngineError
from release.found import containers_of, release_of
from release.interruption import Interrupted, raise_on_signals
from release.store import Release, Store
from release.wayback import StrandedError, restore

_LOCK_SECONDS = 1800.0


def main(argv: Sequence[str]) -> int:
    """See the top of this file."""
    described = json.loads(Path(argv[0]).read_text(encoding="utf-8"))
    if described["target"] != "product":
        return Exit.OK
    store = Store.of(described["project"])
    raise_on_signals()
    try:
        with lock.held(store.lock, "the product of this host", _LOCK_SECONDS, print):
            return _act(store, described["release"], passed=argv[1] == "passed")
    except lock.BusyError as error:
        print(error)
        return Exit.BUSY
    except Interrupted as interrupted:
        print("interrupted: the release that was looked at was left alone")
        return interrupted.code


def _act(store: Store, looked_at: str, *, passed: bool) -> int:
    now = release_of(containers_of(store.project), store)
    if now is None or now.name != looked_at:
        print("another release was deployed meanwhile: it is left alone")
        return Exit.OK
    if passed:
        store.mark_verified(now)
        print(f"{now.name} is verified")
        return Exit.OK
    return _go_back(store, now)


def _go_back(store: Store, now: Release) -> int:
    before = store.way_back(now)
    if before is None:
        print(f"{now.name} keeps running: no earlier release was ever verified")
        return Exit.OK
    try:
        restore(store, before, health_seconds())
    except (StrandedError, EngineError) as error:
        print(error)
        return Exit.STRANDED
    store.drop(now)
    print(f"{before.name} runs again")
    return Exit.OK


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
