"""Runs a workflow's own steps as GitHub would: a fresh machine a job, artifacts the only link.

Only what static.py allows is understood; anything else raises, because a step that this runner
would pass over is a step that nobody has proved.
"""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from act.client.selection import select
from checks.parity import static
from checks.parity.stubs import plain_environment


@dataclass
class Run:
    """One run of the workflow: `results` as the context `needs` has them."""

    workflow: Mapping[str, Any]
    repository: Path
    folder: Path
    environment: Mapping[str, str]
    results: dict[str, str] = field(default_factory=dict)
    logs: dict[str, str] = field(default_factory=dict)

    def run(self) -> dict[str, str]:
        """Run every job once those it needs have ended, and return their results."""
        waiting = {name: job for name, job in self.workflow["jobs"].items() if "uses" not in job}
        while waiting:
            ready = [
                name for name in waiting if static.needs_of(waiting[name]) <= set(self.results)
            ]
            if not ready:
                raise ValueError(f"{sorted(waiting)} wait for jobs that never run")
            with ThreadPoolExecutor() as pool:
                ended = list(pool.map(self._job, ready, [waiting.pop(name) for name in ready]))
            self.results |= dict(zip(ready, ended, strict=True))
        return self.results

    def _job(self, name: str, job: Mapping[str, Any]) -> str:
        well = all(self.results[need] == "success" for need in static.needs_of(job))
        if not well and job.get("if") != "${{ always() }}":
            return "skipped"
        machine = self.folder / "machines" / name
        failed = False
        for step in job["steps"]:
            condition = step.get("if", "")
            if condition not in {"", "${{ always() }}", "${{ !cancelled() }}"}:
                raise ValueError(f"{name}: the condition {condition} is not understood")
            if failed and not condition:
                continue
            succeeded = self._step(name, step, job, machine)
            failed = failed or not (succeeded or step.get("continue-on-error"))
        return "failure" if failed and not job.get("continue-on-error") else "success"

    def _step(
        self, name: str, step: Mapping[str, Any], job: Mapping[str, Any], machine: Path
    ) -> bool:
        if "run" in step:
            return self._script(name, step, machine)
        uses = step["uses"]
        values = {key: static.first_leg(value, job) for key, value in step.get("with", {}).items()}
        if uses.startswith(static.CHECKOUT):
            subprocess.run(["git", "clone", "-q", str(self.repository), str(machine)], check=True)
        elif uses.startswith(static.UPLOAD):
            return self._upload(values, machine)
        elif uses.startswith(static.DOWNLOAD):
            return self._download(values, machine)
        elif uses != static.SETUP:
            raise ValueError(f"{name}: {uses} is not understood")
        return True

    def _script(self, name: str, step: Mapping[str, Any], machine: Path) -> bool:
        needs = {job: {"result": result, "outputs": {}} for job, result in self.results.items()}
        environment = {**plain_environment(), "CI": "true", "GITHUB_ACTIONS": "true"}
        environment |= self.environment
        for key, value in step.get("env", {}).items():
            environment[key] = json.dumps(needs) if value == "${{ toJSON(needs) }}" else str(value)
        done = subprocess.run(
            ["bash", "-e", "-c", step["run"]],
            cwd=machine,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        self.logs[name] = self.logs.get(name, "") + done.stdout + done.stderr
        return done.returncode == 0

    def _upload(self, values: Mapping[str, Any], machine: Path) -> bool:
        hidden = bool(values.get("include-hidden-files", False))
        chosen = select(values["path"], base=machine, include_hidden=hidden)
        for file in chosen.files:
            target = self._artifact(values["name"]) / file.relative_to(chosen.root)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(file, target)
        return bool(chosen.files) or values.get("if-no-files-found") != "error"

    def _download(self, values: Mapping[str, Any], machine: Path) -> bool:
        target = machine / values["path"]
        if "name" not in values:
            shutil.copytree(self.folder / "artifacts", target, dirs_exist_ok=True)
            return True
        source = self._artifact(values["name"])
        if not source.is_dir():
            return False
        shutil.copytree(source, target, dirs_exist_ok=True)
        return True

    def _artifact(self, name: str) -> Path:
        return self.folder / "artifacts" / name
