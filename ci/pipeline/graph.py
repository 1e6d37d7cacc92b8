"""ci/stages.toml as objects: stages, their order, and which of them a run was asked for."""

from __future__ import annotations

import tomllib
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

SCHEMA = 1


class GraphError(Exception):
    """The graph or a request about it makes no sense; the message says what to change."""


@dataclass(frozen=True)
class Stage:
    """One stage; the fields are explained at the top of ci/stages.toml."""

    name: str
    title: str
    script: str
    job: str
    needs: tuple[str, ...]
    takes: tuple[str, ...]
    outputs: tuple[str, ...]
    timeout_minutes: float
    machine: tuple[str, ...]
    exit_code: int
    recheck: bool = False
    transient: bool = False
    reads: tuple[str, ...] = ()
    settings: tuple[str, ...] = ()


@dataclass(frozen=True)
class Graph:
    """All stages, in an order in which each comes after what it needs."""

    stages: tuple[Stage, ...]
    unproved_outside_github: tuple[str, ...] = ()
    teardown: str | None = None

    def __getitem__(self, name: str) -> Stage:
        for stage in self.stages:
            if stage.name == name:
                return stage
        raise GraphError(f"no stage is called {name!r}; there are: {', '.join(self.names)}")

    @property
    def names(self) -> tuple[str, ...]:
        """Stage names in running order."""
        return tuple(stage.name for stage in self.stages)

    def behind(self, name: str) -> frozenset[str]:
        """Every stage that must have succeeded before `name`, directly or through others."""
        found: set[str] = set()
        waiting = list(self[name].needs)
        while waiting:
            current = waiting.pop()
            if current not in found:
                found.add(current)
                waiting.extend(self[current].needs)
        return frozenset(found)

    def select(
        self, *, start: str | None, only: Collection[str], skip: Collection[str]
    ) -> frozenset[str]:
        """The stages to run for --from, --only and --skip.

        --from STAGE leaves out what lies behind STAGE and runs everything else that is not behind
        it: "continue here", not "only what follows from here".
        """
        if start and only:
            raise GraphError("--from and --only exclude each other")
        for name in (*([start] if start else []), *only, *skip):
            _ = self[name]
        chosen = frozenset(only) or frozenset(self.names)
        if start:
            position = self.names.index(start)
            chosen = frozenset(self.names[position:])
        chosen -= frozenset(skip)
        if not chosen:
            raise GraphError("nothing is left to run")
        return chosen


def load(path: Path) -> Graph:
    """Read and check a stages.toml; GraphError says what is wrong with it."""
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, tomllib.TOMLDecodeError) as error:
        raise GraphError(f"{path}: {error}") from error
    if document.get("schema") != SCHEMA:
        raise GraphError(
            f"{path}: schema is {document.get('schema')!r}, this engine reads {SCHEMA}"
        )
    stages = [_stage(path, entry) for entry in document.get("stage", [])]
    unproved = tuple(document.get("unproved", {}).get("outside_github", ()))
    teardown = document.get("teardown", {}).get("script")
    return Graph(_in_order(path, stages), unproved, teardown)


def _stage(path: Path, entry: dict[str, Any]) -> Stage:
    values: dict[str, Any] = {
        key: tuple(value) if isinstance(value, list) else value for key, value in entry.items()
    }
    try:
        return Stage(**values)
    except TypeError as error:
        raise GraphError(f"{path}: stage {entry.get('name', '?')}: {error}") from error


def _in_order(path: Path, stages: Sequence[Stage]) -> tuple[Stage, ...]:
    names = [stage.name for stage in stages]
    if len(set(names)) != len(names):
        raise GraphError(f"{path}: a stage name appears twice")
    ordered: list[Stage] = []
    done: set[str] = set()
    waiting = list(stages)
    while waiting:
        ready = [stage for stage in waiting if done >= set(stage.needs)]
        if not ready:
            stuck = ", ".join(stage.name for stage in waiting)
            raise GraphError(f"{path}: {stuck} need each other, or a stage that does not exist")
        ordered.append(ready[0])
        done.add(ready[0].name)
        waiting.remove(ready[0])
    graph = Graph(tuple(ordered))
    for stage in ordered:
        if not set(stage.takes) <= graph.behind(stage.name):
            raise GraphError(f"{path}: {stage.name} takes from a stage that need not have run")
    return tuple(ordered)
