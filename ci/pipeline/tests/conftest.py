"""A chain of stub stages in a repository of its own, driven through the real ci/pipeline.sh."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from pipeline.processes import MARKER
from pipeline.workflow import WORKFLOW

CI = Path(__file__).resolve().parents[2]
_LIB = """#!/usr/bin/env bash
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
stage_begin NAME "$@"
printf 'NAME\\n' >>"$ROOT/../trace"
BODY
"""
_START = """\
    steps:
      - uses: actions/checkout@0
        with:
          persist-credentials: false
"""
_SETUP = """\
      - uses: ./.github/actions/setup
"""
_TAKE = """\
      - uses: actions/download-artifact@0
        with:
          name: NAME
          path: .ci-out/NAME
"""
_LEAVE = """\
      - uses: actions/upload-artifact@0
        if: ${{ !cancelled() }}
        with:
          name: NAME
          path: .ci-out/NAME
          include-hidden-files: true
          if-no-files-found: error
"""
_GATE = """\
  gate:
    needs: [JOBS]
    if: ${{ always() }}
    steps:
      - run: ./ci/gate.sh
        env:
          NEEDS: ${{ toJSON(needs) }}
"""


@dataclass
class Chain:
    """A checkout with stub stages; `run` starts its pipeline and returns the finished process."""

    root: Path
    stages: dict[str, dict[str, Any]] = field(default_factory=dict)
    with_teardown: bool = False

    def stage(self, name: str, body: str, **fields: Any) -> None:
        """Add a stage whose script is `body`, after lib.sh's stage_begin.

        `fields`: of ci/stages.toml, and `job`, `needs` (names of jobs) and `timeout_minutes`.
        """
        self._script(name, _LIB.replace("NAME", name).replace("BODY", body))
        self.stages[name] = {
            "title": f"the {name}",
            "job": name,
            "needs": [],
            "takes": [],
            "outputs": [],
            "timeout_minutes": 1,
            "machine": ["python"],
            "exit_code": 10,
        } | fields
        self._write()

    def teardown(self, body: str) -> None:
        """Say what is run after a run with the ephemeral target."""
        self._script("teardown", f"#!/usr/bin/env bash\n{body}\n")
        self.with_teardown = True
        self._write()

    def _script(self, name: str, text: str) -> None:
        script = self.root / "ci" / f"{name}.sh"
        script.write_text(text)
        script.chmod(0o755)

    def _write(self) -> None:
        """The two files that say what the chain is."""
        table = ["schema = 2"]
        jobs: dict[str, dict[str, Any]] = {}
        for name, fields in self.stages.items():
            told = dict(fields)
            job = jobs.setdefault(told.pop("job"), {"needs": told.pop("needs"), "stages": {}})
            told.pop("needs", None)
            job["stages"][name] = told.pop("timeout_minutes")
            if self.with_teardown and len(self.stages) == 1:
                told["transient"] = True
            lines = [f"{key} = {json.dumps(value)}" for key, value in told.items()]
            table += [f"[stage.{name}]", *lines]
        (self.root / "ci" / "stages.toml").write_text("\n".join(table) + "\n")
        text = "name: CI\non: push\npermissions: {}\njobs:\n"
        text += "".join(self._job(name, job) for name, job in jobs.items())
        text += _GATE.replace("JOBS", ", ".join(jobs))
        (self.root / WORKFLOW).write_text(text)

    def _job(self, name: str, job: dict[str, Any]) -> str:
        stages = job["stages"]
        text = f"  {name}:\n    needs: [{', '.join(job['needs'])}]\n    timeout-minutes: 99\n"
        history = any("history" in self.stages[it].get("reads", ()) for it in stages)
        text += _START + ("          fetch-depth: 0\n" if history else "") + _SETUP
        taken = {made for it in stages for made in self.stages[it]["takes"]} - stages.keys()
        text += "".join(_TAKE.replace("NAME", made) for made in sorted(taken))
        for stage, minutes in stages.items():
            limit = f"        timeout-minutes: {minutes + 2}\n"
            text += f"      - run: ./ci/{stage}.sh\n{limit}"
        if any(self.stages[it].get("transient") for it in stages) or (
            self.with_teardown and len(self.stages) == 1
        ):
            text += "      - run: ./ci/teardown.sh\n        if: ${{ always() }}\n"
        return text + "".join(_LEAVE.replace("NAME", stage) for stage in stages)

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
            env=plain_environment(),
        )

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run the pipeline to its end."""
        return subprocess.run(
            self.command(*arguments),
            capture_output=True,
            text=True,
            env=plain_environment(),
            timeout=60,
            check=False,
        )

    def alone(self, stage: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run the script of one stage without the pipeline."""
        return subprocess.run(
            [self.root / "ci" / f"{stage}.sh", *arguments],
            capture_output=True,
            text=True,
            env=plain_environment(),
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


def plain_environment() -> dict[str, str]:
    """Without what a chain around these tests has told them."""
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
    (root / WORKFLOW).parent.mkdir(parents=True)
    (root / ".gitignore").write_text(".ci-out/\n")
    subprocess.run(["git", "init", "-q", "-b", "main", str(root)], check=True)
    identity = ["-c", "user.name=t", "-c", "user.email=t@example.invalid"]
    subprocess.run(
        ["git", "-C", str(root), *identity, "commit", "-q", "--allow-empty", "-m", "start"],
        check=True,
    )
    return Chain(root)
