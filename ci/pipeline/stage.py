"""One stage from empty folder to manifest; the same whether started alone, in Actions or by the chain."""

from __future__ import annotations

import json
import os
import shutil
import threading
import time
import uuid
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Self

from pipeline import manifest
from pipeline.graph import Graph, Stage
from pipeline.inputs import Inputs
from pipeline.kinds import Exit, Status
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
            raise manifest.ArtifactError(f"{name}: did not pass, so {stage.name} takes nothing from it")
        digests[name] = manifest.digest_of_outputs(folder, graph[name].outputs)
    return digests


def run(
    stage: Stage,
    graph: Graph,
    workspace: Workspace,
    *,
    arguments: tuple[str, ...] = (),
    stop: threading.Event,
    on_line: Callable[[str], None],
) -> Result:
    """Run the stage and leave its folder complete: log, outputs, result.json, manifest.sha256.

    A folder of an earlier run is emptied first, so that nothing old can pass for new. Setting `stop`
    ends the script (SIGTERM, then SIGKILL) with status STOPPED.
    """
    folder = workspace.folder(stage.name)
    if folder.exists():
        shutil.rmtree(folder)
    folder.mkdir(parents=True)
    started = time.monotonic()
    with (folder / LOG).open("w", encoding="utf-8") as log:

        def line(text: str) -> None:
            if not log.closed:
                log.write(text + "\n")
                log.flush()
            on_line(text)

        result = _attempt(stage, graph, workspace, arguments, stop, line)
    result = Result(**{**asdict(result), "seconds": round(time.monotonic() - started, 2)})
    result.save(folder)
    manifest.write(folder)
    return result


def _attempt(
    stage: Stage,
    graph: Graph,
    workspace: Workspace,
    arguments: tuple[str, ...],
    stop: threading.Event,
    line: Callable[[str], None],
) -> Result:
    folder = workspace.folder(stage.name)

    def ended(status: Status, code: int, reason: str, **digests: str) -> Result:
        return Result(stage.name, status, code, reason=reason, **digests)

    try:
        taken = taken_digests(stage, graph, workspace)
    except manifest.ArtifactError as error:
        line(f"{stage.name} FAILED: {error}")
        return ended(Status.FAILED, Exit.ARTIFACT, str(error))
    # Before the script runs: what it changes while running is not what it was decided on.
    inputs = Inputs(workspace.root, workspace.environment).digest(stage, taken, arguments)

    code, timed_out, leftovers = _execute(stage, workspace, arguments, stop, line)

    if leftovers:
        line(f"{stage.name}: killed what it left running: {', '.join(leftovers)}")
    if timed_out:
        reason = f"no end after {stage.timeout_minutes:g} minutes, its limit in ci/stages.toml"
        line(f"{stage.name} FAILED: {reason}")
        return ended(Status.TIMED_OUT, Exit.TIMEOUT, reason)
    if stop.is_set() and code != 0:
        return ended(Status.STOPPED, Exit.TERMINATED, "stopped before its end")
    if code != 0:
        return ended(Status.FAILED, stage_code(stage, code), _reason(folder, stage, code))
    missing = [name for name in stage.outputs if not (folder / name).exists()]
    if missing:
        reason = f"ended well but left no {', '.join(missing)} in {folder}"
        line(f"{stage.name} FAILED: {reason}")
        return ended(Status.FAILED, stage.exit_code, reason)
    outputs = manifest.digest_of_outputs(folder, stage.outputs)
    return ended(Status.PASSED, Exit.OK, "", inputs=inputs, outputs=outputs)


def _execute(
    stage: Stage,
    workspace: Workspace,
    arguments: tuple[str, ...],
    stop: threading.Event,
    line: Callable[[str], None],
) -> tuple[int, bool, list[str]]:
    """Exit code, whether the time limit ended it, and the processes it left behind."""
    process = Process(
        [str(workspace.root / stage.script), *arguments],
        cwd=workspace.root,
        environment={
            **workspace.environment,
            "VIGIE_STAGE": stage.name,
            "VIGIE_CI_OUT": str(workspace.out),
        },
        marker=uuid.uuid4().hex,
        on_line=line,
    )
    deadline = time.monotonic() + stage.timeout_minutes * 60
    timed_out = False
    while (code := process.poll()) is None:
        if stop.is_set():
            process.stop()
        elif time.monotonic() > deadline:
            timed_out = True
            process.stop()
        time.sleep(0.05)
    return code, timed_out, process.finish()


def stage_code(stage: Stage, script_code: int) -> int:
    """What a script's exit code means outside: its own fault, or one of the general kinds."""
    kinds = {Exit.USAGE, Exit.MACHINE, Exit.ARTIFACT, Exit.TIMEOUT, Exit.STRANDED, Exit.BUSY}
    return script_code if script_code in kinds else stage.exit_code


def _reason(folder: Path, stage: Stage, code: int) -> str:
    """What the script said it failed for (lib.sh's `fail`), else its exit code."""
    path = folder / "reason.txt"
    if path.is_file():
        return path.read_text(encoding="utf-8").strip()
    return f"{stage.script} exited with {code}"
