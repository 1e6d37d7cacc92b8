"""`python3 -m release.recheck STACK_JSON`: does the stack still run as it was deployed?"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from release.engine import EngineError, Stack, docker


def main(path: Path) -> int:
    """0 when every container is healthy and of the deployed image; 1 and a sentence otherwise."""
    document = json.loads(path.read_text(encoding="utf-8"))
    stack = Stack(document["project"], Path(document["compose"]))
    try:
        containers = {container["Service"]: container["ID"] for container in stack.containers()}
        broken = stack.unhealthy()
        for service, image in document["images"].items():
            if service not in containers:
                broken.append(f"{service} has no container")
                continue
            running = docker("inspect", "--format", "{{.Image}}", containers[service]).strip()
            if running != image:
                broken.append(f"{service} runs another image than the one deployed")
    except (EngineError, OSError) as error:
        broken = [str(error).strip().splitlines()[-1]]
    if broken:
        print(f"the stack is not as deployed: {broken[0]}")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
