"""What ci/stages.toml may say."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipeline import graph

ROOT = Path(__file__).resolve().parents[3]
_STAGE = """
[[stage]]
name = "{name}"
title = ""
script = "ci/{name}.sh"
job = "{name}"
needs = {needs}
takes = {takes}
outputs = []
timeout_minutes = 1
machine = []
exit_code = 10
"""


def _load(tmp_path: Path, *stages: tuple[str, list[str], list[str]]) -> graph.Graph:
    path = tmp_path / "stages.toml"
    texts = [_STAGE.format(name=name, needs=needs, takes=takes) for name, needs, takes in stages]
    path.write_text("schema = 1\n" + "".join(texts))
    return graph.load(path)


def test_a_circle_of_needs_is_refused(tmp_path: Path) -> None:
    with pytest.raises(graph.GraphError, match="need each other"):
        _load(tmp_path, ("a", ["b"], []), ("b", ["a"], []))


def test_taking_from_a_stage_that_need_not_have_run_is_refused(tmp_path: Path) -> None:
    with pytest.raises(graph.GraphError, match="takes from a stage that need not have run"):
        _load(tmp_path, ("a", [], []), ("b", [], ["a"]))


def test_taking_from_a_stage_further_back_is_fine(tmp_path: Path) -> None:
    found = _load(tmp_path, ("a", [], []), ("b", ["a"], []), ("c", ["b"], ["a"]))

    assert found.behind("c") == {"a", "b"}


def test_the_real_graph_names_scripts_that_can_be_run_and_codes_of_their_own() -> None:
    found = graph.load(ROOT / "ci" / "stages.toml")

    codes = [stage.exit_code for stage in found.stages]
    assert len(set(codes)) == len(codes)
    for stage in found.stages:
        script = ROOT / stage.script
        assert script.is_file(), f"{stage.script} is missing"
        assert script.stat().st_mode & 0o111, f"{stage.script} cannot be executed"
