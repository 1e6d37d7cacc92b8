"""What the jobs of a workflow say, in the words of the chain: stages, needs, legs."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

GATE, PUBLISH = "gate", "publish"
TEARDOWN = "./ci/teardown.sh"
_SCRIPT = re.compile(r"\./ci/([a-z0-9-]+)\.sh")

# A mapping as YAML gives it.
Mapped = Mapping[str, Any]


def stage_jobs(document: Mapped) -> dict[str, Mapped]:
    """The jobs that run stages, by name."""
    return {
        name: job
        for name, job in document["jobs"].items()
        if name not in {GATE, PUBLISH} and "steps" in job
    }


def scripts_of(job: Mapped) -> list[str]:
    """The scripts that a job runs as stages, in order; the teardown is none."""
    return [
        name
        for step in job["steps"]
        if step.get("run") != TEARDOWN and (name := script_of(step)) is not None
    ]


def script_of(step: Mapped) -> str | None:
    """The name of the script that a step runs and nothing beside it, or None."""
    found = _SCRIPT.fullmatch(str(step.get("run", "")))
    return found[1] if found else None


def needs_of(job: Mapped) -> set[str]:
    """A job's `needs`, which YAML may give as one name or a list."""
    needs = job.get("needs", [])
    return {needs} if isinstance(needs, str) else set(needs)


def first_leg(value: Any, job: Mapped) -> Any:
    """`${{ matrix.x }}` as the first leg has it, which is the leg that runs outside GitHub."""
    found = re.fullmatch(r"\$\{\{ matrix\.([\w-]+) \}\}", str(value))
    if not found or "strategy" not in job:
        return value
    return job["strategy"]["matrix"]["include"][0].get(found[1], value)


def other_legs(jobs: Mapping[str, Mapped]) -> Iterator[str]:
    """A sentence for every leg of a matrix but the first."""
    for name, job in jobs.items():
        for leg in job.get("strategy", {}).get("matrix", {}).get("include", [])[1:]:
            values = ", ".join(f"{key} {value}" for key, value in leg.items())
            yield f"the job {name} with {values}: GitHub runs that leg"
