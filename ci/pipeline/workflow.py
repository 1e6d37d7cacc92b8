"""The graph of the delivery chain, read from .github/workflows/ci.yml.

The workflow is the chain: GitHub runs it, act runs it, and so does ./ci/pipeline.sh. Read from it
are jobs, their needs, the scripts, what is handed from job to job, and time limits. Whatever this
machine could not do as GitHub does it (an inline command, `|| true`, continue-on-error, a variable,
a condition, an artifact of another name) is refused, before anything runs. That is what keeps the
runners the same chain; nobody compares two descriptions.

What GitHub does not know of a stage stands in ci/stages.toml.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pipeline import plain_yaml
from pipeline.graph import Graph, GraphError, Stage
from pipeline.jobs import TEARDOWN, Mapped, needs_of, other_legs, script_of, scripts_of, stage_jobs
from pipeline.refusals import GRACE_MINUTES, faults

WORKFLOW = Path(".github", "workflows", "ci.yml")
TABLE = Path("ci", "stages.toml")
SCHEMA = 2


def load(root: Path) -> Graph:
    """The graph of a checkout. GraphError names everything that makes it no chain of ours."""
    path, table_path = root / WORKFLOW, root / TABLE
    try:
        document = plain_yaml.loads(path.read_text(encoding="utf-8"))
        table = tomllib.loads(table_path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise GraphError(f"{WORKFLOW} or {TABLE}: {error}") from error
    return read(document, table)


def read(document: Any, table: Mapped) -> Graph:
    """The graph of a workflow, as YAML gives it, and of the table; see `load` for errors."""
    if table.get("schema") != SCHEMA:
        raise GraphError(f"{TABLE}: schema is {table.get('schema')!r}, this engine reads {SCHEMA}")
    if not isinstance(document, Mapping) or not isinstance(document.get("jobs"), Mapping):
        raise GraphError(f"{WORKFLOW} has no jobs")
    known: Mapped = table.get("stage", {})
    wrong = list(faults(document, known))
    if wrong:
        raise GraphError(f"{WORKFLOW} is no chain that runs everywhere: " + "; ".join(wrong))
    jobs = stage_jobs(document)
    scripts = {name: scripts_of(job) for name, job in jobs.items()}
    stages = [
        _stage(name, position, job, scripts, known)
        for name, job in jobs.items()
        for position in range(len(scripts[name]))
    ]
    teardown = any(step.get("run") == TEARDOWN for job in jobs.values() for step in job["steps"])
    unproved = [*table.get("unproved", {}).get("outside_github", ()), *other_legs(jobs)]
    return Graph.of(stages, tuple(unproved), "ci/teardown.sh" if teardown else None)


def _stage(
    job: str, position: int, content: Mapped, scripts: Mapping[str, list[str]], known: Mapped
) -> Stage:
    name = scripts[job][position]
    step = next(step for step in content["steps"] if script_of(step) == name)
    # The stages of a job run in order on one machine; its first waits for the last of other jobs.
    before = [scripts[need][-1] for need in scripts if need in needs_of(content)]
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
