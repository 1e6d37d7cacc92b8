"""What a dashboard asks for: its panels, their queries, and the metrics those name."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[2]
DASHBOARDS = sorted((ROOT / "grafana" / "dashboards").glob("*.json"))
RULES = sorted((ROOT / "prometheus" / "rules").glob("*.yml"))

# What Grafana puts in before it asks Prometheus, with "All" chosen and scrapes 15 seconds apart.
_GRAFANA_VARIABLES = {
    "$__rate_interval": "1m",
    "$__interval": "1m",
    "$service": ".*",
    "$severity": ".*",
}
_SELECTOR = re.compile(r"\{[^}]*\}")
_RANGE = re.compile(r"\[[^\]]*\]")
_STRING = re.compile(r'"[^"]*"')
_OFFSET = re.compile(r"\boffset\s+-?[0-9a-z]+")
_GROUPING = re.compile(r"\b(?:by|without|on|ignoring|group_left|group_right)\s*\([^)]*\)")
_WORD = re.compile(r"[A-Za-z_:][A-Za-z0-9_:]*")
# A word before a bracket is a function; these stand alone.
_OPERATORS = frozenset({"and", "or", "unless", "bool", "by", "without", "on", "ignoring"})
# Counters and histograms are exposed under the name of their family and a suffix.
_SUFFIXES = ("_bucket", "_sum", "_count")


@dataclass(frozen=True)
class Query:
    """One query of one panel; ``span`` is the range its dashboard opens with, like ``7d``."""

    dashboard: str
    panel: str
    expr: str
    kind: str
    instant: bool
    span: str

    def as_prometheus_sees_it(self) -> str:
        """The expression with Grafana's variables put in."""
        expr = self.expr.replace("$__range", self.span)
        for variable, value in _GRAFANA_VARIABLES.items():
            expr = expr.replace(variable, value)
        return expr

    def __str__(self) -> str:
        return f"{self.dashboard}: {self.panel}"


def load(path: Path) -> dict[str, Any]:
    """A dashboard as JSON."""
    document: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return document


def panels(dashboard: dict[str, Any]) -> list[dict[str, Any]]:
    """The panels that show something, rows left out."""
    return [panel for panel in dashboard["panels"] if panel["type"] != "row"]


def queries() -> Iterator[Query]:
    """Every query of every panel."""
    for path in DASHBOARDS:
        dashboard = load(path)
        span = dashboard["time"]["from"].removeprefix("now-")
        for panel in panels(dashboard):
            for target in panel["targets"]:
                yield Query(
                    path.stem,
                    panel["title"],
                    target["expr"],
                    kind=panel["type"],
                    instant=target.get("instant", False),
                    span=span,
                )


def metric_names(expr: str) -> set[str]:
    """The series an expression reads, by name."""
    bare = expr
    for pattern in (_STRING, _SELECTOR, _RANGE, _OFFSET, _GROUPING):
        bare = pattern.sub(" ", bare)
    found = set()
    for word in _WORD.finditer(bare):
        called = bare[word.end() :].lstrip().startswith("(")
        if not called and word.group() not in _OPERATORS and word.group() != "$":
            found.add(word.group())
    return found


def rule_groups() -> Iterator[dict[str, Any]]:
    """Every rule of prometheus/rules/."""
    for path in RULES:
        for group in yaml.safe_load(path.read_text(encoding="utf-8"))["groups"]:
            yield from group["rules"]


def recorded_names() -> set[str]:
    """What the recording rules make."""
    return {rule["record"] for rule in rule_groups() if "record" in rule}


def asked_of_services() -> set[str]:
    """Every metric that a dashboard or a rule expects a service to expose."""
    named: set[str] = set()
    for query in queries():
        named |= metric_names(query.as_prometheus_sees_it())
    for rule in rule_groups():
        named |= metric_names(rule["expr"])
    ours = {name for name in named if not name.startswith("prometheus_") and ":" not in name}
    return ours - {"up", "ALERTS"}


def family(name: str, families: set[str]) -> str:
    """The family a series belongs to, given those that are exposed."""
    for suffix in _SUFFIXES:
        if name.endswith(suffix) and name.removesuffix(suffix) in families:
            return name.removesuffix(suffix)
    return name
