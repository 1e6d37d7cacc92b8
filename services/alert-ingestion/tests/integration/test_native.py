"""POST /api/v1/alerts, on a real database."""

from typing import Any


async def test_a_new_alert_opens_an_incident_and_owes_it_to_incident_management(
    service: Any,
) -> None:
    answer = await service.send()
    assert answer.status_code == 201, answer.text
    reply = answer.json()
    assert reply["status"] == "firing"
    assert reply["action"] == reply["reason"] == "new_incident"
    [event] = service.owed()
    assert event.type == "alert.opened"
    assert str(event.incident_id) == reply["incident_id"]
    assert str(event.alert.id) == reply["alert_id"]
    assert event.correlation_key == 'service="checkout",severity="critical"'
