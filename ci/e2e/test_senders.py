"""Prometheus and Alertmanager themselves, as Debian ships them, in front of a real installation."""

import contextlib
import subprocess
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx
import pytest
from senders import ALERTMANAGER, PROMETHEUS
from stack import Stack, wait_until

from vigie_local.ports import find_free

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("stack"), pytest.mark.timeout(300)]

RESENDS = 4


class Gauge:
    """Something to measure: an exporter with one value."""

    def __init__(self) -> None:
        self.value = 0
        gauge = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                body = f"journey_burning {gauge.value}\n".encode()
                self.send_response(200)
                self.send_header("Content-Type", "text/plain; version=0.0.4")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port = self.server.server_address[1]


@pytest.fixture
def gauge() -> Iterator[Gauge]:
    made = Gauge()
    thread = threading.Thread(target=made.server.serve_forever)
    thread.start()
    yield made
    made.server.shutdown()
    thread.join()
    made.server.server_close()


@contextlib.contextmanager
def _program(command: list[str], ready: str, folder: Path) -> Iterator[None]:
    log = folder / "program.log"
    with log.open("wb") as output:
        process = subprocess.Popen(command, stdout=output, stderr=output, cwd=folder)
    try:
        wait_until(f"{ready} ({command[0]})", lambda: _answers(ready), explain=log.read_text)
        yield
    finally:
        process.terminate()
        process.wait(30)


def _answers(url: str) -> bool:
    try:
        return httpx.get(url, timeout=2).status_code == 200
    except httpx.TransportError:
        return False


def _resends_change_only_the_count_and_the_end_resolves(stack: Stack, service: str) -> str:
    """One incident, one page, a growing count; returns the incident's id while it still fires."""
    (incident,) = wait_until("the incident", lambda: stack.incidents(service=service))
    wait_until("its page", lambda: stack.pages(incident["id"]))
    wait_until("some resends", lambda: _count(stack, incident["id"]) >= RESENDS, 60)
    (incident,) = stack.incidents(service=service)
    assert incident["alert_count"] == 1
    assert incident["status"] == "open"
    assert len(stack.pages(incident["id"])) == 1
    found: str = incident["id"]
    return found


def _count(stack: Stack, incident_id: str) -> int:
    alerts = stack.items("alert-ingestion", "/api/v1/alerts", incident_id=incident_id)
    return max((int(alert["count"]) for alert in alerts), default=0)


@pytest.mark.skipif(PROMETHEUS is None, reason="no prometheus: a rule that fires was not proved")
def test_a_rule_of_prometheus_opens_one_incident_and_its_end_resolves_it(
    stack: Stack, gauge: Gauge, tmp_path: Path
) -> None:
    port = find_free()
    key = tmp_path / "key"
    key.write_text(stack.key)
    (tmp_path / "rules.yml").write_text("""
groups:
  - name: journey
    rules:
      - alert: Burning
        expr: journey_burning > 0
        labels: {severity: critical, service: journey-prometheus}
        annotations: {summary: It burns}
""")
    (tmp_path / "prometheus.yml").write_text(f"""
global: {{scrape_interval: 1s, evaluation_interval: 1s}}
rule_files: [rules.yml]
alerting:
  alertmanagers:
    - authorization: {{credentials_file: {key}}}
      static_configs: [{{targets: ["{stack.url("alert-ingestion").removeprefix("http://")}"]}}]
scrape_configs:
  - job_name: journey
    static_configs: [{{targets: ["127.0.0.1:{gauge.port}"]}}]
""")
    gauge.value = 1
    assert PROMETHEUS is not None
    command = [
        PROMETHEUS,
        f"--config.file={tmp_path / 'prometheus.yml'}",
        f"--storage.tsdb.path={tmp_path / 'data'}",
        f"--web.listen-address=127.0.0.1:{port}",
        "--rules.alert.resend-delay=1s",
    ]
    with _program(command, f"http://127.0.0.1:{port}/-/ready", tmp_path):
        found = _resends_change_only_the_count_and_the_end_resolves(stack, "journey-prometheus")
        gauge.value = 0
        wait_until("the resolve", lambda: stack.incident(found)["status"] == "resolved", 60)
    assert len(stack.pages(found)) == 1
    assert len(stack.incidents(service="journey-prometheus")) == 1
    assert stack.incident(found)["severity"] == "critical"


def _webhook(stack: Stack) -> str:
    return f"""
    webhook_configs:
      - url: {stack.url("alert-ingestion", "/api/v1/webhooks/alertmanager")}
        send_resolved: true
        http_config: {{authorization: {{credentials: {stack.key}}}}}
"""


def _pagerduty(stack: Stack) -> str:
    return f"""
    pagerduty_configs:
      - url: {stack.url("alert-ingestion", "/v2/enqueue")}
        routing_key: {stack.key}
        component: '{{{{ .CommonLabels.service }}}}'
        severity: warning
"""


def _opsgenie(stack: Stack) -> str:
    return f"""
    opsgenie_configs:
      - api_url: {stack.url("alert-ingestion", "/")}
        api_key: {stack.key}
        entity: '{{{{ .CommonLabels.service }}}}'
        priority: P3
"""


@contextlib.contextmanager
def _alertmanager(
    stack: Stack, folder: Path, *group_by: str, receiver: Callable[[Stack], str] = _webhook
) -> Iterator[str]:
    """An Alertmanager whose receiver is the installation; its address."""
    port = find_free()
    (folder / "alertmanager.yml").write_text(f"""
route:
  receiver: vigie
  group_by: [{", ".join(group_by)}]
  group_wait: 1s
  group_interval: 1s
  repeat_interval: 1s
receivers:
  - name: vigie
{receiver(stack)}
""")
    assert ALERTMANAGER is not None
    address = f"http://127.0.0.1:{port}"
    command = [
        ALERTMANAGER,
        f"--config.file={folder / 'alertmanager.yml'}",
        f"--storage.path={folder / 'data'}",
        f"--web.listen-address=127.0.0.1:{port}",
        "--cluster.listen-address=",
    ]
    with _program(command, f"{address}/-/ready", folder):
        yield address


needs_alertmanager = pytest.mark.skipif(
    ALERTMANAGER is None, reason="no alertmanager: its webhook was not proved"
)


@needs_alertmanager
@pytest.mark.parametrize("receiver", [_webhook, _pagerduty, _opsgenie])
def test_an_alertmanager_opens_one_incident_and_resolves_it_by_whatever_receiver(
    stack: Stack, tmp_path: Path, receiver: Callable[[Stack], str]
) -> None:
    service = f"journey-alertmanager{receiver.__name__}"
    alert = {
        "labels": {
            "alertname": "Burning",
            "severity": "warning",
            "service": service,
        },
        "annotations": {"summary": "It burns"},
        "startsAt": "2026-03-02T09:00:00Z",
    }
    with _alertmanager(stack, tmp_path, "alertname", "service", receiver=receiver) as address:
        httpx.post(f"{address}/api/v2/alerts", json=[alert]).raise_for_status()
        found = _resends_change_only_the_count_and_the_end_resolves(stack, service)
        ended = {**alert, "endsAt": "2026-03-02T09:30:00Z"}
        httpx.post(f"{address}/api/v2/alerts", json=[ended]).raise_for_status()
        wait_until("the resolve", lambda: stack.incident(found)["status"] == "resolved", 60)
    assert len(stack.pages(found)) == 1
    assert len(stack.incidents(service=service)) == 1
    assert stack.incident(found)["severity"] == "medium"


@needs_alertmanager
def test_a_group_of_two_thousand_alerts_arrives_whole_whatever_they_hold(
    stack: Stack, tmp_path: Path
) -> None:
    alerts = [
        {
            "labels": {"alertname": "Storm", "service": "journey-storm", "instance": str(number)},
            "annotations": {"description": "d" * 500},
        }
        for number in range(2_000)
    ]
    alerts[7]["annotations"]["log"] = "l" * 77_000
    alerts[8]["labels"]["pod"] = "nul\x00"
    with _alertmanager(stack, tmp_path, "alertname") as address:
        httpx.post(f"{address}/api/v2/alerts", json=alerts, timeout=30).raise_for_status()

        def arrived() -> bool:
            incidents = stack.incidents(service="journey-storm")
            return sum(incident["alert_count"] for incident in incidents) == len(alerts)

        wait_until("all of them", arrived, 90)
    (incident,) = stack.incidents(service="journey-storm")
    assert len(stack.pages(incident["id"])) == 1
    stored = stack.items("alert-ingestion", "/api/v1/alerts", service="journey-storm")
    notes = {alert["labels"]["instance"]: alert["annotations"].get("vigie_cut") for alert in stored}
    assert notes.pop("7") == "Cut: log (77000 characters)"
    assert "replaced in: pod" in notes.pop("8")
    assert set(notes.values()) == {None}


@needs_alertmanager
def test_two_groups_of_an_alertmanager_are_two_incidents(stack: Stack, tmp_path: Path) -> None:
    alerts = [
        {"labels": {"alertname": name, "service": "journey-groups", "severity": "critical"}}
        for name in ("Slow", "Down")
    ]
    with _alertmanager(stack, tmp_path, "alertname") as address:
        httpx.post(f"{address}/api/v2/alerts", json=alerts).raise_for_status()
        found = wait_until(
            "two incidents", lambda: len(stack.incidents(service="journey-groups")) == 2
        )
        assert found
        for incident in stack.incidents(service="journey-groups"):
            wait_until("its page", lambda one=incident: stack.pages(one["id"]))  # type: ignore[misc]
