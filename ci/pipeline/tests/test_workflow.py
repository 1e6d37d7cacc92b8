"""Each way to make the workflow another chain elsewhere is refused; what is left is followed.

REFUSED lists what ./ci/pipeline.sh could not run as GitHub does, or what would make a green run
mean less. What changes the chain for every runner alike is read, and has a rule of its own below.
"""

from __future__ import annotations

import copy
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from pipeline import plain_yaml
from pipeline.gate import faults
from pipeline.graph import Graph, GraphError
from pipeline.workflow import TABLE, WORKFLOW, load, read

from .conftest import Chain

ROOT = Path(__file__).resolve().parents[3]

Jobs = dict[str, Any]
Workflow = dict[str, Any]
Mutate = Callable[[Jobs], None]


@pytest.fixture
def workflow() -> Workflow:
    document: Workflow = plain_yaml.loads((ROOT / WORKFLOW).read_text(encoding="utf-8"))
    return document


@pytest.fixture
def table() -> dict[str, Any]:
    return tomllib.loads((ROOT / TABLE).read_text(encoding="utf-8"))


def step(jobs: Jobs, job: str, text: str) -> dict[str, Any]:
    """The first step of the job that runs or uses the text."""
    found: dict[str, Any] = next(
        s for s in jobs[job]["steps"] if text in s.get("run", s.get("uses"))
    )
    return found


def drop_a_job(jobs: Jobs) -> None:
    del jobs["scan"]
    for job in jobs.values():
        if "scan" in job.get("needs", []):
            job["needs"].remove("scan")


def add_a_job(jobs: Jobs) -> None:
    jobs["extra"] = jobs["quality"]


def add_a_reusable_workflow(jobs: Jobs) -> None:
    jobs["extra"] = {"uses": "./.github/workflows/codeql.yml"}


def swap_two_scripts(jobs: Jobs) -> None:
    one, other = step(jobs, "quality", "./ci/"), step(jobs, "security", "./ci/")
    one["run"], other["run"] = other["run"], one["run"]


def swap_two_stages_of_a_job(jobs: Jobs) -> None:
    one, other = step(jobs, "deploy", "deploy.sh"), step(jobs, "deploy", "verify.sh")
    one["run"], other["run"] = other["run"], one["run"]


def forgive_a_failure(jobs: Jobs) -> None:
    step(jobs, "security", "./ci/")["run"] += " || true"


def forgive_a_step(jobs: Jobs) -> None:
    step(jobs, "security", "./ci/")["continue-on-error"] = True


def forgive_a_job(jobs: Jobs) -> None:
    jobs["security"]["continue-on-error"] = True


def run_without_failing(jobs: Jobs) -> None:
    step(jobs, "test", "./ci/")["shell"] = "bash {0}"


def need_a_job_that_is_none(jobs: Jobs) -> None:
    jobs["deploy"]["needs"].append("lunch")


def need_the_gate(jobs: Jobs) -> None:
    jobs["deploy"]["needs"].append("gate")


def need_each_other(jobs: Jobs) -> None:
    jobs["quality"]["needs"] = ["deploy"]


def need_too_little_for_what_is_taken(jobs: Jobs) -> None:
    jobs["scan"]["needs"] = ["quality"]


def add_an_inline_command(jobs: Jobs) -> None:
    jobs["build"]["steps"].insert(2, {"run": "echo ready"})


def hide_a_command_behind_a_stage(jobs: Jobs) -> None:
    step(jobs, "build", "./ci/")["run"] += "\necho done"


def add_an_argument(jobs: Jobs) -> None:
    step(jobs, "scan", "./ci/")["run"] += " --quick"


def set_a_setting(jobs: Jobs) -> None:
    step(jobs, "scan", "./ci/")["env"] = {"VIGIE_OFFLINE": "1"}


def set_a_setting_for_the_job(jobs: Jobs) -> None:
    jobs["scan"]["env"] = {"VIGIE_OFFLINE": "1"}


def skip_a_stage(jobs: Jobs) -> None:
    step(jobs, "scan", "./ci/")["if"] = "${{ github.event_name == 'push' }}"


def skip_a_job(jobs: Jobs) -> None:
    jobs["scan"]["if"] = "${{ github.event_name == 'push' }}"


def take_nothing(jobs: Jobs) -> None:
    jobs["scan"]["steps"].remove(step(jobs, "scan", "download-artifact"))


def take_the_wrong_artifact(jobs: Jobs) -> None:
    step(jobs, "scan", "download-artifact")["with"]["name"] = "quality"


def leave_nothing(jobs: Jobs) -> None:
    jobs["build"]["steps"].remove(step(jobs, "build", "upload-artifact"))


def leave_less(jobs: Jobs) -> None:
    step(jobs, "build", "upload-artifact")["with"]["path"] = ".ci-out/build/sbom*"


def leave_nothing_after_a_failure(jobs: Jobs) -> None:
    del step(jobs, "build", "upload-artifact")["if"]


def leave_the_stack(jobs: Jobs) -> None:
    jobs["deploy"]["steps"].remove(step(jobs, "deploy", "teardown.sh"))


def leave_the_stack_after_a_failure(jobs: Jobs) -> None:
    del step(jobs, "deploy", "teardown.sh")["if"]


def search_the_last_commit_alone(jobs: Jobs) -> None:
    del step(jobs, "security", "checkout")["with"]["fetch-depth"]


def keep_the_credentials(jobs: Jobs) -> None:
    del step(jobs, "test", "checkout")["with"]["persist-credentials"]


def stop_a_stage_early(jobs: Jobs) -> None:
    jobs["build"]["timeout-minutes"] = 5


def let_a_stage_run_for_ever(jobs: Jobs) -> None:
    del step(jobs, "build", "./ci/")["timeout-minutes"]


def leave_no_time_to_clean_up(jobs: Jobs) -> None:
    step(jobs, "build", "./ci/")["timeout-minutes"] = 2


def run_a_stage_twice(jobs: Jobs) -> None:
    jobs["scan"]["steps"].insert(3, {"run": "./ci/build.sh", "timeout-minutes": 5})


def run_a_script_that_is_no_stage(jobs: Jobs) -> None:
    step(jobs, "scan", "./ci/")["run"] = "./ci/rollback.sh"


def use_an_action_between(jobs: Jobs) -> None:
    jobs["scan"]["steps"].insert(2, {"uses": "somebody/something@v1"})


def run_in_a_container(jobs: Jobs) -> None:
    jobs["scan"]["container"] = "debian"


def multiply_the_legs(jobs: Jobs) -> None:
    jobs["test"]["strategy"]["matrix"]["os"] = ["ubuntu-24.04", "windows-2025"]


def gate_forgives(jobs: Jobs) -> None:
    step(jobs, "gate", "gate.sh")["continue-on-error"] = True


def publish_always(jobs: Jobs) -> None:
    jobs["publish"]["if"] = "${{ always() }}"


def gate_waits_for_less(jobs: Jobs) -> None:
    jobs["gate"]["needs"].remove("deploy")


def gate_is_skipped_after_a_failure(jobs: Jobs) -> None:
    del jobs["gate"]["if"]


def gate_asks_nothing(jobs: Jobs) -> None:
    step(jobs, "gate", "gate.sh")["run"] = "true"


def drop_the_gate(jobs: Jobs) -> None:
    del jobs["gate"]
    jobs["publish"]["needs"] = ["deploy"]


def publish_without_the_gate(jobs: Jobs) -> None:
    jobs["publish"]["needs"] = ["build"]


REFUSED: list[Mutate] = [
    drop_a_job,
    add_a_job,
    add_a_reusable_workflow,
    swap_two_scripts,
    swap_two_stages_of_a_job,
    forgive_a_failure,
    forgive_a_step,
    forgive_a_job,
    run_without_failing,
    need_a_job_that_is_none,
    need_the_gate,
    need_each_other,
    need_too_little_for_what_is_taken,
    add_an_inline_command,
    hide_a_command_behind_a_stage,
    add_an_argument,
    set_a_setting,
    set_a_setting_for_the_job,
    skip_a_stage,
    skip_a_job,
    take_nothing,
    take_the_wrong_artifact,
    leave_nothing,
    leave_less,
    leave_nothing_after_a_failure,
    leave_the_stack,
    leave_the_stack_after_a_failure,
    search_the_last_commit_alone,
    keep_the_credentials,
    stop_a_stage_early,
    let_a_stage_run_for_ever,
    leave_no_time_to_clean_up,
    run_a_stage_twice,
    run_a_script_that_is_no_stage,
    use_an_action_between,
    run_in_a_container,
    multiply_the_legs,
    gate_forgives,
    publish_always,
    gate_waits_for_less,
    gate_is_skipped_after_a_failure,
    gate_asks_nothing,
    drop_the_gate,
    publish_without_the_gate,
]


def of(workflow: Workflow, table: dict[str, Any]) -> Graph:
    return read(workflow, table)


def test_the_workflow_of_this_repository_is_the_chain() -> None:
    graph = load(ROOT)

    assert graph.jobs == ("quality", "security", "test", "build", "scan", "deploy")
    assert graph["verify"].needs == ("deploy",)
    assert graph.teardown == "ci/teardown.sh"
    codes = [stage.exit_code for stage in graph.stages]
    assert len(set(codes)) == len(codes)
    for stage in graph.stages:
        script = ROOT / stage.script
        assert script.stat().st_mode & 0o111, f"{stage.script} cannot be executed"


def test_nothing_is_built_or_deployed_before_every_gate_behind_it_has_passed() -> None:
    graph = load(ROOT)

    assert graph.behind("build") == {"quality", "security"}
    assert graph.behind("deploy") == {"quality", "security", "test", "build", "scan"}


@pytest.mark.parametrize("mutate", REFUSED)
def test_what_could_not_run_alike_everywhere_is_refused(
    mutate: Mutate, workflow: Workflow, table: dict[str, Any]
) -> None:
    before = copy.deepcopy(workflow)
    mutate(workflow["jobs"])
    assert workflow != before
    with pytest.raises(GraphError):
        of(workflow, table)


@pytest.mark.parametrize("key", ["env", "defaults", "run-name-or-anything-else"])
def test_the_workflow_may_set_nothing_for_all_jobs(
    key: str, workflow: Workflow, table: dict[str, Any]
) -> None:
    with pytest.raises(GraphError, match=f"'{key}' would change what stages see"):
        of(workflow | {key: {"VIGIE_OFFLINE": "1"}}, table)


def test_permissions_for_all_jobs_are_refused(workflow: Workflow, table: dict[str, Any]) -> None:
    with pytest.raises(GraphError, match="permissions at the top"):
        of(workflow | {"permissions": "read-all"}, table)


def test_a_stage_that_only_the_table_has_is_refused(
    workflow: Workflow, table: dict[str, Any]
) -> None:
    table["stage"]["extra"] = table["stage"]["quality"]
    with pytest.raises(GraphError, match=r"no job runs ci/extra\.sh"):
        of(workflow, table)


def test_a_key_that_the_table_does_not_have_is_refused(
    workflow: Workflow, table: dict[str, Any]
) -> None:
    table["stage"]["scan"]["patience"] = 3
    with pytest.raises(GraphError, match="stage scan: .*patience"):
        of(workflow, table)


def test_needs_and_limits_are_those_of_the_workflow(
    workflow: Workflow, table: dict[str, Any]
) -> None:
    workflow["jobs"]["test"]["needs"] = "quality"
    workflow["jobs"]["deploy"]["needs"].remove("test")
    step(workflow["jobs"], "scan", "./ci/")["timeout-minutes"] = 9

    graph = of(workflow, table)

    assert graph["test"].needs == ("quality",)
    assert graph["deploy"].needs == ("build", "scan")
    assert graph["scan"].timeout_minutes == 7, "two minutes before GitHub"


def test_the_legs_that_only_github_runs_are_said_to_be_unproved() -> None:
    assert any("python-version 3.11" in text for text in load(ROOT).unproved_outside_github)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("run: ./ci/second.sh", "run: ./ci/second.sh || true"),
        ("run: ./ci/second.sh", "continue-on-error: true\n        run: ./ci/second.sh"),
        ("  second:\n", "  second:\n    env: {A: b}\n"),
    ],
)
def test_a_chain_that_is_refused_runs_nothing(chain: Chain, old: str, new: str) -> None:
    chain.stage("first", "say one")
    chain.stage("second", "say two", needs=["first"])
    path = chain.root / WORKFLOW
    text = path.read_text()
    assert text.count(old) == 1
    path.write_text(text.replace(old, new))

    for done in (chain.run(), chain.alone("first")):
        assert done.returncode == 2
        assert "second" in done.stderr or "line" in done.stderr
    assert chain.ran() == []


def test_stages_of_one_job_run_one_after_the_other(chain: Chain) -> None:
    chain.stage("up", 'say up >"$OUT/made"', outputs=["made"], job="both")
    chain.stage("look", 'cat "$CI_OUT/up/made"', takes=["up"], job="both")

    assert chain.run().returncode == 0
    assert chain.ran() == ["up", "look"]


@pytest.mark.parametrize(
    ("needs", "said"),
    [
        ({"build": {"result": "success"}}, ["scan: the gate does not wait for it"]),
        ({"build": {"result": "skipped"}, "scan": {"result": "success"}}, ["build: skipped"]),
        ({"build": {"result": "success"}, "scan": {}}, ["scan: no result"]),
        ({"build": {"result": "success"}, "scan": {"result": "success"}}, []),
    ],
)
def test_the_gate_names_every_planned_job_that_did_not_succeed(
    needs: dict[str, dict[str, str]], said: list[str]
) -> None:
    assert faults(("build", "scan"), needs) == said


def test_setting_up_runs_nothing_of_its_own() -> None:
    path = ROOT / ".github" / "actions" / "setup" / "action.yml"
    steps = yaml.safe_load(path.read_text(encoding="utf-8"))["runs"]["steps"]
    assert [step for step in steps if "run" in step] == []
