"""The graph of the delivery chain, read from .github/workflows/ci.yml.

The workflow is the chain: GitHub runs it, act runs it, and so does ./ci/pipeline.sh. Read from it
are jobs, their needs, the scripts, what is handed from job to job, and time limits. Whatever this
machine could not do as GitHub does it (an inline command, `|| true`, continue-on-error, a variable,
a condition, an artifact of another name) is refused, before anything runs. That is what keeps the
runners the same chain; nobody compares two descriptions.

What GitHub does not know of a stage stands in ci/stages.toml.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from pipeline import plain_yaml
from pipeline.graph import Graph, GraphError, Stage

WORKFLOW = Path(".github", "workflows", "ci.yml")
TABLE = Path("ci", "stages.toml")
SCHEMA = 2
# A stage ends itself this much earlier than GitHub ends its step, to clean up and to say why.
GRACE_MINUTES = 2

_GATE, _PUBLISH = "gate", "publish"
_ALWAYS, _NOT_CANCELLED = "${{ always() }}", "${{ !cancelled() }}"
_SETUP = {"uses": "./.github/actions/setup"}
_TEARDOWN = "./ci/teardown.sh"
_SCRIPT = re.compile(r"\./ci/([a-z0-9-]+)\.sh")
_WORKFLOW_KEYS = {"name", "on", "permissions", "concurrency", "jobs"}
# `if`, `env`, `continue-on-error`, `defaults`, `container` and the like are not among them: each
# can make a stage mean less than it does elsewhere.
_JOB_KEYS = {"name", "needs", "runs-on", "timeout-minutes", "permissions", "strategy", "steps"}

Mapped = Mapping[str, Any]


def load(root: Path) -> Graph:
    """The graph of a checkout. GraphError names everything that makes it no chain of ours."""
    path, table_path = root / WORKFLOW, root / TABLE
    try:
        document = plain_yaml.loads(path.read_text(encoding="utf-8"))
        table = tomllib.loads(table_path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise GraphError(f"{WORKFLOW} or {TABLE}: {error}") from error
    return read(document, table)


def read(document: Mapped, table: Mapped) -> Graph:
    """The graph of a workflow, as YAML gives it, and of the table; see `load` for errors."""
    if table.get("schema") != SCHEMA:
        raise GraphError(f"{TABLE}: schema is {table.get('schema')!r}, this engine reads {SCHEMA}")
    known: Mapped = table.get("stage", {})
    wrong = list(_faults(document, known))
    if wrong:
        raise GraphError(f"{WORKFLOW} is no chain that runs everywhere: " + "; ".join(wrong))
    jobs = _stage_jobs(document)
    scripts = {name: _scripts(job) for name, job in jobs.items()}
    stages = [
        _stage(name, position, job, scripts, known)
        for name, job in jobs.items()
        for position in range(len(scripts[name]))
    ]
    teardown = any(step.get("run") == _TEARDOWN for job in jobs.values() for step in job["steps"])
    unproved = [*table.get("unproved", {}).get("outside_github", ()), *_other_legs(jobs)]
    return Graph.of(stages, tuple(unproved), "ci/teardown.sh" if teardown else None)


# --- what may stand there -------------------------------------------------------------------------


def _faults(document: Mapped, known: Mapped) -> Iterator[str]:
    for key in sorted(document.keys() - _WORKFLOW_KEYS):
        yield f"'{key}' would change what stages see"
    if document.get("permissions") != {}:
        yield "permissions at the top must be {}; each job asks for what it needs"
    jobs = _stage_jobs(document)
    run = [name for job in jobs.values() for name in _scripts(job)]
    for name in sorted(known.keys() - set(run)):
        yield f"no job runs ci/{name}.sh, a stage of {TABLE}"
    for name in sorted({name for name in run if run.count(name) > 1}):
        yield f"ci/{name}.sh is run twice"
    for name, job in jobs.items():
        for sentence in _job_faults(name, jobs, known):
            yield f"{name}: {sentence}"
        for need in _needs(job) - jobs.keys():
            yield f"{name}: needs {need}, which is no job of stages"
    yield from _gate_faults(document["jobs"], set(jobs))


def _job_faults(name: str, jobs: Mapped, known: Mapped) -> Iterator[str]:
    job = jobs[name]
    for key in sorted(job.keys() - _JOB_KEYS):
        yield f"'{key}' does not belong to a job of stages"
    yield from _matrix_faults(job.get("strategy"))
    steps = [_normal(step, job) for step in job["steps"]]
    stages = [stage for stage in _scripts(job) if stage in known]
    wanted = list(_expected(stages, known))
    for position in range(max(len(wanted), len(steps))):
        want = wanted[position] if position < len(wanted) else "nothing more"
        got = steps[position] if position < len(steps) else "nothing"
        if want != got:
            yield f"step {position + 1} is {got}, and only this runs everywhere: {want}"
            return
    if not stages:
        yield "it runs no stage"
    limits = [step.get("timeout-minutes", 0) for step in job["steps"] if _script_of(step) in known]
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
        yield {"run": _TEARDOWN, "if": _ALWAYS}
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
    values = {key: _first_leg(value, job) for key, value in (step.get("with") or {}).items()}
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
    gate = jobs.get(_GATE)
    if gate is None:
        yield "gate: there is none"
        return
    if _needs(gate) != planned:
        yield f"gate: waits for {sorted(_needs(gate))}, and stages run in {sorted(planned)}"
    if gate.get("if") != _ALWAYS:
        yield "gate: without if: always() a failed job would skip it, and skipped counts as passed"
    for key in sorted(gate.keys() - _JOB_KEYS - {"if"}):
        yield f"gate: '{key}' does not belong there"
    runs = [step for step in gate["steps"] if "run" in step]
    if runs != [{"run": "./ci/gate.sh", "env": {"NEEDS": "${{ toJSON(needs) }}"}}]:
        yield "gate: may run ./ci/gate.sh with toJSON(needs), and nothing else"
    if any("continue-on-error" in step for step in gate["steps"]):
        yield "gate: continue-on-error would let it pass"
    publish = jobs.get(_PUBLISH)
    if publish is not None and (_needs(publish) != {_GATE} or "always()" in str(publish.get("if"))):
        yield "publish: waits for a green gate and for nothing else"


# --- what is taken from there ---------------------------------------------------------------------


def _stage(
    job: str, position: int, content: Mapped, scripts: Mapping[str, list[str]], known: Mapped
) -> Stage:
    name = scripts[job][position]
    step = next(step for step in content["steps"] if _script_of(step) == name)
    # The stages of a job run in order on one machine; its first waits for the last of other jobs.
    before = [scripts[need][-1] for need in scripts if need in _needs(content)]
    needs = [scripts[job][position - 1]] if position else before
    told: dict[str, Any] = {
        key: tuple(it) if isinstance(it, list) else it for key, it in known[name].items()
    }
    try:
        return Stage(
            name=name,
            script=f"ci/{name}.sh",
            job=job,
            needs=tuple(needs),
            timeout_minutes=step["timeout-minutes"] - GRACE_MINUTES,
            **told,
        )
    except TypeError as error:
        raise GraphError(f"{TABLE}: stage {name}: {error}") from error


def _stage_jobs(document: Mapped) -> dict[str, Mapped]:
    return {
        name: job
        for name, job in document["jobs"].items()
        if name not in {_GATE, _PUBLISH} and "steps" in job
    }


def _scripts(job: Mapped) -> list[str]:
    """The scripts that a job runs as stages, in order; the teardown is none."""
    return [
        name
        for step in job["steps"]
        if step.get("run") != _TEARDOWN and (name := _script_of(step)) is not None
    ]


def _script_of(step: Mapped) -> str | None:
    found = _SCRIPT.fullmatch(str(step.get("run", "")))
    return found[1] if found else None


def _needs(job: Mapped) -> set[str]:
    needs = job.get("needs", [])
    return {needs} if isinstance(needs, str) else set(needs)


def _first_leg(value: Any, job: Mapped) -> Any:
    """`${{ matrix.x }}` as the first leg has it, which is the leg that runs outside GitHub."""
    found = re.fullmatch(r"\$\{\{ matrix\.([\w-]+) \}\}", str(value))
    if not found or "strategy" not in job:
        return value
    return job["strategy"]["matrix"]["include"][0].get(found[1], value)


def _other_legs(jobs: Mapping[str, Mapped]) -> Iterator[str]:
    for name, job in jobs.items():
        for leg in job.get("strategy", {}).get("matrix", {}).get("include", [])[1:]:
            values = ", ".join(f"{key} {value}" for key, value in leg.items())
            yield f"the job {name} with {values}: GitHub runs that leg"
