"""From the first alert to the person on call, to the page in the browser, to the figures."""

import contextlib
import re
import time
from collections.abc import Iterator
from datetime import datetime

import httpx
import pytest
from stack import Stack, on_call, wait_until

from vigie_local import secret_files

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("stack"), pytest.mark.timeout(300)]

# The promise of the product, on an idle machine; a busy one of two cores gets more.
PROMISED_SECONDS = 2.0
ALLOWED_SECONDS = 6.0


@pytest.fixture(scope="module")
def person(stack: Stack) -> str:
    """Who is on call for the service journey-checkout."""
    on_call(stack, "Journeys", "Ada Lovelace", ["journey-checkout"])
    return "Ada Lovelace"


@contextlib.contextmanager
def _signed_in(stack: Stack) -> Iterator[httpx.Client]:
    """A browser without JavaScript, signed in as the administrator."""
    with httpx.Client(
        base_url=stack.url("web-ui"), follow_redirects=True, trust_env=False
    ) as browser:
        form = browser.get("/sign-in").text
        hidden = re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', form)
        password = secret_files.read(stack.installation.secrets, "admin_password")
        fields = {**dict(hidden), "user": "admin", "password": password}
        answer = browser.post("/sign-in", data=fields)
        assert answer.status_code == 200, answer.text
        yield browser


def test_an_alert_is_an_assigned_incident_on_the_dashboard_with_a_page_in_the_log(
    stack: Stack, person: str
) -> None:
    with _signed_in(stack) as browser:
        began = time.monotonic()
        answer = stack.alert(service="journey-checkout", message="Baskets are lost at night")
        assert answer.status_code == 201, answer.text
        reply = answer.json()
        assert reply["action"] == "new_incident"
        assert reply["alert_id"]
        incident_id = reply["incident_id"]

        wait_until(
            "the incident on the dashboard",
            lambda: "Baskets are lost at night" in browser.get("/").text,
            ALLOWED_SECONDS,
        )
        wait_until(
            "an assignee",
            lambda: (_found(stack, incident_id) or {}).get("assignee"),
            ALLOWED_SECONDS,
        )
        print(f"alert to assigned incident on the dashboard: {time.monotonic() - began:.2f} s")
    incident = stack.incident(incident_id)
    assert incident["assignee"]["name"] == person
    assert incident["team"] == "Journeys"
    (page,) = wait_until("the page to be sent", lambda: _sent(stack, incident_id))
    assert page["person"]["name"] == person
    assert "Baskets are lost at night" in stack.seen("oncall-service")


def _sent(stack: Stack, incident_id: str) -> list[dict[str, object]]:
    return [page for page in stack.pages(incident_id) if page["outcome"] == "sent"]


def test_a_fresh_alert_reaches_its_person_within_two_seconds_on_a_warm_stack(
    stack: Stack, person: str
) -> None:
    seconds = []
    for number in range(5):
        began = time.monotonic()
        answer = stack.alert(service="journey-checkout", severity="low", message=f"tick {number}")
        incident_id = answer.json()["incident_id"]
        wait_until(
            "an assignee", lambda i=incident_id: (_found(stack, i) or {}).get("assignee")  # type: ignore[misc]
        )
        seconds.append(time.monotonic() - began)
        stack.patch(incident_id, status="resolved")
    print(f"alert to assigned incident: {sorted(seconds)} s; the person: {person}")
    # The best of five: what the product takes, not what the machine was busy with.
    assert min(seconds) < PROMISED_SECONDS


def _found(stack: Stack, incident_id: str) -> dict[str, object] | None:
    answer = stack.api.get(stack.url("incident-management", f"/api/v1/incidents/{incident_id}"))
    return answer.json() if answer.status_code == 200 else None


def test_mtta_and_mttr_are_exact_in_the_api_in_metrics_and_after_a_restart(
    stack: Stack,
) -> None:
    series = [
        f'incident_{figure}_seconds_{part}{{severity="medium"}}'
        for figure in ("mtta", "mttr")
        for part in ("count", "sum")
    ]
    before = stack.samples("incident-management")
    answer = stack.alert(service="journey-figures", severity="medium", message="Measured")
    incident_id = answer.json()["incident_id"]
    wait_until("the incident", lambda: _found(stack, incident_id))
    assert stack.patch(incident_id, status="acknowledged").status_code == 200
    assert stack.patch(incident_id, status="in_progress").status_code == 200
    assert stack.patch(incident_id, status="resolved").status_code == 200
    incident = stack.incident(incident_id)
    mtta = _seconds(incident["acknowledged_at"]) - _seconds(incident["created_at"])
    mttr = _seconds(incident["resolved_at"]) - _seconds(incident["created_at"])
    assert incident["mtta_seconds"] == pytest.approx(mtta, abs=1e-6)
    assert incident["mttr_seconds"] == pytest.approx(mttr, abs=1e-6)
    after = stack.samples("incident-management")
    grown = [after[name] - before.get(name, 0) for name in series]
    assert grown == pytest.approx([1, mtta, 1, mttr], abs=1e-6)

    old = stack.pid("incident-management")
    stack.kill("incident-management")
    wait_until("a new process", lambda: stack.pid("incident-management") not in {None, old})
    stack.wait_ready("incident-management")
    again = stack.samples("incident-management")
    assert [again[name] for name in series] == [after[name] for name in series]
    assert stack.incident(incident_id) == incident


def _seconds(instant: str) -> float:
    return datetime.fromisoformat(instant).timestamp()


def test_a_person_resolves_while_the_sender_keeps_firing_and_is_not_paged_again(
    stack: Stack,
) -> None:
    def fire(starts_at: str) -> None:
        answer = httpx.post(
            stack.url("alert-ingestion", "/api/v2/alerts"),
            json=[
                {
                    "labels": {"alertname": "Stubborn", "service": "journey-stubborn"},
                    "startsAt": starts_at,
                }
            ],
            headers={"Authorization": f"Bearer {stack.key}"},
            timeout=15,
        )
        assert answer.status_code == 200, answer.text

    fire("2026-03-02T09:00:00Z")
    (first,) = wait_until("the incident", lambda: stack.incidents(service="journey-stubborn"))
    wait_until("its page", lambda: stack.pages(first["id"]))
    assert stack.patch(first["id"], status="resolved").status_code == 200
    wait_until("alert-ingestion to hear of it", lambda: _closed_by_hand(stack, first["id"]))
    for _ in range(3):
        fire("2026-03-02T09:00:00Z")
    fire("2026-03-02T10:00:00Z")
    fire("2026-03-02T10:00:00Z")
    recurrence = wait_until(
        "the recurrence",
        lambda: [i for i in stack.incidents(service="journey-stubborn") if i["id"] != first["id"]],
    )
    assert [incident["recurrence_of"] for incident in recurrence] == [first["id"]]
    wait_until("its page", lambda: stack.pages(recurrence[0]["id"]))
    assert len(stack.pages(first["id"])) == 1
    assert len(stack.pages(recurrence[0]["id"])) == 1
    stack.patch(recurrence[0]["id"], status="resolved")


def _closed_by_hand(stack: Stack, incident_id: str) -> bool:
    alerts = stack.items("alert-ingestion", "/api/v1/alerts", incident_id=incident_id)
    return bool(alerts) and all(alert["status"] == "resolved" for alert in alerts)
