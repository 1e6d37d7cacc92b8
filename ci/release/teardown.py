"""`python3 -m release.teardown CI_OUT`: removes the ephemeral stacks of a checkout."""

from __future__ import annotations

import sys
from pathlib import Path

from pipeline.kinds import Exit
from release.engine import EngineError
from release.ephemeral import remove_all


def main(ci_out: Path) -> int:
    """0 when nothing of them is left; 23 and what could not be removed otherwise."""
    try:
        for project in remove_all(ci_out):
            print(f"removed {project}")
    except EngineError as error:
        print(f"FAILED: {error}")
        return Exit.STRANDED
    return Exit.OK


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
