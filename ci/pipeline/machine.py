"""What this machine has of what stages need, asked once, before anything is changed."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable, Iterable, Mapping

from pipeline.graph import Stage

_ASK_SECONDS = 20


def _answers(*command: str) -> bool:
    if shutil.which(command[0]) is None:
        return False
    try:
        done = subprocess.run(command, capture_output=True, timeout=_ASK_SECONDS, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0


# need -> (how to find out, the sentence when it is missing)
PROBES: Mapping[str, tuple[Callable[[], bool], str]] = {
    "python": (lambda: True, "Python 3.11 or newer"),  # it runs this line
    "git": (lambda: _answers("git", "--version"), "git is not on PATH"),
    "docker": (
        lambda: _answers("docker", "info"),
        "no Docker Engine answers (on Debian: ./ci/offline/engine.sh)",
    ),
    "compose": (
        lambda: _answers("docker", "compose", "version"),
        "docker compose v2 is missing (on Debian: ./ci/offline/engine.sh)",
    ),
}


def lacking(stages: Iterable[Stage]) -> dict[str, list[str]]:
    """Stage name -> sentences about what is missing; stages that can run are not in it."""
    answers: dict[str, str | None] = {}
    found: dict[str, list[str]] = {}
    for stage in stages:
        for need in stage.machine:
            if need not in answers:
                probe, sentence = PROBES.get(
                    need, (lambda: False, f"nobody knows the need {need!r}")
                )
                answers[need] = None if probe() else sentence
            sentence_or_none = answers[need]
            if sentence_or_none is not None:
                found.setdefault(stage.name, []).append(sentence_or_none)
    return found
