"""A PATH of one folder, for a machine that lacks a command or has another in its place."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from pathlib import Path


def make(folder: Path, *, without: Iterable[str] = (), scripts: Mapping[str, str] = {}) -> Path:
    """Every command of this machine but those in `without`; `scripts` are put in, by name."""
    folder.mkdir()
    given = [Path(entry) for entry in os.environ["PATH"].split(os.pathsep)]
    for command in (command for entry in given if entry.is_dir() for command in entry.iterdir()):
        # The first on PATH wins.
        if command.name not in {*without, *scripts} and not (folder / command.name).is_symlink():
            (folder / command.name).symlink_to(command)
    for name, script in scripts.items():
        (folder / name).write_text(script, encoding="utf-8")
        (folder / name).chmod(0o755)
    return folder
