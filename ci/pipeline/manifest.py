"""manifest.sha256: what a stage left behind, in the format of `sha256sum --check`.

Written last, so that a folder without one is a stage that did not finish. It covers every file of
the folder but itself: an artifact that changed, appeared or vanished on its way to the next stage
is named, and nothing is read from it.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

NAME = "manifest.sha256"


class ArtifactError(Exception):
    """What a stage handed on cannot be trusted; the message names the file and the reason."""


def sha256_of(path: Path) -> str:
    """Hex digest of a file's content."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def write(folder: Path) -> Path:
    """Write the manifest of `folder` and return its path."""
    lines = [f"{sha256_of(folder / name)}  {name}\n" for name in _files(folder)]
    path = folder / NAME
    path.write_text("".join(lines), encoding="utf-8")
    return path


def check(folder: Path) -> None:
    """Raise ArtifactError unless `folder` is exactly what its manifest says."""
    stage = folder.name
    path = folder / NAME
    if not path.is_file():
        raise ArtifactError(f"{stage}: {path} is missing: the stage did not run to its end here")
    recorded: dict[str, str] = {}
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        digest, separator, name = line.partition("  ")
        if not separator:
            raise ArtifactError(f"{stage}: {path}:{number} is not a line of a manifest")
        recorded[name] = digest
    present = set(_files(folder))
    for name in sorted(recorded.keys() - present):
        raise ArtifactError(f"{stage}: {folder / name} is in the manifest but missing")
    for name in sorted(present - recorded.keys()):
        raise ArtifactError(
            f"{stage}: {folder / name} is not in the manifest: it came from elsewhere"
        )
    for name, digest in recorded.items():
        if sha256_of(folder / name) != digest:
            raise ArtifactError(f"{stage}: {folder / name} was changed after the stage wrote it")


def digest_of_outputs(folder: Path, outputs: tuple[str, ...]) -> str:
    """One digest over the declared outputs alone (not over logs and timings).

    Two runs that made the same thing have the same digest, which is how --resume knows that the
    stages behind need not run again.
    """
    total = hashlib.sha256()
    for output in sorted(outputs):
        target = folder / output
        names = [output] if target.is_file() else [f"{output}/{name}" for name in _files(target)]
        for name in names:
            total.update(f"{name}\0{sha256_of(folder / name)}\n".encode())
    return total.hexdigest()


def _files(folder: Path) -> list[str]:
    return sorted(
        path.relative_to(folder).as_posix()
        for path in folder.rglob("*")
        if path.is_file() and path.relative_to(folder).as_posix() != NAME
    )
