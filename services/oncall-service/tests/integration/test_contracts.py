"""The edges to incident-management and to those who ask whose a token is."""

from typing import Any

from shared.contracts.identity import TOKEN_CHECK_PATH
from shared.contracts.incidents import INCIDENT_EVENTS_PATH
from shared.contracts.oncall import PAGE_EVENTS_PATH, PageEvents
from vigie_testing import openapi

ME = "oncall-service"

# As a release before this one sent it: what became optional since then is not there, and fields
# that were dropped are. Never edit this example; add another one for the next version.
VERSION_1_AT_ITS_SMALLEST: dict[str, Any] = {
    "event_id": "01900000-0000-7000-8000-000000000001",
    "type": "incident.opened",
    "occurred_at": "2026-03-02T09:00:00Z",
    "incident": {
        "id": "01900000-0000-7000-8000-000000000002",
        "number": 7,
        "title": "Checkout is down",
        "service": "checkout",
        "severity": "high",
        "status": "open",
        "created_at": "2026-03-02T08:59:00+00:00",
        "dropped_since": True,
    },
}


async def test_what_is_owed_is_what_incident_management_says_it_takes(
    crew: Any, incident_event: Any
) -> None:
    one = "01900000-0000-7000-8000-0000000002a1"
    await crew.hear(incident_event(), incident_event(id=one, service="unclaimed"))
    for minutes in (0, 5, 10, 5, 10):
        await crew.tick(minutes=minutes)
    await crew.ok("POST", "/api/v1/escalate", json={"incident_id": one})
    await crew.hear(incident_event("acknowledged", 2, id=one))
    owed = [payload for (payload,) in crew.database.query("SELECT payload FROM oncall.outbox")]
    assert {event["type"] for event in owed} == {
        "page.started",
        "page.target",
        "page.gap",
        "page.requested",
        "page.stopped",
        "page.exhausted",
        "notification.sent",
    }
    body = {"events": owed}
    openapi.check_request("incident-management", "POST", PAGE_EVENTS_PATH, body)
    PageEvents.model_validate(body)


async def test_what_incident_management_sends_is_what_we_say_we_take(
    crew: Any, incident_event: Any
) -> None:
    body = {"events": [incident_event(), VERSION_1_AT_ITS_SMALLEST]}
    openapi.check_request(ME, "POST", INCIDENT_EVENTS_PATH, body)
    answer = await crew.call("POST", INCIDENT_EVENTS_PATH, token=crew.service_token, json=body)
    openapi.check_response(ME, "POST", INCIDENT_EVENTS_PATH, 200, answer.json())
    assert [result["outcome"] for result in answer.json()["results"]] == ["applied", "applied"]


async def test_an_event_one_version_older_still_pages(crew: Any) -> None:
    assert await crew.hear(VERSION_1_AT_ITS_SMALLEST) == ["incident_opened"]
    assert await crew.tick() == ["Ada"]


async def test_an_event_of_a_newer_version_is_read_for_what_is_known(
    crew: Any, incident_event: Any
) -> None:
    newer = incident_event(mood="bad", event_type="incident.reconsidered")
    newer |= {"version": 9, "weather": "rain"}
    assert await crew.hear(newer) == ["incident_opened"]
    assert await crew.tick() == ["Ada"]


async def test_the_answer_about_a_token_is_as_documented(oncall: Any) -> None:
    for token in (oncall.api_token, "nobody's"):
        body = {"token": token}
        openapi.check_request(ME, "POST", TOKEN_CHECK_PATH, body)
        answer = await oncall.ok("POST", TOKEN_CHECK_PATH, token=oncall.service_token, json=body)
        openapi.check_response(ME, "POST", TOKEN_CHECK_PATH, 200, answer)


async def test_answers_of_the_public_api_are_as_documented(crew: Any, incident_event: Any) -> None:
    await crew.hear(incident_event())
    await crew.tick()
    plain = (
        "/api/v1/people",
        "/api/v1/teams",
        "/api/v1/services",
        "/api/v1/schedules",
        "/api/v1/policies",
        "/api/v1/overrides",
        "/api/v1/tokens",
        "/api/v1/escalations",
        "/api/v1/notifications",
        "/api/v1/oncall/current",
        "/api/v1/me",
    )
    for path in plain:
        openapi.check_response(ME, "GET", path, 200, await crew.ok("GET", path))
    calendar = await crew.ok("GET", "/api/v1/oncall/schedule?team=Payments")
    openapi.check_response(ME, "GET", "/api/v1/oncall/schedule", 200, calendar)
