"""What a chain of stages may be."""

from __future__ import annotations

import pytest

from pipeline.graph import Graph, GraphError, Stage


def _stage(name: str, needs: tuple[str, ...], takes: tuple[str, ...] = ()) -> Stage:
    return Stage(
        name=name,
        script=f"ci/{name}.sh",
        job=name,
        needs=needs,
        timeout_minutes=1,
        title="",
        exit_code=10,
        machine=(),
        takes=takes,
    )


def test_a_circle_of_needs_is_refused() -> None:
    with pytest.raises(GraphError, match="need each other"):
        Graph.of([_stage("a", ("b",)), _stage("b", ("a",))])


def test_taking_from_a_stage_that_need_not_have_run_is_refused() -> None:
    with pytest.raises(GraphError, match="takes from a stage that need not have run"):
        Graph.of([_stage("a", ()), _stage("b", (), ("a",))])


def test_taking_from_a_stage_further_back_is_fine() -> None:
    found = Graph.of([_stage("a", ()), _stage("c", ("b",), ("a",)), _stage("b", ("a",))])

    assert found.names == ("a", "b", "c")
    assert found.behind("c") == {"a", "b"}
