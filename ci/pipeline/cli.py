"""One run of the chain: decide, run, tear down, report."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from pipeline import lock, machine, report, resume, schedule, workflow
from pipeline import stage as stages
from pipeline.graph import Graph, GraphError, Stage
from pipeline.inputs import Inputs
from pipeline.kinds import Exit, Status
from pipeline.options import Options, parse
from pipeline.progress import Progress
from pipeline.stage import Result, Workspace
from pipeline.stage_cli import workspace_here


def main(argv: Sequence[str]) -> int:
    """Run the chain with these flags; the exit code says which kind of failure it was."""
    options = parse(argv, os.environ)
    workspace = _workspace(options)
    try:
        graph = workflow.load(workspace.root)
        chosen = graph.select(start=options.start, only=options.only, skip=options.skip)
    except GraphError as error:
        print(f"pipeline: {error}", file=sys.stderr)
        return Exit.USAGE
    if options.list_stages:
        return _list(graph)
    progress = Progress(graph, len(chosen), sys.stderr, verbose=options.verbose)
    if options.summary_only:
        return _summarise(graph, workspace, options)
    stops = schedule.Stops()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda number, _frame: stops.by_signal(128 + number))
    path, wait = workspace.out / ".lock", options.wait_seconds
    try:
        with lock.held(path, f"{workspace.out}", wait, progress.note, stops.event):
            return _run(graph, workspace, options, chosen, progress, stops=stops)
    except lock.BusyError as error:
        progress.note(f"pipeline: {error}")
        return Exit.BUSY
    except lock.GivenUpError as error:
        progress.note(f"pipeline: {error}")
        return stops.signal_code


def _workspace(options: Options) -> Workspace:
    run_id = f"{datetime.now(UTC):%Y%m%d%H%M%S}-{os.getpid():x}"
    return replace(workspace_here(), environment={**options.settings, "VIGIE_RUN_ID": run_id})


def _run(
    graph: Graph,
    workspace: Workspace,
    options: Options,
    chosen: frozenset[str],
    progress: Progress,
    *,
    stops: schedule.Stops,
) -> int:
    started, started_at = time.monotonic(), datetime.now(UTC)
    decided = {
        name: Result(name, Status.SKIPPED, 0, reason=_why_skipped(name, options))
        for name in graph.names
        if name not in chosen
    }
    if options.resume:
        decided |= _reused(graph, workspace, options, chosen, progress)
    to_run = [graph[name] for name in graph.names if name not in decided]
    decided |= _unavailable(to_run, progress)
    stale = _stale_artifacts(graph, workspace, to_run, decided)
    if stale:
        progress.note(f"pipeline: {stale}")
        return Exit.ARTIFACT

    runner = _runner(graph, workspace, options, progress)
    results = schedule.Schedule(graph, runner, progress, stops, options.workers).run(
        chosen, decided
    )
    code = schedule.exit_code(results, graph, stops)
    if graph.teardown and options.target == "ephemeral" and not options.keep_stack:
        code = _tear_down(workspace, graph.teardown, progress) or code
    run = report.Run(
        run_id=workspace.environment["VIGIE_RUN_ID"],
        commit=_commit(workspace.root),
        target=options.target,
        offline=options.offline,
        started_at=started_at.isoformat(timespec="seconds"),
        seconds=time.monotonic() - started,
        exit_code=code,
    )
    _tell(report.document(run, graph, results, workspace), workspace, options, progress)
    return code


def _runner(
    graph: Graph, workspace: Workspace, options: Options, progress: Progress
) -> schedule.RunStage:
    def run_stage(stage: Stage, stop: threading.Event, on_line: Callable[[str], None]) -> Result:
        path = workspace.out / f".lock-{stage.name}"
        try:
            with lock.held(path, stage.name, options.wait_seconds, progress.note, stop):
                return stages.run(stages.Job(stage, graph, workspace, stop, on_line))
        except lock.GivenUpError as error:
            return Result(stage.name, Status.STOPPED, Exit.TERMINATED, reason=str(error))

    return run_stage


def _reused(
    graph: Graph,
    workspace: Workspace,
    options: Options,
    chosen: frozenset[str],
    progress: Progress,
) -> dict[str, Result]:
    verdicts = resume.plan(graph, workspace, chosen, transient=options.target == "ephemeral")
    reused: dict[str, Result] = {}
    for name, verdict in verdicts.items():
        if verdict.stands:
            reused[name] = Result(name, Status.REUSED, 0, reason=verdict.reason)
        else:
            progress.note(f"resume: {name} runs: {verdict.reason}")
    return reused


def _unavailable(to_run: Sequence[Stage], progress: Progress) -> dict[str, Result]:
    lacking = machine.lacking(to_run)
    if lacking:
        able = [stage.name for stage in to_run if stage.name not in lacking]
        for sentence in sorted({sentence for found in lacking.values() for sentence in found}):
            progress.note(f"pipeline: {sentence}")
        progress.note(f"pipeline: can run here: {', '.join(able) or 'nothing'}")
        progress.note(f"pipeline: cannot run here: {', '.join(lacking)}")
    return {
        name: Result(name, Status.UNAVAILABLE, Exit.MACHINE, reason="; ".join(sentences))
        for name, sentences in lacking.items()
    }


def _stale_artifacts(
    graph: Graph, workspace: Workspace, to_run: Sequence[Stage], decided: dict[str, Result]
) -> str:
    """Why an artifact of a stage left out (--from, --only, --skip) may not be used, or ''."""
    inputs = Inputs(workspace.root, workspace.environment)
    for stage in to_run:
        for name in stage.takes:
            skipped = name in decided and decided[name].status is Status.SKIPPED
            if skipped and stage.name not in decided:
                verdict = resume.judge(graph[name], graph, workspace, inputs)
                if not verdict.stands:
                    return f"{stage.name} takes from {name}, left out of this run: {verdict.reason}"
    return ""


def _tear_down(workspace: Workspace, script: str, progress: Progress) -> int:
    """Remove the ephemeral stack; a signal no longer interrupts us here."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    done = subprocess.run(
        [str(workspace.root / script)],
        cwd=workspace.root,
        env={**workspace.environment, "VIGIE_CI_OUT": str(workspace.out)},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        start_new_session=True,
        check=False,
    )
    if done.returncode != 0:
        progress.note(f"pipeline: {script} exited with {done.returncode}:\n{done.stdout}")
        return Exit.STRANDED
    return Exit.OK


def _tell(
    document: dict[str, object], workspace: Workspace, options: Options, progress: Progress
) -> None:
    summary, timings = report.save(document, workspace)
    unproved = document["unproved"]
    if isinstance(unproved, list) and unproved:
        progress.note("\nWhat this run did not prove:")
        for text in unproved:
            progress.note(f"  - {text}")
    verdict = "green" if document["exit_code"] == 0 else f"red, exit code {document['exit_code']}"
    progress.note(f"\n{verdict} after {document['seconds']} s · {summary} · {timings}")
    if options.as_json:
        print(json.dumps(document, indent=2))


def _summarise(graph: Graph, workspace: Workspace, options: Options) -> int:
    """summary.md from what lies in .ci-out: for the workflow, where jobs have machines."""
    results = {
        name: stages.Result.load(workspace.folder(name))
        or Result(name, Status.BLOCKED, Exit.ARTIFACT, reason="left nothing here")
        for name in graph.names
    }
    code = schedule.exit_code(results, graph, schedule.Stops())
    if code == Exit.OK and any(result.status is Status.BLOCKED for result in results.values()):
        code = Exit.ARTIFACT
    run = report.Run(
        run_id=workspace.environment.get("GITHUB_RUN_ID", "summary"),
        commit=_commit(workspace.root),
        target=options.target,
        offline=options.offline,
        started_at=datetime.now(UTC).isoformat(timespec="seconds"),
        seconds=sum(result.seconds for result in results.values()),
        exit_code=code,
    )
    document = report.document(run, graph, results, workspace)
    report.save(document, workspace)
    print(json.dumps(document, indent=2) if options.as_json else report.markdown(document))
    return code


def _list(graph: Graph) -> int:
    lacking = machine.lacking(graph.stages)
    for stage in graph.stages:
        behind = f"after {', '.join(stage.needs)}" if stage.needs else "at once"
        here = f"cannot run here: {'; '.join(lacking[stage.name])}" if stage.name in lacking else ""
        print(f"{stage.name:<9} {stage.title}\n          {behind}. {here}".rstrip())
    return Exit.OK


def _why_skipped(name: str, options: Options) -> str:
    if name in options.skip:
        return "--skip"
    return f"--from {options.start}" if options.start else f"--only {','.join(options.only)}"


def _commit(root: Path) -> str:
    """Short hash of HEAD, with + when the working tree differs from it."""
    described = subprocess.run(
        ["git", "-C", str(root), "describe", "--always", "--dirty=+", "--exclude=*"],
        capture_output=True,
        text=True,
        check=False,
    )
    return described.stdout.strip() or "no commit"
