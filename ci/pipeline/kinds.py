"""How a run or a stage ends: the statuses, and the exit codes that docs/delivery.md lists."""

from __future__ import annotations

from enum import IntEnum, StrEnum


class Exit(IntEnum):
    """Exit codes of ci/pipeline.sh and of every stage script.

    10 to 16 belong to the stages and stand in ci/stages.toml: the stage itself found a fault. The
    codes here say that something else went wrong, whichever stage it happened in.
    """

    OK = 0
    FAULT = 1  # inside a script: "this stage found a fault"; leaves the runner as the stage's code
    USAGE = 2
    MACHINE = 20  # a tool or the Docker Engine is missing
    ARTIFACT = 21  # what an earlier stage handed on is missing, stale or tampered with
    TIMEOUT = 22
    STRANDED = 23  # a deploy failed and the way back failed as well: a person is needed
    BUSY = 24  # waited for another run's lock in vain
    TERMINATED = 143


class Status(StrEnum):
    """How one stage ended in one run."""

    PASSED = "passed"
    REUSED = "reused"  # --resume: an earlier result still stands
    FAILED = "failed"
    TIMED_OUT = "timed out"
    STOPPED = "stopped"  # a sibling failed, or the run was interrupted
    BLOCKED = "not reached"  # a stage it needs did not succeed
    SKIPPED = "skipped"  # --skip, --from or --only said so
    UNAVAILABLE = "cannot run here"  # the machine lacks what it needs

    @property
    def stands(self) -> bool:
        """Whether stages that need this one may start."""
        return self in {Status.PASSED, Status.REUSED, Status.SKIPPED}

    @property
    def fault(self) -> bool:
        """Whether this status, by itself, makes the run red."""
        return self in {Status.FAILED, Status.TIMED_OUT, Status.STOPPED, Status.UNAVAILABLE}
