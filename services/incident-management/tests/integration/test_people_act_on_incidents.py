import asyncio
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

from shared.contracts.wire import Ref
from vigie_testing.clock import ManualClock

ALICE = Ref(id=UUID(int=1), name="Alice")
BOB = Ref(id=UUID(int=2), name="Bob")


def ref(person: Ref) -> dict[str, Any]:
    return person.model_dump(mode="json")


async def merge(service: Any, source: dict[str, Any], into: Any, expect: int = 200) -> Any:
    response = await service.client.post(
        f"/api/v1/incidents/{source['id']}/merge",
        json={"into": str(into)},
        headers=service.person(),
    )
    assert response.status_code == expect, response.text
    return response.json()


async def test_acknowledging_sets_the_acknowledger_and_measures(
    service: Any, clock: ManualClock
) -> None:
    incident = await service.opened()
    clock.advance(seconds=42)
    after = await service.patch(incident["id"], ALICE, status="acknowledged")
    assert (after["status"], after["acknowledged_by"]) == ("acknowledged", "Alice")
    assert (after["assignee"], after["mtta_seconds"]) == (ref(ALICE), 42)
    assert after["revision"] == 2
    await service.deliver()
    told = service.neighbours.told_oncall()[-1]
    assert (told["type"], told["actor"]["name"]) == ("incident.acknowledged", "Alice")
    assert told["incident"] == after
    assert service.neighbours.told_alerts() == []


async def test_an_automation_acknowledges_without_becoming_the_assignee(service: Any) -> None:
    incident = await service.opened()
    response = await service.client.patch(
        f"/api/v1/incidents/{incident['id']}",
        json={"status": "acknowledged"},
        headers=service.automation(),
    )
    assert response.json()["acknowledged_by"] == "robot"
    assert response.json()["assignee"] is None


async def test_the_second_to_acknowledge_is_answered_truthfully_and_changes_nothing(
    service: Any, clock: ManualClock
) -> None:
    incident = await service.opened()
    clock.advance(seconds=10)
    first = await service.patch(incident["id"], ALICE, status="acknowledged")
    clock.advance(seconds=10)
    second = await service.patch(incident["id"], BOB, status="acknowledged")
    assert second == first
    entries = (await service.timeline(incident["id"]))[1:]
    assert [entry["kind"] for entry in entries] == ["incident.acknowledged", "incident.unchanged"]
    assert entries[1]["text"] == (
        "Bob asked for acknowledged, which it was already by Alice at 2026-03-02 09:00:10 UTC. "
        "Nothing changed."
    )
    await service.deliver()
    assert len(service.neighbours.told_oncall()) == 2


async def test_two_people_at_once_are_both_answered_with_one_entry_each(service: Any) -> None:
    incident = await service.opened()
    answers = await asyncio.gather(
        service.patch(incident["id"], ALICE, status="acknowledged"),
        service.patch(incident["id"], BOB, status="acknowledged"),
    )
    assert answers[0] == answers[1]
    assert answers[0]["acknowledged_by"] in {"Alice", "Bob"}
    entries = (await service.timeline(incident["id"]))[1:]
    assert sorted(entry["kind"] for entry in entries) == [
        "incident.acknowledged",
        "incident.unchanged",
    ]
    assert {entry["actor"]["name"] for entry in entries} == {"Alice", "Bob"}
    figures = await service.metrics()
    assert figures['incidents_total{status="ack"}'] == 1
    assert figures['incident_mtta_seconds_count{severity="high"}'] == 1


async def test_the_timeline_is_in_order_when_the_clock_was_read_before_the_wait(
    service: Any, clock: ManualClock
) -> None:
    incident = await service.opened()
    clock.advance(seconds=10)
    await service.patch(incident["id"], ALICE, status="acknowledged")
    # Bob pressed the button a moment earlier, and waited for Alice's transaction to end.
    clock.set(clock.now() - timedelta(seconds=1))
    after = await service.patch(incident["id"], BOB, status="acknowledged")
    assert after["mtta_seconds"] == 10
    entries = (await service.timeline(incident["id"]))[1:]
    assert [entry["kind"] for entry in entries] == ["incident.acknowledged", "incident.unchanged"]
    assert entries[0]["at"] <= entries[1]["at"]


async def test_a_forbidden_step_names_those_that_are_allowed(service: Any) -> None:
    incident = await service.opened()
    await service.patch(incident["id"], status="in_progress")
    problem = await service.patch(incident["id"], status="open", title="x", expect=409)
    assert problem["allowed"] == ["acknowledged", "resolved"]
    assert problem["reason"] == "work_has_started"
    assert problem["detail"] == (
        "INC-1 is in_progress and cannot become open: "
        "from there it can become acknowledged or resolved."
    )
    assert (await service.get(incident["id"]))["title"] == "Checkout is slow", "all or nothing"
    await service.patch(incident["id"], status="resolved")
    problem = await service.patch(incident["id"], status="acknowledged", expect=409)
    assert (problem["allowed"], problem["reason"]) == ([], "resolved_is_final")


async def test_a_released_incident_is_nobodys_and_is_paged_again(service: Any) -> None:
    incident = await service.opened()
    await service.patch(incident["id"], status="acknowledged")
    after = await service.patch(incident["id"], status="open")
    assert (after["status"], after["assignee"]) == ("open", None)
    assert after["acknowledged_by"] == "Alice"
    await service.deliver()
    assert service.neighbours.told_oncall()[-1]["type"] == "incident.released"


async def test_a_person_who_resolves_is_named_to_both_neighbours(
    service: Any, clock: ManualClock
) -> None:
    incident = await service.opened()
    clock.advance(minutes=3)
    after = await service.patch(incident["id"], BOB, status="resolved", note="Restarted it.")
    assert (after["resolved_by"], after["mttr_seconds"]) == ("Bob", 180)
    assert (await service.kinds(incident["id"]))[-2:] == ["incident.resolved", "note"]
    await service.deliver()
    for told in (service.neighbours.told_oncall(), service.neighbours.told_alerts()):
        assert told[-1]["type"] == "incident.resolved"
        assert told[-1]["actor"]["name"] == "Bob"


async def test_fields_change_with_one_entry_each_and_equal_values_say_nothing(
    service: Any,
) -> None:
    incident = await service.opened()
    after = await service.patch(
        incident["id"], title="Checkout is down", severity="critical", team="Shop"
    )
    assert (after["title"], after["severity"], after["team"]) == (
        "Checkout is down",
        "critical",
        "Shop",
    )
    assert await service.patch(incident["id"], severity="critical", team="Shop") == after
    entries = (await service.timeline(incident["id"]))[1:]
    assert [entry["data"] for entry in entries] == [
        {"from": "Checkout is slow", "to": "Checkout is down"},
        {"from": "high", "to": "critical"},
        {"from": None, "to": "Shop"},
    ]
    assert (await service.patch(incident["id"], team=None))["team"] is None
    await service.deliver()
    assert service.neighbours.told_oncall()[-1]["incident"]["title"] == "Checkout is down"


async def test_somebody_else_can_be_assigned_by_id_and_removed(service: Any) -> None:
    incident = await service.opened()
    after = await service.patch(incident["id"], ALICE, assignee_id=str(BOB.id))
    assert after["assignee"] == ref(BOB)
    # Who is named explicitly wins over who acknowledges.
    after = await service.patch(
        incident["id"], ALICE, status="acknowledged", assignee_id=str(BOB.id)
    )
    assert after["assignee"] == ref(BOB)
    after = await service.patch(incident["id"], ALICE, assignee_id=None)
    assert after["assignee"] is None


async def test_a_stranger_cannot_be_assigned(service: Any) -> None:
    incident = await service.opened()
    problem = await service.patch(incident["id"], assignee_id=str(uuid4()), expect=422)
    assert problem["errors"] == [
        {"field": "assignee_id", "message": "there is no person with this id"}
    ]


async def test_with_oncall_service_down_whoever_was_heard_of_can_be_assigned(
    service: Any,
) -> None:
    incident = await service.opened()
    await service.patch(incident["id"], BOB, status="acknowledged")
    service.people.down = True
    after = await service.patch(incident["id"], ALICE, assignee_id=str(BOB.id))
    assert after["assignee"] == ref(BOB)
    problem = await service.patch(incident["id"], ALICE, assignee_id=str(uuid4()), expect=503)
    assert "oncall-service" in problem["detail"]


async def test_taking_it_oneself_needs_nobody_else(service: Any) -> None:
    incident = await service.opened()
    service.people.down = True
    after = await service.patch(incident["id"], ALICE, assignee_id=str(ALICE.id))
    assert after["assignee"] == ref(ALICE)


async def test_an_incident_opened_by_hand_is_paged_like_any_other(
    service: Any, clock: ManualClock
) -> None:
    response = await service.client.post(
        "/api/v1/incidents",
        json={
            "title": "Shop is empty",
            "service": "shop",
            "severity": "critical",
            "message": "Customers called.",
        },
        headers=service.person(),
    )
    assert response.status_code == 201
    incident = response.json()
    assert (incident["alert_count"], incident["correlation_key"]) == (0, None)
    assert await service.kinds(incident["id"]) == ["incident.opened", "note"]
    await service.deliver()
    (told,) = service.neighbours.told_oncall()
    assert (told["type"], told["actor"]["name"]) == ("incident.opened", "Alice")
    clock.advance(seconds=30)
    after = await service.patch(incident["number"], status="acknowledged")
    assert after["mtta_seconds"] == 30


async def test_a_note_is_answered_as_it_stands_on_the_timeline(service: Any) -> None:
    incident = await service.opened()
    await service.patch(incident["id"], status="resolved")
    response = await service.client.post(
        f"/api/v1/incidents/INC-{incident['number']}/notes",
        json={"text": "  Post-mortem: **cable**.  "},
        headers=service.person(BOB),
    )
    assert response.status_code == 201
    note = response.json()
    assert (note["text"], note["actor"]["name"]) == ("Post-mortem: **cable**.", "Bob")
    assert (await service.timeline(incident["id"]))[-1] == note


async def test_merging_moves_the_alerts_and_leaves_the_measures(
    service: Any, clock: ManualClock
) -> None:
    source, target = await service.opened(), await service.opened()
    clock.advance(minutes=1)
    after = await merge(service, source, f"INC-{target['number']}")
    assert (after["merged_into"], after["status"]) == (target["id"], "resolved")
    assert (after["alert_count"], after["mttr_seconds"]) == (0, None)
    survivor = await service.get(target["id"])
    assert (survivor["alert_count"], survivor["status"]) == (2, "open")
    assert (await service.timeline(source["id"]))[-1]["text"] == (
        "Alice merged it into INC-2, with 1 alert."
    )
    assert (await service.timeline(target["id"]))[-1]["text"] == (
        "Alice merged INC-1 into it, with 1 alert."
    )
    await service.deliver()
    for told in (service.neighbours.told_oncall(), service.neighbours.told_alerts()):
        assert told[-1]["type"] == "incident.merged"
        assert told[-1]["incident"]["merged_into"] == target["id"]
    figures = await service.metrics()
    assert figures['incidents_total{status="resolved"}'] == 0
    assert figures['incident_mttr_seconds_count{severity="high"}'] == 0
    assert figures['incidents_open{severity="high",status="open"}'] == 1
    # Saying it again is no error.
    assert (await merge(service, source, target["id"]))["revision"] == after["revision"]


async def test_only_two_different_incidents_that_are_not_over_can_be_merged(service: Any) -> None:
    one, two, over = [await service.opened() for _ in range(3)]
    await service.patch(over["id"], status="resolved")
    assert "itself" in (await merge(service, one, one["id"], 409))["detail"]
    assert "INC-3 is resolved" in (await merge(service, one, over["id"], 409))["detail"]
    assert "INC-3 is resolved" in (await merge(service, over, one["id"], 409))["detail"]
    await merge(service, one, two["id"])
    problem = await merge(service, two, one["id"], 409)
    assert problem["merged_into"] == two["id"]
    await merge(service, two, uuid4(), 404)
    await merge(service, two, "nonsense", 404)


async def test_a_merged_incident_takes_notes_and_nothing_else(service: Any) -> None:
    source, target = await service.opened(), await service.opened()
    await merge(service, source, target["id"])
    problem = await service.patch(source["id"], status="open", expect=409)
    assert (problem["allowed"], problem["reason"]) == ([], "merged_is_final")
    await service.patch(source["id"], title="x", expect=409)
    await service.patch(source["id"], note="same cable")
    assert (await service.kinds(source["id"]))[-1] == "note"


async def test_an_unknown_incident_is_a_404(service: Any) -> None:
    for reference in ("INC-999", str(uuid4()), "nonsense", "9" * 40):
        await service.patch(reference, status="resolved", expect=404)
        for path in ("", "/timeline", "/alerts", "/metrics"):
            response = await service.client.get(
                f"/api/v1/incidents/{reference}{path}", headers=service.person()
            )
            assert response.status_code == 404
            assert response.headers["content-type"] == "application/problem+json"
