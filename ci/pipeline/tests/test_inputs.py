"""Whatever an image is made of, and whatever a stage is told, makes the stage run again."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from pipeline import manifest, resume
from pipeline.graph import Graph
from pipeline.inputs import Inputs
from pipeline.kinds import Status
from pipeline.stage import Result, Workspace, taken_digests
from pipeline.workflow import load

ROOT = Path(__file__).resolve().parents[3]
GRAPH = load(ROOT)
COMPOSE = ("docker-compose.yml", "docker-compose.ci.yml")
SCRIPTS = tuple(stage.script for stage in GRAPH.stages)


class _Compose(yaml.SafeLoader):
    """With compose's own tags."""


_Compose.add_multi_constructor("!", lambda loader, _tag, node: loader.construct_sequence(node))


def contexts() -> list[str]:
    """Every folder that a build of compose may copy from, and every one that it mounts."""
    found = {"ci/offline"}  # what the base images are made of without a registry
    for name in COMPOSE:
        text = (ROOT / name).read_text(encoding="utf-8")
        document = yaml.load(text, _Compose)  # noqa: S506 - a SafeLoader
        for service in document["services"].values():
            build = service.get("build", {})
            found |= {build["context"]} if build else set()
            found |= set(build.get("additional_contexts", {}).values())
            mounts = [str(volume) for volume in service.get("volumes", ())]
            found |= {mount.split(":")[0] for mount in mounts if mount.startswith("./")}
    return sorted(found)


def files_below(folder: str) -> list[str]:
    """Files of the repository in a folder, tests apart: no image has them."""
    listed = subprocess.run(
        ["git", "-C", ROOT, "ls-files", "-co", "--exclude-standard", "--", folder],
        check=True,
        capture_output=True,
        text=True,
    ).stdout.split("\n")
    return [name for name in listed if (ROOT / name).is_file() and "/tests/" not in name]


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What images are made of, as git sees it, with an .env."""
    root = tmp_path_factory.mktemp("inputs") / "checkout"
    below = {name for folder in contexts() for name in files_below(folder)}
    for name in {*COMPOSE, *SCRIPTS, *below}:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / name, root / name)
    (root / ".gitignore").write_text(".env\n.ci-out/\n")
    (root / ".env").write_text("VIGIE_WEB_UI_PORT=8080\nVIGIE_BUILD_CA_FILE=ca.pem\n")
    (root.parent / "outside.pem").write_text("one\n")
    git = ["git", "-C", str(root), "-c", "user.name=t", "-c", "user.email=t@example.invalid"]
    for command in (["init", "-q", "-b", "main"], ["add", "-A"], ["commit", "-qm", "start"]):
        subprocess.run([*git, *command], check=True)
    return root


@pytest.fixture
def done(checkout: Path, tmp_path: Path) -> Workspace:
    """Every stage has run and passed."""
    workspace = Workspace(checkout, tmp_path, {"VIGIE_TARGET": "product"})
    inputs = Inputs(checkout, workspace.environment)
    for stage in GRAPH.stages:
        folder = workspace.folder(stage.name)
        folder.mkdir()
        for name in stage.outputs:
            (folder / name).write_text(stage.name)
        taken = taken_digests(stage, GRAPH, workspace)
        outputs = manifest.digest_of_outputs(folder, stage.outputs)
        digest = inputs.digest(stage, taken, ())
        Result(stage.name, Status.PASSED, 0, inputs=digest, outputs=outputs).save(folder)
        manifest.write(folder)
    return workspace


def standing(workspace: Workspace, graph: Graph = GRAPH) -> list[str]:
    """The stages that --resume would not run."""
    inputs = Inputs(workspace.root, workspace.environment)
    return [
        stage.name for stage in graph.stages if resume.judge(stage, graph, workspace, inputs).stands
    ]


def flipped(path: Path) -> Iterator[None]:
    """One byte of a file is another one meanwhile."""
    content = path.read_bytes()
    path.write_bytes(bytes([content[0] ^ 1]) + content[1:] if content else b"x")
    yield
    path.write_bytes(content)


@pytest.mark.parametrize("folder", contexts())
def test_one_byte_in_any_file_of_an_image_makes_every_stage_run_again(
    done: Workspace, folder: str
) -> None:
    assert standing(done) == list(GRAPH.names)
    names = files_below(folder)
    assert names
    for name in names:
        for _ in flipped(done.root / name):
            assert standing(done) == [], name
    assert standing(done) == list(GRAPH.names)


@pytest.mark.parametrize("name", [*COMPOSE, *SCRIPTS, ".env"])
def test_so_does_one_byte_in_a_script_or_in_what_compose_reads(done: Workspace, name: str) -> None:
    for _ in flipped(done.root / name):
        assert standing(done) == []


def test_so_do_a_new_file_a_missing_one_and_another_mode(done: Workspace) -> None:
    new = done.root / "prometheus" / "rules" / "new.yml"
    new.write_text("")
    assert standing(done) == []
    new.unlink()
    old = done.root / "prometheus" / "prometheus.yml"
    kept = old.read_bytes()
    old.unlink()
    assert standing(done) == []
    old.write_bytes(kept)
    assert standing(done) == list(GRAPH.names)
    old.chmod(0o755)
    assert standing(done) == []
    old.chmod(0o644)


@pytest.mark.parametrize("name", ["VIGIE_WEB_UI_PORT", "COMPOSE_PROFILES", "FORWARDED_ALLOW_IPS"])
def test_so_does_a_setting_of_the_shell(done: Workspace, name: str) -> None:
    told = Workspace(done.root, done.out, {**done.environment, name: "other"})
    assert standing(told) == []


def test_so_does_a_file_that_a_setting_names(done: Workspace) -> None:
    (done.root / "ca.pem").write_text("one")
    assert standing(done) == []
    (done.root / "ca.pem").unlink()
    assert standing(done) == list(GRAPH.names)
    outside = done.root.parent / "outside.pem"
    told = Workspace(done.root, done.out, {"VIGIE_BUILD_CA_FILE": str(outside)})
    before = Inputs(told.root, told.environment).digest(GRAPH["build"], {}, ())
    for _ in flipped(outside):
        assert Inputs(told.root, told.environment).digest(GRAPH["build"], {}, ()) != before


def test_what_only_says_which_run_it_is_changes_nothing(done: Workspace) -> None:
    told = Workspace(done.root, done.out, {**done.environment, "VIGIE_RUN_ID": "7", "HOME": "/x"})
    assert standing(told) == list(GRAPH.names)


def test_no_file_that_git_ignores_can_get_into_an_image() -> None:
    """Such a file would be part of an image and of no digest."""
    rules = (ROOT / ".gitignore").read_text(encoding="utf-8").splitlines()
    ignored = [rule for rule in rules if rule and not rule.startswith(("#", "!"))]
    for folder in contexts():
        dockerignore = ROOT / folder / ".dockerignore"
        if not dockerignore.is_file():
            continue
        lines = dockerignore.read_text(encoding="utf-8").splitlines()
        let_in = [line.lstrip("!") for line in lines if line.startswith("!")]
        again_out = [line for line in lines if line.startswith("**/")]
        for name in let_in:
            for rule in ignored:
                assert not re.fullmatch(re.escape(rule.strip("/")).replace(r"\*", ".*"), name)
        if "src" in let_in:
            assert "**/__pycache__" in again_out
