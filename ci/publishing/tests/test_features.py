"""What a private repository lacks is skipped with a sentence; one check stands for many legs."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[3]
WORKFLOWS = ROOT / ".github" / "workflows"


def features(folder: Path, visibility: str, **variables: str) -> tuple[dict[str, str], str]:
    """The outputs, and what the page of the run says."""
    gh = folder / "gh"
    gh.write_text(f"#!/bin/sh\necho {visibility}\n")
    gh.chmod(0o755)
    page, output = folder / "page.md", folder / "output"
    page.touch()
    subprocess.run(
        [ROOT / "ci" / "github-features.sh"],
        env={
            "PATH": f"{folder}{os.pathsep}{os.environ['PATH']}",
            "GITHUB_REPOSITORY": "someone/vigie",
            "GITHUB_OUTPUT": str(output),
            "GITHUB_STEP_SUMMARY": str(page),
            **variables,
        },
        check=True,
        capture_output=True,
    )
    return dict(line.split("=") for line in output.read_text().splitlines()), page.read_text()


def test_a_public_repository_has_everything(tmp_path: Path) -> None:
    outputs, said = features(tmp_path, "public")
    assert outputs == {"security": "true", "attestations": "true"}
    assert said == ""


def test_what_a_private_one_lacks_is_said_and_how_to_say_that_it_does_not(tmp_path: Path) -> None:
    outputs, said = features(tmp_path, "private")
    assert outputs == {"security": "false", "attestations": "false"}
    assert "code scanning and dependency review are skipped: this repository is private" in said
    assert "VIGIE_ATTESTATIONS" in said


def test_a_private_one_may_have_them_all_the_same(tmp_path: Path) -> None:
    outputs, said = features(tmp_path, "internal", VIGIE_ADVANCED_SECURITY="true")
    assert outputs == {"security": "true", "attestations": "false"}
    assert "code scanning" not in said


HAS = {"result": "success", "outputs": {"security": "true"}}
LACKS = {"result": "success", "outputs": {"security": "false"}}


@pytest.mark.parametrize(
    ("needs", "green"),
    [
        ({"features": HAS, "analyze": {"result": "success"}}, True),
        ({"features": LACKS, "analyze": {"result": "skipped"}}, True),
        ({"features": HAS, "analyze": {"result": "skipped"}}, False),
        (
            {"features": {"result": "failure", "outputs": {}}, "analyze": {"result": "skipped"}},
            False,
        ),
        ({"features": LACKS, "analyze": {"result": "failure"}}, False),
        ({"features": HAS, "analyze": {"result": "cancelled"}}, False),
        ({}, False),
    ],
)
def test_one_check_stands_for_every_job_before_it(needs: dict[str, Any], green: bool) -> None:
    done = subprocess.run(
        [ROOT / "ci" / "all-passed.sh"],
        env={"PATH": os.environ["PATH"], "NEEDS": json.dumps(needs)},
        capture_output=True,
        check=False,
    )
    assert (done.returncode == 0) is green, done.stderr


def test_the_checks_that_the_docs_ask_branch_protection_for_exist_under_these_names() -> None:
    """Without the values of a matrix in them, and where a merge queue waits for them."""
    text = (ROOT / "docs" / "github-actions.md").read_text(encoding="utf-8")
    required = text.split("a ruleset for main that requires ")[1].split("merge queue")[0]
    named = [part for index, part in enumerate(required.split("`")) if index % 2]
    assert named == ["gate", "codeql", "dependency-review"]
    found = {}
    for path in WORKFLOWS.glob("*.yml"):
        document = yaml.safe_load(path.read_text(encoding="utf-8"))
        for job in document["jobs"].values():
            found[job["name"]] = (document[True], job)
    for name in named:
        triggers, job = found[name]
        assert "strategy" not in job
        assert "always()" in job["if"], f"{name}: skipped counts as passed"
        assert {"pull_request", "merge_group"} <= set(triggers)
