"""Why an incident paged whom: its alerts are here, its pages at oncall-service."""

from typing import Any
from uuid import UUID

from shared.contracts.oncall_api import WhyView


async def why(service: Any, incident: dict[str, Any], **params: str) -> dict[str, Any]:
    response = await service.client.get(
        f"/api/v1/incidents/{incident['id']}/why",
        params=params,
        headers={**service.person(), "Accept-Language": "fr"},
    )
    assert response.status_code == 200, response.text
    return dict(response.json())


async def test_it_goes_from_the_alert_to_the_pages(service: Any) -> None:
    incident = await service.opened()
    identifier = UUID(incident["id"])
    service.ledger.known[identifier] = WhyView(
        incident_id=identifier, number=1, title="Checkout", severity="high", runs=[], others=[]
    )
    answer = await why(service, incident, person="Alice")
    assert answer["opened"]["kind"] == "incident.opened"
    assert [alert["message"] for alert in answer["alerts"]] == ["Checkout is slow"]
    assert answer["pages"]["title"] == "Checkout"
    assert service.ledger.asked == [(identifier, "Alice", "fr")]


async def test_while_oncall_service_is_down_the_rest_is_told(service: Any) -> None:
    incident = await service.opened()
    service.ledger.down = True
    answer = await why(service, incident)
    assert answer["pages"] is None
    assert len(answer["alerts"]) == 1
