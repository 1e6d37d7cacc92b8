"""Each way to make the workflow another chain than ./ci/pipeline.sh turns the parity check red.

STATIC lists what the reading of the workflow sees. EXECUTED lists what running both sides sees by
itself, without that reading: the two checks do not lean on one another.
"""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from checks.parity import compare, static, stubs
from pipeline.graph import load

ROOT = Path(__file__).resolve().parents[2]
GRAPH = load(ROOT / "ci" / "stages.toml")

Workflow = dict[str, Any]
Jobs = dict[str, Any]
Mutate = Callable[[Jobs], None]
Ask = Callable[[str], frozenset[str]]


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


def drop_a_need(jobs: Jobs) -> None:
    jobs["deploy"]["needs"].remove("test")


def add_a_need(jobs: Jobs) -> None:
    jobs["test"]["needs"] = ["quality"]


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


STATIC = [
    drop_a_job,
    add_a_job,
    swap_two_scripts,
    swap_two_stages_of_a_job,
    forgive_a_failure,
    forgive_a_step,
    forgive_a_job,
    run_without_failing,
    drop_a_need,
    add_a_need,
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
    gate_waits_for_less,
    gate_is_skipped_after_a_failure,
    gate_asks_nothing,
    drop_the_gate,
    publish_without_the_gate,
]

# In the artifacts or results of a run in which all is well.
EXECUTED = [
    drop_a_job,
    swap_two_scripts,
    swap_two_stages_of_a_job,
    add_an_argument,
    set_a_setting,
    take_nothing,
    take_the_wrong_artifact,
    leave_nothing,
    leave_less,
    leave_the_stack,
    gate_asks_nothing,
]

# In what still runs when the stage of that name fails.
ORDERED = [
    (forgive_a_failure, "security"),
    (forgive_a_step, "security"),
    (forgive_a_job, "security"),
    (drop_a_need, "test"),
    (add_a_need, "quality"),
]


@pytest.mark.parametrize("mutate", STATIC)
def test_reading_the_workflow_sees_it(mutate: Mutate, workflow: Workflow) -> None:
    mutate(workflow["jobs"])
    assert static.faults(workflow, GRAPH) != []


@pytest.mark.parametrize("mutate", EXECUTED)
def test_running_both_sees_it(
    mutate: Mutate, workflow: Workflow, local: dict[str, Any], tmp_path: Path
) -> None:
    mutate(workflow["jobs"])
    assert compare.behaviour(workflow, local, tmp_path) != []


@pytest.mark.parametrize(("mutate", "failing"), ORDERED)
def test_running_both_with_a_failure_sees_it(
    mutate: Mutate, failing: str, workflow: Workflow, waiting_for: Ask, tmp_path: Path
) -> None:
    mutate(workflow["jobs"])
    assert compare.order(workflow, failing, waiting_for(failing), tmp_path) != []


@pytest.mark.parametrize("key", ["env", "defaults", "run-name-or-anything-else"])
def test_the_workflow_may_set_nothing_for_all_jobs(key: str, workflow: Workflow) -> None:
    assert static.faults(workflow | {key: {"VIGIE_OFFLINE": "1"}}, GRAPH) != []


def test_permissions_for_all_jobs_are_seen(workflow: Workflow) -> None:
    assert static.faults(workflow | {"permissions": "read-all"}, GRAPH) != []


def test_a_pipeline_that_leaves_a_stage_out_is_seen(
    workflow: Workflow, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = stubs.make

    def without_scan(folder: Path) -> stubs.StubRepository:
        repository = real(folder)
        path = repository.root / "ci" / "pipeline.sh"
        path.write_text(
            path.read_text(encoding="utf-8").replace("-m pipeline", "-m pipeline --skip scan")
        )
        commit = [
            "git",
            "-C",
            str(repository.root),
            "-c",
            "user.name=p",
            "-c",
            "user.email=p@example.invalid",
        ]
        subprocess.run([*commit, "commit", "-qam", "skip"], check=True)
        return repository

    monkeypatch.setattr(stubs, "make", without_scan)
    parted = compare.by_pipeline(tmp_path / "local")
    assert compare.behaviour(workflow, parted, tmp_path / "github") != []


def test_a_stage_that_only_the_graph_has_is_seen(workflow: Workflow) -> None:
    extra = GRAPH.stages[0].__class__(**{**vars(GRAPH.stages[0]), "name": "extra", "job": "extra"})
    graph = GRAPH.__class__((*GRAPH.stages, extra))
    assert static.faults(workflow, graph) != []
