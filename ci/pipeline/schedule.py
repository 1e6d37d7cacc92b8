"""Running the graph: what is ready runs, in parallel; a failure stops the others at once."""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from functools import partial
from typing import Protocol

from pipeline.graph import Graph, Stage
from pipeline.kinds import Exit, Status
from pipeline.stage import Result


class Watcher(Protocol):
    """Who is told about the run as it happens; methods come from any thread."""

    def started(self, stage: Stage) -> None:
        """The stage begins."""

    def line(self, stage: Stage, text: str) -> None:
        """The stage wrote a line."""

    def ended(self, stage: Stage, result: Result) -> None:
        """The stage ended, or was decided without running."""

    def tick(self) -> None:
        """Some time has passed."""


@dataclass
class Stops:
    """Why everything must end: a failed stage or a signal; setting it is safe in a handler."""

    event: threading.Event = field(default_factory=threading.Event)
    signal_code: int = 0

    def by_signal(self, code: int) -> None:
        """Remember the first signal's exit code and stop all stages."""
        self.signal_code = self.signal_code or code
        self.event.set()


RunStage = Callable[[Stage, threading.Event, Callable[[str], None]], Result]


@dataclass
class Schedule:
    """One run of a graph. `workers`: how many stages may run at the same time."""

    graph: Graph
    run_stage: RunStage
    watcher: Watcher
    stops: Stops
    workers: int

    def __post_init__(self) -> None:
        self._results: dict[str, Result] = {}
        self._running: dict[Future[Result], Stage] = {}

    def run(self, chosen: Collection[str], decided: Mapping[str, Result]) -> dict[str, Result]:
        """Run the chosen stages and return every stage's result, in running order.

        `decided`: results known beforehand (reused, skipped, cannot run here). A stage starts as
        soon as all it needs stand, and never once something failed.
        """
        for stage in self.graph.stages:
            if stage.name in decided:
                self._end(stage, decided[stage.name])
        waiting = [self.graph[n] for n in self.graph.names if n in chosen and n not in decided]
        with ThreadPoolExecutor(max_workers=self.workers) as pool:
            while waiting or self._running:
                waiting = self._start_ready(waiting, pool)
                waiting = self._give_up_hopeless(waiting)
                self._collect()
                self.watcher.tick()
        return {name: self._results[name] for name in self.graph.names if name in self._results}

    def _start_ready(self, waiting: list[Stage], pool: ThreadPoolExecutor) -> list[Stage]:
        left: list[Stage] = []
        for stage in waiting:
            ready = all(n in self._results and self._results[n].status.stands for n in stage.needs)
            if not ready or self.stops.event.is_set() or len(self._running) >= self.workers:
                left.append(stage)
                continue
            self.watcher.started(stage)
            tell = partial(self.watcher.line, stage)
            self._running[pool.submit(self.run_stage, stage, self.stops.event, tell)] = stage
        return left

    def _give_up_hopeless(self, waiting: list[Stage]) -> list[Stage]:
        left: list[Stage] = []
        for stage in waiting:
            broken = [
                f"{name}: {self._results[name].status}"
                for name in stage.needs
                if name in self._results and not self._results[name].status.stands
            ]
            if broken or self.stops.event.is_set():
                reason = "; ".join(broken) or "the run was stopped"
                self._end(stage, Result(stage.name, Status.BLOCKED, 0, reason=reason))
            else:
                left.append(stage)
        return left

    def _collect(self) -> None:
        finished, _ = wait(self._running, timeout=0.2, return_when=FIRST_COMPLETED)
        for future in finished:
            stage = self._running.pop(future)
            result = future.result()
            self._end(stage, result)
            if result.status.fault:
                self.stops.event.set()

    def _end(self, stage: Stage, result: Result) -> None:
        self._results[stage.name] = result
        self.watcher.ended(stage, result)


def exit_code(results: Mapping[str, Result], graph: Graph, stops: Stops) -> int:
    """The run's exit code: a signal's, else that of the stage which failed first in graph order."""
    if stops.signal_code:
        return stops.signal_code
    faults = [
        results[name] for name in graph.names if name in results and results[name].status.fault
    ]
    own = [result for result in faults if result.status is not Status.STOPPED]
    for result in sorted(own, key=lambda result: result.status is Status.UNAVAILABLE):
        return result.exit_code
    return Exit.TERMINATED if faults else Exit.OK
