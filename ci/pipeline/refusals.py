"""What .github/workflows/ci.yml may say: what every runner of the chain does in the same way.

Each rule answers with sentences; none means that it holds.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pipeline.jobs import (
    GATE,
    PUBLISH,
    TEARDOWN,
    Mapped,
    first_leg,
    needs_of,
    script_of,
    scripts_of,
    stage_jobs,
)

# A stage ends itself this much earlier than GitHub ends its step, to clean up and to say why.
GRACE_MINUTES = 2

_ALWAYS, _NOT_CANCELLED = "${{ always() }}", "${{ !cancelled() }}"
_SETUP = {"uses": "./.github/actions/setup"}
_WORKFLOW_KEYS = {"name", "on", "permissions", "concurrency", "jobs"}
# `if`, `env`, `continue-on-error`, `defaults`, `container` and the like are not among them: each
# can make a stage mean less than it does elsewhere.
_JOB_KEYS = {"name", "needs", "runs-on", "timeout-minutes", "permissions", "strategy", "steps"}


def faults(document: Mapped, known: Mapped) -> Iterator[str]:
    """Everything that makes a workflow no chain of the stages `known` to the table."""
    for key in sorted(document.keys() - _WORKFLOW_KEYS):
        yield f"'{key}' would change what stages see"
    if document.get("permissions") != {}:
        yield "permissions at the top must be {}; each job asks for what it needs"
    jobs = stage_jobs(document)
    for name in sorted(document["jobs"].keys() - jobs.keys() - {GATE, PUBLISH}):
        yield f"{name}: a job without steps of its own, which only GitHub could run"
    run = [name for job in jobs.values() for name in scripts_of(job)]
    for name in sorted(known.keys() - set(run)):
        yield f"no job runs ci/{name}.sh, a stage of ci/stages.toml"
    for name in sorted({name for name in run if run.count(name) > 1}):
        yield f"ci/{name}.sh is run twice"
    for name, job in jobs.items():
        for sentence in _job_faults(name, jobs, known):
            yield f"{name}: {sentence}"
        for need in needs_of(job) - jobs.keys():
            yield f"{name}: needs {need}, which is no job of stages"
    yield from _gate_faults(document["jobs"], set(jobs))


def _job_faults(name: str, jobs: Mapped, known: Mapped) -> Iterator[str]:
    job = jobs[name]
    for key in sorted(job.keys() - _JOB_KEYS):
        yield f"'{key}' does not belong to a job of stages"
    yield from _matrix_faults(job.get("strategy"))
    steps = [_normal(step, job) for step in job["steps"]]
    stages = [stage for stage in scripts_of(job) if stage in known]
    wanted = list(_expected(stages, known))
    for position in range(max(len(wanted), len(steps))):
        want = wanted[position] if position < len(wanted) else "nothing more"
        got = steps[position] if position < len(steps) else "nothing"
        if want != got:
            yield f"step {position + 1} is {got}, and only this runs everywhere: {want}"
            return
    if not stages:
        yield "it runs no stage"
    limits = [step.get("timeout-minutes", 0) for step in job["steps"] if script_of(step) in known]
    if any(limit <= GRACE_MINUTES for limit in limits):
        yield f"each stage needs timeout-minutes, more than {GRACE_MINUTES}"
    if job.get("timeout-minutes", 0) < sum(limits):
        yield "GitHub would stop the job before the limits of its stages"


def _expected(stages: list[str], known: Mapped) -> Iterator[dict[str, Any]]:
    """The steps of a job that runs these stages, in order, in the form that _normal gives."""
    checkout: dict[str, Any] = {"persist-credentials": False}
    if any("history" in known[stage].get("reads", ()) for stage in stages):
        checkout["fetch-depth"] = 0
    yield {"uses": "actions/checkout", "with": checkout}
    yield _SETUP
    taken = [name for stage in stages for name in known[stage].get("takes", ())]
    for name in dict.fromkeys(name for name in taken if name not in stages):
        handed = {"name": name, "path": f".ci-out/{name}"}
        yield {"uses": "actions/download-artifact", "with": handed}
    for position, stage in enumerate(stages):
        # What a stage takes of its own job has to be made by then.
        later = set(known[stage].get("takes", ())) & set(stages[position:])
        yield {"run": f"./ci/{stage}.sh"} if not later else {"run": f"{sorted(later)} before it"}
    if any(known[stage].get("transient") for stage in stages):
        yield {"run": TEARDOWN, "if": _ALWAYS}
    for stage in stages:
        handed_on = {
            "name": stage,
            "path": f".ci-out/{stage}",
            "include-hidden-files": True,
            "if-no-files-found": "error",
        }
        yield {"uses": "actions/upload-artifact", "if": _NOT_CANCELLED, "with": handed_on}


def _normal(step: Mapped, job: Mapped) -> dict[str, Any]:
    """A step without what may vary: pin, limit, a leg's interpreter, an upload's compression."""
    normal = {key: value for key, value in step.items() if key not in {"with", "timeout-minutes"}}
    uses = str(normal.get("uses", ""))
    if not uses.startswith("./") and "@" in uses:
        normal["uses"] = uses.partition("@")[0]
    values = {key: first_leg(value, job) for key, value in (step.get("with") or {}).items()}
    values.pop("compression-level", None)
    if uses == _SETUP["uses"]:
        values.pop("python-version", None)
    return {**normal, "with": values} if values else normal


def _matrix_faults(strategy: Mapped | None) -> Iterator[str]:
    if strategy is None:
        return
    if set(strategy) - {"fail-fast", "matrix"} or set(strategy.get("matrix", {})) != {"include"}:
        yield "a matrix is a list under include, so that each leg can be read"


def _gate_faults(jobs: Mapped, planned: set[str]) -> Iterator[str]:
    gate = jobs.get(GATE)
    if gate is None:
        yield "gate: there is none"
        return
    if needs_of(gate) != planned:
        yield f"gate: waits for {sorted(needs_of(gate))}, and stages run in {sorted(planned)}"
    if gate.get("if") != _ALWAYS:
        yield "gate: without if: always() a failed job would skip it, and skipped counts as passed"
    for key in sorted(gate.keys() - _JOB_KEYS - {"if"}):
        yield f"gate: '{key}' does not belong there"
    runs = [step for step in gate["steps"] if "run" in step]
    if runs != [{"run": "./ci/gate.sh", "env": {"NEEDS": "${{ toJSON(needs) }}"}}]:
        yield "gate: may run ./ci/gate.sh with toJSON(needs), and nothing else"
    if any("continue-on-error" in step for step in gate["steps"]):
        yield "gate: continue-on-error would let it pass"
    publish = jobs.get(PUBLISH)
    if publish is None:
        return
    if needs_of(publish) != {GATE} or "always()" in str(publish.get("if")):
        yield "publish: waits for a green gate and for nothing else"
