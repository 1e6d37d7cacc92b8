"""The recorded series that dashboards show, as a rule file that promtool can work through quickly.

Of the rules in prometheus/rules/ only those: there are many more, each over windows of up
to 30 days. Without the intervals of their groups, which promtool would follow: a value every 30
seconds for a week is of no use to a graph.
"""

import json
import re
from pathlib import Path

_REPOSITORY = Path(__file__).parents[2]
_SHOWN = re.compile(r"\b\w+:incident_\w+:\w+")
# The one form in which incidents.yml writes a rule; a test reads the file as YAML and compares.
_RULE = re.compile(r"^ +- record: (\S+)\n +expr: >-\n +(\S.*)$", re.MULTILINE)


def rules(repository: Path = _REPOSITORY) -> str:
    """A rule file (JSON, which is YAML) with the rules for what the dashboards show."""
    dashboards = (repository / "grafana" / "dashboards").glob("*.json")
    shown = {name for file in dashboards for name in _SHOWN.findall(file.read_text("utf-8"))}
    written = (repository / "prometheus" / "rules" / "incidents.yml").read_text("utf-8")
    found = [
        {"record": name, "expr": expr} for name, expr in _RULE.findall(written) if name in shown
    ]
    return json.dumps({"groups": [{"name": "demonstration", "rules": found}]}, indent=1)
