"""images.json: which images a build made, by id, so that nobody behind it goes by a tag that moves.

python3 -m images.record write FILE SERVICE=REFERENCE ... [--without SERVICE ...]
python3 -m images.record list FILE      SERVICE<TAB>ID<TAB>MEGABYTES, for shell loops
python3 -m images.record check FILE     1 and a sentence when an image is gone from this Engine
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

SCHEMA = 1


def inspect(reference: str) -> dict[str, Any] | None:
    """What the Engine knows about an image, or None when it has no such image."""
    done = subprocess.run(
        ["docker", "image", "inspect", reference], capture_output=True, text=True, check=False
    )
    return json.loads(done.stdout)[0] if done.returncode == 0 else None


def read(path: Path) -> dict[str, dict[str, Any]]:
    """Service -> {reference, id, size} of an images.json."""
    document = json.loads(path.read_text(encoding="utf-8"))
    if document.get("schema") != SCHEMA:
        raise SystemExit(f"{path}: schema is {document.get('schema')!r}, not {SCHEMA}")
    images: dict[str, dict[str, Any]] = document["images"]
    return images


def write(path: Path, references: dict[str, str], without: Sequence[str]) -> None:
    """Record the images behind `references`; `without` names services that could not be built."""
    images: dict[str, dict[str, Any]] = {}
    for service, reference in sorted(references.items()):
        found = inspect(reference)
        if found is None:
            raise SystemExit(f"{service}: the build left no image {reference}")
        images[service] = {"reference": reference, "id": found["Id"], "size": found["Size"]}
    document = {"schema": SCHEMA, "images": images, "without": sorted(without)}
    path.write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")


def missing(path: Path) -> list[str]:
    """Sentences about images of the record that this Engine does not have."""
    return [
        f"{service}: image {image['id'][:19]} is gone from this Engine"
        for service, image in read(path).items()
        if inspect(image["id"]) is None
    ]


def main(argv: Sequence[str]) -> int:
    """See the top of this file."""
    action, path, rest = argv[0], Path(argv[1]), list(argv[2:])
    if action == "write":
        without = rest[rest.index("--without") + 1 :] if "--without" in rest else []
        pairs = rest[: rest.index("--without")] if "--without" in rest else rest
        write(path, dict(pair.split("=", 1) for pair in pairs), without)
    elif action == "list":
        for service, image in read(path).items():
            print(f"{service}\t{image['id']}\t{image['size'] / 1e6:.0f}")
    elif action == "check":
        gone = missing(path)
        print("\n".join(gone))
        return 1 if gone else 0
    else:
        raise SystemExit(f"unknown action {action}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
