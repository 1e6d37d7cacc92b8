"""Whether a workflow run did all that the graph plans: `planned_jobs STAGES_TOML <NEEDS_JSON`.

The planned jobs come from ci/stages.toml and not from the workflow's own `needs`: a job that was
dropped from both the workflow and the list would otherwise pass for done.
"""

from __future__ import annotations

import json
import sys
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any


def planned(stages: Mapping[str, Any]) -> list[str]:
    """The jobs of the graph, in its order."""
    return list(dict.fromkeys(stage["job"] for stage in stages["stage"]))


def faults(jobs: list[str], needs: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """A sentence for every planned job that did not succeed.

    `needs`: the workflow's context of that name, by job: {"result": "success" or another word}.
    """
    found = [f"{job}: the gate does not wait for it" for job in jobs if job not in needs]
    found += [
        f"{job}: {needs[job].get('result', 'no result')}"
        for job in needs
        if needs[job].get("result") != "success"
    ]
    return found


def main() -> int:
    """Reads NEEDS from standard input; 1 when anything is missing."""
    jobs = planned(tomllib.loads(Path(sys.argv[1]).read_text(encoding="utf-8")))
    found = faults(jobs, json.load(sys.stdin))
    for sentence in found:
        print(f"gate: {sentence}", file=sys.stderr)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
