"""`python3 -m verification ROOT OUT (--stack STACK_JSON | --local)`: what ci/verify.sh runs.

Prints a line a check. Exit code 0 when all hold, 1 with "FAILED: ..." as the last line otherwise.
Writes OUT/verification.json, and what could not be verified into OUT/unproved.txt.
"""

from __future__ import annotations

import json
import sys
import time
import uuid
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from verification import flow, health, people, target, watching
from verification.senders import Alertmanager, Native, Webhook
from verification.target import Target
from verification.web import VerificationError

Check = tuple[str, Callable[[], str]]


def checks(found: Target, root: Path) -> list[Check]:
    """Everything that is looked at, in order; each returns what it saw or raises."""
    run = uuid.uuid4().hex[:16]
    wanted: list[Check] = []
    for service in found.services:
        wanted.append((f"{service.name} healthy", partial(health.alive_and_ready, service)))
        wanted.append(
            (f"{service.name} described", partial(health.measured_and_described, service))
        )
    wanted.append(("web-ui front page", partial(health.front_page, found.web)))
    if found.prometheus is not None:
        wanted.append(("prometheus targets", partial(watching.targets, found.prometheus)))
        wanted.append(("prometheus rules", partial(watching.rules, found.prometheus)))
        wanted.append(("database figures", partial(watching.sessions, found.prometheus)))
    if found.grafana is not None:
        boards = root / "grafana" / "dashboards"
        wanted.append(("grafana dashboards", partial(watching.dashboards, found.grafana, boards)))
    wanted.append(("somebody to page", partial(people.prepare, found.oncall)))
    wanted.append(("flow /api/v1/alerts", partial(flow.walk, found, Native(run), by_hand=True)))
    wanted.append(
        ("flow /api/v2/alerts", partial(flow.walk, found, Alertmanager(run), by_hand=False))
    )
    wanted.append(
        ("flow webhook v4", partial(flow.walk, found, Webhook(run), by_hand=False)),
    )
    return wanted


def main(argv: Sequence[str]) -> int:
    """See the top of this file."""
    root, out = Path(argv[0]), Path(argv[1])
    results: list[dict[str, object]] = []
    name = "finding the stack"
    try:
        found = (
            target.of_local(root) if argv[2] == "--local" else target.of_stack(root, Path(argv[3]))
        )
        for name, look in checks(found, root):
            started = time.monotonic()
            seen = look()
            seconds = time.monotonic() - started
            print(f"{name:<32} {seconds:6.1f} s  {seen}", flush=True)
            results.append({"check": name, "seconds": round(seconds, 2), "seen": seen})
    except (VerificationError, AssertionError) as error:
        print(f"FAILED: {name}: {error}")
        return 1
    document = {"target": found.kind, "checks": results}
    text = json.dumps(document, indent=2) + "\n"
    (out / "verification.json").write_text(text, encoding="utf-8")
    missing = [
        sentence
        for service, sentence in (
            (found.prometheus, "Prometheus: it does not run here; figures were read from /metrics"),
            (found.grafana, "dashboards in Grafana itself: it does not run here"),
        )
        if service is None
    ]
    with (out / "unproved.txt").open("a", encoding="utf-8") as file:
        file.writelines(f"{sentence}\n" for sentence in missing)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
