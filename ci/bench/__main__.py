"""``./ci/bench/ingest.sh``: the platform, Alertmanager and pgbench, one after the other."""

import argparse
import functools
import json
import os
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from costs import Meter
from loading import Load, Seen, send
from peers import Limit, PeerError, alertmanager, pgbench
from report import document, limits_table, ratios, ratios_table, table
from targets import Target, platform

CONNECTIONS = (1, 16, 64)
MODES = ("new", "duplicate", "resolve", "storm")
CLIENTS = (1, 16, 32)

# What was sent before is handed over and paged meanwhile, which is nobody's figure.
_REST_SECONDS = 2.0


def main(arguments: list[str]) -> int:
    """Measure, print and write; 1 when the platform refused or broke what it was sent."""
    parser = argparse.ArgumentParser(prog="./ci/bench/ingest.sh", description=__doc__)
    parser.add_argument("--seconds", type=float, default=6.0, help="of each figure")
    parser.add_argument("--quick", action="store_true", help="new alerts at 64 connections only")
    parser.add_argument("--out", type=Path, required=True, help="where ingest.json goes")
    options = parser.parse_args(arguments)
    loads = _loads(quick=options.quick)
    about: dict[str, Any] = {
        "measured_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "cores": os.cpu_count(),
        "seconds": options.seconds,
    }
    with platform() as target:
        about["target"] = target.kind
        print(f"the platform ({target.kind}) at {target.url}", flush=True)
        ours = _measure(loads, options.seconds, target.url, target.key, target.pids)
        print(table("The platform", ours), flush=True)
        limits = _limits(target, options.seconds)
    theirs: dict[Load, Seen] = {}
    try:
        with alertmanager() as peer:
            about["alertmanager_version"] = peer.version
            print(f"\nAlertmanager {peer.version}", flush=True)
            pids = {"alertmanager": peer.pid}
            theirs = _measure(loads, options.seconds, peer.url, None, lambda: pids)
            print(table(f"Alertmanager {peer.version}", theirs))
    except PeerError as error:
        print(f"not measured: {error}", file=sys.stderr)
    if limits:
        print(limits_table(limits))
    print(ratios_table(ratios(ours, theirs, limits)))
    options.out.mkdir(parents=True, exist_ok=True)
    path = options.out / "ingest.json"
    path.write_text(json.dumps(document(ours, theirs, limits, about), indent=2) + "\n")
    print(f"\nwritten: {path}")
    return 1 if any(seen.broken for seen in ours.values()) else 0


def _loads(*, quick: bool) -> list[Load]:
    if quick:
        return [Load("new", 64), Load("new", 16, 100)]
    alone = [Load(mode, count) for count in CONNECTIONS for mode in MODES]
    return [*alone, *(Load(mode, 16, 100) for mode in MODES)]


def _measure(
    loads: list[Load],
    seconds: float,
    url: str,
    key: str | None,
    pids: Callable[[], dict[str, int]],
) -> dict[Load, Seen]:
    found: dict[Load, Seen] = {}
    began = int(time.time())
    latest_new = ""
    for number, load in enumerate(loads):
        run = f"{began}-{number}"
        if load.mode == "new":
            latest_new = run
        # What ends has to have begun.
        of = latest_new if load.mode == "resolve" else run
        meter = functools.partial(Meter, pids)
        found[load] = send(url, load, seconds, run=of, key=key, meter=meter)
        print(f"  {load.name}: {found[load].alerts_per_second:.0f} alerts/s", flush=True)
        time.sleep(_REST_SECONDS)
    return found


def _limits(target: Target, seconds: float) -> list[Limit]:
    try:
        with target.pgbench.prepared() as prepared:
            return [pgbench(prepared, clients, seconds) for clients in CLIENTS]
    except PeerError as error:
        print(f"not measured: {error}", file=sys.stderr)
        return []


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
