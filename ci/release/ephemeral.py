"""Throw-away stacks: a project name of their own, and a note so that somebody removes them."""

from __future__ import annotations

import json
import os
import subprocess
import uuid
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pipeline.kinds import Exit
from release.engine import EngineError, Stack, sweep
from release.telling import culprits_first, describe, say_why

PREFIX = "vigie-ci-"


def start(
    compose: Mapping[str, Any], images: Mapping[str, str], out: Path, health_seconds: int
) -> int:
    """Start a stack; one that does not become healthy is looked at and removed."""
    remove_all(out.parent)
    stack = _new(compose, out)
    print(f"up: {stack.project}", flush=True)
    try:
        stack.up(health_seconds)
        broken = stack.unhealthy()
    except (EngineError, subprocess.TimeoutExpired) as error:
        broken = culprits_first(stack.unhealthy(), str(error))
    except BaseException:
        remove_all(out.parent)
        raise
    if not broken:
        describe(stack, "ephemeral", images, out)
        return Exit.OK
    stack.evidence(out / "failure")
    say_why(stack, broken)
    remove_all(out.parent)
    print(f"FAILED: {stack.project} did not become healthy: {broken[0]}; it was removed")
    return Exit.FAULT


def remove_all(ci_out: Path) -> list[str]:
    """Remove every stack that this checkout noted; the names of those that were there."""
    removed = []
    for note in sorted(_notes(ci_out).glob(f"{PREFIX}*")):
        sweep(note.name)
        note.unlink()
        removed.append(note.name)
    return removed


def _new(compose: Mapping[str, Any], out: Path) -> Stack:
    """A new stack. Its note outlives the folder of the stage, which the next run empties."""
    project = f"{PREFIX}{uuid.uuid4().hex[:10]}"
    rendered = json.dumps({**compose, "name": project}, indent=2)
    file = out / "compose.json"
    file.write_text(rendered + "\n", encoding="utf-8")
    notes = _notes(out.parent)
    notes.mkdir(exist_ok=True)
    (notes / project).write_text(f"{os.getpid()}\n", encoding="utf-8")
    return Stack(project, file)


def _notes(ci_out: Path) -> Path:
    return ci_out / "stacks"
