"""`python3 -m pipeline.gate <NEEDS_JSON`: whether a workflow run did all that the chain plans.

NEEDS_JSON is the workflow's context `needs`, by job: {"result": "success" or another word}.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from typing import Any

from pipeline import workflow
from pipeline.stage_cli import workspace_here


def faults(jobs: Sequence[str], needs: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """A sentence for every planned job that did not succeed."""
    found = [f"{job}: the gate does not wait for it" for job in jobs if job not in needs]
    found += [
        f"{job}: {needs[job].get('result', 'no result')}"
        for job in needs
        if needs[job].get("result") != "success"
    ]
    return found


if __name__ == "__main__":
    said = faults(workflow.load(workspace_here().root).jobs, json.load(sys.stdin))
    for sentence in said:
        print(f"gate: {sentence}", file=sys.stderr)
    sys.exit(1 if said else 0)
