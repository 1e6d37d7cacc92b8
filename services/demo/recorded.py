"""The recorded series that dashboards show, as a rule file that promtool can work through quickly.

Of the rules in prometheus/rules/ only those that speak of incidents, alerts and people: what the
platform measures of itself it could not measure before it was there. Without the intervals of their
groups, which promtool would follow.
"""

import json
import re
from pathlib import Path

_REPOSITORY = Path(__file__).parents[2]
_SHOWN = re.compile(r"\b\w+:\w+:\w+")
_FILES = ("incidents.yml", "counted.yml")
# The one form in which these write a rule; a test reads the files as YAML and compares.
_RULE = re.compile(r"^ +- record: (\S+)\n +expr: >-\n +(\S.*)$", re.MULTILINE)


def rules(repository: Path = _REPOSITORY) -> str:
    """A rule file (JSON, which is YAML) with the rules for what the dashboards show."""
    dashboards = (repository / "grafana" / "dashboards").glob("*.json")
    shown = {name for file in dashboards for name in _SHOWN.findall(file.read_text("utf-8"))}
    folder = repository / "prometheus" / "rules"
    written = "".join((folder / name).read_text("utf-8") for name in _FILES)
    found = [
        {"record": name, "expr": expr} for name, expr in _RULE.findall(written) if name in shown
    ]
    return json.dumps({"groups": [{"name": "demonstration", "rules": found}]}, indent=1)
