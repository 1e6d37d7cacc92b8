"""What a person sees: a moving line on a terminal, plain lines in a log."""

from __future__ import annotations

import io
from pathlib import Path

from pipeline.kinds import Status
from pipeline.progress import Progress
from pipeline.stage import Result
from pipeline.workflow import load

GRAPH = load(Path(__file__).resolve().parents[3])


class _Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def _run(stream: io.StringIO) -> str:
    progress = Progress(GRAPH, 7, stream, verbose=False)
    stage = GRAPH["quality"]
    progress.started(stage)
    progress.line(stage, "a line of ruff")
    progress.tick()
    progress.ended(stage, Result("quality", Status.FAILED, 10, 3.2, "x.py:1: unused"))
    return stream.getvalue()


def test_on_a_terminal_a_line_moves_with_stage_elapsed_and_bar() -> None:
    shown = _run(_Terminal())

    assert "\r\033[K" in shown
    assert "0/7  quality 0 s" in shown
    assert "░" in shown
    assert "\033[31mfailed" in shown


def test_without_a_terminal_there_are_plain_lines_only() -> None:
    shown = _run(io.StringIO())

    assert "\r" not in shown
    assert "\033" not in shown
    assert "x.py:1: unused" in shown
    assert "    a line of ruff" in shown
