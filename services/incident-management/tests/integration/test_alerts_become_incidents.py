from collections.abc import Callable
from datetime import datetime
from typing import Any, TypeAlias
from uuid import uuid4

from vigie_testing.clock import ManualClock

Seconds: TypeAlias = Callable[[float], datetime]


async def test_an_alert_opens_an_incident_with_the_id_it_was_promised(service: Any) -> None:
    promised = uuid4()
    (result,) = await service.alert_events(
        service.event("alert.opened", incident=promised, message="Disk full\nmore", severity="low")
    )
    assert result["outcome"] == "applied"
    assert result["incident_id"] == str(promised)
    incident = await service.get(promised)
    assert incident["title"] == "Disk full"
    assert (incident["status"], incident["severity"]) == ("open", "low")
    assert incident["number"] == 1
    assert incident["alert_count"] == 1
    assert incident["revision"] == 1
    assert incident["correlation_key"] == "shop|high"
    assert await service.kinds("INC-1") == ["incident.opened"]


async def test_opening_asks_for_one_page_and_a_repeated_event_for_none(service: Any) -> None:
    event = service.event("alert.opened")
    await service.alert_events(event)
    (again,) = await service.alert_events(event)
    assert (again["outcome"], again["incident_id"]) == ("duplicate", event["incident_id"])
    await service.deliver()
    (told,) = service.neighbours.told_oncall()
    assert told["type"] == "incident.opened"
    assert told["incident"]["id"] == event["incident_id"]
    assert told["incident"]["revision"] == 1
    assert service.neighbours.told_alerts() == []


async def test_a_repeated_event_is_answered_with_where_its_alert_is_not_with_what_came_after(
    service: Any, clock: ManualClock
) -> None:
    event = service.event("alert.opened")
    await service.alert_events(event)
    await service.patch(event["incident_id"], status="resolved")
    clock.advance(minutes=1)
    elsewhere = service.event("alert.opened", incident=event["incident_id"])
    (recurred,) = await service.alert_events(elsewhere)
    assert recurred["incident_id"] != event["incident_id"]
    repeated = await service.alert_events(event, elsewhere)
    assert [result["incident_id"] for result in repeated] == [
        event["incident_id"],
        recurred["incident_id"],
    ]


async def test_the_same_event_twice_in_one_batch_is_applied_once(service: Any) -> None:
    event = service.event("alert.opened")
    first, second = await service.alert_events(event, event)
    assert (first["outcome"], second["outcome"]) == ("applied", "duplicate")
    assert (await service.get(event["incident_id"]))["alert_count"] == 1


async def test_another_alert_joins_an_open_incident_without_a_word_to_anybody(service: Any) -> None:
    incident = await service.opened()
    (result,) = await service.alert_events(
        service.event("alert.opened", incident=incident["id"], severity="low", message="Milder")
    )
    assert (result["incident_id"], result["reason"]) == (incident["id"], "joins")
    after = await service.get(incident["id"])
    assert (after["alert_count"], after["severity"], after["revision"]) == (2, "high", 2)
    await service.deliver()
    assert [event["type"] for event in service.neighbours.told_oncall()] == ["incident.opened"]


async def test_an_incident_is_as_grave_as_the_worst_that_joined_it(service: Any) -> None:
    incident = await service.opened()
    await service.deliver()
    service.neighbours.told_oncall()
    await service.alert_events(
        service.event("alert.opened", incident=incident["id"], severity="critical", message="Worse")
    )
    after = await service.get(incident["id"])
    assert (after["severity"], after["status"]) == ("critical", "open")
    entry = (await service.timeline(incident["id"]))[-1]
    assert entry["text"].endswith("It is critical, the incident was high.")
    await service.deliver()
    told = service.neighbours.told_oncall()[-1]
    assert (told["incident"]["severity"], told["joined"]) == ("critical", None)


async def test_a_persons_own_severity_stands_until_something_worse_than_anything_comes(
    service: Any,
) -> None:
    incident = await service.opened()
    await service.patch(incident["id"], severity="low")
    await service.alert_events(service.event("alert.opened", incident=incident["id"]))
    assert (await service.get(incident["id"]))["severity"] == "low"
    await service.alert_events(
        service.event("alert.opened", incident=incident["id"], severity="critical")
    )
    assert (await service.get(incident["id"]))["severity"] == "critical"


async def test_whoever_has_taken_an_incident_is_told_once_of_the_alerts_that_join_it(
    service: Any,
) -> None:
    incident = await service.opened()
    await service.patch(incident["id"], status="acknowledged")
    await service.deliver()
    events = [
        service.event("alert.opened", incident=incident["id"], fingerprint=fingerprint)
        for fingerprint in ("one", "two")
    ]
    await service.alert_events(*events)
    await service.alert_events(*events)
    await service.deliver()
    told = [event for event in service.neighbours.told_oncall() if event["joined"]]
    assert [event["joined"]["count"] for event in told] == [2]
    assert (await service.get(incident["id"]))["status"] == "acknowledged"


async def test_a_fingerprint_the_incident_has_had_tells_nobody_again(service: Any) -> None:
    alert = uuid4()
    other = uuid4()
    incident = await service.opened(alert=alert, fingerprint="disk")
    await service.alert_events(service.event("alert.opened", alert=other, incident=incident["id"]))
    await service.patch(incident["id"], status="acknowledged")
    await service.alert_events(
        service.event("alert.resolved", alert=alert, incident=incident["id"]),
        service.event("alert.opened", incident=incident["id"], fingerprint="disk"),
    )
    await service.deliver()
    assert [event for event in service.neighbours.told_oncall() if event["joined"]] == []


async def test_a_worse_alert_than_any_before_opens_an_acknowledged_incident_again(
    service: Any,
) -> None:
    incident = await service.opened()
    await service.patch(incident["id"], status="acknowledged")
    taken = await service.get(incident["id"])
    await service.alert_events(
        service.event(
            "alert.opened", incident=incident["id"], severity="critical", fingerprint="other"
        )
    )
    after = await service.get(incident["id"])
    assert (after["status"], after["severity"]) == ("open", "critical")
    assert after["acknowledged_at"] == taken["acknowledged_at"], "MTTA is what it was"
    assert after["assignee"] == taken["assignee"]
    entry = (await service.timeline(incident["id"]))[-1]
    assert (entry["kind"], entry["reason"]) == ("incident.reopened", "worse_alert_joined")
    await service.deliver()
    told = service.neighbours.told_oncall()[-1]
    assert (told["type"], told["incident"]["status"]) == ("incident.reopened", "open")


async def test_work_that_goes_on_is_not_opened_again_but_its_owner_is_told(service: Any) -> None:
    incident = await service.opened()
    await service.patch(incident["id"], status="in_progress")
    await service.alert_events(
        service.event(
            "alert.opened", incident=incident["id"], severity="critical", fingerprint="other"
        )
    )
    after = await service.get(incident["id"])
    assert (after["status"], after["severity"]) == ("in_progress", "critical")
    await service.deliver()
    assert service.neighbours.told_oncall()[-1]["joined"]["severity"] == "critical"


async def test_what_was_applied_stays_applied_when_its_sender_has_gone(service: Any) -> None:
    events = [service.event("alert.opened") for _ in range(150)]
    broken = {**service.event("alert.resolved"), "event_id": events[0]["event_id"]}
    results = await service.alert_events(*events, broken)
    assert [result["outcome"] for result in results] == ["applied"] * 150 + ["duplicate"]
    again = await service.alert_events(*events)
    assert {result["outcome"] for result in again} == {"duplicate"}
    assert [one["incident_id"] for one in again] == [event["incident_id"] for event in events]


async def test_an_alert_that_is_attached_already_is_counted_once(service: Any) -> None:
    alert = uuid4()
    incident = await service.opened(alert=alert)
    (result,) = await service.alert_events(
        service.event("alert.opened", alert=alert, incident=incident["id"])
    )
    assert (result["outcome"], result["reason"]) == ("ignored", "already_attached")
    assert (await service.get(incident["id"]))["alert_count"] == 1


async def test_the_incident_ends_when_its_last_alert_does(service: Any, clock: ManualClock) -> None:
    first, second = uuid4(), uuid4()
    incident = await service.opened(alert=first)
    await service.alert_events(service.event("alert.opened", alert=second, incident=incident["id"]))
    clock.advance(minutes=5)
    (result,) = await service.alert_events(
        service.event("alert.resolved", alert=first, incident=incident["id"])
    )
    assert result["reason"] == "still_firing"
    assert (await service.get(incident["id"]))["status"] == "open"
    clock.advance(minutes=5)
    (result,) = await service.alert_events(
        service.event("alert.resolved", alert=second, incident=incident["id"])
    )
    assert result["reason"] == "all_alerts_resolved"
    after = await service.get(incident["id"])
    assert (after["status"], after["resolved_by"]) == ("resolved", None)
    assert after["mttr_seconds"] == 600
    assert after["mtta_seconds"] is None
    await service.deliver()
    for told in (service.neighbours.told_oncall()[-1], *service.neighbours.told_alerts()):
        assert (told["type"], told["actor"]) == ("incident.resolved", None)
    assert len(service.neighbours.told_alerts()) == 1


async def test_an_integration_can_forbid_that_incidents_end_by_themselves(service: Any) -> None:
    quiet, loud = uuid4(), uuid4()
    incident = await service.opened(alert=quiet, auto_resolve=False)
    await service.alert_events(service.event("alert.opened", alert=loud, incident=incident["id"]))
    results = await service.alert_events(
        service.event("alert.resolved", alert=loud, incident=incident["id"]),
        service.event("alert.resolved", alert=quiet, incident=incident["id"], auto_resolve=False),
    )
    assert results[-1]["reason"] == "kept_open_by_policy"
    assert (await service.get(incident["id"]))["status"] == "open"


async def test_an_alert_that_ended_before_it_was_heard_of_opens_nothing_yet(
    service: Any, seconds_after: Seconds
) -> None:
    alert, promised = uuid4(), uuid4()
    (early,) = await service.alert_events(
        service.event("alert.resolved", alert=alert, incident=promised, at=seconds_after(60))
    )
    assert (early["outcome"], early["reason"]) == ("applied", "resolved_before_opened")
    await service.alert_events(
        service.event("alert.opened", alert=alert, incident=promised, at=seconds_after(0))
    )
    incident = await service.get(promised)
    assert (incident["status"], incident["mttr_seconds"]) == ("resolved", 60)
    await service.deliver()
    # Nobody is paged for what was over before anybody could be told.
    assert [event["incident"]["status"] for event in service.neighbours.told_oncall()] == [
        "resolved"
    ]


async def test_what_comes_after_a_person_resolved_is_a_recurrence_and_pages(
    service: Any, clock: ManualClock
) -> None:
    incident = await service.opened()
    clock.advance(minutes=1)
    await service.patch(incident["id"], status="resolved")
    clock.advance(minutes=1)
    (first,) = await service.alert_events(service.event("alert.opened", incident=incident["id"]))
    (second,) = await service.alert_events(service.event("alert.opened", incident=incident["id"]))
    assert first["reason"] == "recurs"
    assert first["incident_id"] not in {incident["id"], None}
    assert second["incident_id"] == first["incident_id"], "one recurrence is open at a time"
    recurrence = await service.get(first["incident_id"])
    assert (recurrence["recurrence_of"], recurrence["alert_count"]) == (incident["id"], 2)
    assert (await service.get(incident["id"]))["status"] == "resolved"
    assert (await service.kinds(incident["id"]))[-1] == "incident.recurred"
    await service.deliver()
    opened = [e for e in service.neighbours.told_oncall() if e["type"] == "incident.opened"]
    assert [event["incident"]["id"] for event in opened] == [incident["id"], recurrence["id"]]


async def test_a_second_recurrence_is_folded_and_its_id_stays_resolvable(
    service: Any, clock: ManualClock
) -> None:
    incident = await service.opened()
    await service.patch(incident["id"], status="resolved")
    clock.advance(minutes=1)
    first, folded = uuid4(), uuid4()
    late = uuid4()
    results = await service.alert_events(
        service.event("alert.opened", incident=first, recurrence_of=incident["id"]),
        service.event("alert.opened", incident=folded, alert=late, recurrence_of=incident["id"]),
    )
    assert [result["incident_id"] for result in results] == [str(first), str(first)]
    answered = await service.get(folded)
    assert (answered["id"], answered["alert_count"]) == (str(first), 2)
    # What still names the folded id finds its way.
    (more,) = await service.alert_events(service.event("alert.opened", incident=folded))
    assert more["incident_id"] == str(first)
    changed = await service.patch(folded, status="acknowledged")
    assert changed["id"] == str(first)


async def test_the_recurrence_of_a_recurrence_continues_the_chain(
    service: Any, clock: ManualClock
) -> None:
    incident = await service.opened()
    await service.patch(incident["id"], status="resolved")
    clock.advance(minutes=1)
    (second,) = await service.alert_events(service.event("alert.opened", incident=incident["id"]))
    await service.patch(second["incident_id"], status="resolved")
    clock.advance(minutes=1)
    # Whoever still names the first one is led along.
    (third,) = await service.alert_events(service.event("alert.opened", incident=incident["id"]))
    assert (await service.get(third["incident_id"]))["recurrence_of"] == second["incident_id"]


async def test_a_recurrence_can_arrive_before_what_it_recurs(service: Any) -> None:
    unknown = uuid4()
    incident = await service.opened(recurrence_of=unknown)
    assert incident["recurrence_of"] == str(unknown)


async def test_an_alert_of_a_merged_incident_joins_the_survivor(service: Any) -> None:
    alert = uuid4()
    source = await service.opened(alert=alert)
    target = await service.opened()
    await service.client.post(
        f"/api/v1/incidents/{source['id']}/merge",
        json={"into": target["id"]},
        headers=service.person(),
    )
    (joined,) = await service.alert_events(service.event("alert.opened", incident=source["id"]))
    assert joined["incident_id"] == target["id"]
    (came_again,) = await service.alert_events(
        service.event("alert.opened", recurrence_of=source["id"])
    )
    assert came_again["incident_id"] == target["id"]
    assert (await service.get(target["id"]))["alert_count"] == 4
    (ended,) = await service.alert_events(
        service.event("alert.resolved", alert=alert, incident=source["id"])
    )
    assert ended["incident_id"] == target["id"]


async def test_the_end_of_an_alert_that_a_person_closed_changes_nothing(service: Any) -> None:
    alert = uuid4()
    incident = await service.opened(alert=alert)
    await service.patch(incident["id"], status="resolved")
    before = await service.get(incident["id"])
    (result,) = await service.alert_events(
        service.event("alert.resolved", alert=alert, incident=incident["id"])
    )
    assert (result["outcome"], result["reason"]) == ("ignored", "already_resolved")
    assert await service.get(incident["id"]) == before
    response = await service.client.get(
        f"/api/v1/incidents/{incident['id']}/alerts", headers=service.person()
    )
    (shown,) = response.json()["items"]
    assert (shown["state"], shown["resolved_reason"]) == ("resolved", "resolved_by_hand")


async def test_events_of_a_newer_version_are_answered_and_ignored(service: Any) -> None:
    event = service.event("alert.silenced") | {"version": 2, "silenced_by": "somebody"}
    (result,) = await service.alert_events(event)
    assert (result["outcome"], result["reason"]) == ("ignored", "unknown_event_type")
