"""`python3 -m testing.story RECORD FINDINGS REASON`: which tests failed, for people and for GitHub.

Adds to the findings of the summary, writes the reason of the stage (an empty one when all went well
and pytest came to its end), and prints an annotation a failing test where GitHub reads them.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

_NAMED = 3  # tests in the reason; the summary has all
_ANNOTATIONS = 9  # GitHub shows ten errors of a step, and the reason is one


@dataclass(frozen=True)
class Failure:
    """A failing test, or a file that could not be collected."""

    node: str
    file: str
    line: int
    message: str

    @property
    def annotation(self) -> str:
        """A line that GitHub shows beside the code."""
        where = f"file={_property(self.file)},line={self.line}," if self.file else ""
        title = _property(self.node.rpartition("::")[2])
        return f"::error {where}title={title}::{_escaped(f'{self.node}: {self.message}')}"


@dataclass
class Story:
    """What a record tells."""

    failures: dict[str, Failure] = field(default_factory=dict)
    running: dict[str, None] = field(default_factory=dict)

    @property
    def reason(self) -> str:
        """The failing tests by name, and what was running when pytest ended too early."""
        named = [f"{it.node}: {it.message}" for it in list(self.failures.values())[:_NAMED]]
        if len(self.failures) > _NAMED:
            named.append(f"and {len(self.failures) - _NAMED} more")
        if self.running:
            named.append(f"pytest ended while it ran {', '.join(self.running)}")
        return "; ".join(named)


def read(lines: Iterable[str]) -> Story:
    """The story of a record; its last line may be cut short."""
    story = Story()
    for line in lines:
        try:
            entry = json.loads(line)
        except json.JSONDecodeError:
            continue
        if "started" in entry:
            story.running[entry["started"]] = None
        elif "ended" in entry:
            story.running.pop(entry["ended"], None)
        else:
            # The first fault of a test is the one to look at.
            failure = Failure(entry["failed"], entry["file"], entry["line"], entry["message"])
            story.failures.setdefault(failure.node, failure)
            story.running.pop(failure.node, None)
    return story


def main(argv: Sequence[str]) -> int:
    """See the top of this file."""
    record, findings, reason = map(Path, argv)
    lines = record.read_text(encoding="utf-8").splitlines() if record.is_file() else []
    story = read(lines)
    with findings.open("a", encoding="utf-8") as file:
        for failure in story.failures.values():
            message = " ".join(failure.message.split())
            file.write(f"FAILED\t{failure.node}\t{message}\n")
    if os.environ.get("GITHUB_ACTIONS"):
        for failure in list(story.failures.values())[:_ANNOTATIONS]:
            print(failure.annotation)
    reason.write_text(" ".join(story.reason.split()), encoding="utf-8")
    return 0


def _escaped(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _escaped(text).replace(":", "%3A").replace(",", "%2C")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
