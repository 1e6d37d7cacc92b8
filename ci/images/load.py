"""`python3 -m images.load FOLDER`: makes sure this Engine has the images that a build recorded.

On the machine that built them they are there. On another one (a later job on GitHub) they come out
of images.tar.gz, which the build handed on and whose digest the manifest of the stage covers.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from images.record import missing

_ARTIFACT = 21


def main(argv: Sequence[str]) -> int:
    """0 when every recorded id is in the Engine; 21 and a sentence otherwise."""
    folder = Path(argv[0])
    record, archive = folder / "images.json", folder / "images.tar.gz"
    gone = missing(record)
    if gone and archive.is_file():
        subprocess.run(["docker", "load", "--quiet", "--input", str(archive)], check=True)
        gone = missing(record)
    for sentence in gone:
        print(f"{sentence}; run ./ci/build.sh again")
    return _ARTIFACT if gone else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
