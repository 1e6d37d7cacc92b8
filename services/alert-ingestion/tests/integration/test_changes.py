"""Changes of services: listed, and told to the incidents of their service."""

from typing import Any

from shared.contracts.alerts import AlertKind
from vigie_testing.clock import ManualClock


async def change(service: Any, summary: str, of: str = "checkout") -> None:
    event = {
        "routing_key": service.key,
        "payload": {"summary": summary, "custom_details": {"service": of}},
        "links": [{"href": "https://git.example.com/1", "text": "Commit"}],
    }
    answer = await service.post("/v2/change/enqueue", event, key=None)
    assert answer.status_code == 202, answer.text
    assert answer.json() == {"status": "success", "message": "Change event processed"}


def told(service: Any) -> list[tuple[str, list[str]]]:
    """The incidents that hear of changes, with what they hear."""
    return [
        (str(event.incident_id), [change.summary for change in event.changes])
        for event in service.owed()
        if event.type == AlertKind.SERVICE_CHANGED
    ]


async def test_an_open_incident_hears_of_a_change_of_its_service(service: Any) -> None:
    opened = (await service.send(service="checkout")).json()
    await service.send(service="ledger", dedup_key="other")
    await change(service, "Deployed 2.4")
    assert told(service) == [(opened["incident_id"], ["Deployed 2.4"])]
    [event] = [one for one in service.owed() if one.changes]
    assert event.changes[0].url == "https://git.example.com/1"


async def test_an_incident_begins_with_the_changes_of_the_day_before(
    service: Any, clock: ManualClock
) -> None:
    await change(service, "Too long ago")
    clock.advance(hours=25)
    for number in range(6):
        await change(service, f"Change {number}")
    await change(service, "Elsewhere", of="ledger")
    assert told(service) == []
    opened = (await service.send(service="checkout")).json()
    heard = [f"Change {number}" for number in range(1, 6)]
    assert told(service) == [(opened["incident_id"], heard)]


async def test_an_alert_that_joins_an_incident_tells_nothing_again(service: Any) -> None:
    await change(service, "Deployed 2.4")
    await service.send(dedup_key="one")
    await service.send(dedup_key="two")
    assert len(told(service)) == 1


async def test_an_incident_that_is_over_hears_of_nothing(service: Any) -> None:
    await service.send(dedup_key="one")
    await service.send(dedup_key="one", status="resolved")
    await change(service, "Deployed 2.4")
    assert told(service) == []


async def test_changes_are_listed_newest_first_and_by_service(service: Any) -> None:
    for number in range(3):
        await change(service, f"Change {number}")
    await change(service, "Elsewhere", of="ledger")
    first = await service.get("/api/v1/changes?service=checkout&limit=2")
    assert [one["summary"] for one in first["items"]] == ["Change 2", "Change 1"]
    assert first["items"][0]["links"] == {"Commit": "https://git.example.com/1"}
    rest = await service.get(f"/api/v1/changes?service=checkout&cursor={first['next_cursor']}")
    assert [one["summary"] for one in rest["items"]] == ["Change 0"]
    assert len((await service.get("/api/v1/changes"))["items"]) == 4
