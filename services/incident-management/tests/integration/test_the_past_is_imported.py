from typing import Any
from uuid import uuid4


def past(**given: Any) -> dict[str, Any]:
    return {
        "id": str(uuid4()),
        "title": "Checkout was down",
        "service": "shop",
        "severity": "high",
        "created_at": "2026-02-27T10:00:00Z",
        "acknowledged_at": "2026-02-27T10:01:30Z",
        "acknowledged_by": "Alice",
        "resolved_at": "2026-02-27T11:00:00Z",
        "resolved_by": "Bob",
        "alert_count": 3,
    } | given


async def imported(
    service: Any, *incidents: dict[str, Any], expect: int = 200, headers: Any = None
) -> Any:
    response = await service.client.post(
        "/internal/v1/import",
        json={"incidents": list(incidents)},
        headers=headers or service.automation("admin"),
    )
    assert response.status_code == expect, response.text
    return response.json()


async def test_whole_incidents_come_in_with_their_times_and_figures(service: Any) -> None:
    incident = past(
        timeline=[
            {"at": "2026-02-27T10:00:05Z", "kind": "page.target", "text": "Paged Alice."},
            {"at": "2026-02-27T10:30:00Z", "text": "It was DNS."},
        ]
    )
    (result,) = (await imported(service, incident))["results"]
    assert (result["outcome"], result["number"]) == ("applied", 1)
    shown = await service.get("INC-1")
    assert (shown["mtta_seconds"], shown["mttr_seconds"]) == (90, 3600)
    assert (shown["status"], shown["resolved_by"], shown["alert_count"]) == ("resolved", "Bob", 3)
    assert [(entry["kind"], entry["text"]) for entry in await service.timeline(1)] == [
        ("incident.opened", "Opened: Checkout was down"),
        ("page.target", "Paged Alice."),
        ("incident.acknowledged", "Alice acknowledged."),
        ("note", "It was DNS."),
        ("incident.resolved", "Bob resolved."),
        ("incident.imported", "Imported."),
    ]


async def test_the_statistics_count_the_past_at_its_own_time_and_the_counters_do_not(
    service: Any,
) -> None:
    before = await _counted(service)
    await imported(service, past())
    day = {"since": "2026-02-27T00:00:00Z", "until": "2026-02-28T00:00:00Z"}
    total = (await _shown(service, "/api/v1/stats", **day))["total"]
    assert (total["created"], total["acknowledged"], total["resolved"]) == (1, 1, 1)
    assert (total["mtta"]["mean_seconds"], total["mttr"]["mean_seconds"]) == (90, 3600)
    # A graph of incidents an hour must not show last month's as a burst of this hour.
    assert await _counted(service) == before


async def _shown(service: Any, path: str, **query: str) -> dict[str, Any]:
    response = await service.client.get(path, params=query, headers=service.automation("viewer"))
    assert response.status_code == 200, response.text
    shown: dict[str, Any] = response.json()
    return shown


async def _counted(service: Any) -> dict[str, float]:
    figures: dict[str, float] = await service.metrics()
    return {name: value for name, value in figures.items() if name.startswith("incident")}


async def test_nobody_is_told_of_the_past(service: Any) -> None:
    await imported(service, past())
    await service.deliver()
    assert service.neighbours.told_oncall() == []
    assert service.neighbours.told_alerts() == []


async def test_importing_again_changes_nothing(service: Any) -> None:
    incident = past()
    await imported(service, incident)
    (again,) = (await imported(service, incident | {"title": "Other"}))["results"]
    assert (again["outcome"], again["number"]) == ("duplicate", 1)
    assert (await service.get(1))["title"] == "Checkout was down"
    assert len((await _shown(service, "/api/v1/incidents"))["items"]) == 1


async def test_numbers_follow_the_order_of_creation_and_results_that_of_the_request(
    service: Any,
) -> None:
    newer = past(created_at="2026-02-27T10:00:00Z")
    older = past(created_at="2026-02-26T10:00:00Z")
    results = (await imported(service, newer, older))["results"]
    assert [(result["id"], result["number"]) for result in results] == [
        (newer["id"], 2),
        (older["id"], 1),
    ]


async def test_an_incident_that_ended_by_itself_and_unseen_can_be_told(service: Any) -> None:
    await imported(
        service,
        past(
            acknowledged_at=None,
            acknowledged_by=None,
            resolved_by=None,
            in_progress_at="2026-02-27T10:10:00Z",
            assignee={"id": str(uuid4()), "name": "Carol"},
        ),
    )
    shown = await service.get(1)
    assert (shown["mtta_seconds"], shown["assignee"]["name"]) == (None, "Carol")
    assert (await service.timeline(1))[-2]["text"].startswith("Resolved by itself")


async def test_a_past_in_the_wrong_order_is_refused_and_nothing_is_stored(service: Any) -> None:
    wrong = past(resolved_at="2026-02-27T09:00:00Z")
    problem = await imported(service, past(), wrong, expect=422)
    assert "resolved_at must not be before acknowledged_at" in str(problem["errors"])
    await imported(service, past(resolved_at=None), expect=422)
    assert (await _shown(service, "/api/v1/incidents"))["items"] == []


async def test_only_administrators_and_services_import(service: Any) -> None:
    await imported(service, past(), expect=403, headers=service.automation("responder"))
    await imported(service, past(), headers=service.service("web-ui"))
