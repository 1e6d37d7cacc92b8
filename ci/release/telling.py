"""What a deploy leaves for the stages behind it, and what it says when it fails."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

from release.engine import EngineError, Stack


def describe(stack: Stack, target: str, images: Mapping[str, str], out: Path, **more: str) -> None:
    """stack.json: what verify.sh, rollback.sh and teardown.sh need to find the stack."""
    document = {
        "schema": 1,
        "target": target,
        "project": stack.project,
        "compose": str(stack.file),
        "images": dict(images),
        **more,
    }
    (out / "stack.json").write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")


def culprits_first(broken: Sequence[str], error: str) -> list[str]:
    """What is wrong, in the order in which it explains the rest.

    A container that ended or is unhealthy comes first; then what the Engine said; containers that
    only wait for others come last.
    """
    waiting = [
        sentence for sentence in broken if sentence.endswith((" is created", " is starting"))
    ]
    culprits = [sentence for sentence in broken if sentence not in waiting]
    return [*culprits, error.strip().splitlines()[-1], *waiting]


def say_why(stack: Stack, broken: Sequence[str]) -> None:
    """Every sentence, and the last log lines of the service that the first one is about."""
    for sentence in broken:
        print(f"  {sentence}")
    service = culprit(broken[0], stack.project, stack.services())
    if service is not None:
        try:
            print(f"the last lines of {service}:\n{stack.last_words(service)}")
        except EngineError:
            print(f"{service} left no log")


def culprit(sentence: str, project: str, services: Sequence[str]) -> str | None:
    """The service that a sentence is about: ours names it, the Engine's names its container."""
    for service in services:
        if sentence.startswith(f"{service} is ") or f" {project}-{service}-" in sentence:
            return service
    return None
