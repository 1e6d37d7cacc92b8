"""What the running services expose is what rules and dashboards ask for, and reads well."""

import subprocess
from pathlib import Path

import httpx
import pytest
import yaml
from senders import PROMTOOL
from stack import Stack

from checks import dashboards

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("stack"), pytest.mark.timeout(300)]

SERVICES = ("alert-ingestion", "incident-management", "oncall-service", "web-ui")


def page(stack: Stack, service: str) -> str:
    url = f"http://127.0.0.1:{stack.installation.ports[service]}/metrics"
    answer = httpx.get(url, trust_env=False, timeout=10)
    answer.raise_for_status()
    return answer.text


def test_every_metric_that_a_dashboard_or_a_rule_names_is_exposed(stack: Stack) -> None:
    families = {
        line.split()[2]
        for service in SERVICES
        for line in page(stack, service).splitlines()
        if line.startswith("# TYPE ")
    }
    asked = dashboards.asked_of_services()
    assert len(asked) > 20
    missing = {name for name in asked if dashboards.family(name, families) not in families}
    assert not missing


@pytest.mark.skipif(PROMTOOL is None, reason="no promtool: the metrics were not linted")
def test_the_metrics_pass_promtool(stack: Stack) -> None:
    for service in SERVICES:
        done = subprocess.run(
            [PROMTOOL, "check", "metrics"],
            input=page(stack, service),
            capture_output=True,
            text=True,
            timeout=30,
            check=False,
        )
        assert done.returncode == 0, f"{service}: {done.stdout}{done.stderr}"


@pytest.mark.skipif(PROMTOOL is None, reason="no promtool: the queries were not parsed")
def test_every_query_of_a_dashboard_parses(tmp_path: Path) -> None:
    rules = [
        {"record": f"panel:query:{number}", "expr": query.as_prometheus_sees_it(3600)}
        for number, query in enumerate(dashboards.queries())
    ]
    assert len(rules) > 40
    file = tmp_path / "queries.yml"
    file.write_text(yaml.safe_dump({"groups": [{"name": "panels", "rules": rules}]}))
    done = subprocess.run(
        [PROMTOOL, "check", "rules", str(file)],
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert done.returncode == 0, done.stderr
