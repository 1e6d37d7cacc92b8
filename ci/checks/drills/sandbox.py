"""A small repository with the real chain in it, into which a drill plants a fault.

The scripts of ci/ are copies of ours; the tree around them is as small as it can be, so that a
stage takes seconds. The .venv is ours: the chain is tested, not the installation of its tools.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipeline import manifest
from pipeline.kinds import Status
from pipeline.processes import MARKER
from pipeline.stage import Result
from pipeline.workflow import WORKFLOW, load

ROOT = Path(__file__).resolve().parents[3]
_IDENTITY = ("-c", "user.name=drill", "-c", "user.email=drill@example.invalid")
_LEFT_OUT = {"CI", "GITHUB_ACTIONS", "GITHUB_STEP_SUMMARY", "ACT"}


@dataclass(frozen=True)
class Sandbox:
    """The repository of one drill."""

    root: Path

    def write(self, name: str, text: str, *, executable: bool = False) -> Path:
        """Write a file of the repository."""
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        if executable:
            path.chmod(0o755)
        return path

    def commit(self, message: str = "drill") -> None:
        """Commit everything."""
        self.git("add", "--all")
        self.git(*_IDENTITY, "commit", "-q", "--no-verify", "-m", message)

    def git(self, *arguments: str) -> str:
        """Run git in the repository."""
        return subprocess.run(
            ["git", "-C", str(self.root), *arguments], check=True, capture_output=True, text=True
        ).stdout

    def run(
        self, script: str, *arguments: str, environment: dict[str, str] | None = None
    ) -> subprocess.CompletedProcess[str]:
        """Run a script of ci/; its output, both streams, is in `stdout`."""
        return subprocess.run(
            [str(self.root / "ci" / script), *arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env={**plain_environment(), **(environment or {})},
            check=False,
        )

    def result(self, stage: str) -> Result:
        """How a stage ended."""
        found = Result.load(self.root / ".ci-out" / stage)
        assert found is not None, f"{stage} left no result"
        return found

    def reason(self, stage: str) -> str:
        """Why a stage failed."""
        return self.result(stage).reason

    def passed(self, stage: str, files: dict[str, str]) -> Path:
        """Pretend that a stage ran and left these files."""
        folder = self.root / ".ci-out" / stage
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        for name, text in files.items():
            (folder / name).parent.mkdir(exist_ok=True)
            (folder / name).write_text(text, encoding="utf-8")
        Result(stage, Status.PASSED, 0).save(folder)
        manifest.write(folder)
        return folder

    def built(self, images: dict[str, str]) -> Path:
        """Pretend that the build made these images: service -> id."""
        entries = {
            service: {"reference": f"{service}:drill", "id": image, "size": 1}
            for service, image in images.items()
        }
        document: dict[str, Any] = {"schema": 1, "images": entries, "without": []}
        return self.passed("build", {"images.json": json.dumps(document), "sbom/x.json": "{}"})


def plain_environment() -> dict[str, str]:
    """The environment without what CI or an outer run put there."""
    return {
        name: value
        for name, value in os.environ.items()
        if name == MARKER
        or (name not in _LEFT_OUT and not name.startswith(("VIGIE_", "COV_", "PYTEST_")))
    }


def make(folder: Path) -> Sandbox:
    """A committed repository in `folder` that has the chain and nothing to complain about."""
    folder.mkdir()
    subprocess.run(["git", "init", "-q", "-b", "main", str(folder)], check=True)
    (folder / "ci").mkdir()
    for script in (
        "lib.sh",
        "tools.sh",
        "pipeline.sh",
        "rollback.sh",
        "teardown.sh",
        "stages.toml",
    ):
        shutil.copy2(ROOT / "ci" / script, folder / "ci" / script)
    (folder / WORKFLOW).parent.mkdir(parents=True)
    shutil.copy2(ROOT / WORKFLOW, folder / WORKFLOW)
    for stage in load(ROOT).stages:
        shutil.copy2(ROOT / stage.script, folder / stage.script)
    unneeded = shutil.ignore_patterns("tests", "__pycache__")
    for package in ("pipeline", "images", "release", "testing", "verification", "tools"):
        shutil.copytree(ROOT / "ci" / package, folder / "ci" / package, ignore=unneeded)
    for name in ("pyproject.toml", ".gitignore", ".gitleaks.toml", ".hadolint.yaml"):
        shutil.copy2(ROOT / name, folder / name)
    (folder / ".venv").symlink_to(ROOT / ".venv")
    sandbox = Sandbox(folder)
    sandbox.write("ci/venv.sh", "#!/usr/bin/env bash\n", executable=True)
    sandbox.write("ci/e2e/clients.sh", "#!/usr/bin/env bash\n", executable=True)
    # .gitignore says .venv/, which a link is not.
    with (folder / ".gitignore").open("a", encoding="utf-8") as file:
        file.write(".venv\n")
    sandbox.commit("start")
    return sandbox
