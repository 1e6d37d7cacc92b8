"""More copies of a service: the same figures, all of them watched."""

from __future__ import annotations

import json
import urllib.parse
from collections.abc import Callable
from functools import partial

from containers.stack import Stack, free_ports, request, wait_until

REPLICATED = ("alert-ingestion", "incident-management", "oncall-service")


def query(stack: Stack, expression: str) -> list[dict[str, object]]:
    where = stack.url("prometheus", f"/api/v1/query?query={urllib.parse.quote(expression)}")
    answer = request(where)
    assert answer.status == 200, answer
    found: list[dict[str, object]] = answer.body["data"]["result"]
    return found


def figure(stack: Stack, expression: str) -> float:
    result = query(stack, expression)
    return float(json.loads(json.dumps(result[0]["value"]))[1]) if result else 0.0


def figure_is(stack: Stack, expression: str, value: float) -> bool:
    return figure(stack, expression) == value


def figures_are_right(stack: Stack) -> bool:
    """Prometheus' sums are what the database holds; a copy counted twice would double them.

    Compared with the database, since the platform's own alerts may add to both.
    """
    incidents = int(stack.sql("SELECT count(*) FROM incidents.incidents"))
    received = figure(stack, 'sum(alerts_received_total{severity="low"})')
    return (incidents >= 5, received) == (True, 5) and (
        figure(stack, 'sum(incidents_total{status="open"})') == incidents
    )


def test_two_copies_of_each_service_change_no_figure(make_stack: Callable[..., Stack]) -> None:
    stack = make_stack()
    for number in range(5):
        assert stack.send_alert(f"service-{number}", "down", "low").status == 201
    wait_until("the figures", lambda: figures_are_right(stack))
    stack.compose(
        "up", "-d", "--no-build", "--wait", "--scale", "grafana=0",
        *(f"--scale={name}=2" for name in REPLICATED),
    )  # fmt: skip
    for name in REPLICATED:
        copies = f'count(up{{job="vigie-replicas",service="{name}"}} == 1)'
        wait_until(f"both copies of {name}", partial(figure_is, stack, copies, 2), 180)
    wait_until("the same figures", lambda: figures_are_right(stack))
    ports = stack.compose("ps", "--format", "{{.Ports}}", "alert-ingestion").split()
    assert len({port for port in ports if "->8001" in port}) == 2


def test_copies_that_publish_a_port_share_a_range(make_stack: Callable[..., Stack]) -> None:
    """The line of docs/operations.md, on the product's own compose file."""
    first = free_ports(5)
    stack = make_stack(
        product=True,
        VIGIE_ALERT_INGESTION_PORT=f"{first}-{first + 1}",
        VIGIE_WEB_UI_PORT=str(first + 2),
        VIGIE_PROMETHEUS_PORT=str(first + 3),
        VIGIE_GRAFANA_PORT=str(first + 4),
    )
    stack.compose(
        "up", "-d", "--no-build", "--wait", "--scale", "grafana=0",
        *(f"--scale={name}=2" for name in REPLICATED),
    )  # fmt: skip
    key = stack.secret("ingestion_key")
    for port in (first, first + 1):
        alert = {"service": f"through-{port}", "severity": "low", "message": "down"}
        answer = request(f"http://127.0.0.1:{port}/api/v1/alerts", alert, key)
        assert answer.status == 201, answer


def test_every_target_of_prometheus_is_up(stack: Stack) -> None:
    def down() -> list[str]:
        targets = request(stack.url("prometheus", "/api/v1/targets")).body["data"]["activeTargets"]
        assert len(targets) >= 8
        return [it["scrapeUrl"] for it in targets if it["health"] != "up"]

    wait_until("every target to be up", lambda: down() == [], 180)
