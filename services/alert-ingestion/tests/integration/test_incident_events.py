"""What incident-management decided comes back: resolved by a person, merged, in any order."""

import itertools
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest

from shared.contracts.identity import Role
from shared.contracts.incidents import IncidentEvent, Status
from shared.contracts.wire import Outcome
from shared.identifiers import new_id

LONG_AGO = "2026-03-02T08:00:00Z"
LATER = "2026-03-02T09:30:00Z"


async def send(service: Any, /, **alert: Any) -> Any:
    # A dedup_key is the whole identity, so each service needs its own.
    key = f"{alert.get('service', '')} {alert.pop('dedup_key', 'disk')}"
    answer = await service.send(**{"dedup_key": key, **alert})
    assert answer.status_code == 201, answer.text
    return answer.json()


async def test_what_a_person_resolved_is_closed_though_its_sender_goes_on(service: Any) -> None:
    first = await send(service, timestamp=LONG_AGO)
    [result] = await service.tell(service.incident_event(first["incident_id"]))
    assert result.outcome is Outcome.APPLIED
    alert = await service.alert(first["alert_id"])
    assert (alert["status"], alert["suppressed"]) == ("resolved", True)
    assert alert["resolved_reason"] == "resolved_by_hand"
    # incident-management knows: nothing is owed to it.
    assert [event.type for event in service.owed()] == ["alert.opened"]


async def test_a_resend_of_the_same_start_pages_nobody_and_shows_in_the_count(
    service: Any,
) -> None:
    first = await send(service, timestamp=LONG_AGO)
    await service.tell(service.incident_event(first["incident_id"]))
    service.clock.advance(minutes=10)
    again = await send(service, timestamp=LONG_AGO)
    assert again == {
        **first,
        "status": "resolved",
        "action": "duplicate_suppressed",
        "reason": "resolved_by_hand",
    }
    alert = await service.alert(first["alert_id"])
    assert (alert["count"], alert["suppressed"]) == (2, True)
    assert len(service.owed()) == 1


async def test_a_new_start_is_one_recurrence_however_often_it_is_sent(service: Any) -> None:
    first = await send(service, timestamp=LONG_AGO)
    await service.tell(service.incident_event(first["incident_id"]))
    service.clock.advance(minutes=1)
    new = await send(service, timestamp=LATER)
    assert (new["action"], new["reason"]) == ("new_incident", "recurrence")
    assert (await send(service, timestamp=LATER))["action"] == "duplicate_suppressed"
    events = service.owed()
    assert [event.type for event in events] == ["alert.opened", "alert.resolved", "alert.opened"]
    # The occurrence resolved by hand is over for incident-management too.
    assert events[1].reason == "new_occurrence"
    assert str(events[1].alert.id) == first["alert_id"]
    assert str(events[2].recurrence_of) == first["incident_id"]


async def test_a_trigger_without_a_start_is_a_new_alert_after_a_resolve_by_hand(
    service: Any,
) -> None:
    first = await send(service)
    await service.tell(service.incident_event(first["incident_id"]))
    new = await send(service)
    assert (new["action"], new["reason"]) == ("new_incident", "recurrence")
    assert new["alert_id"] != first["alert_id"]


async def test_two_alerts_of_one_resolved_incident_come_again_as_one_recurrence(
    service: Any,
) -> None:
    first = await send(service, dedup_key="disk")
    await send(service, dedup_key="cpu")
    await service.tell(service.incident_event(first["incident_id"]))
    service.clock.advance(minutes=1)
    disk = await send(service, dedup_key="disk")
    cpu = await send(service, dedup_key="cpu")
    assert (disk["reason"], cpu["reason"]) == ("recurrence", "attached_within_window")
    assert cpu["incident_id"] == disk["incident_id"] != first["incident_id"]


async def test_the_sender_ends_a_suppressed_alert_and_incident_management_hears_of_it(
    service: Any,
) -> None:
    first = await send(service, timestamp=LONG_AGO)
    await service.tell(service.incident_event(first["incident_id"]))
    resolved = await send(service, timestamp=LONG_AGO, status="resolved")
    assert (resolved["action"], resolved["reason"]) == ("resolved", "resolved_by_sender")
    alert = await service.alert(first["alert_id"])
    assert (alert["suppressed"], alert["resolved_reason"]) == (False, "resolved_by_hand")
    assert service.owed()[-1].type == "alert.resolved"
    # The very occurrence the person dealt with stays dealt with.
    assert (await send(service, timestamp=LONG_AGO))["reason"] == "resolved_by_hand"


async def test_an_alert_that_came_after_the_resolve_is_not_closed_by_it(service: Any) -> None:
    first = await send(service)
    resolved_at = service.clock.now()
    service.clock.advance(seconds=5)
    # The news of the resolve is late: this one still joins the incident.
    late = await send(service, dedup_key="cpu")
    assert late["incident_id"] == first["incident_id"]
    await service.tell(service.incident_event(first["incident_id"], at=resolved_at))
    assert (await service.alert(first["alert_id"]))["status"] == "resolved"
    assert (await service.alert(late["alert_id"]))["status"] == "firing"


async def test_an_incident_that_resolved_itself_closes_its_group_but_no_firing_alert(
    service: Any,
) -> None:
    first = await send(service)
    await service.tell(service.incident_event(first["incident_id"], by=None))
    assert (await service.alert(first["alert_id"]))["status"] == "firing"
    assert (await send(service, dedup_key="cpu"))["action"] == "new_incident"


async def test_an_older_revision_and_a_repeated_event_change_nothing(service: Any) -> None:
    first = await send(service)
    resolved = service.incident_event(first["incident_id"], revision=5)
    [applied] = await service.tell(resolved)
    new = await send(service)
    older = service.incident_event(first["incident_id"], status=Status.OPEN, revision=4)
    [repeated, ignored] = await service.tell(resolved, older)
    assert applied.outcome is Outcome.APPLIED
    assert repeated.outcome is Outcome.DUPLICATE
    assert (ignored.outcome, ignored.reason) == (Outcome.IGNORED, "older_revision")
    assert (await service.alert(first["alert_id"]))["status"] == "resolved"
    assert (await service.alert(new["alert_id"]))["status"] == "firing"


async def test_a_merged_incident_takes_its_alerts_and_its_group_along(service: Any) -> None:
    one = await send(service, service="checkout")
    other = await send(service, service="payments")
    event = service.incident_event(one["incident_id"], merged_into=other["incident_id"])
    [result] = await service.tell(event)
    assert str(result.incident_id) == other["incident_id"]
    assert (await service.alert(one["alert_id"]))["incident_id"] == other["incident_id"]
    joins = await send(service, service="checkout", dedup_key="cpu")
    assert joins["incident_id"] == other["incident_id"]
    # One of its alerts still fires, so it does not end with the other two.
    await send(service, service="checkout", status="resolved")
    await send(service, service="checkout", dedup_key="cpu", status="resolved")
    joins = await send(service, service="payments", dedup_key="cpu")
    assert joins["incident_id"] == other["incident_id"]


def _permutations() -> list[tuple[int, ...]]:
    return list(itertools.permutations(range(3)))


@pytest.mark.parametrize("order", _permutations())
async def test_merges_and_a_resolve_end_the_same_in_every_order(
    service: Any, order: Sequence[int]
) -> None:
    a = await send(service, service="a")
    b = await send(service, service="b")
    c = await send(service, service="c")
    # A into B, B into C, and then a person resolves C.
    events: list[IncidentEvent] = [
        service.incident_event(a["incident_id"], merged_into=b["incident_id"]),
        service.incident_event(b["incident_id"], merged_into=c["incident_id"]),
        service.incident_event(c["incident_id"]),
    ]
    for index in order:
        await service.tell(events[index])
    # Everything a second time, all at once.
    await service.tell(*(events[index] for index in order))
    for sent in (a, b, c):
        alert = await service.alert(sent["alert_id"])
        assert alert["incident_id"] == c["incident_id"]
        assert (alert["status"], alert["suppressed"]) == ("resolved", True)
    again = await send(service, service="a")
    assert again["reason"] == "recurrence"
    assert str(service.owed()[-1].recurrence_of) == c["incident_id"]


async def test_an_incident_we_never_heard_of_is_remembered_for_a_later_merge(
    service: Any,
) -> None:
    mine = await send(service)
    manual = str(new_id())
    await service.tell(service.incident_event(manual))
    await service.tell(service.incident_event(mine["incident_id"], merged_into=manual))
    alert = await service.alert(mine["alert_id"])
    assert (alert["incident_id"], alert["status"]) == (manual, "resolved")


async def test_events_of_another_version_are_understood(service: Any) -> None:
    first = await send(service)
    event = service.incident_event(first["incident_id"]).model_dump(mode="json")
    newer = {**event, "version": 2, "type": "incident.exploded", "mood": "tense"}
    newer["incident"] = {**event["incident"], "weather": {"wind": 7}}
    optional = (
        "team",
        "assignee",
        "correlation_key",
        "recurrence_of",
        "merged_into",
        "mtta_seconds",
    )
    older = {**event, "event_id": str(new_id())}
    for name in ("reason", "actor", "version"):
        older.pop(name)
    older["incident"] = {
        name: value for name, value in event["incident"].items() if name not in optional
    }
    older["incident"]["revision"] = 6
    results = await service.tell(newer, older)
    assert [result.outcome for result in results] == [Outcome.APPLIED, Outcome.APPLIED]
    assert (await service.alert(first["alert_id"]))["resolved_reason"] == "resolved_by_hand"


async def test_only_incident_management_may_say_so(service: Any) -> None:
    event = service.incident_event(str(new_id())).model_dump(mode="json")
    for key, status in (
        (None, 401),
        (service.key, 401),
        (service.tokens[Role.ADMIN], 403),
        (service.service_tokens["web-ui"], 403),
    ):
        answer = await service.post("/internal/v1/incident-events", {"events": [event]}, key=key)
        assert answer.status_code == status, answer.text
    assert service.count("incidents") == 0


async def test_processed_events_are_forgotten_with_the_old_bodies(service: Any) -> None:
    from alert_ingestion.workflow.housekeeping import forget

    first = await send(service)
    await service.tell(service.incident_event(first["incident_id"]))
    service.clock.advance(timedelta(days=15))
    assert not await forget(service.pool, service.clock.now(), retention=timedelta(days=14))
    assert (service.count("inbox"), service.count("processed_events")) == (0, 1)
    service.clock.advance(timedelta(days=16))
    await forget(service.pool, service.clock.now(), retention=timedelta(days=14))
    assert service.count("processed_events") == 0
    assert service.count("alerts") == 1


def taken_back(service: Any, incident_id: str) -> IncidentEvent:
    event: IncidentEvent = service.incident_event(incident_id, status=Status.OPEN, revision=6)
    return event.model_copy(update={"type": "incident.reopened", "reason": "resolution_undone"})


@pytest.mark.parametrize("together", [True, False])
async def test_what_a_resolution_closed_is_open_again_when_that_is_taken_back(
    service: Any, together: bool
) -> None:
    first = await send(service, timestamp=LONG_AGO)
    events = service.incident_event(first["incident_id"]), taken_back(service, first["incident_id"])
    for batch in [events] if together else [(one,) for one in events]:
        await service.tell(*batch)
    alert = await service.alert(first["alert_id"])
    assert (alert["status"], alert["suppressed"], alert["resolved_reason"]) == (
        "firing",
        False,
        None,
    )
    joined = await send(service, dedup_key="cpu")
    assert joined["incident_id"] == first["incident_id"], "its group takes new alerts again"
    service.clock.advance(minutes=1)
    for key in ("disk", "cpu"):
        ended = await send(service, dedup_key=key, timestamp=LONG_AGO, status="resolved")
        assert ended["reason"] == "resolved_by_sender"
    assert [event.type for event in service.owed()][-2:] == ["alert.resolved"] * 2


async def test_what_its_sender_ended_meanwhile_stays_ended(service: Any) -> None:
    first = await send(service, timestamp=LONG_AGO)
    await service.tell(service.incident_event(first["incident_id"]))
    await send(service, timestamp=LONG_AGO, status="resolved")
    await service.tell(taken_back(service, first["incident_id"]))
    alert = await service.alert(first["alert_id"])
    assert (alert["status"], alert["suppressed"]) == ("resolved", False)


async def test_new_alerts_stay_with_the_incident_that_came_after(service: Any) -> None:
    first = await send(service)
    await service.tell(service.incident_event(first["incident_id"]))
    after = await send(service, dedup_key="cpu")
    await service.tell(taken_back(service, first["incident_id"]))
    later = await send(service, dedup_key="memory")
    assert later["incident_id"] == after["incident_id"] != first["incident_id"]
