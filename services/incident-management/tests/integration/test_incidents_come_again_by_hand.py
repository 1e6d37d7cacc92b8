"""Somebody sees that what was over has come again."""

from typing import Any


async def recur(service: Any, incident: dict[str, Any], expect: int = 201) -> Any:
    response = await service.client.post(
        f"/api/v1/incidents/{incident['id']}/recur", headers=service.person()
    )
    assert response.status_code == expect, response.text
    return response.json()


async def over(service: Any) -> dict[str, Any]:
    incident = await service.opened(message="Checkout is slow")
    await service.patch(incident["id"], team="Shop")
    ended: dict[str, Any] = await service.patch(incident["id"], status="resolved")
    return ended


async def test_it_is_a_new_incident_about_the_same_and_is_paged(service: Any) -> None:
    old = await over(service)
    new = await recur(service, old)
    same = ("title", "service", "severity", "team")
    assert {name: new[name] for name in same} == {name: old[name] for name in same}
    assert (new["status"], new["recurrence_of"], new["number"]) == ("open", old["id"], 2)
    await service.deliver()
    told = service.neighbours.told_oncall()[-1]
    assert (told["type"], told["reason"]) == ("incident.opened", "recurred_by_hand")
    [opened] = await service.timeline(new["id"])
    assert opened["text"] == "Alice opened it: INC-1 has come again."
    last = (await service.timeline(old["id"]))[-1]
    assert (last["kind"], last["text"]) == ("incident.recurred", "It came again, as INC-2.")


async def test_there_is_one_recurrence_at_a_time(service: Any) -> None:
    old = await over(service)
    new = await recur(service, old)
    refused = await recur(service, old, expect=409)
    assert (refused["reason"], refused["number"]) == ("came_again", new["number"])
    [joined] = await service.alert_events(
        service.event("alert.opened", recurrence_of=old["id"], fingerprint="f9")
    )
    assert joined["incident_id"] == new["id"], "an alert that comes again belongs to it"
    await service.patch(new["id"], status="resolved")
    assert (await recur(service, old))["recurrence_of"] == old["id"]


async def test_what_is_not_over_does_not_come_again(service: Any) -> None:
    incident = await service.opened()
    assert (await recur(service, incident, expect=409))["reason"] == "not_over"
