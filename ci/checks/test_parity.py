"""The workflow and ./ci/pipeline.sh are one chain, and each way to part them turns this red."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from checks.parity import compare, static
from pipeline.graph import load

ROOT = Path(__file__).resolve().parents[2]
Ask = Callable[[str], frozenset[str]]
GRAPH = load(ROOT / "ci" / "stages.toml")


def test_the_workflow_says_what_the_graph_says(workflow: dict[str, Any]) -> None:
    assert static.faults(workflow, GRAPH) == []


def test_both_run_the_same_stages_with_the_same_result(
    workflow: dict[str, Any], local: dict[str, Any], tmp_path: Path
) -> None:
    assert compare.behaviour(workflow, local, tmp_path) == []


@pytest.mark.parametrize("stage", GRAPH.names)
def test_the_same_stages_wait_for(
    stage: str, workflow: dict[str, Any], waiting_for: Ask, tmp_path: Path
) -> None:
    assert compare.order(workflow, stage, waiting_for(stage), tmp_path) == []


def test_setting_up_runs_nothing_of_its_own() -> None:
    path = ROOT / ".github" / "actions" / "setup" / "action.yml"
    steps = yaml.safe_load(path.read_text(encoding="utf-8"))["runs"]["steps"]
    assert [step for step in steps if "run" in step] == []
