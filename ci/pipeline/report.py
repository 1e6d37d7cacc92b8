"""summary.md and timings.json: what passed, how long against before, and what was not proved."""

from __future__ import annotations

import json
import statistics
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pipeline.graph import Graph
from pipeline.kinds import Status
from pipeline.stage import Result, Workspace

HISTORY = "history.jsonl"
_REMEMBERED_RUNS = 50
_MARKS = {Status.PASSED: "✅", Status.REUSED: "♻️", Status.SKIPPED: "⏭️", Status.BLOCKED: "⏸️"}


@dataclass(frozen=True)
class Notes:
    """What a stage's script wrote down for the summary (lib.sh: fact, finding, unproved)."""

    facts: list[tuple[str, str]] = field(default_factory=list)
    findings: list[tuple[str, str, str]] = field(default_factory=list)
    unproved: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Run:
    """What is known about the run as a whole. Times are ISO 8601 in UTC, seconds are wall-clock."""

    run_id: str
    commit: str
    target: str
    offline: bool
    started_at: str
    seconds: float
    exit_code: int


def notes_of(folder: Path) -> Notes:
    """Read a stage's facts.tsv, findings.tsv and unproved.txt; missing files are empty."""
    facts = [(row[0], row[1]) for row in _rows(folder / "facts.tsv", 2)]
    findings = [(row[0], row[1], row[2]) for row in _rows(folder / "findings.tsv", 3)]
    unproved = [row[0] for row in _rows(folder / "unproved.txt", 1)]
    return Notes(facts, findings, unproved)


def document(
    run: Run, graph: Graph, results: Mapping[str, Result], workspace: Workspace
) -> dict[str, Any]:
    """timings.json: everything the summary says, for programs."""
    medians = _medians(workspace.out / HISTORY)
    unproved: list[str] = []
    stages: list[dict[str, Any]] = []
    for name, result in results.items():
        here = result.status not in {Status.SKIPPED, Status.BLOCKED, Status.UNAVAILABLE}
        notes = notes_of(workspace.folder(name)) if here else Notes()
        unproved += [f"{name}: {text}" for text in notes.unproved]
        if not here:
            unproved.append(f"{name}: {result.status}: {result.reason}")
        stages.append(
            {
                "name": name,
                "status": str(result.status),
                "seconds": result.seconds,
                "median_seconds": medians.get(name),
                "exit_code": result.exit_code,
                "reason": result.reason,
                "facts": dict(notes.facts),
                "findings": [list(finding) for finding in notes.findings],
            }
        )
    if workspace.environment.get("GITHUB_ACTIONS") != "true" or workspace.environment.get("ACT"):
        unproved += graph.unproved_outside_github
    return {
        "run_id": run.run_id,
        "commit": run.commit,
        "target": run.target,
        "offline": run.offline,
        "started_at": run.started_at,
        "seconds": round(run.seconds, 1),
        "exit_code": run.exit_code,
        "stages": stages,
        "unproved": unproved,
    }


def markdown(report: Mapping[str, Any]) -> str:
    """summary.md, from the document of timings.json."""
    green = report["exit_code"] == 0
    where = f"target {report['target']}{', offline' if report['offline'] else ''}"
    lines = [
        f"# {'✅ Green' if green else '❌ Red'}: {report['commit']}",
        "",
        f"Run {report['run_id']}, {where}, {report['seconds']:.0f} s, exit {report['exit_code']}.",
        "",
        "| stage | result | seconds | median before | |",
        "|---|---|--:|--:|---|",
    ]
    for stage in report["stages"]:
        mark = _MARKS.get(Status(stage["status"]), "❌")
        median = f"{stage['median_seconds']:.1f}" if stage["median_seconds"] is not None else ""
        seconds = f"{stage['seconds']:.1f}" if stage["seconds"] else ""
        reason = stage["reason"].replace("|", "\\|").replace("\n", " ")
        name = stage["name"]
        lines.append(f"| {name} | {mark} {stage['status']} | {seconds} | {median} | {reason} |")
    facts = [(s["name"], key, value) for s in report["stages"] for key, value in s["facts"].items()]
    if facts:
        lines += ["", "## Figures", "", "| stage | | |", "|---|---|---|"]
        lines += [f"| {stage} | {key} | {value} |" for stage, key, value in facts]
    findings = [(s["name"], *finding) for s in report["stages"] for finding in s["findings"]]
    if findings:
        lines += ["", "## Findings", ""]
        lines += [
            f"- **{level}** {where} ({name}): {text}" for name, level, where, text in findings
        ]
    lines += ["", "## What this run did not prove", ""]
    lines += [f"- {text}" for text in report["unproved"]] or ["- nothing is missing"]
    return "\n".join(lines) + "\n"


def save(report: Mapping[str, Any], workspace: Workspace) -> tuple[Path, Path]:
    """Write summary.md and timings.json into .ci-out and remember the durations."""
    summary, timings = workspace.out / "summary.md", workspace.out / "timings.json"
    summary.write_text(markdown(report), encoding="utf-8")
    timings.write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")
    path = workspace.out / HISTORY
    earlier = path.read_text(encoding="utf-8").splitlines() if path.is_file() else []
    durations = {
        stage["name"]: stage["seconds"]
        for stage in report["stages"]
        if stage["status"] == Status.PASSED
    }
    kept = [*earlier[-(_REMEMBERED_RUNS - 1) :], json.dumps(durations)]
    path.write_text("\n".join(kept) + "\n", encoding="utf-8")
    return summary, timings


def _medians(path: Path) -> dict[str, float]:
    durations: dict[str, list[float]] = {}
    if path.is_file():
        for line in path.read_text(encoding="utf-8").splitlines():
            for name, seconds in json.loads(line).items():
                durations.setdefault(name, []).append(seconds)
    return {name: round(statistics.median(values), 1) for name, values in durations.items()}


def _rows(path: Path, columns: int) -> list[list[str]]:
    if not path.is_file():
        return []
    rows = (line.split("\t", columns - 1) for line in path.read_text(encoding="utf-8").splitlines())
    return [row for row in rows if len(row) == columns]
