"""Incidents that are left alone for a while, and acknowledgements that were forgotten."""

from datetime import timedelta
from typing import Any


async def snooze(
    service: Any, incident: dict[str, Any], minutes: int = 30, *, expect: int = 200
) -> dict[str, Any]:
    response = await service.client.post(
        f"/api/v1/incidents/{incident['id']}/snooze",
        json={"minutes": minutes},
        headers=service.person(),
    )
    assert response.status_code == expect, response.text
    return dict(response.json())


async def wake(service: Any) -> None:
    assert await service.app.state.engines["snoozes"].cycle()


async def test_whoever_snoozes_has_it_and_it_is_open_again_afterwards(service: Any) -> None:
    incident = await service.opened()
    snoozed = await snooze(service, incident)
    until = service.clock.now() + timedelta(minutes=30)
    assert (snoozed["status"], snoozed["assignee"]["name"]) == ("acknowledged", "Alice")
    assert snoozed["snoozed_until"] == until.isoformat().replace("+00:00", "Z")
    service.clock.advance(minutes=29)
    await wake(service)
    assert (await service.get(incident["id"]))["status"] == "acknowledged"
    service.clock.advance(minutes=1)
    await wake(service)
    after = await service.get(incident["id"])
    assert (after["status"], after["snoozed_until"]) == ("open", None)
    assert after["acknowledged_at"] is not None, "MTTA counts the first time"
    *_, told, reopened = await service.timeline(incident["id"])
    assert told["text"].startswith("Alice leaves it alone until ")
    assert reopened["text"] == "Open again: it was to be left alone until now."
    await service.deliver()
    last = service.neighbours.told_oncall()[-1]
    assert (last["incident"]["status"], last["reason"]) == ("open", "snooze_ended")


async def test_a_snooze_ends_with_whatever_else_is_done_about_it(service: Any) -> None:
    for fields in ({"status": "in_progress"}, {"status": "open"}, {"status": "resolved"}):
        incident = await service.opened()
        await snooze(service, incident)
        await service.patch(incident["id"], **fields)
        service.clock.advance(minutes=31)
        await wake(service)
        assert (await service.get(incident["id"]))["status"] == fields["status"]


async def test_a_snooze_can_be_made_longer_and_shorter(service: Any) -> None:
    incident = await service.opened()
    await snooze(service, incident, 30)
    await snooze(service, incident, 5)
    service.clock.advance(minutes=5)
    await wake(service)
    assert (await service.get(incident["id"]))["status"] == "open"


async def test_what_is_over_or_worked_on_is_not_snoozed(service: Any) -> None:
    incident = await service.opened()
    await service.patch(incident["id"], status="in_progress")
    refused = await snooze(service, incident, expect=409)
    assert refused["reason"] == "work_has_started"
    await service.patch(incident["id"], status="resolved")
    await snooze(service, incident, expect=409)


async def test_a_forgotten_acknowledgement_opens_it_again_and_says_whose(service: Any) -> None:
    incident = await service.opened()
    await service.patch(incident["id"], status="acknowledged")
    [result] = await service.page_events(service.page("page.forgotten", incident["id"]))
    assert (result["outcome"], result["reason"]) == ("applied", "acknowledgement_forgotten")
    after = await service.get(incident["id"])
    assert (after["status"], after["assignee"]["name"]) == ("open", "Alice")
    entry = (await service.timeline(incident["id"]))[-1]
    assert entry["text"] == "Open again: nothing followed on Alice's acknowledgement in time."
    await service.deliver()
    assert service.neighbours.told_oncall()[-1]["reason"] == "acknowledgement_forgotten"


async def test_nothing_is_forgotten_that_somebody_works_on_or_snoozes(service: Any) -> None:
    for prepare in ("in_progress", "snoozed"):
        incident = await service.opened()
        if prepare == "snoozed":
            await snooze(service, incident)
        else:
            await service.patch(incident["id"], status=prepare)
        before = (await service.get(incident["id"]))["status"]
        [result] = await service.page_events(service.page("page.forgotten", incident["id"]))
        assert (result["outcome"], result["reason"]) == ("ignored", "somebody_cares")
        assert (await service.get(incident["id"]))["status"] == before
