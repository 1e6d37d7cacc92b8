"""A neighbour or the database dies while alerts come in: late is allowed, lost or twice is not."""

import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import httpx
import pytest
from stack import Stack, wait_until

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("stack"), pytest.mark.timeout(300)]

GROUPS, ALERTS = 20, 200
# A restart may back off for 15 s, and an outbox row for longer than its neighbour was away.
RECOVERY_SECONDS = 90


@dataclass(frozen=True)
class Sent:
    """One alert and its answer."""

    service: str
    status: int
    alert_id: str = ""
    incident_id: str = ""


def _send(stack: Stack, prefix: str, number: int) -> Sent:
    service = f"{prefix}-{number % GROUPS:02}"
    answer = stack.alert(service=service, message=f"alert {number}", dedup_key=f"{prefix}-{number}")
    if answer.status_code != 201:
        return Sent(service, answer.status_code)
    body = answer.json()
    return Sent(service, 201, body["alert_id"], body["incident_id"])


def _storm(stack: Stack, prefix: str) -> list[Sent]:
    with ThreadPoolExecutor(8) as pool:
        return list(pool.map(lambda number: _send(stack, prefix, number), range(ALERTS)))


def _incidents_of(stack: Stack, prefix: str) -> list[dict[str, object]]:
    return [i for i in stack.incidents() if str(i["service"]).startswith(f"{prefix}-")]


def _expect_each_once(stack: Stack, prefix: str, sent: list[Sent]) -> None:
    """Exactly the groups that were sent, every alert attached once, every group paged once."""
    assert Counter(one.status for one in sent) == {201: ALERTS}
    assert len({one.alert_id for one in sent}) == ALERTS
    wait_until(
        "every alert to be in its incident",
        lambda: sum(i["alert_count"] for i in _incidents_of(stack, prefix)) == ALERTS,  # type: ignore[misc]
        RECOVERY_SECONDS,
    )
    incidents = _incidents_of(stack, prefix)
    assert len(incidents) == GROUPS
    assert {one.incident_id for one in sent} == {incident["id"] for incident in incidents}
    for incident in incidents:
        attached = stack.get(
            "incident-management", f"/api/v1/incidents/{incident['id']}/alerts", limit=200
        )["items"]
        expected = {one.alert_id for one in sent if one.incident_id == incident["id"]}
        assert {alert["id"] for alert in attached} == expected
    wait_until(
        "every group to be paged",
        lambda: all(stack.pages(str(incident["id"])) for incident in incidents),
        RECOVERY_SECONDS,
        lambda: stack.trouble([str(i["id"]) for i in incidents if not stack.pages(str(i["id"]))]),
    )
    assert Counter(len(stack.pages(str(i["id"]))) for i in incidents) == {1: GROUPS}


def test_alerts_sent_while_incident_management_is_dead_become_incidents_once_it_is_back(
    stack: Stack,
) -> None:
    with stack.kept_down("incident-management"):
        sent = _storm(stack, "without-incidents")
        assert Counter(one.status for one in sent) == {201: ALERTS}
        assert all(one.incident_id for one in sent)
    stack.wait_ready("incident-management")
    _expect_each_once(stack, "without-incidents", sent)


def test_alerts_sent_while_oncall_service_is_dead_are_paged_once_it_is_back(stack: Stack) -> None:
    stack.incidents()
    with stack.kept_down("oncall-service"):
        sent = _storm(stack, "without-oncall")
        # All of their alerts: one that joined after the acknowledgement would be news, and paged.
        wait_until(
            "the incidents, which need no one on call",
            lambda: sum(i["alert_count"] for i in _incidents_of(stack, "without-oncall"))  # type: ignore[misc]
            == ALERTS,
        )
        # A token that was seen lately is honoured while its owner is away.
        first = _incidents_of(stack, "without-oncall")[0]
        acknowledged = stack.patch(str(first["id"]), status="acknowledged")
        assert acknowledged.status_code == 200, acknowledged.text
    stack.wait_ready("oncall-service")
    _expect_each_once(stack, "without-oncall", sent)


def test_what_was_answered_2xx_outlives_a_killed_postgres_and_the_rest_was_answered_503(
    stack: Stack,
) -> None:
    sent: list[Sent] = []
    over = threading.Event()

    def keep_sending(worker: int) -> None:
        number = worker
        while not over.is_set():
            sent.append(_send(stack, "without-postgres", number))
            number += 4

    workers = [threading.Thread(target=keep_sending, args=(worker,)) for worker in range(4)]
    for worker in workers:
        worker.start()
    try:
        wait_until("some load", lambda: len(sent) > 40)
        old = stack.pid("postgres")
        stack.kill("postgres")
        wait_until("PostgreSQL to be back", lambda: stack.pid("postgres") not in {None, old}, 60)
        killed_at = len(sent)
        wait_until("answers from after the crash", lambda: _good(sent[killed_at:]) > 40, 60)
    finally:
        over.set()
        for worker in workers:
            worker.join()
    print(f"answers around the crash of PostgreSQL: {Counter(one.status for one in sent)}")
    assert {one.status for one in sent} <= {201, 503}
    stack.wait_ready("alert-ingestion", "incident-management", "oncall-service")
    accepted = {one.alert_id: one.incident_id for one in sent if one.status == 201}
    stored = {
        alert["id"]: alert["incident_id"]
        for alert in stack.items("alert-ingestion", "/api/v1/alerts")
        if alert["service"].startswith("without-postgres-")
    }
    assert accepted.items() <= stored.items()
    wait_until(
        "incident-management to hold them all",
        lambda: sum(i["alert_count"] for i in _incidents_of(stack, "without-postgres"))  # type: ignore[misc]
        == len(stored),
        RECOVERY_SECONDS,
    )
    assert len(_incidents_of(stack, "without-postgres")) == GROUPS


def _good(sent: list[Sent]) -> int:
    return sum(one.status == 201 for one in sent)


def test_the_figures_answer_while_the_database_is_away_and_say_so(stack: Stack) -> None:
    with stack.kept_down("postgres"):
        wait_until("the loss to be noticed", lambda: not stack.is_ready("incident-management"))
        answer = stack.api.get(stack.url("incident-management", "/metrics"))
        assert answer.status_code == 200
        ready = stack.api.get(stack.url("incident-management", "/ready"))
        assert ready.status_code == 503
        assert stack.api.get(stack.url("incident-management", "/health")).status_code == 200
    stack.wait_ready("alert-ingestion", "incident-management", "oncall-service")


def test_each_service_answers_health_while_all_others_are_dead(stack: Stack) -> None:
    for name in ("alert-ingestion", "incident-management", "oncall-service"):
        stack.kill(name)
    answers = httpx.get(stack.url("web-ui", "/health"), timeout=5)
    assert answers.status_code == 200
    began = time.monotonic()
    stack.wait_ready("alert-ingestion", "incident-management", "oncall-service", "web-ui")
    print(f"three killed services were ready again after {time.monotonic() - began:.1f} s")
