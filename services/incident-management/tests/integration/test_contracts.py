"""The edges to the neighbours, as committed in the OpenAPI documents of the services."""

from typing import Any
from uuid import UUID, uuid4

from shared.contracts.alerts import ALERT_EVENTS_PATH
from shared.contracts.imports import IMPORT_PATH
from shared.contracts.incidents import INCIDENT_EVENTS_PATH
from shared.contracts.oncall import PAGE_EVENTS_PATH
from vigie_testing import openapi

ME = "incident-management"
BOB = {"id": str(UUID(int=2)), "name": "Bob"}

# As a release before this one sent them: only what was required then, and a field that was dropped
# since. Never edit these examples; add others for the next version.
ALERT_VERSION_1_AT_ITS_SMALLEST: dict[str, Any] = {
    "event_id": "01900000-0000-7000-8000-000000000001",
    "type": "alert.opened",
    "occurred_at": "2026-03-02T09:00:00Z",
    "incident_id": "01900000-0000-7000-8000-000000000002",
    "correlation_key": "shop|high",
    "dropped_since": True,
    "alert": {
        "id": "01900000-0000-7000-8000-000000000003",
        "integration": "prometheus",
        "fingerprint": "f1",
        "service": "shop",
        "severity": "high",
        "message": "Checkout is slow",
        "starts_at": "2026-03-02T08:59:00+00:00",
    },
}
PAGE_VERSION_1_AT_ITS_SMALLEST: dict[str, Any] = {
    "event_id": "01900000-0000-7000-8000-000000000004",
    "type": "page.started",
    "occurred_at": "2026-03-02T09:00:01Z",
    "incident_id": "01900000-0000-7000-8000-000000000002",
    "dropped_since": True,
}


def test_the_committed_openapi_document_is_the_applications() -> None:
    """If not: ``python -m vigie_testing.openapi incident-management``, and look at the diff."""
    assert openapi.current(ME) == openapi.committed(ME)


async def test_what_is_owed_is_what_both_neighbours_say_they_take(service: Any) -> None:
    alert = uuid4()
    incident = await service.opened(alert=alert)
    other = await service.opened()
    for change in (
        {"status": "acknowledged"},
        {"status": "open"},
        {"status": "in_progress", "team": "Shop", "title": "Worse", "severity": "critical"},
        {"assignee_id": BOB["id"]},
    ):
        await service.patch(incident["id"], **change)
    await service.alert_events(
        service.event("alert.resolved", alert=alert, incident=incident["id"])
    )
    recurrence = await service.opened(recurrence_of=incident["id"])
    await service.client.post(
        f"/api/v1/incidents/{other['id']}/merge",
        json={"into": recurrence["id"]},
        headers=service.person(),
    )
    await service.patch(recurrence["id"], status="resolved")
    owed: dict[str, list[Any]] = {"oncall": [], "alerts": []}
    for topic, payload in service.database.query("SELECT topic, payload FROM outbox ORDER BY seq"):
        owed[topic].append(payload)
    assert {event["type"] for event in owed["oncall"]} == {
        "incident.opened",
        "incident.acknowledged",
        "incident.released",
        "incident.in_progress",
        "incident.assigned",
        "incident.resolved",
        "incident.merged",
    }
    assert {event["type"] for event in owed["alerts"]} == {"incident.resolved", "incident.merged"}
    for topic, neighbour in (("oncall", "oncall-service"), ("alerts", "alert-ingestion")):
        body = {"events": owed[topic]}
        openapi.check_request(neighbour, "POST", INCIDENT_EVENTS_PATH, body)


async def test_what_the_neighbours_send_is_what_we_say_we_take(service: Any) -> None:
    alert_events = {"events": [service.event("alert.opened")]}
    openapi.check_request(ME, "POST", ALERT_EVENTS_PATH, alert_events)
    incident = alert_events["events"][0]["incident_id"]
    results = await service.alert_events(*alert_events["events"])
    openapi.check_response(ME, "POST", ALERT_EVENTS_PATH, 200, {"results": results})
    page_events = {"events": [service.page("page.target", incident, person=BOB, assign=True)]}
    openapi.check_request(ME, "POST", PAGE_EVENTS_PATH, page_events)
    results = await service.page_events(*page_events["events"])
    openapi.check_response(ME, "POST", PAGE_EVENTS_PATH, 200, {"results": results})


async def test_events_one_version_older_still_do_their_work(service: Any) -> None:
    openapi.check_request(
        ME, "POST", ALERT_EVENTS_PATH, {"events": [ALERT_VERSION_1_AT_ITS_SMALLEST]}
    )
    openapi.check_request(
        ME, "POST", PAGE_EVENTS_PATH, {"events": [PAGE_VERSION_1_AT_ITS_SMALLEST]}
    )
    (alert,) = await service.alert_events(ALERT_VERSION_1_AT_ITS_SMALLEST)
    (page,) = await service.page_events(PAGE_VERSION_1_AT_ITS_SMALLEST)
    assert (alert["outcome"], page["outcome"]) == ("applied", "applied")
    incident = ALERT_VERSION_1_AT_ITS_SMALLEST["incident_id"]
    assert (await service.get(incident))["title"] == "Checkout is slow"
    assert await service.kinds(incident) == ["incident.opened", "page.started"]


async def test_answers_are_as_documented(service: Any) -> None:
    incident = await service.opened()
    for path in (
        "/api/v1/incidents",
        "/api/v1/incidents/{incident}",
        "/api/v1/incidents/{incident}/timeline",
        "/api/v1/incidents/{incident}/alerts",
        "/api/v1/incidents/{incident}/metrics",
        "/api/v1/stats",
    ):
        response = await service.client.get(
            path.replace("{incident}", incident["id"]), headers=service.person()
        )
        openapi.check_response(ME, "GET", path, 200, response.json())
    changed = await service.patch(incident["id"], status="acknowledged")
    openapi.check_response(ME, "PATCH", "/api/v1/incidents/{incident}", 200, changed)


def test_the_person_we_ask_for_has_an_id_and_a_name() -> None:
    document = openapi.committed("oncall-service")
    answer = document["paths"]["/api/v1/people/{reference}"]["get"]["responses"]["200"]
    schema = answer["content"]["application/json"]["schema"]
    person = document["components"]["schemas"][schema["$ref"].rsplit("/", 1)[1]]
    assert {"id", "name"} <= set(person["required"])


def test_an_import_is_what_we_say_we_take() -> None:
    incident = {
        "id": str(uuid4()),
        "title": "Checkout was down",
        "service": "shop",
        "severity": "high",
        "created_at": "2026-02-27T10:00:00Z",
        "resolved_at": "2026-02-27T11:00:00Z",
    }
    openapi.check_request(ME, "POST", IMPORT_PATH, {"incidents": [incident]})
