"""What a person sees while the chain runs: a moving line on a terminal, plain lines elsewhere."""

from __future__ import annotations

import threading
import time
from collections import deque
from typing import TextIO

from pipeline.graph import Graph, Stage
from pipeline.kinds import Status
from pipeline.stage import Result

_FRAMES = "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏"
_COLOURS = {"green": "32", "red": "31", "yellow": "33", "dim": "2"}
_LAST_LINES = 40


class Progress:
    """The Watcher of a run. With `verbose`, every line of every stage is shown as it comes."""

    def __init__(self, graph: Graph, total: int, stream: TextIO, *, verbose: bool) -> None:
        self._stream = stream
        self._terminal = stream.isatty()
        self._verbose = verbose
        self._width = max(len(name) for name in graph.names)
        self._total = total
        self._done = 0
        self._running: dict[str, float] = {}
        self._tails: dict[str, deque[str]] = {}
        self._lock = threading.RLock()
        self._frame = 0

    def started(self, stage: Stage) -> None:
        """The stage begins."""
        with self._lock:
            self._running[stage.name] = time.monotonic()
            self._tails[stage.name] = deque(maxlen=_LAST_LINES)
            if not self._terminal:
                self._say(f"{_clock()} {stage.name:<{self._width}}  started   {stage.title}")

    def line(self, stage: Stage, text: str) -> None:
        """Keep the last lines for a failure; show all of them with --verbose."""
        with self._lock:
            self._tails[stage.name].append(text)
            if self._verbose:
                self._say(f"{stage.name:<{self._width}} | {text}")

    def ended(self, stage: Stage, result: Result) -> None:
        """One line for the stage; behind a failure, what it said last."""
        with self._lock:
            ran = self._running.pop(stage.name, None) is not None
            self._done += ran
            duration = f"{result.seconds:7.1f} s" if ran else " " * 9
            status = self._paint(f"{result.status:<15}", result.status)
            said = result.reason if result.status is not Status.PASSED else ""
            self._say(
                f"{_clock()} {stage.name:<{self._width}}  {status} {duration}  {said}".rstrip()
            )
            if result.status in {Status.FAILED, Status.TIMED_OUT} and not self._verbose:
                for text in self._tails.get(stage.name, ()):
                    self._say(f"    {text}")

    def tick(self) -> None:
        """Move the line of the running stages."""
        if not self._terminal or not self._running:
            return
        with self._lock:
            self._frame += 1
            now = time.monotonic()
            running = "  ".join(
                f"{name} {now - since:.0f} s" for name, since in self._running.items()
            )
            frame = _FRAMES[self._frame % len(_FRAMES)]
            filled = round(20 * self._done / max(1, self._total))
            bar = "█" * filled + "░" * (20 - filled)
            self._stream.write(f"\r\033[K{frame} {bar} {self._done}/{self._total}  {running}")
            self._stream.flush()

    def note(self, text: str) -> None:
        """A line that belongs to no stage."""
        with self._lock:
            self._say(text)

    def _say(self, text: str) -> None:
        lead = "\r\033[K" if self._terminal else ""
        self._stream.write(f"{lead}{text}\n")
        self._stream.flush()

    def _paint(self, text: str, status: Status) -> str:
        if not self._terminal:
            return text
        if status.fault:
            colour = "red"
        elif status in {Status.PASSED, Status.REUSED}:
            colour = "green"
        else:
            colour = "yellow" if status is Status.SKIPPED else "dim"
        return f"\033[{_COLOURS[colour]}m{text}\033[0m"


def _clock() -> str:
    return time.strftime("%H:%M:%S")
