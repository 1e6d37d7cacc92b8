"""What ci.yml may say: jobs of ci/stages.toml, each with the same few steps, nothing that softens.

A workflow is a dict as YAML gives it. Every rule answers with sentences; none means it holds.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from pipeline.graph import Graph, Stage

CHECKOUT = "actions/checkout@"
SETUP = "./.github/actions/setup"
UPLOAD = "actions/upload-artifact@"
DOWNLOAD = "actions/download-artifact@"
TEARDOWN = "./ci/teardown.sh"
GATE = "gate"
PUBLISH = "publish"

# Keys that a job of stages and a step that runs one may have. `if`, `env`, `continue-on-error`,
# `shell` and `defaults` are not among them: each can make a stage mean less than it does elsewhere.
JOB_KEYS = {"name", "needs", "runs-on", "timeout-minutes", "permissions", "strategy", "steps"}
WORKFLOW_KEYS = {"name", "on", True, "permissions", "concurrency", "jobs"}
KEPT = {"if-no-files-found": "error", "include-hidden-files": True}

Workflow = Mapping[str, Any]
Steps = list[dict[str, Any]]


def faults(workflow: Workflow, graph: Graph) -> list[str]:
    """Everything about the workflow that makes it another chain than the graph."""
    return [*_workflow(workflow), *_jobs(workflow, graph), *_gate(workflow, graph)]


def stages_of(job: str, graph: Graph) -> list[Stage]:
    """The stages that a job runs, in order."""
    return [stage for stage in graph.stages if stage.job == job]


def needed_jobs(job: str, graph: Graph) -> set[str]:
    """The jobs that must come before a job: those of what its stages need."""
    needed = {graph[name].job for stage in stages_of(job, graph) for name in stage.needs}
    return needed - {job}


def needs_of(job: Mapping[str, Any]) -> set[str]:
    """A job's `needs`, which YAML may give as one name or a list."""
    needs = job.get("needs", [])
    return {needs} if isinstance(needs, str) else set(needs)


def _workflow(workflow: Workflow) -> Iterator[str]:
    for key in set(workflow) - WORKFLOW_KEYS:
        yield f"workflow: '{key}' would change what stages see"
    if workflow.get("permissions") != {}:
        yield "workflow: permissions at the top must be {}; each job asks for what it needs"


def _jobs(workflow: Workflow, graph: Graph) -> Iterator[str]:
    jobs = workflow["jobs"]
    planned = {stage.job for stage in graph.stages}
    for name in sorted(planned - jobs.keys()):
        yield f"{name}: ci/stages.toml plans this job and the workflow has none"
    for name in sorted(jobs.keys() - planned - {GATE, PUBLISH}):
        yield f"{name}: a job that ci/stages.toml does not know"
    for name in sorted(planned & jobs.keys()):
        for sentence in _job(name, jobs[name], graph):
            yield f"{name}: {sentence}"


def _job(name: str, job: Mapping[str, Any], graph: Graph) -> Iterator[str]:
    for key in sorted(job.keys() - JOB_KEYS):
        yield f"'{key}' does not belong to a job of stages"
    needs, needed = needs_of(job), needed_jobs(name, graph)
    if needs != needed:
        yield f"needs {sorted(needs)}, the graph says {sorted(needed)}"
    stages = stages_of(name, graph)
    limit = sum(stage.timeout_minutes for stage in stages)
    if job.get("timeout-minutes", 0) < limit:
        yield f"GitHub would stop it before its stages' own limit of {limit:g} minutes"
    expected = list(_expected(stages))
    actual = [_normal(step, job) for step in job["steps"]]
    for position in range(max(len(expected), len(actual))):
        wanted = expected[position] if position < len(expected) else None
        found = actual[position] if position < len(actual) else None
        if wanted != found:
            yield f"step {position + 1} is {found}, expected {wanted}"


def _expected(stages: list[Stage]) -> Iterator[dict[str, Any]]:
    """The steps that the graph asks for, in order, in the form that _normal gives."""
    checkout: dict[str, Any] = {"uses": CHECKOUT, "with": {"persist-credentials": False}}
    if any("history" in stage.reads for stage in stages):
        checkout["with"]["fetch-depth"] = 0
    yield checkout
    yield {"uses": SETUP}
    own = {stage.name for stage in stages}
    for taken in dict.fromkeys(name for stage in stages for name in stage.takes):
        if taken not in own:
            yield {"uses": DOWNLOAD, "with": {"name": taken, "path": f".ci-out/{taken}"}}
    for stage in stages:
        yield {"run": f"./{stage.script}"}
    if any(stage.transient for stage in stages):
        yield {"run": TEARDOWN, "if": "${{ always() }}"}
    for stage in stages:
        yield {
            "uses": UPLOAD,
            "if": "${{ !cancelled() }}",
            "with": {"name": stage.name, "path": f".ci-out/{stage.name}", **KEPT},
        }


def _normal(step: Mapping[str, Any], job: Mapping[str, Any]) -> dict[str, Any]:
    """A step without what may vary: pin, a leg's interpreter, an upload's compression."""
    normal = dict(step)
    uses = normal.get("uses", "")
    if "@" in uses:
        normal["uses"] = uses.split("@")[0] + "@"
    values = {key: first_leg(value, job) for key, value in normal.get("with", {}).items()}
    values.pop("compression-level", None)
    if uses == SETUP:
        values.pop("python-version", None)
    normal.pop("with", None)
    if values:
        normal["with"] = values
    return normal


def first_leg(value: Any, job: Mapping[str, Any]) -> Any:
    """`${{ matrix.x }}` as the first leg has it: that leg's artifact has the stage's name."""
    found = re.fullmatch(r"\$\{\{ matrix\.([\w-]+) \}\}", str(value))
    if not found:
        return value
    return job["strategy"]["matrix"]["include"][0].get(found[1], value)


def _gate(workflow: Workflow, graph: Graph) -> Iterator[str]:
    jobs = workflow["jobs"]
    gate = jobs.get(GATE)
    if gate is None:
        yield "gate: there is none"
        return
    planned = {stage.job for stage in graph.stages}
    if needs_of(gate) != planned:
        yield f"gate: waits for {sorted(needs_of(gate))}, the graph plans {sorted(planned)}"
    if gate.get("if") != "${{ always() }}":
        yield "gate: without if: always() a failed job would skip it, and skipped counts as passed"
    for key in sorted(gate.keys() - JOB_KEYS - {"if"}):
        yield f"gate: '{key}' does not belong there"
    runs = [step for step in gate["steps"] if "run" in step]
    if runs != [{"run": "./ci/gate.sh", "env": {"NEEDS": "${{ toJSON(needs) }}"}}]:
        yield f"gate: runs {runs}, and may run ./ci/gate.sh with toJSON(needs) alone"
    if any("continue-on-error" in step for step in gate["steps"]):
        yield "gate: continue-on-error would let it pass"
    publish = jobs.get(PUBLISH)
    if publish is not None and needs_of(publish) != {GATE}:
        yield "publish: waits for the gate and nothing else"
    if publish is not None and "always()" in str(publish.get("if", "")):
        yield "publish: would run after a red gate"
