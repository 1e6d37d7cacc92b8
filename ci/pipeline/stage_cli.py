"""`./ci/<stage>.sh` started by a person or by Actions: the stage runner around one script."""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from pipeline import lock, report, workflow
from pipeline.graph import GraphError
from pipeline.kinds import Exit, Status
from pipeline.settings import SettingError, told
from pipeline.stage import Job, Result, Workspace, run, stage_environment

_LOCK_SECONDS = 3600.0
# Asked about the stage, not to run it: no folder is emptied for these.
_QUESTIONS = {"--help", "-h", "--recheck"}


def workspace_here() -> Workspace:
    """The checkout this file lies in; .ci-out is elsewhere when VIGIE_CI_OUT says so."""
    root = Path(__file__).resolve().parents[2]
    return Workspace(root, Path(os.environ.get("VIGIE_CI_OUT", root / ".ci-out")))


def main(argv: Sequence[str]) -> int:
    """Run stage argv[0] with the remaining arguments; the exit code is of pipeline.kinds."""
    workspace = workspace_here()
    try:
        arguments, environment = told(argv[1:], os.environ)
        graph = workflow.load(workspace.root)
        stage = graph[argv[0]]
    except (SettingError, GraphError) as error:
        print(f"{argv[0]}: {error}", file=sys.stderr)
        return Exit.USAGE
    workspace = replace(workspace, environment=environment)
    if _QUESTIONS & set(arguments):
        script = str(workspace.root / stage.script)
        os.execve(  # noqa: S606 - our own script
            script, [script, *arguments], stage_environment(stage, workspace)
        )
    stop = threading.Event()
    codes: list[int] = []

    def on_signal(number: int, _frame: object) -> None:
        codes.append(128 + number)
        stop.set()

    signal.signal(signal.SIGINT, on_signal)
    signal.signal(signal.SIGTERM, on_signal)

    def tell(text: str) -> None:
        print(text, flush=True)

    try:
        path = workspace.out / f".lock-{stage.name}"
        with lock.held(path, stage.name, _LOCK_SECONDS, tell, stop):
            result = run(Job(stage, graph, workspace, stop, tell, arguments))
    except lock.BusyError as error:
        tell(f"{stage.name}: {error}")
        return Exit.BUSY
    except lock.GivenUpError as error:
        tell(f"{stage.name}: {error}")
        return codes[0]
    _job_summary(result, workspace)
    if result.status is Status.STOPPED and codes:
        return codes[0]
    return result.exit_code


def _job_summary(result: Result, workspace: Workspace) -> None:
    """On GitHub: this stage's part of summary.md on the page of the run."""
    target = workspace.environment.get("GITHUB_STEP_SUMMARY")
    if not target:
        return
    notes = report.notes_of(workspace.folder(result.stage))
    lines = [f"### {result.stage}: {result.status} in {result.seconds:.1f} s", ""]
    lines += [f"**{result.reason}**", ""] if result.reason else []
    lines += [f"- {name}: {value}" for name, value in notes.facts]
    lines += [f"- {level}: {where}: {text}" for level, where, text in notes.findings]
    lines += [f"- not proved: {text}" for text in notes.unproved]
    with Path(target).open("a", encoding="utf-8") as file:
        file.write("\n".join(lines) + "\n\n")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
