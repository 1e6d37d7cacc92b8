"""The recorded series that dashboards show, as a rule file that promtool can work through quickly.

Of the rules in prometheus/rules/ only those that speak of incidents, alerts and people, and of what
is counted: of its promises the platform knows nothing before it was there. At intervals of their
own: the past is worked through at once.
"""

import json
import re
from pathlib import Path

_REPOSITORY = Path(__file__).parents[2]
_SHOWN = re.compile(r"\b\w+:\w+:\w+")
# By file, seconds between two values. Means are drawn as they are, so that Prometheus has to take
# one for the present value at any time; windows of ten minutes leave nothing out every ten.
_EVERY = {"incidents.yml": 300, "counted.yml": 600}
# The one form in which these write a rule; a test reads the files as YAML and compares.
_RULE = re.compile(r"^ +- record: (\S+)\n +expr: >-\n +(\S.*)$", re.MULTILINE)


def rules(repository: Path = _REPOSITORY) -> str:
    """A rule file (JSON, which is YAML) with the rules for what the dashboards show."""
    dashboards = (repository / "grafana" / "dashboards").glob("*.json")
    shown = {name for file in dashboards for name in _SHOWN.findall(file.read_text("utf-8"))}
    folder = repository / "prometheus" / "rules"
    groups = [
        {
            "name": name,
            "interval": f"{seconds}s",
            "rules": [
                {"record": record, "expr": expr}
                for record, expr in _RULE.findall((folder / name).read_text("utf-8"))
                if record in shown
            ],
        }
        for name, seconds in _EVERY.items()
    ]
    return json.dumps({"groups": groups}, indent=1)
