"""The verdict on a run of act: what act calls success and is none, is red."""

from __future__ import annotations

import io
import json
from typing import Any

import pytest

from act.report import Leg, Outcome, Plan, faults, follow, only, plan

WORKFLOW: dict[str, Any] = {
    "jobs": {
        "test": {
            "runs-on": "a",
            "strategy": {"matrix": {"include": [{"python": "3.13"}, {"python": 3.11}]}},
            "steps": [{"run": "x"}, {"uses": "some/action@1", "if": "${{ !env.ACT }}"}],
        },
        "build": {"runs-on": "b", "needs": "test", "steps": []},
        "publish": {"needs": ["build"], "if": "${{ !github.event.act }}", "uses": "./x.yml"},
    }
}
NEW, OLD = Leg("test", (("python", "3.13"),)), Leg("test", (("python", "3.11"),))
BUILD = Leg("build")


def outcome(**results: str) -> Outcome:
    legs = {"new": NEW, "old": OLD, "build": BUILD, "other": Leg("other")}
    return Outcome({legs[name]: result for name, result in results.items()}, act_exit=0)


def test_the_plan_has_every_leg_and_says_what_only_github_does() -> None:
    found = plan(WORKFLOW, {})
    assert found.legs == {NEW, OLD, BUILD}
    assert found.left_out == ["step some/action@1 of job test", "job publish"]


def test_a_leg_left_out_by_choice_is_said_not_expected() -> None:
    found = plan(WORKFLOW, {"python": "3.13"})
    assert found.legs == {NEW, BUILD}
    assert "job test (3.11)" in found.left_out


def test_one_job_alone_brings_those_before_it() -> None:
    whole = plan(WORKFLOW, {})
    assert only(whole, "test").legs == {NEW, OLD}
    assert only(whole, "build").legs == {NEW, OLD, BUILD}


def test_a_matrix_that_the_plan_cannot_read_is_an_error() -> None:
    with pytest.raises(ValueError, match="include"):
        plan({"jobs": {"a": {"strategy": {"matrix": {"python": ["3.13"]}}}}}, {})


def test_every_planned_leg_with_a_success_is_green() -> None:
    assert faults(plan(WORKFLOW, {}), outcome(new="success", old="success", build="success")) == []


def test_a_job_that_act_skipped_for_its_label_is_red_although_act_is_content() -> None:
    [sentence] = faults(plan(WORKFLOW, {}), outcome(new="success", old="success"))
    assert sentence == "build never ran: is its runs-on label mapped to an image in .actrc?"


def test_a_job_behind_a_failure_is_red_for_that_reason() -> None:
    found = faults(plan(WORKFLOW, {}), outcome(new="failure", old="success"))
    assert found == [
        "build was not reached: test did not succeed",
        "test (3.13) ended with failure",
    ]


def test_a_job_nobody_planned_is_red() -> None:
    found = outcome(new="success", old="success", build="success", other="success")
    assert faults(plan(WORKFLOW, {}), found) == ["other ran but is not in the plan"]


@pytest.mark.parametrize("code", [1, None])
def test_act_failing_or_ending_without_a_word_is_red(code: int | None) -> None:
    found = outcome(new="success", old="success", build="success")
    found.act_exit = code
    assert faults(plan(WORKFLOW, {}), found) == [f"act itself exited with {code}"]


def test_a_failed_step_is_red_even_where_the_job_forgave_it() -> None:
    found = outcome(new="success", old="success", build="success")
    found.failed_steps["build: ./ci/build.sh"] = None
    assert faults(plan(WORKFLOW, {}), found) == ["failed step: build: ./ci/build.sh"]


def test_the_log_of_act_becomes_results_and_lines_a_person_can_read() -> None:
    entries: list[dict[str, Any]] = [
        {"jobID": "test", "matrix": {"python": 3.11}, "msg": "hello\n", "raw_output": True},
        {"jobID": "test", "matrix": {"python": 3.11}, "msg": "docker exec", "level": "info"},
        {
            "jobID": "test",
            "matrix": {"python": 3.11},
            "msg": "Failure",
            "stepResult": "failure",
            "step": "./ci/test.sh\nmore",
        },
        {"jobID": "test", "matrix": {"python": 3.11}, "msg": "Job", "jobResult": "failure"},
        {"act_exit": 1},
    ]
    out = io.StringIO()
    found = follow([*map(json.dumps, entries), "no JSON at all\n"], out)
    assert found.results == {OLD: "failure"}
    assert list(found.failed_steps) == ["test (3.11): ./ci/test.sh"]
    assert found.act_exit == 1
    assert "test (3.11) | hello" in out.getvalue()
    assert "docker exec" not in out.getvalue()
    assert "act | no JSON at all" in out.getvalue()


def test_an_empty_plan_of_nothing_to_run_is_still_judged_by_acts_exit() -> None:
    assert faults(Plan(), Outcome(act_exit=0)) == []
