"""Which files `actions/upload-artifact` would take, and where in the artifact it would put them.

Source of the rules: src/shared/search.ts of that action and @actions/glob. They matter because an
artifact with other paths inside would let a workflow pass under act and fail on GitHub.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path

GLOB_CHARACTERS = re.compile(r"[*?\[]")


@dataclass(frozen=True)
class Selection:
    """Absolute files, and the folder that their names in the artifact are relative to."""

    root: Path
    files: tuple[Path, ...]


def select(path_input: str, *, base: Path, include_hidden: bool) -> Selection:
    """The files of the action's `path` input: one pattern a line, `!` excludes, `#` comments.

    Args:
        path_input: the input as written in the workflow.
        base: the folder that relative patterns start from (the workspace).
        include_hidden: the action's include-hidden-files.
    """
    patterns = _patterns(path_input, base)
    starts = _search_paths([pattern for pattern, excluded in patterns if not excluded])
    found: dict[Path, None] = {}
    for start in starts:
        for file in _walk(start, include_hidden=include_hidden):
            if _taken(file, patterns):
                found[file] = None
    files = tuple(sorted(found))
    return Selection(root=_root(starts, files, base), files=files)


def _patterns(path_input: str, base: Path) -> list[tuple[str, bool]]:
    patterns = []
    for raw in path_input.splitlines():
        line = raw.strip()
        if not line or line.startswith("#"):
            continue
        excluded = line.startswith("!")
        pattern = os.path.expanduser(line.removeprefix("!"))  # noqa: PTH111 - a pattern, not a path
        patterns.append((os.path.normpath(base / pattern), excluded))
    return patterns


def _search_paths(patterns: list[str]) -> list[Path]:
    """The literal beginning of each pattern; one inside another is left out."""
    literal = []
    for pattern in patterns:
        parts: list[str] = []
        for part in Path(pattern).parts:
            if GLOB_CHARACTERS.search(part):
                break
            parts.append(part)
        literal.append(Path(*parts))
    unique = list(dict.fromkeys(literal))
    return [path for path in unique if not any(other in path.parents for other in unique)]


def _walk(start: Path, *, include_hidden: bool) -> list[Path]:
    # The start's own name counts as well: `path: .ci-out` alone selects nothing.
    if not start.exists() or (not include_hidden and start.name.startswith(".")):
        return []
    if not start.is_dir():
        return [start]
    files: list[Path] = []
    for child in sorted(start.iterdir()):
        files.extend(_walk(child, include_hidden=include_hidden))
    return files


def _taken(file: Path, patterns: list[tuple[str, bool]]) -> bool:
    taken = False
    for pattern, excluded in patterns:
        expression = _expression(pattern)
        # A pattern that matches a folder takes, or leaves out, everything under it.
        if any(expression.fullmatch(str(path)) for path in (file, *file.parents)):
            taken = not excluded
    return taken


def _expression(pattern: str) -> re.Pattern[str]:
    pieces = []
    index = 0
    while index < len(pattern):
        if pattern.startswith("**/", index):
            pieces.append("(?:[^/]+/)*")
            index += 3
        elif pattern.startswith("**", index):
            pieces.append(".*")
            index += 2
        else:
            character = pattern[index]
            pieces.append({"*": "[^/]*", "?": "[^/]"}.get(character, re.escape(character)))
            index += 1
    return re.compile("".join(pieces))


def _root(starts: list[Path], files: tuple[Path, ...], base: Path) -> Path:
    if not starts:
        return base
    if len(starts) > 1:
        return Path(os.path.commonpath(starts))
    if files == (starts[0],):
        return starts[0].parent
    return starts[0]
