"""The edges to incident-management, as committed in the OpenAPI documents of the two services."""

import json
from typing import Any

import jsonschema
import pytest

from shared.contracts.alerts import ALERT_EVENTS_PATH
from shared.contracts.incidents import INCIDENT_EVENTS_PATH
from vigie_testing import openapi


async def test_what_is_owed_is_what_incident_management_says_it_takes(service: Any) -> None:
    await service.send(
        labels={"region": "eu"}, annotations={"note": "hot"}, timestamp="2026-03-02T08:00:00Z"
    )
    await service.send(status="resolved", labels={"region": "eu"})
    await service.post(
        "/api/v2/alerts",
        [{"labels": {"alertname": "Down"}, "generatorURL": "http://prometheus/graph"}],
    )
    owed = [payload for (payload,) in service.database.query("SELECT payload FROM outbox")]
    assert len(owed) == 3
    openapi.check_request("incident-management", "POST", ALERT_EVENTS_PATH, {"events": owed})


async def test_what_incident_management_sends_is_what_we_say_we_take(service: Any) -> None:
    sent = (await service.send()).json()
    event = service.incident_event(sent["incident_id"]).model_dump(mode="json")
    openapi.check_request("alert-ingestion", "POST", INCIDENT_EVENTS_PATH, {"events": [event]})
    answer = await service.post(
        INCIDENT_EVENTS_PATH,
        {"events": [event]},
        key=service.service_tokens["incident-management"],
    )
    openapi.check_response(
        "alert-ingestion", "POST", INCIDENT_EVENTS_PATH, answer.status_code, answer.json()
    )


async def test_replies_are_as_documented(service: Any) -> None:
    sent = await service.send()
    openapi.check_response("alert-ingestion", "POST", "/api/v1/alerts", 201, sent.json())
    shown = await service.alert(sent.json()["alert_id"])
    openapi.check_response("alert-ingestion", "GET", "/api/v1/alerts/{alert_id}", 200, shown)
    page = await service.get("/api/v1/alerts")
    openapi.check_response("alert-ingestion", "GET", "/api/v1/alerts", 200, page)


def test_a_body_that_does_not_fit_is_noticed() -> None:
    with pytest.raises(jsonschema.ValidationError):
        openapi.check_request(
            "alert-ingestion", "POST", INCIDENT_EVENTS_PATH, {"events": [{"event_id": 7}]}
        )


def test_the_committed_document_is_json_as_a_person_would_read_it_in_a_diff() -> None:
    text = openapi.path_of("alert-ingestion").read_text()
    assert text == json.dumps(json.loads(text), indent=2, sort_keys=True, ensure_ascii=False) + "\n"
