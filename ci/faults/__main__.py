"""``./ci/drills.sh DRILL...``: do harm to an installation, and count what is lost."""

import argparse
import json
import os
import shutil
import sys
import time
from pathlib import Path

from harm import small_disk
from scenarios import DRILLS, perform, staged
from verdict import faults, table
from watching import limits

from vigie_local.installation import REPOSITORY
from vigie_testing.cluster import new_session_folder

DISK_MEGABYTES = 400


def main(arguments: list[str]) -> int:
    """Run the named drills, one after the other; 1 when one of them found a fault."""
    parser = argparse.ArgumentParser(prog="./ci/drills.sh", description=__doc__)
    parser.add_argument("drill", nargs="+", choices=[*DRILLS, "all"])
    parser.add_argument("--out", type=Path, required=True, help="where the findings go, as JSON")
    options = parser.parse_args(arguments)
    names = list(DRILLS) if "all" in options.drill else options.drill
    bad = 0
    for name in names:
        bad += _run(name, options.out)
    return 1 if bad else 0


def _run(name: str, out: Path) -> bool:
    drill = DRILLS[name]
    print(f"== {name}: {drill.run.__doc__}", flush=True)
    if name == "disk" and os.geteuid() != 0:
        print("not proved: a disk that can be filled needs root, to mount one")
        return False
    folder = new_session_folder()
    began = time.monotonic()
    try:
        if name == "disk":
            with (
                small_disk(folder, DISK_MEGABYTES) as state,
                staged(folder, state, **drill.settings) as stage,
            ):
                findings = perform(stage, drill)
        else:
            with staged(folder, **drill.settings) as stage:
                findings = perform(stage, drill)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    allowed = limits(REPOSITORY)
    found = faults(findings, allowed, drill.critical_p95)
    print(table(findings, allowed))
    print(f"{name}: {'; '.join(found) if found else 'good'} ({time.monotonic() - began:.0f} s)\n")
    out.mkdir(parents=True, exist_ok=True)
    findings.faults = found
    document = findings.document()
    (out / f"{name}.json").write_text(json.dumps(document, indent=2) + "\n")
    return bool(found)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
