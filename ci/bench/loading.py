"""wrk sends alerts; what it saw."""

import json
import os
import subprocess
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from costs import Costs, Meter

SCRIPT = Path(__file__).with_name("load.lua")


@dataclass(frozen=True)
class Load:
    """One kind of load: ``mode`` of load.lua, connections at once, alerts of one request."""

    mode: str
    connections: int
    batch: int = 1

    @property
    def name(self) -> str:
        """As it stands in the table."""
        alone = "one a request" if self.batch == 1 else f"{self.batch} a request"
        return f"{self.mode}, {alone}, {self.connections} connections"


@dataclass(frozen=True)
class Seen:
    """What a load came to; times in milliseconds, ``costs`` of the processes that served it."""

    alerts_per_second: float
    requests_per_second: float
    p50: float
    p95: float
    p99: float
    refused: int
    broken: int
    costs: Costs

    def document(self) -> dict[str, Any]:
        """As JSON."""
        return asdict(self)


class LoadError(Exception):
    """wrk did not come to an end; the message is what it said."""


def send(
    url: str, load: Load, seconds: float, *, run: str, key: str | None, meter: Callable[[], Meter]
) -> Seen:
    """Load an address for some seconds.

    ``run`` is in the labels of every alert: a resolve is about the new ones of the same run.

    Raises:
        LoadError: wrk failed.
    """
    environment = {
        "PATH": os.environ.get("PATH", os.defpath),
        "MODE": load.mode,
        "BATCH": str(load.batch),
        "RUN": run,
    }
    if key is not None:
        environment["KEY"] = key
    command = ["wrk", "-t1", f"-c{load.connections}", f"-d{seconds:g}s", "--timeout", "30s"]
    with meter() as costs:
        done = subprocess.run(
            [*command, "-s", str(SCRIPT), url],
            env=environment,
            capture_output=True,
            text=True,
            timeout=seconds + 90,
            check=False,
        )
    return seen(done.stdout, done.stderr, load.batch, costs.spent())


def seen(output: str, errors: str, batch: int, costs: Costs) -> Seen:
    """What wrk's output tells.

    Raises:
        LoadError: it does not hold the line that load.lua writes at its end.
    """
    line = next((one for one in output.splitlines() if one.startswith("RESULT ")), None)
    if line is None:
        raise LoadError(f"{output}\n{errors}".strip())
    told = json.loads(line.removeprefix("RESULT "))
    rate = told["requests"] / told["seconds"]
    return Seen(
        alerts_per_second=rate * batch,
        requests_per_second=rate,
        p50=told["p50"],
        p95=told["p95"],
        p99=told["p99"],
        refused=told["refused"],
        broken=told["broken"],
        costs=costs,
    )
