"""Events reach incident-management, and its answers move alerts."""

from typing import Any
from uuid import UUID

from alert_ingestion.workflow.incidents import follow_answers
from shared.contracts.alerts import AlertEvent
from shared.contracts.wire import EventResult, Outcome
from shared.identifiers import new_id


async def send(service: Any, /, **alert: Any) -> Any:
    answer = await service.send(**alert)
    assert answer.status_code == 201, answer.text
    return answer.json()


def held_by(incident_id: UUID, outcome: Outcome = Outcome.APPLIED) -> Any:
    def answer(event: AlertEvent) -> EventResult:
        return EventResult(event_id=event.event_id, outcome=outcome, incident_id=incident_id)

    return answer


async def test_while_incident_management_is_down_everything_is_accepted_and_told_in_order_later(
    service: Any,
) -> None:
    replies = [
        await send(service, service=f"s{number % 4}", message=f"m{number}") for number in range(12)
    ]
    await send(service, service="s0", message="m0", status="resolved")
    events = await service.hand_over()
    opened = [str(event.alert.id) for event in events if event.type == "alert.opened"]
    assert sorted(opened) == sorted(reply["alert_id"] for reply in replies)
    assert len({event.incident_id for event in events}) == 4
    about_s0 = [event for event in events if event.alert.service == "s0"]
    assert [event.type for event in about_s0] == ["alert.opened"] * 3 + ["alert.resolved"]
    assert about_s0[0].alert.id == about_s0[-1].alert.id


async def test_an_alert_follows_to_the_incident_that_holds_it_and_so_do_later_ones(
    service: Any,
) -> None:
    mine = await send(service, message="one")
    holder = new_id()
    service.incidents.answer = held_by(holder)
    await service.hand_over()
    assert (await service.alert(mine["alert_id"]))["incident_id"] == str(holder)
    later = await send(service, message="two")
    assert (later["action"], later["incident_id"]) == (
        "attached_to_existing_incident",
        str(holder),
    )
    resolved = await send(service, message="one", status="resolved")
    assert resolved["incident_id"] == str(holder)
    assert {str(event.incident_id) for event in service.owed()} == {str(holder)}


async def test_an_alert_the_person_could_not_have_meant_fires_in_its_new_incident(
    service: Any,
) -> None:
    mine = await send(service)
    # Resolved there before our alert arrived: it closes here, then the answer says it lives on.
    await service.tell(service.incident_event(mine["incident_id"]))
    assert (await service.alert(mine["alert_id"]))["status"] == "resolved"
    recurrence = new_id()
    service.incidents.answer = held_by(recurrence)
    await service.hand_over()
    alert = await service.alert(mine["alert_id"])
    assert (alert["incident_id"], alert["status"]) == (str(recurrence), "firing")
    assert alert["resolved_reason"] is None
    assert (await send(service))["action"] == "duplicate_suppressed"


async def test_an_answer_that_got_lost_is_as_good_when_it_is_repeated(service: Any) -> None:
    mine = await send(service)
    await service.tell(service.incident_event(mine["incident_id"]))
    recurrence = new_id()
    service.incidents.answer = held_by(recurrence, Outcome.DUPLICATE)
    await service.hand_over()
    alert = await service.alert(mine["alert_id"])
    assert (alert["incident_id"], alert["status"]) == (str(recurrence), "firing")


async def test_an_answer_into_an_incident_that_a_person_resolved_closes_the_alert(
    service: Any,
) -> None:
    mine = await send(service)
    holder = str(new_id())
    await service.tell(service.incident_event(holder))
    service.incidents.answer = held_by(UUID(holder))
    await service.hand_over()
    alert = await service.alert(mine["alert_id"])
    assert (alert["incident_id"], alert["status"]) == (holder, "resolved")
    assert (await send(service, message="two"))["action"] == "new_incident"


async def test_an_answer_to_an_older_event_does_not_undo_a_later_move(service: Any) -> None:
    mine = await send(service)
    [event] = service.owed()
    holder = new_id()
    answers = [
        EventResult(event_id=event.event_id, outcome=Outcome.APPLIED, incident_id=incident)
        for incident in (holder, new_id())
    ]
    moved = []
    for answer in answers:
        async with service.pool.transaction() as connection:
            moved.append(await follow_answers(connection, [(event, answer)], service.clock.now()))
    assert moved == [1, 0]
    assert (await service.alert(mine["alert_id"]))["incident_id"] == str(holder)


async def test_an_answer_that_comes_after_its_incident_was_merged_is_followed_all_the_same(
    service: Any,
) -> None:
    mine = await send(service)
    [event] = service.owed()
    heir, again = str(new_id()), new_id()
    # Merged, and its heir resolved by a person, before the alert arrived there: it recurred.
    await service.tell(service.incident_event(mine["incident_id"], merged_into=heir))
    await service.tell(service.incident_event(heir))
    answer = EventResult(event_id=event.event_id, outcome=Outcome.APPLIED, incident_id=again)
    async with service.pool.transaction() as connection:
        assert await follow_answers(connection, [(event, answer)], service.clock.now()) == 1
    alert = await service.alert(mine["alert_id"])
    assert (alert["incident_id"], alert["status"]) == (str(again), "firing")


async def test_a_later_incident_keeps_its_key_when_an_older_alert_moves(service: Any) -> None:
    older = await send(service, message="one")
    [event] = service.owed()
    service.clock.advance(seconds=301)
    newer = await send(service, message="two")
    assert newer["incident_id"] != older["incident_id"]
    holder = new_id()
    answer = EventResult(event_id=event.event_id, outcome=Outcome.APPLIED, incident_id=holder)
    async with service.pool.transaction() as connection:
        assert await follow_answers(connection, [(event, answer)], service.clock.now()) == 1
    joins = await send(service, message="three")
    assert joins["incident_id"] == newer["incident_id"]
    # The holder's alerts are still found when a person resolves it.
    await service.tell(service.incident_event(str(holder)))
    assert (await service.alert(older["alert_id"]))["status"] == "resolved"


async def test_answers_that_agree_move_nothing(service: Any) -> None:
    await send(service)
    [event] = service.owed()
    agreed = EventResult(
        event_id=event.event_id, outcome=Outcome.APPLIED, incident_id=event.incident_id
    )
    async with service.pool.transaction() as connection:
        assert await follow_answers(connection, [(event, agreed)], service.clock.now()) == 0
