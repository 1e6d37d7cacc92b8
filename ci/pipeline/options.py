"""The flags of ci/pipeline.sh."""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pipeline.settings import SettingError, told

_EPILOG = """\
exit codes
  0 green · 2 wrong usage · 10 quality · 11 security · 12 test · 13 build · 14 scan · 15 deploy
  (what ran before runs again) · 16 verify (likewise) · 20 the machine lacks something
  21 an artifact is missing, stale or tampered with · 22 a stage exceeded its time limit
  23 a deploy failed and so did the way back · 24 another run holds the lock · 130/143 interrupted

Every stage leaves .ci-out/<stage>/ (log.txt, its outputs, manifest.sha256); the run leaves
.ci-out/summary.md and .ci-out/timings.json. docs/delivery.md explains the rest.
"""


@dataclass(frozen=True)
class Options:
    """What the person asked for. `settings`: the environment with what its flags mean."""

    settings: Mapping[str, str]
    start: str | None
    only: tuple[str, ...]
    skip: tuple[str, ...]
    resume: bool
    as_json: bool
    verbose: bool
    workers: int
    wait_seconds: float
    keep_stack: bool
    list_stages: bool
    summary_only: bool

    @property
    def offline(self) -> bool:
        """No registry and no database beyond package registries."""
        return bool(self.settings["VIGIE_OFFLINE"])

    @property
    def target(self) -> str:
        """`product` or `ephemeral`."""
        return self.settings["VIGIE_TARGET"]


def parse(argv: Sequence[str], environment: Mapping[str, str]) -> Options:
    """Options of the command line; argparse exits with 2 and a sentence for a wrong one."""
    parser = argparse.ArgumentParser(
        prog="./ci/pipeline.sh",
        description="Run the delivery chain of .github/workflows/ci.yml on this machine.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add(
        "--offline",
        action="store_true",
        help="no registry and no database beyond package registries",
    )
    add("--ephemeral", action="store_true", help="deploy a throw-away stack (also with CI=true)")
    add("--from", dest="start", metavar="STAGE", help="start here; earlier outputs must be fresh")
    add("--only", action="append", default=[], metavar="STAGE[,STAGE]", help="run nothing else")
    add("--skip", action="append", default=[], metavar="STAGE[,STAGE]", help="named in the summary")
    add("--resume", action="store_true", help="re-run only what changed; refuse stale or tampered")
    add("--json", dest="as_json", action="store_true", help="print timings.json on standard output")
    add("--verbose", action="store_true", help="show every line of every stage")
    add("--jobs", type=int, default=4, metavar="N", help="stages at the same time (default 4)")
    add("--wait", type=float, default=3600, metavar="SECONDS", help="for another run to end")
    add("--keep-stack", action="store_true", help="leave the ephemeral stack running")
    add("--list", dest="list_stages", action="store_true", help="show the stages and what can run")
    add("--summary", dest="summary_only", action="store_true", help="only summarise .ci-out")
    found = parser.parse_args(argv)
    flags = ["--offline"] if found.offline else []
    flags += ["--target", "ephemeral"] if found.ephemeral else []
    try:
        _, settings = told(flags, environment)
    except SettingError as error:
        parser.error(str(error))
    return Options(
        settings=settings,
        start=found.start,
        only=_names(found.only),
        skip=_names(found.skip),
        resume=found.resume,
        as_json=found.as_json,
        verbose=found.verbose,
        workers=max(1, found.jobs),
        wait_seconds=found.wait,
        keep_stack=found.keep_stack,
        list_stages=found.list_stages,
        summary_only=found.summary_only,
    )


def _names(values: Sequence[str]) -> tuple[str, ...]:
    return tuple(name for value in values for name in value.split(",") if name)
