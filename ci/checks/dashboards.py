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

SCRAPE_SECONDS = 15
# Grafana's own, where a panel says nothing else; a graph is about as wide on a usual screen.
_POINTS = 1000
# Below which wanted interval Grafana chooses which (roundInterval of its kbn.ts), in seconds.
_ROUNDED = (
    (17.5, 15), (25, 20), (45, 30), (90, 60), (210, 120), (450, 300), (750, 600), (1050, 900),
    (1500, 1200), (2700, 1800), (5400, 3600), (9000, 7200), (16200, 10800), (32400, 21600),
    (86400, 43200), (604800, 86400),
)  # fmt: skip
_LONGEST = 604800
FILTERS = ("severity", "team")
_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
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
    """One query of one panel.

    ``name`` is its legend, or of a table the title of its column. ``points`` and ``least`` are the
    most points its panel asks for, and the seconds between them at least.
    """

    dashboard: str
    panel: str
    expr: str
    kind: str
    instant: bool
    unit: str
    name: str
    points: int = _POINTS
    least: int = SCRAPE_SECONDS

    def step(self, span: int) -> int:
        """Seconds between the points of a graph over ``span`` seconds, as Grafana chooses them."""
        wanted = max(span / self.points, self.least)
        return next((rounded for below, rounded in _ROUNDED if wanted < below), _LONGEST)

    def as_prometheus_sees_it(self, span: int, **chosen: str) -> str:
        """The expression with Grafana's variables put in, over the last ``span`` seconds.

        ``chosen`` are values of the dashboard's filters; everything, where none is given.
        """
        step = self.step(span)
        values = {
            "$__range": f"{span}s",
            "$__rate_interval": f"{max(step + SCRAPE_SECONDS, 4 * SCRAPE_SECONDS)}s",
            "$__interval": f"{step}s",
            **{f"${name}": chosen.get(name, ".*") for name in FILTERS},
        }
        expr = self.expr
        for variable, value in values.items():
            expr = expr.replace(variable, value)
        return expr

    def __str__(self) -> str:
        return f"{self.dashboard}: {self.panel}: {self.name}"


def load(path: Path) -> dict[str, Any]:
    """A dashboard as JSON."""
    document: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return document


def panels(dashboard: dict[str, Any]) -> list[dict[str, Any]]:
    """The panels that show something, rows left out."""
    return [panel for panel in dashboard["panels"] if panel["type"] != "row"]


def seconds(duration: str) -> int:
    """Of a duration such as ``15s``, ``5m`` or ``7d``."""
    return int(duration[:-1]) * _UNITS[duration[-1]]


def queries() -> Iterator[Query]:
    """Every query of every panel."""
    for path in DASHBOARDS:
        for panel in panels(load(path)):
            columns = _columns(panel)
            for target in panel["targets"]:
                yield Query(
                    path.stem,
                    panel["title"],
                    target["expr"],
                    kind=panel["type"],
                    instant=target.get("instant", False),
                    unit=panel["fieldConfig"]["defaults"]["unit"],
                    name=columns.get(target["refId"], target.get("legendFormat", "")),
                    points=panel.get("maxDataPoints", _POINTS),
                    least=seconds(panel.get("interval", f"{SCRAPE_SECONDS}s")),
                )


def _columns(panel: dict[str, Any]) -> dict[str, str]:
    """The titles that a table gives to the values of its queries, by their letters."""
    renamed = {
        field: title
        for transformation in panel.get("transformations", [])
        for field, title in transformation["options"].get("renameByName", {}).items()
    }
    return {
        target["refId"]: renamed.get(f"Value #{target['refId']}", renamed.get("Value", ""))
        for target in panel["targets"]
        if renamed
    }


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


def rules() -> Iterator[dict[str, Any]]:
    """Every rule of prometheus/rules/."""
    for path in RULES:
        for group in yaml.safe_load(path.read_text(encoding="utf-8"))["groups"]:
            yield from group["rules"]


def recorded_names() -> set[str]:
    """What the recording rules make."""
    return {rule["record"] for rule in rules() if "record" in rule}


def asked_of_services() -> set[str]:
    """Every metric that a dashboard or a rule expects a service to expose."""
    named: set[str] = set()
    for query in queries():
        named |= metric_names(query.as_prometheus_sees_it(_UNITS["h"]))
    for rule in rules():
        named |= metric_names(rule["expr"])
    ours = {name for name in named if not name.startswith("prometheus_") and ":" not in name}
    return ours - {"up", "ALERTS"}


def family(name: str, families: set[str]) -> str:
    """The family a series belongs to, given those that are exposed."""
    for suffix in _SUFFIXES:
        if name.endswith(suffix) and name.removesuffix(suffix) in families:
            return name.removesuffix(suffix)
    return name
