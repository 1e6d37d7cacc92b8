"""Running the graph: what is ready runs, in parallel; the first failure stops the others at once."""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
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


def run_graph(
    graph: Graph,
    chosen: Collection[str],
    *,
    decided: Mapping[str, Result],
    run_stage: RunStage,
    watcher: Watcher,
    stops: Stops,
    workers: int,
) -> dict[str, Result]:
    """Run the chosen stages and return every stage's result, in running order.

    `decided`: results that are known beforehand (reused, skipped, cannot run here). A stage starts
    as soon as all it needs stand, and never once something failed.
    """
    results: dict[str, Result] = {}
    for stage in graph.stages:
        if stage.name in decided:
            results[stage.name] = decided[stage.name]
            watcher.ended(stage, decided[stage.name])
    waiting = [stage for stage in graph.stages if stage.name in chosen and stage.name not in results]
    running: dict[Future[Result], Stage] = {}
    with ThreadPoolExecutor(max_workers=max(1, workers)) as pool:
        while waiting or running:
            if not stops.event.is_set():
                for stage in [stage for stage in waiting if _ready(stage, results)]:
                    if len(running) >= workers:
                        break
                    waiting.remove(stage)
                    watcher.started(stage)
                    running[pool.submit(run_stage, stage, stops.event, _teller(watcher, stage))] = stage
            for stage in [stage for stage in waiting if _hopeless(stage, results, stops)]:
                waiting.remove(stage)
                results[stage.name] = Result(stage.name, Status.BLOCKED, 0, reason=_because(stage, results))
                watcher.ended(stage, results[stage.name])
            if running:
                finished, _ = wait(running, timeout=0.2, return_when=FIRST_COMPLETED)
                for future in finished:
                    stage = running.pop(future)
                    results[stage.name] = future.result()
                    watcher.ended(stage, results[stage.name])
                    if results[stage.name].status.fault:
                        stops.event.set()
            watcher.tick()
    return {name: results[name] for name in graph.names if name in results}


def exit_code(results: Mapping[str, Result], graph: Graph, stops: Stops) -> int:
    """The run's exit code: a signal's, else that of the stage which failed first in graph order."""
    if stops.signal_code:
        return stops.signal_code
    faults = [results[name] for name in graph.names if name in results and results[name].status.fault]
    own = [result for result in faults if result.status is not Status.STOPPED]
    for result in sorted(own, key=lambda result: result.status is Status.UNAVAILABLE):
        return result.exit_code
    return Exit.TERMINATED if faults else Exit.OK


def _ready(stage: Stage, results: Mapping[str, Result]) -> bool:
    return all(name in results and results[name].status.stands for name in stage.needs)


def _hopeless(stage: Stage, results: Mapping[str, Result], stops: Stops) -> bool:
    if stops.event.is_set():
        return True
    return any(name in results and not results[name].status.stands for name in stage.needs)


def _because(stage: Stage, results: Mapping[str, Result]) -> str:
    for name in stage.needs:
        if name in results and not results[name].status.stands:
            return f"{name}: {results[name].status}"
    return "the run was stopped"


def _teller(watcher: Watcher, stage: Stage) -> Callable[[str], None]:
    return lambda text: watcher.line(stage, text)

