"""The digest of everything that decides a stage's result: for --resume, against stale outputs.

Nobody lists a stage's files by hand: one that was forgotten there would be a green run on an old
image. The whole tree counts, and what a stage reads from outside it: .env, the settings, the files
that either names, and git's history where the stage says that it reads it.
"""

from __future__ import annotations

import hashlib
import os
import re
import subprocess
from collections.abc import Mapping
from pathlib import Path

from pipeline.graph import Stage
from pipeline.manifest import sha256_of

# Ignored by git, read by compose.
DOT_ENV = ".env"
_COMPOSE_FILES = ("docker-compose.yml", "docker-compose.ci.yml")
_SETTING = re.compile(r"(VIGIE|COMPOSE)_\w+")
_INTERPOLATED = re.compile(r"\$\{(\w+)")
_DOT_ENV_LINE = re.compile(r"^\s*(?:export\s+)?(\w+)\s*=\s*['\"]?([^'\"\n]*)", re.MULTILINE)
# Of the run, not of its result; a stage that they do change names them in its `settings`.
_OF_THE_RUN = {
    "VIGIE_CI_OUT",
    "VIGIE_OFFLINE",
    "VIGIE_RUN_ID",
    "VIGIE_STAGE",
    "VIGIE_STAGE_MARKER",
    "VIGIE_TARGET",
}
_GIT_ANSWERS = {"commit": ("rev-parse", "HEAD"), "history": ("rev-list", "--all", "HEAD")}


class Inputs:
    """Digests for one run; the tree is read once however many stages ask.

    Content comes from the working tree (what the stages see), the list of files from git: tracked,
    and untracked unless ignored.
    """

    def __init__(self, root: Path, environment: Mapping[str, str]) -> None:
        self._root = root
        self._environment = environment
        self._common: str | None = None

    def digest(self, stage: Stage, taken: Mapping[str, str], arguments: tuple[str, ...]) -> str:
        """Hex digest of the tree, the settings, the stage's definition, arguments and artifacts.

        `taken`: stage name -> digest of the outputs it takes from there.
        """
        if self._common is None:
            self._common = _digest(self._everything())
        return _digest(
            {
                "everything": self._common,
                "stage": repr((stage.name, stage.script, stage.outputs, stage.takes)),
                "arguments": repr(arguments),
                **{f"setting {name}": self._environment.get(name, "") for name in stage.settings},
                **{f"takes {name}": value for name, value in taken.items()},
                **{f"reads {what}": self._git(*_GIT_ANSWERS[what]) for what in stage.reads},
            }
        )

    def _everything(self) -> dict[str, str]:
        listed = self._git("ls-files", "-z", "--cached", "--others", "--exclude-standard")
        files = {name for name in listed.split("\0") if name} | {DOT_ENV}
        settings = self._settings()
        files |= {value for value in settings.values() if value}
        return {
            **{f"setting {name}": value for name, value in settings.items()},
            # A setting that names no file, such as a port, adds nothing here.
            **{f"file {name}": content for name in files if (content := self._file(name))},
        }

    def _settings(self) -> dict[str, str]:
        """What compose and the scripts are told, by this shell or by .env."""
        told = set()
        for name in _COMPOSE_FILES:
            path = self._root / name
            if path.is_file():
                told |= set(_INTERPOLATED.findall(path.read_text(encoding="utf-8")))
        found = {}
        dot_env = self._root / DOT_ENV
        if dot_env.is_file():
            found = dict(_DOT_ENV_LINE.findall(dot_env.read_text(encoding="utf-8")))
        for name, value in self._environment.items():
            if (_SETTING.fullmatch(name) or name in told) and name not in _OF_THE_RUN:
                found[name] = value
        return found

    def _file(self, name: str) -> str:
        """The content of a file or link as a digest; "" where there is none."""
        path = self._root / name
        try:
            if path.is_symlink():
                return f"link {path.readlink()}"
            if path.is_file():
                return f"{'x' if os.access(path, os.X_OK) else '-'} {sha256_of(path)}"
        except OSError:  # a setting that no path can be
            return ""
        return ""

    def _git(self, *arguments: str) -> str:
        return subprocess.run(
            ["git", "-C", str(self._root), *arguments], check=True, capture_output=True, text=True
        ).stdout


def _digest(parts: Mapping[str, str]) -> str:
    total = hashlib.sha256()
    for name in sorted(parts):
        total.update(f"{name}\0{parts[name]}\n".encode(errors="surrogateescape"))
    return total.hexdigest()
