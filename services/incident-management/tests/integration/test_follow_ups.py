"""What is said at the sender of an alert, and of its service, reaches the incident."""

from datetime import timedelta
from typing import Any
from uuid import uuid4


async def opened(service: Any) -> tuple[Any, Any]:
    """An incident and its alert."""
    incident, alert = uuid4(), uuid4()
    await service.alert_events(service.event("alert.opened", incident=incident, alert=alert))
    return incident, alert


async def say(service: Any, kind: str, incident: Any, alert: Any, **said: Any) -> Any:
    event = {**service.event(kind, incident=incident, alert=alert), **said}
    [result] = await service.alert_events(event)
    await service.deliver()
    return result


async def test_an_acknowledgement_at_the_sender_acknowledges_the_incident(service: Any) -> None:
    incident, alert = await opened(service)
    result = await say(service, "alert.acknowledged", incident, alert, author="Ada")
    assert (result["outcome"], result["incident_id"]) == ("applied", str(incident))
    shown = await service.get(incident)
    assert (shown["status"], shown["acknowledged_by"]) == ("acknowledged", "Ada")
    assert shown["mtta_seconds"] is not None
    [entry] = [
        one for one in await service.timeline(incident) if one["kind"] == "incident.acknowledged"
    ]
    assert entry["text"] == "Ada acknowledged."
    assert entry["actor"] == {"kind": "service", "id": "prometheus", "name": "Ada"}
    assert service.neighbours.told_oncall()[-1]["incident"]["status"] == "acknowledged"


async def test_a_sender_that_names_nobody_acknowledges_in_its_own_name(service: Any) -> None:
    incident, alert = await opened(service)
    await say(service, "alert.acknowledged", incident, alert)
    assert (await service.get(incident))["acknowledged_by"] == "prometheus"


async def test_what_somebody_has_already_stays_theirs(service: Any) -> None:
    incident, alert = await opened(service)
    await say(service, "alert.acknowledged", incident, alert, author="Ada")
    again = await say(service, "alert.acknowledged", incident, alert, author="Bob")
    assert (again["outcome"], again["reason"]) == ("ignored", "taken_already")
    assert (await service.get(incident))["acknowledged_by"] == "Ada"


async def test_an_acknowledgement_never_opens_again_what_is_over(service: Any) -> None:
    incident, alert = await opened(service)
    await service.patch(incident, status="resolved")
    late = await say(service, "alert.acknowledged", incident, alert)
    assert (late["outcome"], late["reason"]) == ("ignored", "not_open")
    assert (await service.get(incident))["status"] == "resolved"
    nowhere = await say(service, "alert.acknowledged", uuid4(), uuid4())
    assert nowhere["outcome"] == "ignored"


async def test_a_note_at_the_sender_is_a_note_here(service: Any) -> None:
    incident, alert = await opened(service)
    await say(service, "alert.noted", incident, alert, author="Ada", text="Looking at it.")
    note = (await service.timeline(incident))[-1]
    assert (note["kind"], note["text"]) == ("note", "Looking at it.")
    assert note["actor"]["name"] == "Ada"


async def test_changes_of_the_service_stand_on_the_timeline_where_they_happened(
    service: Any,
) -> None:
    incident, alert = await opened(service)
    at = service.clock.now() - timedelta(hours=2)
    change = {
        "service": "shop",
        "summary": "Deployed 2.4",
        "at": at.isoformat(),
        "integration": "CI",
        "url": "https://git.example.com/1",
    }
    result = await say(service, "service.changed", incident, alert, changes=[change])
    assert result["outcome"] == "applied"
    [entry] = [one for one in await service.timeline(incident) if one["kind"] == "service.changed"]
    assert entry["text"] == "shop was changed: Deployed 2.4"
    assert entry["data"]["url"] == "https://git.example.com/1"
    assert entry["at"].startswith(at.isoformat()[:19])
    assert (await service.get(incident))["status"] == "open"
