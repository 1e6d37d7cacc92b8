"""The digest of everything that decides a stage's result: for --resume, against stale outputs."""

from __future__ import annotations

import hashlib
import os
import subprocess
from collections.abc import Mapping
from pathlib import Path

from pipeline.graph import Stage
from pipeline.manifest import sha256_of

HISTORY = "@history"


class Inputs:
    """Digests for one run; a file is read once however many stages name it.

    Content comes from the working tree (what the stages see), the list of files from git (tracked,
    and untracked unless ignored). Outside a git checkout every file below the inputs counts.
    """

    def __init__(self, root: Path, environment: Mapping[str, str]) -> None:
        self._root = root
        self._environment = environment
        self._digests: dict[str, str] = {}

    def digest(self, stage: Stage, taken: Mapping[str, str], arguments: tuple[str, ...]) -> str:
        """Hex digest of the stage's definition, files, arguments, settings and taken artifacts.

        `taken`: stage name -> digest of the outputs it takes from there.
        """
        total = hashlib.sha256()

        def add(kind: str, name: str, value: str) -> None:
            total.update(f"{kind}\0{name}\0{value}\n".encode())

        add("stage", stage.name, repr((stage.script, stage.outputs, stage.takes)))
        for argument in arguments:
            add("argument", argument, "")
        for name in stage.settings:
            add("environment", name, self._environment.get(name, ""))
        for name in sorted(taken):
            add("takes", name, taken[name])
        for name in self._files(stage):
            add("file", name, self._file(name))
        if HISTORY in stage.inputs:
            add("history", "commits", self._git("rev-list", "--all", "HEAD"))
        return total.hexdigest()

    def _files(self, stage: Stage) -> list[str]:
        patterns = [pattern for pattern in stage.inputs if pattern != HISTORY]
        listed: set[str] = set()
        if patterns:
            output = self._git(
                "ls-files", "-z", "--cached", "--others", "--exclude-standard", "--", *patterns
            )
            listed = {name for name in output.split("\0") if name}
        listed |= {name for name in stage.local_inputs if (self._root / name).exists()}
        return sorted(listed)

    def _file(self, name: str) -> str:
        if name not in self._digests:
            path = self._root / name
            if path.is_symlink():
                value = f"link {path.readlink()}"
            elif path.is_file():
                value = f"{'x' if os.access(path, os.X_OK) else '-'} {sha256_of(path)}"
            else:
                value = "gone"
            self._digests[name] = value
        return self._digests[name]

    def _git(self, *arguments: str) -> str:
        return subprocess.run(
            ["git", "-C", str(self._root), *arguments], check=True, capture_output=True, text=True
        ).stdout
