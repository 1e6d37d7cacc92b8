"""Every `uses:` is a pin, and every stand-in takes what the action takes."""

from __future__ import annotations

import re
import subprocess
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
TABLE: dict[str, dict[str, Any]] = {
    entry["uses"]: entry
    for entry in tomllib.loads((ROOT / "ci/act/actions.toml").read_text(encoding="utf-8"))["action"]
}
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
ACTIONS = sorted((ROOT / ".github" / "actions").glob("*/action.yml"))
STAND_INS = sorted((ROOT / "ci" / "act" / "actions").iterdir())
USES = re.compile(r"uses: (?P<name>[^@\s]+)@(?P<commit>\S+)(?: # (?P<version>\S+))?")


def lines() -> list[tuple[str, str]]:
    """Each line with a `uses:` of somebody else's action, with where it stands."""
    return [
        (f"{file.relative_to(ROOT)}:{number}", line)
        for file in (*WORKFLOWS, *ACTIONS)
        for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), 1)
        if "uses:" in line and "./" not in line and not line.lstrip().startswith("#")
    ]


def steps(file: Path) -> list[dict[str, Any]]:
    document = yaml.safe_load(file.read_text(encoding="utf-8"))
    if "runs" in document:
        found: list[dict[str, Any]] = document["runs"]["steps"]
        return found
    return [step for job in document["jobs"].values() for step in job.get("steps", [])]


@pytest.mark.parametrize(("where", "line"), lines())
def test_an_action_is_pinned_by_commit_with_its_version_beside_it(where: str, line: str) -> None:
    found = USES.search(line)
    assert found, f"{where}: no name@commit # version"
    assert re.fullmatch(r"[0-9a-f]{40}", found["commit"]), where
    assert re.fullmatch(r"v\d+\.\d+\.\d+", found["version"] or ""), where
    assert found["name"] in TABLE, f"{where}: {found['name']} is not in ci/act/actions.toml"


def test_an_action_is_the_same_one_wherever_it_is_used() -> None:
    pins: dict[str, set[tuple[str, str]]] = {}
    for _, line in lines():
        found = USES.search(line)
        assert found
        pins.setdefault(found["name"], set()).add((found["commit"], found["version"]))
    assert {name: pin for name, pin in pins.items() if len(pin) > 1} == {}


@pytest.mark.parametrize("name", sorted(TABLE))
def test_a_recorded_action_is_used_and_what_was_read_of_it_is_whole(name: str) -> None:
    assert any(f"uses: {name}@" in line for _, line in lines())
    assert re.fullmatch(r"[0-9a-f]{40}", TABLE[name]["read_at"])


@pytest.mark.parametrize("file", [*WORKFLOWS, *ACTIONS], ids=lambda file: str(file.name))
def test_a_step_gives_an_action_inputs_that_it_knows(file: Path) -> None:
    for step in steps(file):
        name = step.get("uses", "./").split("@")[0]
        if name.startswith("./"):
            continue
        given = set(step.get("with", {}))
        assert given <= set(TABLE[name]["inputs"]), name
        assert given >= set(TABLE[name]["required"]), name


@pytest.mark.parametrize("folder", STAND_INS, ids=lambda folder: str(folder.name))
def test_a_stand_in_has_the_inputs_defaults_and_outputs_of_the_action(folder: Path) -> None:
    recorded = TABLE[f"actions/{folder.name}"]
    action = yaml.safe_load((folder / "action.yml").read_text(encoding="utf-8"))
    inputs = action["inputs"]
    defaults = {name: value["default"] for name, value in inputs.items() if "default" in value}
    required = [name for name, value in inputs.items() if value.get("required")]
    assert list(inputs) == recorded["inputs"]
    assert required == recorded["required"]
    assert defaults == recorded["defaults"]
    assert list(action["outputs"]) == recorded["outputs"]


def test_act_is_given_a_stand_in_for_every_action_of_ci_yml_at_its_pin() -> None:
    # act knows checkout itself; every other action of a job that act runs needs a folder here.
    wanted = {
        f"{uses}=ci/act/actions/{uses.partition('@')[0].split('/')[1]}"
        for file in (ROOT / ".github" / "workflows" / "ci.yml", *ACTIONS)
        for step in steps(file)
        if not (uses := step.get("uses", "./")).startswith(("./", "actions/checkout"))
    }
    asked = 'source "$1/lib.sh"; eval "$(sed -n "/^stand_ins() {/,/^}/p" "$1/act.sh")"; stand_ins'
    done = subprocess.run(
        ["bash", "-c", asked, "_", str(ROOT / "ci")],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert set(done.stdout.split()) == wanted


def test_actrc_gives_an_image_by_digest_for_every_label() -> None:
    labels = {
        job["runs-on"]
        for file in WORKFLOWS
        for job in yaml.safe_load(file.read_text(encoding="utf-8"))["jobs"].values()
        if "runs-on" in job
    }
    actrc = (ROOT / ".actrc").read_text(encoding="utf-8")
    mapped = dict(re.findall(r"^-P ([^=]+)=(\S+)$", actrc, re.MULTILINE))
    assert set(mapped) == labels
    assert all(re.search(r"@sha256:[0-9a-f]{64}$", image) for image in mapped.values())


@pytest.mark.parametrize("file", WORKFLOWS, ids=lambda file: str(file.name))
def test_every_job_has_a_limit_and_only_the_permissions_it_names(file: Path) -> None:
    document = yaml.safe_load(file.read_text(encoding="utf-8"))
    assert document["permissions"] == {}
    assert "concurrency" in document
    for name, job in document["jobs"].items():
        assert isinstance(job["permissions"], dict), name
        longest = 45 if name == "test" else 35
        assert "uses" in job or job["timeout-minutes"] <= longest, name


@pytest.mark.parametrize("file", WORKFLOWS, ids=lambda file: str(file.name))
def test_a_pull_request_of_a_stranger_never_meets_a_secret_or_a_write(file: Path) -> None:
    document = yaml.safe_load(file.read_text(encoding="utf-8"))
    triggers = document[True]
    assert "pull_request_target" not in triggers
    assert "workflow_run" not in triggers
    assert "secrets." not in file.read_text(encoding="utf-8")
