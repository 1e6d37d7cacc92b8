"""`python3 -m release.evidence STACK_JSON FOLDER`: state and last logs of a stack that failed."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from release.engine import Stack

if __name__ == "__main__":
    described = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    Stack(described["project"], Path(described["compose"])).evidence(Path(sys.argv[2]))
