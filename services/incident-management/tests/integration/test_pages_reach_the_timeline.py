from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

from vigie_testing.clock import ManualClock

ALICE = {"id": str(UUID(int=1)), "name": "Alice"}
BOB = {"id": str(UUID(int=2)), "name": "Bob"}
TEAM = {"id": str(UUID(int=9)), "name": "Shop"}


async def test_a_page_says_whose_it_is_and_sets_an_empty_assignee(service: Any) -> None:
    incident = await service.opened()
    await service.page_events(
        service.page("page.started", incident["id"], team=TEAM),
        service.page("page.target", incident["id"], person=ALICE, assign=True, step=1),
        service.page("notification.sent", incident["id"], person=ALICE, channel="log"),
        service.page("page.target", incident["id"], person=BOB, assign=True, step=2),
    )
    after = await service.get(incident["id"])
    assert (after["team"], after["assignee"]) == ("Shop", ALICE)
    assert after["revision"] == 3
    texts = [entry["text"] for entry in await service.timeline(incident["id"])][1:]
    assert texts == [
        "Paging began for the team Shop.",
        "Paged Alice (step 1).",
        "Notified Alice by log.",
        "Paged Bob (step 2).",
    ]


async def test_what_a_person_set_stays(service: Any) -> None:
    incident = await service.opened()
    await service.patch(incident["id"], assignee_id=BOB["id"], team="Payments")
    await service.page_events(
        service.page("page.target", incident["id"], team=TEAM, person=ALICE, assign=True)
    )
    after = await service.get(incident["id"])
    assert (after["team"], after["assignee"]) == ("Payments", BOB)


async def test_a_page_event_that_waited_for_a_person_sets_no_time_back(
    service: Any, clock: ManualClock
) -> None:
    incident = await service.opened()
    clock.advance(seconds=10)
    await service.patch(incident["id"], severity="low")
    # Its clock was read before it waited for that change.
    clock.set(clock.now() - timedelta(seconds=1))
    await service.page_events(service.page("page.started", incident["id"], team=TEAM))
    after = await service.patch(incident["id"], status="acknowledged")
    assert after["team"] == "Shop"
    assert after["mtta_seconds"] == 10


async def test_a_page_that_only_informs_assigns_nobody(service: Any) -> None:
    incident = await service.opened()
    await service.page_events(service.page("page.target", incident["id"], person=ALICE))
    assert (await service.get(incident["id"]))["assignee"] is None


async def test_an_incident_that_is_over_is_assigned_to_nobody(service: Any) -> None:
    incident = await service.opened()
    await service.patch(incident["id"], status="resolved")
    await service.page_events(
        service.page("page.target", incident["id"], person=ALICE, assign=True)
    )
    after = await service.get(incident["id"])
    assert after["assignee"] is None
    assert (await service.kinds(incident["id"]))[-1] == "page.target"


async def test_a_repeated_page_event_is_written_once(service: Any) -> None:
    incident = await service.opened()
    event = service.page("page.gap", incident["id"], detail="Nobody is on call: fallback Carol.")
    first, again = await service.page_events(event, event)
    (later,) = await service.page_events(event)
    assert [result["outcome"] for result in (first, again, later)] == [
        "applied",
        "duplicate",
        "duplicate",
    ]
    texts = [entry["text"] for entry in await service.timeline(incident["id"])]
    assert texts.count("Nobody is on call: fallback Carol.") == 1


async def test_events_about_unknown_incidents_and_of_unknown_kinds_are_answered(
    service: Any,
) -> None:
    incident = await service.opened()
    unknown, newer = await service.page_events(
        service.page("page.target", str(uuid4()), person=ALICE),
        service.page("page.snoozed", incident["id"], until="tomorrow"),
    )
    assert (unknown["outcome"], unknown["reason"]) == ("ignored", "unknown_incident")
    assert newer["outcome"] == "applied"
    assert (await service.timeline(incident["id"]))[-1]["text"] == "page.snoozed."


async def test_what_pages_changed_is_not_told_back_to_oncall_service(service: Any) -> None:
    incident = await service.opened()
    await service.page_events(
        service.page("page.target", incident["id"], team=TEAM, person=ALICE, assign=True)
    )
    await service.deliver()
    assert [event["type"] for event in service.neighbours.told_oncall()] == ["incident.opened"]
