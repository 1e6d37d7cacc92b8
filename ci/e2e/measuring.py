"""An installation and the Prometheus that measures it, asked as a dashboard would."""

import contextlib
import math
import os
import shutil
import signal
import time
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import httpx
import yaml
from senders import PATH
from stack import Stack

from checks import dashboards
from vigie_testing.cluster import new_session_folder

SCRAPES_SECONDS = 5


class Measured:
    """An installation and its Prometheus."""

    def __init__(self, stack: Stack) -> None:
        self.stack = stack

    def measured(self, metric: str) -> bool:
        """Whether Prometheus has a sample of it by now."""
        return bool(self.prometheus("query", query=metric, time=str(time.time()))["result"])

    def prometheus(self, path: str, **query: str) -> Any:
        """The data of an answer of Prometheus."""
        address = f"{self.stack.url('prometheus')}/api/v1/{path}"
        answer = httpx.get(address, params=query, timeout=60, trust_env=False)
        assert answer.status_code == 200, answer.text
        return answer.json()["data"]

    def reload(self) -> None:
        """Let Prometheus read its configuration and rules anew."""
        pid = self.stack.pid("prometheus")
        assert pid is not None
        os.kill(pid, signal.SIGHUP)

    def value(self, expr: str, ago: timedelta = timedelta()) -> float:
        """The one value of an expression; NaN when it has none."""
        result = self.prometheus("query", query=expr, time=str(time.time() - ago.total_seconds()))
        return float(result["result"][0]["value"][1]) if result["result"] else math.nan


@contextlib.contextmanager
def measured_installation(
    *, tells: bool = False, patience: str = "", **settings: str
) -> Iterator[Stack]:
    """A fresh installation with a Prometheus in a hurry (see ``hurry``), until the end."""
    folder = new_session_folder()
    stack = Stack.make(folder / "state", PATH=PATH, **settings)
    try:
        stack.start()
        hurry(stack, tells=tells, patience=patience)
        yield stack
    finally:
        stack.stop()
        shutil.rmtree(folder)


def hurry(stack: Stack, *, tells: bool = False, patience: str = "") -> None:
    """Let Prometheus measure every few seconds, as docker-compose.ci.yml does, and tell nobody.

    What it ``tells`` about a busy machine would be incidents beside those of the test.
    ``patience`` replaces how long each alert waits before it fires.
    """
    run = stack.installation.run
    rules = run / "rules"
    rules.mkdir()
    for file in dashboards.RULES:
        document = yaml.safe_load(file.read_text(encoding="utf-8"))
        for group in document["groups"]:
            group["interval"] = f"{SCRAPES_SECONDS}s"
            for rule in group["rules"]:
                if patience and "for" in rule:
                    rule["for"] = patience
        (rules / file.name).write_text(yaml.safe_dump(document), encoding="utf-8")
    config = yaml.safe_load((run / "prometheus.yml").read_text(encoding="utf-8"))
    often = f"{SCRAPES_SECONDS}s"
    config["global"] |= {"scrape_interval": often, "evaluation_interval": often}
    config["rule_files"] = [f"{rules}/*.yml"]
    if not tells:
        del config["alerting"]
    (run / "prometheus.yml").write_text(yaml.safe_dump(config), encoding="utf-8")
    Measured(stack).reload()
