"""Reads act's log, tells it to a person, and decides whether the run proves anything.

act exits 0 when a job was skipped because its label has no image, and with it everything behind
that job. So the planned jobs are read from the workflow, and each of them, in each leg of its
matrix, must have ended with a success of its own.

    act --json ... | report.py --workflow FILE [--matrix KEY:VALUE]... [--job NAME]

The last line of the input is {"act_exit": N}. Exit code 0 when the run is green, 1 when it is not.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TextIO

import yaml

# A job or step that act cannot do says so in its `if`, in these words.
NOT_UNDER_ACT = ("!github.event.act", "!env.ACT")


@dataclass(frozen=True, order=True)
class Leg:
    """One run of a job: the job's id and the values of its matrix, as text."""

    job: str
    matrix: tuple[tuple[str, str], ...] = ()

    def __str__(self) -> str:
        values = ", ".join(value for _, value in self.matrix)
        return f"{self.job} ({values})" if values else self.job


@dataclass
class Plan:
    """What the workflow promises, and what it keeps for GitHub alone."""

    legs: set[Leg] = field(default_factory=set)
    needs: dict[str, list[str]] = field(default_factory=dict)
    left_out: list[str] = field(default_factory=list)


def plan(workflow: dict[str, Any], chosen: dict[str, str]) -> Plan:
    """The legs act has to run; `chosen` are the matrix values that --matrix limits it to."""
    result = Plan()
    for name, job in workflow["jobs"].items():
        if any(mark in str(job.get("if", "")) for mark in NOT_UNDER_ACT):
            result.left_out.append(f"job {name}")
            continue
        needs = job.get("needs", [])
        result.needs[name] = [needs] if isinstance(needs, str) else needs
        for combination in _combinations(job.get("strategy", {}).get("matrix", {})):
            leg = Leg(name, tuple(sorted(combination.items())))
            if any(combination.get(key, value) != value for key, value in chosen.items()):
                result.left_out.append(f"job {leg}")
            else:
                result.legs.add(leg)
        for step in job.get("steps", []):
            if any(mark in str(step.get("if", "")) for mark in NOT_UNDER_ACT):
                result.left_out.append(f"step {step.get('name') or step.get('uses')} of job {name}")
    return result


def only(whole: Plan, job: str) -> Plan:
    """The part of the plan that act runs for --job: the job and all that it needs."""
    wanted, waiting = set[str](), [job]
    while waiting:
        name = waiting.pop()
        wanted.add(name)
        waiting.extend(need for need in whole.needs[name] if need not in wanted)
    others = [f"job {leg}" for leg in sorted(whole.legs) if leg.job not in wanted]
    legs = {leg for leg in whole.legs if leg.job in wanted}
    return Plan(legs, whole.needs, [*whole.left_out, *others])


def _combinations(matrix: dict[str, Any]) -> list[dict[str, str]]:
    """The workflows here list their legs under `include` alone, so that each can be read."""
    if set(matrix) - {"include"}:
        raise ValueError("write a matrix as a list under include: the plan reads nothing else")
    return [{key: str(value) for key, value in leg.items()} for leg in matrix.get("include", [{}])]


@dataclass
class Outcome:
    """What happened: results of legs, failed steps, and act's own exit code."""

    results: dict[Leg, str] = field(default_factory=dict)
    failed_steps: dict[str, None] = field(default_factory=dict)
    act_exit: int | None = None


def follow(lines: Iterable[str], out: TextIO) -> Outcome:
    """Prints the log as it comes and collects what matters."""
    outcome = Outcome()
    for entry in _entries(lines, out):
        if "act_exit" in entry:
            outcome.act_exit = int(entry["act_exit"])
            continue
        message = str(entry.get("msg", "")).rstrip("\n")
        name = entry.get("jobID")
        if name is None:
            out.write(f"act | {message}\n")
            continue
        matrix = entry.get("matrix") or {}
        leg = Leg(name, tuple(sorted((key, str(value)) for key, value in matrix.items())))
        if _is_worth_telling(entry):
            out.write(f"{leg} | {message if entry.get('raw_output') else _first_line(message)}\n")
            out.flush()
        if entry.get("stepResult") == "failure":
            outcome.failed_steps[f"{leg}: {_first_line(str(entry.get('step')))}"] = None
        if "jobResult" in entry:
            outcome.results[leg] = entry["jobResult"]
    return outcome


def _is_worth_telling(entry: dict[str, Any]) -> bool:
    """Output of steps, their results and complaints; the rest is in the log for who needs it."""
    return bool(
        entry.get("raw_output")
        or (entry.get("stepResult") and entry.get("stage") == "Main")
        or entry.get("stepResult") == "failure"
        or entry.get("jobResult")
        or entry.get("level") in {"error", "warning", "fatal"}
    )


def _first_line(text: str) -> str:
    return text.strip("\n").split("\n", 1)[0]


def _entries(lines: Iterable[str], out: TextIO) -> Iterator[dict[str, Any]]:
    for line in lines:
        try:
            entry = json.loads(line)
        except json.JSONDecodeError:
            out.write(f"act | {line}")
            continue
        if isinstance(entry, dict):
            yield entry


def faults(planned: Plan, outcome: Outcome) -> list[str]:
    """Why the run is not green; empty when it is."""
    found = []
    for leg in sorted(planned.legs):
        result = outcome.results.get(leg)
        if result is None:
            broken = [need for need in planned.needs[leg.job] if not _succeeded(need, outcome)]
            found.append(
                f"{leg} was not reached: {', '.join(broken)} did not succeed"
                if broken
                else f"{leg} never ran: is its runs-on label mapped to an image in .actrc?"
            )
        elif result != "success":
            found.append(f"{leg} ended with {result}")
    unplanned = sorted(set(outcome.results) - planned.legs)
    found.extend(f"{leg} ran but is not in the plan" for leg in unplanned)
    found.extend(f"failed step: {step}" for step in outcome.failed_steps)
    if outcome.act_exit != 0:
        found.append(f"act itself exited with {outcome.act_exit}")
    return found


def _succeeded(job: str, outcome: Outcome) -> bool:
    results = [result for leg, result in outcome.results.items() if leg.job == job]
    return bool(results) and all(result == "success" for result in results)


def main() -> int:
    """Follows standard input and prints the verdict."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--workflow", type=Path, required=True)
    parser.add_argument("--matrix", action="append", default=[])
    parser.add_argument("--job", help="only this job and those before it")
    options = parser.parse_args()
    chosen = dict(choice.split(":", 1) for choice in options.matrix)
    planned = plan(yaml.safe_load(options.workflow.read_text()), chosen)
    if options.job:
        planned = only(planned, options.job)
    outcome = follow(sys.stdin, sys.stdout)
    found = faults(planned, outcome)
    print("\n== act")
    for leg in sorted(planned.legs):
        print(f"  {outcome.results.get(leg, 'never ran'):10} {leg}")
    print("not proved by act:")
    for item in [*planned.left_out, *NEVER_PROVED]:
        print(f"  - {item}")
    if found:
        print("act is RED:")
        for fault in found:
            print(f"  - {fault}")
        return 1
    print(f"act is green: all {len(planned.legs)} planned jobs ran and succeeded")
    return 0


# Properties of act itself, whatever the workflow says.
NEVER_PROVED = (
    "permissions, concurrency, environments and job timeouts: act ignores them",
    "triggers and path filters: act runs the workflow it is given",
    "OIDC, and what needs a token: there is none here",
    "the code of the actions at their pinned commits: stand-ins took their place",
    "a fresh machine for each job: all share this machine's Docker Engine",
)


if __name__ == "__main__":
    sys.exit(main())
