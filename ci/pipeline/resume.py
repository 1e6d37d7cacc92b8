"""--resume: which earlier results still stand, and why the others do not."""

from __future__ import annotations

import subprocess
from collections.abc import Collection
from dataclasses import dataclass

from pipeline import manifest
from pipeline.graph import Graph, Stage
from pipeline.inputs import Inputs
from pipeline.kinds import Status
from pipeline.stage import Result, Workspace, stage_environment, taken_digests

_RECHECK_SECONDS = 60


@dataclass(frozen=True)
class Verdict:
    """Whether a stage's earlier result may be used; `reason` is said to the person either way."""

    stands: bool
    reason: str


def judge(stage: Stage, graph: Graph, workspace: Workspace, inputs: Inputs) -> Verdict:
    """Look at what the stage left behind; nothing is trusted that its manifest does not cover."""
    folder = workspace.folder(stage.name)
    result = Result.load(folder)
    if result is None:
        return Verdict(stands=False, reason="never ran here")
    if result.status is not Status.PASSED:
        return Verdict(stands=False, reason=f"{result.status} last time")
    try:
        manifest.check(folder)
        taken = taken_digests(stage, graph, workspace)
    except manifest.ArtifactError as error:
        return Verdict(stands=False, reason=f"refused: {error}")
    if manifest.digest_of_outputs(folder, stage.outputs) != result.outputs:
        return Verdict(stands=False, reason="refused: outputs are not those of its result.json")
    if inputs.digest(stage, taken, ()) != result.inputs:
        return Verdict(stands=False, reason="stale: its inputs changed since")
    return Verdict(stands=True, reason="inputs and outputs unchanged")


def plan(
    graph: Graph,
    workspace: Workspace,
    chosen: Collection[str],
    *,
    transient: bool,
) -> dict[str, Verdict]:
    """Stage -> verdict for every chosen stage, in running order.

    A stage must run again when its own result does not stand, when a stage it takes from runs again
    (its outputs may differ), or when the thing it made outside .ci-out is gone. With `transient`
    (the ephemeral target) the last is expected: such a stage runs again only for one that takes it.
    """
    inputs = Inputs(workspace.root, workspace.environment)
    verdicts: dict[str, Verdict] = {}
    for stage in graph.stages:
        if stage.name not in chosen:
            continue
        verdict = judge(stage, graph, workspace, inputs)
        again = [name for name in stage.takes if name in verdicts and not verdicts[name].stands]
        if verdict.stands and again:
            verdict = Verdict(stands=False, reason=f"{', '.join(again)} runs again")
        elif verdict.stands and stage.recheck and not (transient and stage.transient):
            verdict = _recheck(stage, workspace, verdict)
        verdicts[stage.name] = verdict
    if transient:
        for stage in reversed(graph.stages):
            takers = [
                other.name
                for other in graph.stages
                if stage.name in other.takes and not verdicts.get(other.name, _STANDS).stands
            ]
            if stage.transient and takers and verdicts.get(stage.name, _GONE).stands:
                verdicts[stage.name] = Verdict(stands=False, reason=f"{takers[0]} needs it up")
    return verdicts


_STANDS = Verdict(stands=True, reason="not part of this run")
_GONE = Verdict(stands=False, reason="not part of this run")


def _recheck(stage: Stage, workspace: Workspace, verdict: Verdict) -> Verdict:
    try:
        done = subprocess.run(
            [str(workspace.root / stage.script), "--recheck"],
            cwd=workspace.root,
            env=stage_environment(stage, workspace),
            capture_output=True,
            text=True,
            errors="replace",
            timeout=_RECHECK_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return Verdict(stands=False, reason=f"no answer to --recheck in {_RECHECK_SECONDS} s")
    if done.returncode == 0:
        return verdict
    said = (done.stdout.strip().splitlines() or ["what it made is gone"])[-1]
    return Verdict(stands=False, reason=said)
