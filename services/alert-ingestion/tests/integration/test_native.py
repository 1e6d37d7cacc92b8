"""POST /api/v1/alerts, on a real database."""

from typing import Any


async def test_a_new_alert_opens_an_incident_and_owes_it_to_incident_management(
    service: Any,
) -> None:
    answer = await service.send(labels={"region": "eu"}, annotations={"note": "hot"})
    assert answer.status_code == 201, answer.text
    reply = answer.json()
    assert reply["status"] == "firing"
    assert reply["action"] == reply["reason"] == "new_incident"
    [event] = service.owed()
    assert event.type == "alert.opened"
    assert event.reason == "new_incident"
    assert event.auto_resolve
    assert str(event.incident_id) == reply["incident_id"]
    assert str(event.alert.id) == reply["alert_id"]
    assert event.correlation_key == 'service="checkout",severity="critical"'
    assert event.alert.labels == {"region": "eu"}


async def test_the_same_alert_again_counts_and_pages_nobody(service: Any) -> None:
    first = (await service.send()).json()
    service.clock.advance(minutes=20)
    again = (await service.send()).json()
    assert again == {**first, "action": "duplicate_suppressed", "reason": "still_firing"}
    assert len(service.owed()) == 1
    alert = await service.alert(first["alert_id"])
    assert alert["count"] == 2
    assert alert["last_seen"] > alert["first_seen"]


async def test_another_alert_of_service_and_severity_joins_within_the_window(service: Any) -> None:
    first = (await service.send(message="one")).json()
    other = (await service.send(message="two")).json()
    assert other["action"] == "attached_to_existing_incident"
    assert other["reason"] == "attached_within_window"
    assert other["incident_id"] == first["incident_id"]
    assert other["alert_id"] != first["alert_id"]
    assert (await service.send(severity="high")).json()["action"] == "new_incident"
    assert (await service.send(service="payments")).json()["action"] == "new_incident"


async def test_only_new_fingerprints_hold_the_window_open(service: Any) -> None:
    first = (await service.send(message="one")).json()
    service.clock.advance(seconds=200)
    assert (await service.send(message="one")).json()["action"] == "duplicate_suppressed"
    service.clock.advance(seconds=100)
    second = (await service.send(message="two")).json()
    assert second["incident_id"] == first["incident_id"]
    service.clock.advance(seconds=300)
    third = (await service.send(message="three")).json()
    assert third["incident_id"] == first["incident_id"]
    service.clock.advance(seconds=301)
    fourth = (await service.send(message="four")).json()
    assert (fourth["action"], fourth["reason"]) == ("new_incident", "window_passed")
    assert fourth["incident_id"] != first["incident_id"]
    assert (await service.send(message="five")).json()["incident_id"] == fourth["incident_id"]


async def test_a_senders_clock_does_not_move_the_window(service: Any) -> None:
    first = (await service.send(message="one", timestamp="2026-01-01T00:00:00Z")).json()
    second = (await service.send(message="two", timestamp="2026-03-02T09:30:00Z")).json()
    assert second["incident_id"] == first["incident_id"]


async def test_a_resolve_closes_the_alert_and_is_owed_once(service: Any) -> None:
    first = (await service.send(dedup_key="disk")).json()
    resolved = (await service.send(dedup_key="disk", status="resolved")).json()
    assert resolved == {
        **first,
        "status": "resolved",
        "action": "resolved",
        "reason": "resolved_by_sender",
    }
    again = (await service.send(dedup_key="disk", status="resolved")).json()
    assert (again["action"], again["reason"]) == ("no_open_alert", "already_resolved")
    assert [event.type for event in service.owed()] == ["alert.opened", "alert.resolved"]
    alert = await service.alert(first["alert_id"])
    assert (alert["status"], alert["resolved_reason"]) == ("resolved", "resolved_by_sender")


async def test_a_resolve_of_something_unknown_is_accepted_and_says_so(service: Any) -> None:
    answer = await service.send(dedup_key="never seen", status="resolved")
    assert answer.status_code == 201
    assert answer.json() == {
        "alert_id": None,
        "incident_id": None,
        "status": "resolved",
        "action": "no_open_alert",
        "reason": "no_open_alert",
    }
    assert service.owed() == []


async def test_what_fires_again_after_its_incident_ended_is_a_recurrence(service: Any) -> None:
    first = (await service.send(dedup_key="disk")).json()
    await service.send(dedup_key="disk", status="resolved")
    # Within the window, but nothing of that incident fires any more: it resolves itself.
    again = (await service.send(dedup_key="disk")).json()
    assert (again["action"], again["reason"]) == ("new_incident", "recurrence")
    assert again["alert_id"] != first["alert_id"]
    other = (await service.send(dedup_key="cpu")).json()
    assert other["incident_id"] == again["incident_id"]
    recurrences = [event.recurrence_of for event in service.owed()]
    # On every event of the incident, for whichever comes first has to create it.
    assert [str(each) for each in recurrences[2:]] == [first["incident_id"]] * 2


async def test_an_alert_that_flaps_while_others_fire_stays_in_its_incident(service: Any) -> None:
    first = (await service.send(message="one")).json()
    await service.send(message="two")
    await service.send(message="two", status="resolved")
    again = (await service.send(message="two")).json()
    assert again["action"] == "attached_to_existing_incident"
    assert again["incident_id"] == first["incident_id"]


async def test_an_array_is_answered_in_its_order(service: Any) -> None:
    def alert(message: str, **more: str) -> dict[str, str]:
        return {"service": "db", "severity": "high", "message": message, **more}

    answer = await service.post(
        "/api/v1/alerts",
        [alert("one"), alert("two"), alert("one"), alert("two", status="resolved")],
    )
    assert answer.status_code == 201
    results = answer.json()["results"]
    assert [result["action"] for result in results] == [
        "new_incident",
        "attached_to_existing_incident",
        "duplicate_suppressed",
        "resolved",
    ]
    assert len({result["incident_id"] for result in results}) == 1
    assert service.count("alerts") == 2
    assert service.count("inbox") == 1


async def test_the_raw_body_of_an_accepted_request_is_kept(service: Any) -> None:
    body = b'{"service":"checkout", "severity":"low","message":"hm","color":"red"}'
    headers = {"Content-Type": "application/json", "X-Request-ID": "from-the-sender"}
    answer = await service.client.post(
        "/api/v1/alerts",
        content=body,
        headers={**headers, "Authorization": f"Bearer {service.key}"},
    )
    assert answer.status_code == 201
    [row] = service.database.query("SELECT format, body, request_id FROM inbox")
    assert (row[0], bytes(row[1]), row[2]) == ("native", body, "from-the-sender")


async def test_one_problem_seen_by_two_senders_is_one_incident(service: Any) -> None:
    first = (await service.send(message="it burns")).json()
    other_key = (await service.create_integration("second"))["key"]
    other = (await service.send(message="it burns", key=other_key)).json()
    assert other["action"] == "attached_to_existing_incident"
    assert other["incident_id"] == first["incident_id"]
    assert other["alert_id"] != first["alert_id"]


async def test_an_integration_has_its_own_window_and_labels(service: Any) -> None:
    own = await service.create_integration(
        "by region", correlation_labels=["region"], correlation_window_seconds=10
    )

    async def send(message: str, severity: str) -> Any:
        answer = await service.send(
            key=own["key"], message=message, severity=severity, labels={"region": "eu"}
        )
        return answer.json()

    first = await send("one", "critical")
    assert (await send("two", "low"))["incident_id"] == first["incident_id"]
    service.clock.advance(seconds=11)
    assert (await send("three", "low"))["reason"] == "window_passed"


async def test_an_incident_that_may_not_resolve_itself_keeps_taking_alerts(service: Any) -> None:
    own = await service.create_integration("careful", auto_resolve=False)
    first = (await service.send(key=own["key"])).json()
    await service.send(key=own["key"], status="resolved")
    again = (await service.send(key=own["key"])).json()
    assert again["action"] == "attached_to_existing_incident"
    assert again["incident_id"] == first["incident_id"]
    assert [event.auto_resolve for event in service.owed()] == [False] * 3
