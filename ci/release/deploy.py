"""`python3 -m release.deploy ROOT OUT TARGET`: what ci/deploy.sh does once the machine is ready.

Product: the spec's `down --remove-orphans`, `up -d`, by the ids that the build recorded, under the
host's lock. If the new release does not become healthy, or the run is interrupted, what ran before,
whoever started it, is started again and looked at, and the exit code is not 0.
Ephemeral: a stack of its own through docker-compose.ci.yml, gone again when it fails.

Exit codes: 0 · 1 the release is not healthy (what ran before runs again, or nothing ran) ·
21 images missing · 23 the way back failed as well · 24 the lock is held.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from images import record
from pipeline import lock
from pipeline.kinds import Exit
from release import annotation, ephemeral, preflight
from release.engine import EngineError, Stack
from release.found import what_runs
from release.interruption import Interrupted, ignore_signals, raise_on_signals
from release.render import RenderError, pinned
from release.store import Release, Store
from release.telling import culprits_first, describe, say_why
from release.wayback import StrandedError, restore

_LOCK_SECONDS = 1800.0


@dataclass(frozen=True)
class Plan:
    """What is to be deployed: the rendered compose file and the images it runs."""

    root: Path
    out: Path
    compose: dict[str, Any]
    images: Mapping[str, str]
    commit: str


def main(argv: Sequence[str]) -> int:
    """See the top of this file."""
    root, out, target = Path(argv[0]), Path(argv[1]), argv[2]
    raise_on_signals()
    try:
        plan = _plan(root, out, target)
        if target == "ephemeral":
            return ephemeral.start(plan.compose, plan.images, out, health_seconds())
        store = Store.of(plan.compose["name"])
        with lock.held(store.lock, "the product of this host", _LOCK_SECONDS, print):
            return _product(plan, store)
    except (RenderError, EngineError, preflight.NotReadyError) as error:
        print(f"FAILED: {error}")
        return Exit.FAULT
    except StrandedError as error:
        print(f"FAILED: {error}")
        return Exit.STRANDED
    except lock.BusyError as error:
        print(f"FAILED: {error}")
        return Exit.BUSY
    except Interrupted as interrupted:
        print("interrupted")
        return interrupted.code


def health_seconds() -> int:
    """How long a stack may take to become healthy."""
    return int(os.environ.get("VIGIE_HEALTH_SECONDS", "300"))


def render(root: Path, target: str, images: Mapping[str, str]) -> dict[str, Any]:
    """The compose file of a target, by image id."""
    files = ["docker-compose.yml", *(["docker-compose.ci.yml"] if target == "ephemeral" else [])]
    command = ["docker", "compose", *(part for file in files for part in ("-f", file))]
    done = subprocess.run(
        [*command, "config", "--format", "json"],
        cwd=root,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise RenderError(done.stderr.strip().splitlines()[-1])
    return pinned(json.loads(done.stdout), images)


def _plan(root: Path, out: Path, target: str) -> Plan:
    recorded = record.read(out.parent / "build" / "images.json")
    images = {service: image["id"] for service, image in recorded.items()}
    described = ["git", "-C", str(root), "describe", "--always", "--dirty=+", "--exclude=*"]
    commit = subprocess.run(described, capture_output=True, text=True, check=False).stdout.strip()
    return Plan(root, out, render(root, target, images), images, commit or "unknown")


def _product(plan: Plan, store: Store) -> int:
    preflight.require(plan.compose, store.project)
    before = what_runs(store)
    release = store.add(plan.compose, plan.images, plan.commit, before)
    stack = store.stack(release)
    try:
        if before is not None:
            print(f"down: {before.name}", flush=True)
        stack.down()
        print(f"up: {release.name}", flush=True)
        stack.up(health_seconds())
        broken = stack.unhealthy()
    except Interrupted:
        print("interrupted: going back", flush=True)
        _go_back(store, before, release)
        raise
    except (EngineError, subprocess.TimeoutExpired) as error:
        broken = culprits_first(_unhealthy_or_nothing(stack), str(error))
    if not broken:
        describe(stack, "product", plan.images, plan.out, release=release.name)
        print(annotation.deployed(stack, release.name, plan.commit))
        return Exit.OK
    stack.evidence(plan.out / "failure")
    say_why(stack, broken)
    _go_back(store, before, release)
    again = f"; {before.name} runs again" if before else "; nothing ran before, so nothing runs"
    print(f"FAILED: {release.name} did not become healthy: {broken[0]}{again}")
    return Exit.FAULT


def _go_back(store: Store, before: Release | None, broken: Release) -> None:
    """Restore `before`, or leave an empty host as it was. A second signal must not stop this."""
    ignore_signals()
    if before is None:
        store.stack(broken).down()
    else:
        restore(store, before, health_seconds())
    store.drop(broken)


def _unhealthy_or_nothing(stack: Stack) -> list[str]:
    try:
        return stack.unhealthy()
    except EngineError:
        return []


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
