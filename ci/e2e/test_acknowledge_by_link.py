"""A page arrives with a link; whoever opens it acknowledges, though oncall-service is down."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import httpx
import pytest
from stack import Stack, wait_until

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("stack"), pytest.mark.timeout(180)]

SERVICE = "linked-checkout"


@contextmanager
def telephone() -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """Somebody's webhook: its address, and what it was sent."""
    sent: list[dict[str, Any]] = []

    class Webhook(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            sent.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            """The test says what matters."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Webhook)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/hook", sent
    finally:
        server.shutdown()
        server.server_close()


def put(stack: Stack, path: str, body: dict[str, Any]) -> dict[str, Any]:
    answer = stack.api.put(stack.url("oncall-service", path), json=body)
    assert answer.is_success, answer.text
    return dict(answer.json())


def on_duty(stack: Stack, hook: str) -> None:
    methods = [{"channel": "webhook", "target": hook}]
    put(stack, "/api/v1/people/Lina", {"name": "Lina", "contact_methods": methods})
    put(stack, "/api/v1/teams/Linked", {"name": "Linked", "members": ["Lina"]})
    step = {"target": "person", "person": "Lina", "delay_minutes": 60}
    put(stack, "/api/v1/policies/Linked", {"name": "Linked", "team": "Linked", "steps": [step]})
    put(stack, f"/api/v1/services/{SERVICE}", {"name": SERVICE, "team": "Linked"})


def test_the_link_of_a_page_acknowledges_while_oncall_service_is_down(stack: Stack) -> None:
    with telephone() as (hook, sent):
        on_duty(stack, hook)
        incident_id = stack.alert(service=SERVICE).json()["incident_id"]
        [page] = wait_until("the page", lambda: list(sent))
    # Our own token is honoured while its owner is away if it was seen lately; the link needs none.
    stack.incident(incident_id)
    link = page["acknowledge_url"]
    assert link.startswith(stack.url("web-ui", "/acknowledge/"))
    with stack.kept_down("oncall-service"), httpx.Client(trust_env=False, timeout=15) as browser:
        for _ in range(20):
            assert "Acknowledge as Lina" in browser.get(link).text
        refused = browser.post(f"{link[:-3]}AAA")
        assert (refused.status_code, "This link does nothing." in refused.text) == (404, True)
        assert stack.incident(incident_id)["status"] == "open"
        done = browser.post(link)
        assert (done.status_code, "Lina, you have it." in done.text) == (200, True)
        after = stack.incident(incident_id)
        assert (after["status"], after["acknowledged_by"]) == ("acknowledged", "Lina")
    stack.wait_ready("oncall-service")
    wait_until(
        "the escalation to stop",
        lambda: stack.items(
            "oncall-service", "/api/v1/escalations", incident_id=incident_id, status="stopped"
        ),
    )
    ledger = stack.get("incident-management", f"/api/v1/incidents/{incident_id}/why", person="Lina")
    assert ledger["pages"]["person"]["paged"] is True
    [decision] = ledger["pages"]["runs"][0]["decisions"]
    assert decision["messages"][0]["outcome"] == "sent"
