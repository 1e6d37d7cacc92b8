"""Runs the stub repository from both sides and says where they differ."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

from checks.parity import stubs
from checks.parity.on_github import Run
from pipeline.graph import load

_QUIET_SECONDS = 1.0  # the engine looks for stages that became ready every 0.2 seconds
_LIMIT_SECONDS = 60.0

Workflow = Mapping[str, Any]


def behaviour(workflow: Workflow, local: dict[str, dict[str, Any]], folder: Path) -> list[str]:
    """Differences in what ran, with which arguments and settings, and in what came out.

    `local`: what by_pipeline found.
    """
    github, results = on_github(workflow, folder)
    found = [f"on GitHub {job}: {result}" for job, result in results.items() if result != "success"]
    found += [
        f"{name}: on GitHub {github.get(name)}, by pipeline.sh {local.get(name)}"
        for name in sorted(github.keys() | local.keys())
        if github.get(name) != local.get(name)
    ]
    if list(github)[-1:] != list(local)[-1:]:
        found.append(
            f"the last to run: on GitHub {list(github)[-1:]}, by pipeline.sh {list(local)[-1:]}"
        )
    return found


def order(workflow: Workflow, stage: str, waits_here: Collection[str], folder: Path) -> list[str]:
    """Differences in which stages have to wait for `stage`.

    On GitHub: what no longer runs when it fails. By pipeline.sh, as waiting_for found: what has not
    started while it has not ended, although everything else has.
    """
    failing, results = on_github(workflow, folder, {"PARITY_FAIL": stage})
    names = load(stubs.REAL / "ci" / "stages.toml").names
    waits_there = set(names) - failing.keys()
    found = []
    if results.get("gate") != "failure":
        found.append(f"{stage} failed and the gate said {results.get('gate')}")
    if waits_there != set(waits_here):
        found.append(
            f"for {stage} wait on GitHub {sorted(waits_there)}, by pipeline.sh {sorted(waits_here)}"
        )
    return found


def on_github(
    workflow: Workflow, folder: Path, settings: Mapping[str, str] | None = None
) -> tuple[dict[str, dict[str, Any]], dict[str, str]]:
    """What ran, by stage, and the results of the jobs."""
    repository = stubs.make(folder)
    environment = {"PARITY_TRACE": str(repository.trace), **(settings or {})}
    results = Run(workflow, repository.root, folder, environment).run()
    return _by_stage(repository), results


def by_pipeline(folder: Path) -> dict[str, dict[str, Any]]:
    """What ran, by stage, in a green run of the chain with the target that CI has."""
    repository = stubs.make(folder)
    done = subprocess.run(
        [str(repository.root / "ci" / "pipeline.sh"), "--jobs", "8"],
        env=_environment(repository),
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise AssertionError(
            f"pipeline.sh exited with {done.returncode}:\n{done.stdout}{done.stderr}"
        )
    return _by_stage(repository)


def waiting_for(stage: str, folder: Path) -> set[str]:
    """The stages that have not started when `stage` is held back and nothing more starts."""
    repository = stubs.make(folder)
    process = subprocess.Popen(
        [str(repository.root / "ci" / "pipeline.sh"), "--jobs", "8"],
        env=_environment(repository) | {"PARITY_HOLD": stage},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        started = _started_when_at_rest(repository, stage)
        Path(f"{repository.trace}.release").touch()
        assert process.wait(timeout=_LIMIT_SECONDS) == 0, "the held run did not end well"
    finally:
        if process.poll() is None:
            process.terminate()
            process.wait()
    return set(repository.graph.names) - started


def _started_when_at_rest(repository: stubs.StubRepository, held: str) -> set[str]:
    """The stages that started, once `held` is the only one running and nothing more begins."""
    out = repository.root / ".ci-out"
    quiet_since = time.monotonic()
    limit = quiet_since + _LIMIT_SECONDS
    while time.monotonic() - quiet_since < _QUIET_SECONDS:
        assert time.monotonic() < limit, f"nothing came to rest while {held} was held"
        started = {entry["stage"] for entry in repository.ran()}
        # A stage's folder is there before its script, and result.json after it.
        ended = {path.parent.name for path in out.glob("*/result.json")}
        begun = {path.name for path in out.glob("*") if path.is_dir()}
        if held not in started or begun - ended != {held}:
            quiet_since = time.monotonic()
        time.sleep(0.05)
    return started


def _by_stage(repository: stubs.StubRepository) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = {}
    for entry in repository.ran():
        name = entry.pop("stage")
        if name in found:
            entry["times"] = found[name].get("times", 1) + 1
        found[name] = entry
    return found


def _environment(repository: stubs.StubRepository) -> dict[str, str]:
    plain = stubs.plain_environment()
    return plain | {
        "PATH": f"{repository.tools}{os.pathsep}{plain['PATH']}",
        "CI": "true",
        "PARITY_TRACE": str(repository.trace),
    }
