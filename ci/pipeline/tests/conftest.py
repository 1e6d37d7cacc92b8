"""A chain of stub stages in a repository of its own, driven through the real ci/pipeline.sh."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from pipeline.processes import MARKER

CI = Path(__file__).resolve().parents[2]
_LIB = """#!/usr/bin/env bash
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
stage_begin NAME "$@"
printf 'NAME\\n' >>"$ROOT/../trace"
BODY
"""


@dataclass
class Chain:
    """A checkout with stub stages; `run` starts its pipeline and returns the finished process."""

    root: Path

    def stage(self, name: str, body: str, **fields: Any) -> None:
        """Add a stage whose script is `body`, after lib.sh's stage_begin."""
        script = self.root / "ci" / f"{name}.sh"
        script.write_text(_LIB.replace("NAME", name).replace("BODY", body))
        script.chmod(0o755)
        entry = {
            "name": name,
            "title": f"the {name}",
            "script": f"ci/{name}.sh",
            "job": name,
            "needs": [],
            "takes": [],
            "outputs": [],
            "timeout_minutes": 1,
            "machine": ["python"],
            "exit_code": 10,
        } | fields
        lines = [f"{key} = {json.dumps(value)}" for key, value in entry.items()]
        with (self.root / "ci" / "stages.toml").open("a") as file:
            file.write("\n[[stage]]\n" + "\n".join(lines) + "\n")

    def teardown(self, body: str) -> None:
        """Say what is run after a run with the ephemeral target."""
        script = self.root / "ci" / "teardown.sh"
        script.write_text(f"#!/usr/bin/env bash\n{body}\n")
        script.chmod(0o755)
        with (self.root / "ci" / "stages.toml").open("a") as file:
            file.write('\n[teardown]\nscript = "ci/teardown.sh"\n')

    def command(self, *arguments: str) -> list[str]:
        """The pipeline's command line."""
        return [str(self.root / "ci" / "pipeline.sh"), *arguments]

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        """Start the pipeline without waiting for it."""
        return subprocess.Popen(
            self.command(*arguments),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env=_environment(),
        )

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run the pipeline to its end."""
        return subprocess.run(
            self.command(*arguments),
            capture_output=True,
            text=True,
            env=_environment(),
            timeout=60,
            check=False,
        )

    def alone(self, stage: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run the script of one stage without the pipeline."""
        return subprocess.run(
            [self.root / "ci" / f"{stage}.sh", *arguments],
            capture_output=True,
            text=True,
            env=_environment(),
            timeout=60,
            check=False,
        )

    def ran(self) -> list[str]:
        """Names of the stages that ran since the last call, in order of their start."""
        trace = self.root.parent / "trace"
        names = trace.read_text().split() if trace.exists() else []
        trace.unlink(missing_ok=True)
        return names

    def out(self, *parts: str) -> Path:
        """A path below .ci-out."""
        return self.root.joinpath(".ci-out", *parts)

    def timings(self) -> dict[str, Any]:
        """timings.json of the last run."""
        document: dict[str, Any] = json.loads(self.out("timings.json").read_text())
        return document

    def statuses(self) -> dict[str, str]:
        """Stage -> status of the last run."""
        return {stage["name"]: stage["status"] for stage in self.timings()["stages"]}


def wait_for(path: Path, seconds: float = 20) -> None:
    """Wait until a stub has said that it is there."""
    deadline = time.monotonic() + seconds
    while not path.exists():
        assert time.monotonic() < deadline, f"{path} never appeared"
        time.sleep(0.02)


def interrupt(process: subprocess.Popen[str], number: signal.Signals) -> str:
    """Send a signal to the pipeline alone and return what it said until its end."""
    process.send_signal(number)
    output, _ = process.communicate(timeout=30)
    return output


def _environment() -> dict[str, str]:
    left_out = {"CI", "GITHUB_ACTIONS", "GITHUB_STEP_SUMMARY", "ACT"}
    return {
        name: value
        for name, value in os.environ.items()
        if name == MARKER or (name not in left_out and not name.startswith("VIGIE_"))
    }


@pytest.fixture
def chain(tmp_path: Path) -> Chain:
    root = tmp_path / "checkout"
    (root / "ci").mkdir(parents=True)
    ignored = shutil.ignore_patterns("tests", "__pycache__")
    shutil.copytree(CI / "pipeline", root / "ci" / "pipeline", ignore=ignored)
    for name in ("pipeline.sh", "lib.sh"):
        shutil.copy2(CI / name, root / "ci" / name)
    (root / "ci" / "stages.toml").write_text("schema = 1\n")
    (root / ".gitignore").write_text(".ci-out/\n")
    subprocess.run(["git", "init", "-q", "-b", "main", str(root)], check=True)
    identity = ["-c", "user.name=t", "-c", "user.email=t@example.invalid"]
    subprocess.run(
        ["git", "-C", str(root), *identity, "commit", "-q", "--allow-empty", "-m", "start"],
        check=True,
    )
    return Chain(root)
