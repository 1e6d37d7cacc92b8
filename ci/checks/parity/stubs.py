"""A repository in which every stage of the real graph only writes down that it ran and with what.

The engine (ci/pipeline, ci/lib.sh, pipeline.sh, gate.sh) and ci/stages.toml are the real ones.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipeline.graph import Graph, load

REAL = Path(__file__).resolve().parents[3]

# Outputs are made of what was taken, so that a wrong artifact changes everything behind it.
# PARITY_FAIL names a stage that finds a fault, PARITY_HOLD one that waits for the file `release`.
_STUB = r"""#!/usr/bin/env bash
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
stage_begin @NAME@ "$@"
content="@NAME@"
for taken in @TAKES@; do
  content+=" $(cd "$CI_OUT/$taken" && sha256sum @OUTPUTS_OF_TAKEN@)"
done
for output in @OUTPUTS@; do printf '%s\n' "$content" >"$OUT/$output"; done
digest="$(sha256sum <<<"$content" | cut -c1-64)"
printf '{"stage": "@NAME@", "arguments": "%s", "offline": "%s", "ci": "%s", "content": "%s"}\n' \
  "${STAGE_ARGS[*]}" "$OFFLINE" "${CI:-}" "$digest" >>"$PARITY_TRACE"
if [[ "${PARITY_HOLD:-}" == @NAME@ ]]; then
  wait_until 30 "the release" test -e "$PARITY_TRACE.release"
fi
[[ "${PARITY_FAIL:-}" != @NAME@ ]] || fail "planted"
"""

# An Engine that answers: pipeline.sh asks before a stage that needs one, and no stub uses it.
_DOCKER = r"""#!/usr/bin/env bash
case "$*" in
  info | "compose version") exit 0 ;;
esac
echo "docker $*: a stub stage called Docker" >&2
exit 1
"""

_TEARDOWN = r"""#!/usr/bin/env bash
printf '{"stage": "teardown", "arguments": "%s", "ci": "%s"}\n' "$*" "${CI:-}" >>"$PARITY_TRACE"
"""


@dataclass(frozen=True)
class StubRepository:
    """The checkout, the file that its stages append a line to, and the tools of its machine."""

    root: Path
    trace: Path
    tools: Path

    @property
    def graph(self) -> Graph:
        """Its graph, which is the real one."""
        return load(self.root / "ci" / "stages.toml")

    def ran(self) -> list[dict[str, Any]]:
        """What ran since the start, in order."""
        if not self.trace.exists():
            return []
        return [json.loads(line) for line in self.trace.read_text(encoding="utf-8").splitlines()]


def make(folder: Path) -> StubRepository:
    """Build the repository under `folder`, committed, as a clone would have it."""
    root = folder / "repository"
    ignored = shutil.ignore_patterns("tests", "__pycache__")
    for name in ("pipeline", "checks", "act"):
        shutil.copytree(REAL / "ci" / name, root / "ci" / name, ignore=ignored)
    for name in ("lib.sh", "pipeline.sh", "gate.sh", "stages.toml"):
        shutil.copy2(REAL / "ci" / name, root / "ci" / name)
    (root / ".gitignore").write_text(".ci-out/\n", encoding="utf-8")
    graph = load(root / "ci" / "stages.toml")
    for stage in graph.stages:
        outputs_taken = sorted({out for name in stage.takes for out in graph[name].outputs})
        text = _STUB.replace("@NAME@", stage.name)
        text = text.replace("@TAKES@", " ".join(stage.takes))
        text = text.replace("@OUTPUTS_OF_TAKEN@", " ".join(outputs_taken))
        text = text.replace("@OUTPUTS@", " ".join(stage.outputs))
        _script(root / stage.script, text)
    _script(root / "ci" / "teardown.sh", _TEARDOWN)
    tools = folder / "tools"
    tools.mkdir()
    _script(tools / "docker", _DOCKER)
    git = [
        "git",
        "-C",
        str(root),
        "-c",
        "user.name=parity",
        "-c",
        "user.email=parity@example.invalid",
    ]
    for command in (["init", "-q", "-b", "main"], ["add", "-A"], ["commit", "-q", "-m", "stubs"]):
        subprocess.run([*git, *command], check=True)
    return StubRepository(root, folder / "trace.jsonl", tools)


def plain_environment() -> dict[str, str]:
    """What a stage starts with: nothing of the run that these checks are part of."""
    kept = {key: os.environ[key] for key in ("HOME", "LANG", "TMPDIR") if key in os.environ}
    # This very Python first: a version manager's shim would cost a third of a second a start.
    return kept | {"PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}


def _script(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8")
    path.chmod(0o755)
