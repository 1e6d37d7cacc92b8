"""A resolution by a slip of the hand is taken back."""

from typing import Any
from uuid import UUID

import pytest

from shared.contracts.wire import Ref
from vigie_testing.clock import ManualClock

ALICE = Ref(id=UUID(int=1), name="Alice")
BOB = Ref(id=UUID(int=2), name="Bob")


async def undo(service: Any, incident: dict[str, Any], who: Ref = ALICE, expect: int = 200) -> Any:
    response = await service.client.post(
        f"/api/v1/incidents/{incident['id']}/undo-resolve", headers=service.person(who)
    )
    assert response.status_code == expect, response.text
    return response.json()


async def test_it_is_what_it_was_before_and_both_neighbours_hear_of_it(
    service: Any, clock: ManualClock
) -> None:
    incident = await service.opened()
    await service.patch(incident["id"], ALICE, status="acknowledged")
    await service.patch(incident["id"], ALICE, status="resolved")
    clock.advance(seconds=15)
    after = await undo(service, incident)
    assert (after["status"], after["resolved_at"], after["mttr_seconds"]) == (
        "acknowledged",
        None,
        None,
    )
    await service.deliver()
    for told in (service.neighbours.told_oncall()[-1], service.neighbours.told_alerts()[-1]):
        assert (told["type"], told["reason"]) == ("incident.reopened", "resolution_undone")
        assert told["incident"] == after
    entry = (await service.timeline(incident["id"]))[-1]
    assert entry["text"] == "Not over: Alice took the resolution back."


async def test_a_later_end_at_the_sender_ends_it(service: Any, clock: ManualClock) -> None:
    event = service.event("alert.opened")
    await service.alert_events(event)
    incident = await service.get(event["incident_id"])
    await service.patch(incident["id"], status="resolved")
    await undo(service, incident)
    alerts = await service.client.get(
        f"/api/v1/incidents/{incident['id']}/alerts", headers=service.person()
    )
    assert [one["state"] for one in alerts.json()["items"]] == ["firing"]
    clock.advance(minutes=5)
    end = service.event("alert.resolved", alert=event["alert"]["id"], incident=incident["id"])
    await service.alert_events(end)
    after = await service.get(incident["id"])
    assert (after["status"], after["resolved_by"], after["mttr_seconds"]) == ("resolved", None, 300)


async def test_an_alert_that_ended_in_between_stays_ended(service: Any) -> None:
    first = service.event("alert.opened")
    both = service.event("alert.opened", incident=first["incident_id"], fingerprint="f2")
    await service.alert_events(first, both)
    incident = await service.get(first["incident_id"])
    await service.patch(incident["id"], status="resolved")
    end = service.event("alert.resolved", alert=first["alert"]["id"], incident=incident["id"])
    await service.alert_events(end)
    assert (await undo(service, incident))["status"] == "open"
    end = service.event("alert.resolved", alert=both["alert"]["id"], incident=incident["id"])
    await service.alert_events(end)
    assert (await service.get(incident["id"]))["status"] == "resolved"


async def test_what_ended_altogether_in_between_ends_by_itself(service: Any) -> None:
    event = service.event("alert.opened")
    await service.alert_events(event)
    incident = await service.get(event["incident_id"])
    await service.patch(incident["id"], status="resolved")
    end = service.event("alert.resolved", alert=event["alert"]["id"], incident=incident["id"])
    await service.alert_events(end)
    after = await undo(service, incident)
    assert (after["status"], after["resolved_by"]) == ("resolved", None)


async def test_only_whoever_resolved_it_may_and_only_at_once(
    service: Any, clock: ManualClock
) -> None:
    incident = await service.opened()
    assert (await undo(service, incident, expect=409))["reason"] == "not_over"
    await service.patch(incident["id"], ALICE, status="resolved")
    assert (await undo(service, incident, BOB, expect=409))["reason"] == "resolved_by_another"
    clock.advance(seconds=16)
    assert (await undo(service, incident, expect=409))["reason"] == "too_late"


async def test_what_ended_by_rule_is_nobodys_to_take_back(service: Any) -> None:
    event = service.event("alert.opened")
    end = service.event("alert.resolved", alert=event["alert"]["id"], incident=event["incident_id"])
    await service.alert_events(event, end)
    refused = await undo(service, await service.get(event["incident_id"]), expect=409)
    assert refused["reason"] == "resolved_by_rule"


@pytest.mark.parametrize("of_the_same", [True, False])
async def test_what_has_come_again_stays_over(service: Any, of_the_same: bool) -> None:
    """Itself, or what it is a recurrence of."""
    incident = await service.opened()
    if of_the_same:
        await service.patch(incident["id"], status="resolved")
        again = await service.opened(recurrence_of=incident["id"])
    else:
        root, incident = incident, await service.opened(recurrence_of=incident["id"])
        await service.patch(root["id"], status="resolved")
        await service.patch(incident["id"], status="resolved")
        again = await service.opened(recurrence_of=root["id"])
    refused = await undo(service, incident, expect=409)
    assert (refused["reason"], refused["number"]) == ("came_again", again["number"])


async def test_it_counts_once_however_often_it_is_resolved(service: Any) -> None:
    incident = await service.opened()
    for _ in range(2):
        await service.patch(incident["id"], status="resolved")
        await undo(service, incident)
    await service.patch(incident["id"], status="resolved")
    figures = await service.metrics()
    assert figures['incidents_total{status="resolved"}'] == 1
