"""An alert that changes: its incident is as grave as the gravest of its alerts, and says so."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

from shared.contracts.wire import Severity


async def two(service: Any, *, severities: tuple[str, str] = ("low", "low")) -> tuple[Any, Any]:
    """An incident of two alerts: its id, and the ids of the alerts."""
    incident, alerts = uuid4(), (uuid4(), uuid4())
    for alert, severity in zip(alerts, severities, strict=True):
        await service.alert_events(
            service.event(
                "alert.opened",
                incident=incident,
                alert=alert,
                severity=severity,
                fingerprint=str(alert),
            )
        )
    await service.deliver()
    return incident, alerts


async def update(service: Any, incident: Any, alert: Any, **given: Any) -> Any:
    event = service.event("alert.updated", incident=incident, alert=alert, **given)
    [result] = await service.alert_events(event)
    await service.deliver()
    return result


def last_told(service: Any) -> Any:
    return service.neighbours.told_oncall()[-1]


async def test_a_worse_repeat_raises_the_incident_and_is_told(service: Any) -> None:
    incident, (alert, _) = await two(service)
    result = await update(
        service, incident, alert, severity="critical", message="worse", annotations={"a": "b"}
    )
    assert result["outcome"] == "applied"
    assert (await service.get(incident))["severity"] == "critical"
    said = {entry["kind"]: entry["text"] for entry in await service.timeline(incident)}
    assert said["alert.updated"] == "An alert went from low to critical: worse."
    assert said["incident.severity_changed"] == (
        "As grave as the gravest of its alerts: critical; it was low."
    )
    assert last_told(service)["incident"]["severity"] == "critical"
    path = f"/api/v1/incidents/{incident}/alerts"
    shown = (await service.client.get(path, headers=service.person())).json()["items"]
    [changed] = [one for one in shown if one["id"] == str(alert)]
    assert (changed["severity"], changed["message"]) == ("critical", "worse")
    assert changed["annotations"] == {"a": "b"}


async def test_worse_than_what_was_taken_opens_it_again(service: Any) -> None:
    incident, (alert, _) = await two(service)
    await service.patch(incident, status="acknowledged")
    await update(service, incident, alert, severity="critical")
    assert (await service.get(incident))["status"] == "open"
    assert "incident.reopened" in await service.kinds(incident)
    told = last_told(service)
    assert (told["reason"], told["incident"]["status"]) == ("worse_alert_joined", "open")


async def test_whoever_works_on_it_is_told_and_keeps_it(service: Any) -> None:
    incident, (alert, _) = await two(service)
    await service.patch(incident, status="in_progress")
    await update(service, incident, alert, severity="high", message="worse")
    assert (await service.get(incident))["status"] == "in_progress"
    assert last_told(service)["joined"] == {"count": 1, "severity": "high", "message": "worse"}


async def test_a_fall_is_said_and_reopens_nothing(service: Any) -> None:
    incident, (alert, _) = await two(service, severities=("critical", "low"))
    await service.patch(incident, status="acknowledged")
    await update(service, incident, alert, severity="medium")
    after = await service.get(incident)
    assert (after["severity"], after["status"]) == ("medium", "acknowledged")
    assert last_told(service).get("joined") is None


async def test_the_end_of_the_gravest_lets_the_incident_fall(service: Any) -> None:
    incident, (alert, other) = await two(service, severities=("critical", "low"))
    await service.alert_events(service.event("alert.resolved", incident=incident, alert=alert))
    assert (await service.get(incident))["severity"] == "low"
    await service.alert_events(service.event("alert.resolved", incident=incident, alert=other))
    # What is over stays as it was in the end.
    assert (await service.get(incident))["severity"] == "low"


async def test_what_a_person_chose_stands_until_something_worse_comes(service: Any) -> None:
    incident, (alert, other) = await two(service, severities=("high", "low"))
    await service.patch(incident, severity="low")
    await update(service, incident, other, severity="high")
    assert (await service.get(incident))["severity"] == "low"
    await update(service, incident, alert, severity="critical")
    assert (await service.get(incident))["severity"] == "critical"


async def test_a_measured_value_is_kept_and_said_now_and_then(service: Any) -> None:
    incident, (alert, _) = await two(service)
    for minute in range(20):
        service.clock.advance(timedelta(minutes=1))
        await update(service, incident, alert, severity="low", message=f"disk {80 + minute} %")
    kinds = await service.kinds(incident)
    assert kinds.count("alert.updated") == 2
    path = f"/api/v1/incidents/{incident}/alerts"
    shown = (await service.client.get(path, headers=service.person())).json()["items"]
    assert "disk 99 %" in {one["message"] for one in shown}


async def test_what_comes_late_or_twice_changes_nothing(service: Any, seconds_after: Any) -> None:
    incident, (alert, _) = await two(service)
    newer = service.event(
        "alert.updated", incident=incident, alert=alert, severity="high", at=seconds_after(60)
    )
    older = service.event(
        "alert.updated", incident=incident, alert=alert, severity="critical", at=seconds_after(30)
    )
    outcomes = await service.alert_events(newer, newer, older)
    assert [one["outcome"] for one in outcomes] == ["applied", "duplicate", "ignored"]
    assert (await service.get(incident))["severity"] == Severity.HIGH
    [unknown] = await service.alert_events(service.event("alert.updated", incident=incident))
    assert (unknown["outcome"], unknown["reason"]) == ("ignored", "unknown_alert")


async def test_the_last_of_many_ends_resolves_the_incident(service: Any) -> None:
    incident = uuid4()
    alerts = [uuid4() for _ in range(300)]
    events = [
        service.event("alert.opened", incident=incident, alert=alert, fingerprint=str(alert))
        for alert in alerts
    ]
    await service.alert_events(*events)
    await service.alert_events(
        *(service.event("alert.resolved", incident=incident, alert=alert) for alert in alerts)
    )
    after = await service.get(incident)
    assert (after["status"], after["alert_count"]) == ("resolved", 300)


async def test_the_timeline_speaks_the_readers_language(service: Any) -> None:
    incident, _ = await two(service)
    await service.patch(incident, status="acknowledged")
    response = await service.client.get(
        f"/api/v1/incidents/{incident}/timeline",
        headers={**service.person(), "Accept-Language": "fr-CA, en;q=0.5"},
    )
    entries = response.json()["items"]
    assert entries[-1]["text"] == "Alice a acquitté."
    assert entries[-1]["data"] == {"from": "open", "to": "acknowledged"}
    english = await service.timeline(incident)
    assert english[-1]["text"] == "Alice acknowledged."


async def test_each_delivery_keeps_the_request_it_comes_from(service: Any) -> None:
    events = [
        {
            **service.event("alert.opened", service=name, fingerprint=name),
            "context": {
                "request_id": f"request-{name}",
                "traceparent": f"00-{32 * '1'}-{16 * '2'}-01",
            },
        }
        for name in ("shop", "search")
    ]
    await service.alert_events(*events)
    rows = service.database.query("SELECT payload FROM outbox ORDER BY seq")
    said = {row[0]["incident"]["service"]: row[0]["context"]["request_id"] for row in rows}
    assert said == {"shop": "request-shop", "search": "request-search"}


async def test_labels_are_shown_as_the_sender_wrote_them(service: Any) -> None:
    """The database keeps an object by the length of its names."""
    incident, (alert, _) = await two(service)
    order = ["zone", "alertname", "a"]
    labels = {"a": "1", "zone": "eu", "alertname": "X"}
    await update(service, incident, alert, labels=labels, label_order=order)
    path = f"/api/v1/incidents/{incident}/alerts"

    async def shown() -> list[str]:
        items = (await service.client.get(path, headers=service.person())).json()["items"]
        return next(list(one["labels"]) for one in items if one["id"] == str(alert))

    assert await shown() == order
    # One of an older release names no order, and what an order does not name is not lost.
    await update(service, incident, alert, labels={**labels, "new": "2"}, label_order=["zone"])
    assert await shown() == ["zone", "a", "new", "alertname"]
