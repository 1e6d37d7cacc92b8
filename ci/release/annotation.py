"""A mark in Grafana where a deployment was: dashboards show it beside what changed since."""

from __future__ import annotations

import json
import subprocess

from release.engine import EngineError, Stack

TAGS = ["vigie", "deployment"]

# Inside the container of Grafana, where its password is a file: it stands in no argument list, and
# the port need not be published. --config reads what follows from standard input.
_WRITE = """
printf 'user = "admin:%s"' "$(cat /run/secrets/grafana/grafana_admin_password)" |
  curl --config - --fail --silent --show-error --max-time 10 --output /dev/null \
    --header 'Content-Type: application/json' --data "$1" http://127.0.0.1:3000/api/annotations
"""


def deployed(stack: Stack, release: str, commit: str) -> str:
    """Write it; the sentence about what came of it. A deployment is none the worse without."""
    body = json.dumps({"tags": TAGS, "text": f"Deployed {release} (commit {commit})"})
    try:
        if not any(it["Service"] == "grafana" for it in stack.containers()):
            return "no annotation: Grafana does not run here"
        stack.compose("exec", "--no-TTY", "grafana", "sh", "-euc", _WRITE, "sh", body)
    except (EngineError, subprocess.TimeoutExpired) as error:
        return f"no annotation was written to Grafana: {str(error).splitlines()[-1]}"
    return "annotated in Grafana"
