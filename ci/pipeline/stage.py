"""One stage from empty folder to manifest: alone, in Actions and in the chain the same."""

from __future__ import annotations

import json
import os
import shutil
import threading
import time
import uuid
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Self

from pipeline import manifest
from pipeline.graph import Graph, Stage
from pipeline.inputs import Inputs
from pipeline.kinds import Exit, Status
from pipeline.masking import Mask
from pipeline.processes import Process

RESULT = "result.json"
LOG = "log.txt"


@dataclass(frozen=True)
class Workspace:
    """Where a run happens: the checkout, its .ci-out, and the environment of its stages."""

    root: Path
    out: Path
    environment: Mapping[str, str] = field(default_factory=lambda: dict(os.environ))

    def folder(self, name: str) -> Path:
        """The folder that stage `name` leaves behind."""
        return self.out / name


@dataclass(frozen=True)
class Result:
    """What one stage came to; stored as result.json, inside the manifest."""

    stage: str
    status: Status
    exit_code: int
    seconds: float = 0.0
    reason: str = ""
    inputs: str = ""
    outputs: str = ""

    def save(self, folder: Path) -> None:
        """Write result.json."""
        text = json.dumps(asdict(self), indent=2, sort_keys=True)
        (folder / RESULT).write_text(text + "\n", encoding="utf-8")

    @classmethod
    def load(cls, folder: Path) -> Self | None:
        """The result in `folder`, or None where no stage has ended yet."""
        try:
            document = json.loads((folder / RESULT).read_text(encoding="utf-8"))
            return cls(**{**document, "status": Status(document["status"])})
        except (OSError, ValueError, KeyError, TypeError):
            return None


def taken_digests(stage: Stage, graph: Graph, workspace: Workspace) -> dict[str, str]:
    """Check every artifact the stage takes and return the digest of each one's outputs.

    Raises manifest.ArtifactError for one that is missing, failed, changed or unfinished.
    """
    digests: dict[str, str] = {}
    for name in stage.takes:
        folder = workspace.folder(name)
        manifest.check(folder)
        result = Result.load(folder)
        if result is None or result.status is not Status.PASSED:
            raise manifest.ArtifactError(f"{name} did not pass: {stage.name} takes nothing")
        digests[name] = manifest.digest_of_outputs(folder, graph[name].outputs)
    return digests


@dataclass(frozen=True)
class Job:
    """A stage about to run: with which arguments, when to stop, whom to tell each line."""

    stage: Stage
    graph: Graph
    workspace: Workspace
    stop: threading.Event
    on_line: Callable[[str], None]
    arguments: tuple[str, ...] = ()
    mask: Mask = field(default_factory=Mask)

    @property
    def folder(self) -> Path:
        """The stage's folder."""
        return self.workspace.folder(self.stage.name)

    def ended(self, status: Status, code: int, reason: str) -> Result:
        """A result of this stage; a failure's reason is also a line of its log."""
        if status in {Status.FAILED, Status.TIMED_OUT}:
            self.on_line(f"{self.stage.name}: {reason}")
        return Result(self.stage.name, status, int(code), reason=reason)


def run(job: Job) -> Result:
    """Run the stage and leave its folder complete: log, outputs, result.json, manifest.sha256.

    A folder of an earlier run is emptied first, so that nothing old can pass for new. Setting
    `job.stop` ends the script (SIGTERM, then SIGKILL) with status STOPPED.
    """
    folder = job.folder
    if folder.exists():
        shutil.rmtree(folder)
    folder.mkdir(parents=True)
    started = time.monotonic()
    # Added to, never written over: the log is masked with the rest of the folder in between.
    with (folder / LOG).open("a", encoding="utf-8") as log:

        def line(text: str) -> None:
            text = job.mask.line(text)
            if not log.closed:
                log.write(text + "\n")
                log.flush()
            job.on_line(text)

        result = _attempt(replace(job, on_line=line))
    result = replace(result, seconds=round(time.monotonic() - started, 2))
    result.save(folder)
    manifest.write(folder)
    return result


def _attempt(job: Job) -> Result:
    stage = job.stage
    try:
        taken = taken_digests(stage, job.graph, job.workspace)
    except manifest.ArtifactError as error:
        return job.ended(Status.FAILED, Exit.ARTIFACT, str(error))
    # Before the script runs: what it changes while running is not what it was decided on.
    workspace = job.workspace
    inputs = Inputs(workspace.root, workspace.environment).digest(stage, taken, job.arguments)

    code, timed_out, leftovers = _execute(job)
    job.mask.clean_folder(job.folder)

    if leftovers:
        job.on_line(f"{stage.name}: killed what it left running: {', '.join(leftovers)}")
    if timed_out:
        reason = f"no end after {stage.timeout_minutes:g} minutes, its limit in ci.yml"
        said = _said(job)
        return job.ended(Status.TIMED_OUT, Exit.TIMEOUT, f"{reason}; {said}" if said else reason)
    if job.stop.is_set() and code != 0:
        return job.ended(Status.STOPPED, Exit.TERMINATED, "stopped before its end")
    if code != 0:
        # The script has said why already.
        return Result(stage.name, Status.FAILED, stage_code(stage, code), reason=_reason(job, code))
    missing = [name for name in stage.outputs if not (job.folder / name).exists()]
    if missing:
        reason = f"ended well but left no {', '.join(missing)} in {job.folder}"
        return job.ended(Status.FAILED, stage.exit_code, reason)
    outputs = manifest.digest_of_outputs(job.folder, stage.outputs)
    return replace(job.ended(Status.PASSED, Exit.OK, ""), inputs=inputs, outputs=outputs)


def _execute(job: Job) -> tuple[int, bool, list[str]]:
    """Exit code, whether the time limit ended it, and the processes it left behind."""
    stage, workspace = job.stage, job.workspace
    process = Process(
        [str(workspace.root / stage.script), *job.arguments],
        cwd=workspace.root,
        environment=stage_environment(stage, workspace),
        marker=uuid.uuid4().hex,
        on_line=job.on_line,
    )
    deadline = time.monotonic() + stage.timeout_minutes * 60
    timed_out = False
    while (code := process.poll()) is None:
        if job.stop.is_set():
            process.stop()
        elif time.monotonic() > deadline:
            timed_out = True
            process.stop()
        time.sleep(0.05)
    return code, timed_out, process.finish()


def stage_environment(stage: Stage, workspace: Workspace) -> dict[str, str]:
    """What a stage's script is told: which stage it is, and where outputs go."""
    told = {"VIGIE_STAGE": stage.name, "VIGIE_CI_OUT": str(workspace.out)}
    return {**workspace.environment, **told}


def stage_code(stage: Stage, script_code: int) -> int:
    """What a script's exit code means outside: its own fault, or one of the general kinds."""
    kinds = {Exit.USAGE, Exit.MACHINE, Exit.ARTIFACT, Exit.TIMEOUT, Exit.STRANDED, Exit.BUSY}
    return script_code if script_code in kinds else stage.exit_code


def _reason(job: Job, code: int) -> str:
    """What the script said it failed for (lib.sh's `fail`), else its exit code."""
    return _said(job) or f"{job.stage.script} exited with {code}"


def _said(job: Job) -> str:
    path = job.folder / "reason.txt"
    return path.read_text(encoding="utf-8").strip() if path.is_file() else ""
