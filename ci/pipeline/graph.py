"""Stages, their order, and which of them a run was asked for."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Self


class GraphError(Exception):
    """The graph or a request about it makes no sense; the message says what to change."""


@dataclass(frozen=True)
class Stage:
    """One stage: what ci.yml says of it, and below what ci/stages.toml says."""

    name: str
    script: str
    job: str
    needs: tuple[str, ...]
    timeout_minutes: float

    title: str
    exit_code: int
    machine: tuple[str, ...]
    outputs: tuple[str, ...] = ()
    takes: tuple[str, ...] = ()
    reads: tuple[str, ...] = ()
    settings: tuple[str, ...] = ()
    recheck: bool = False
    transient: bool = False


@dataclass(frozen=True)
class Graph:
    """All stages, in an order in which each comes after what it needs."""

    stages: tuple[Stage, ...]
    unproved_outside_github: tuple[str, ...] = ()
    teardown: str | None = None

    @classmethod
    def of(
        cls, stages: Sequence[Stage], unproved: tuple[str, ...] = (), teardown: str | None = None
    ) -> Self:
        """The graph of these stages; GraphError when they need each other or take too early."""
        graph = cls(_in_order(stages), unproved, teardown)
        for stage in graph.stages:
            if not set(stage.takes) <= graph.behind(stage.name):
                raise GraphError(f"{stage.name} takes from a stage that need not have run")
        return graph

    def __getitem__(self, name: str) -> Stage:
        for stage in self.stages:
            if stage.name == name:
                return stage
        raise GraphError(f"no stage is called {name!r}; there are: {', '.join(self.names)}")

    @property
    def names(self) -> tuple[str, ...]:
        """Stage names in running order."""
        return tuple(stage.name for stage in self.stages)

    @property
    def jobs(self) -> tuple[str, ...]:
        """The jobs of the workflow that run stages."""
        return tuple(dict.fromkeys(stage.job for stage in self.stages))

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


def _in_order(stages: Sequence[Stage]) -> tuple[Stage, ...]:
    ordered: list[Stage] = []
    done: set[str] = set()
    waiting = list(stages)
    while waiting:
        ready = [stage for stage in waiting if done >= set(stage.needs)]
        if not ready:
            raise GraphError(f"{', '.join(it.name for it in waiting)} need each other")
        ordered.append(ready[0])
        done.add(ready[0].name)
        waiting.remove(ready[0])
    return tuple(ordered)
