"""What is owed to a person is sent at least once, and every attempt is on record."""

import asyncio
from typing import Any

import httpx
import pytest

from oncall_service.channels.base import Failed, Sent
from shared.identifiers import new_id

NOTIFICATIONS = "/api/v1/notifications"


async def _only(crew: Any) -> dict[str, Any]:
    [notification] = (await crew.ok("GET", NOTIFICATIONS))["items"]
    found: dict[str, Any] = notification
    return found


async def test_a_failure_worth_a_retry_is_tried_again_with_the_same_key(
    crew: Any, incident_event: Any
) -> None:
    crew.phones.answers = [Failed("answered 503", retry=True), Sent("answered 200")]
    await crew.hear(incident_event())
    await crew.app.state.engines["delivery"].cycle()
    [first] = crew.phones.rang
    assert (await _only(crew))["outcome"] == "pending"
    assert await crew.tick() == ["Ada"]
    assert await crew.tick(seconds=5) == ["Ada"]
    notification = await _only(crew)
    assert notification["outcome"] == "sent"
    assert [one["outcome"] for one in notification["attempts"]] == ["failed", "sent"]
    assert notification["idempotency_key"] == first.idempotency_key


async def test_a_retry_carries_the_idempotency_key_of_the_first_attempt(
    crew: Any, incident_event: Any
) -> None:
    crew.phones.answers = [Failed("answered 503", retry=True)]
    await crew.hear(incident_event())
    delivery = crew.app.state.engines["delivery"]
    await delivery.cycle()
    crew.clock.advance(seconds=5)
    await delivery.cycle()
    first, second = crew.phones.rang
    assert first.idempotency_key == second.idempotency_key


async def test_a_step_nobody_got_is_followed_by_the_next_one_at_once(
    crew: Any, incident_event: Any
) -> None:
    crew.phones.answers = [Failed("answered 410", retry=False)]
    await crew.hear(incident_event())
    await crew.app.state.engines["delivery"].cycle()
    crew.phones.take()
    assert await crew.tick() == ["Ben"]
    assert "notification.failed" in await crew.told()
    failed = (await crew.ok("GET", f"{NOTIFICATIONS}?outcome=failed"))["items"]
    assert [one["detail"] for one in failed] == ["answered 410"]
    metrics = (await crew.client.get("/metrics")).text
    assert 'oncall_notifications_sent_total{channel="log",outcome="failed"} 1.0' in metrics


async def test_a_step_that_reached_one_of_several_keeps_its_time(
    crew: Any, incident_event: Any
) -> None:
    methods = [{"channel": "log"}, {"channel": "webhook", "target": "https://hooks.example/a"}]
    await crew.ok("PATCH", "/api/v1/people/ada", json={"contact_methods": methods})
    crew.phones.answers = [Sent("ok"), Failed("answered 410", retry=False)]
    await crew.hear(incident_event())
    assert await crew.tick() == ["Ada", "Ada"]
    assert await crew.tick() == []


async def test_delivery_is_given_up_after_half_an_hour(crew: Any, incident_event: Any) -> None:
    await crew.ok(
        "PATCH",
        "/api/v1/policies/Payments",
        json={"repeat": 0, "steps": [{"target": "primary", "delay_minutes": 1440}]},
    )
    crew.phones.answers = [Failed("answered 503", retry=True)] * 100
    await crew.hear(incident_event())
    for _ in range(40):
        await crew.tick(minutes=1)
    notification = await _only(crew)
    assert notification["outcome"] == "failed"
    assert len(notification["attempts"]) > 20
    crew.phones.answers = []


async def test_a_channel_that_breaks_loses_no_page(crew: Any, incident_event: Any) -> None:
    crew.phones.answers = [RuntimeError("a bug")]
    await crew.hear(incident_event())
    assert await crew.tick() == ["Ada"]
    assert await crew.tick(seconds=5) == ["Ada"]
    assert (await _only(crew))["outcome"] == "sent"


async def test_what_a_dead_worker_had_claimed_is_sent_by_another(
    crew: Any, incident_event: Any
) -> None:
    await crew.hear(incident_event())
    crew.database.query(
        "UPDATE oncall.notifications SET claimed_until = %(until)s",
        {"until": crew.clock.now().replace(minute=1)},
    )
    assert await crew.tick() == []
    assert await crew.tick(minutes=1) == ["Ada"]


async def test_what_was_sent_while_it_was_cancelled_is_recorded_as_sent(
    crew: Any, incident_event: Any
) -> None:
    await crew.hear(incident_event())
    acknowledged = incident_event("acknowledged", 2)

    async def slow(_outgoing: Any) -> Sent:
        await crew.hear(acknowledged)
        return Sent("ok")

    crew.phones.send = slow
    assert await crew.app.state.engines["delivery"].cycle()
    assert (await _only(crew))["outcome"] == "sent"


async def test_what_failed_while_it_was_cancelled_stays_cancelled_and_is_not_tried_again(
    crew: Any, incident_event: Any
) -> None:
    await crew.hear(incident_event())
    acknowledged = incident_event("acknowledged", 2)
    calls = []

    async def slow(outgoing: Any) -> Failed:
        calls.append(outgoing)
        await crew.hear(acknowledged)
        return Failed("answered 503", retry=True)

    crew.phones.send = slow
    await crew.tick()
    await crew.tick(hours=1)
    assert len(calls) == 1
    assert (await _only(crew))["outcome"] == "cancelled"


@pytest.mark.parametrize(
    ("change", "detail"),
    [("removed", "the contact method was removed"), ("off", "the contact method was switched off")],
)
async def test_a_contact_method_that_went_away_meanwhile_is_a_failure_that_says_so(
    crew: Any, incident_event: Any, change: str, detail: str
) -> None:
    await crew.hear(incident_event())
    ada = await crew.ok("GET", "/api/v1/people/ada")
    path = f"/api/v1/people/ada/contact-methods/{ada['contact_methods'][0]['id']}"
    if change == "removed":
        await crew.ok("DELETE", path)
    else:
        await crew.ok("PATCH", path, json={"enabled": False})
    await crew.tick()
    failed = (await crew.ok("GET", f"{NOTIFICATIONS}?outcome=failed"))["items"]
    assert [one["detail"] for one in failed] == [detail]


async def test_a_test_message_says_that_it_is_one(crew: Any) -> None:
    ada = await crew.ok("GET", "/api/v1/people/ada")
    path = f"/api/v1/people/ada/contact-methods/{ada['contact_methods'][0]['id']}/test"
    response = await crew.call("POST", path)
    assert response.status_code == 202
    assert response.json()["outcome"] == "pending"
    await crew.app.state.engines["delivery"].cycle()
    [message] = crew.phones.rang
    assert message.message.title == "Vigie: test message"
    assert (await _only(crew))["outcome"] == "sent"
    assert await crew.told() == []


async def test_notifications_can_be_filtered_and_paged(crew: Any, incident_event: Any) -> None:
    ids = [f"01900000-0000-7000-8000-0000000001f{number}" for number in range(3)]
    for one in ids:
        await crew.hear(incident_event(id=one))
    await crew.tick()
    mine = await crew.ok("GET", f"{NOTIFICATIONS}?incident_id={ids[1]}&person=ada&outcome=sent")
    assert [one["incident_id"] for one in mine["items"]] == [ids[1]]
    first = await crew.ok("GET", f"{NOTIFICATIONS}?limit=2")
    second = await crew.ok("GET", f"{NOTIFICATIONS}?limit=2&cursor={first['next_cursor']}")
    assert [one["incident_id"] for one in first["items"] + second["items"]] == ids[::-1]
    assert (await crew.call("GET", f"{NOTIFICATIONS}?person=nobody")).status_code == 422
    assert (await crew.call("GET", f"{NOTIFICATIONS}?outcome=nonsense")).status_code == 422


async def test_what_incident_management_could_not_take_is_told_again_in_order(
    crew: Any, incident_event: Any
) -> None:
    crew.neighbour_answers = [503, 503, 503]
    await crew.hear(incident_event())
    assert await crew.told() == []
    await crew.hear(incident_event("acknowledged", 2))
    crew.clock.advance(minutes=1)
    assert await crew.told() == ["page.started", "page.target", "page.stopped"]


async def test_a_webhook_is_signed_with_the_secret_its_owner_was_shown(start: Any) -> None:
    async with start() as oncall:
        hook = {"channel": "webhook", "target": "https://hooks.example/in?key=1"}
        made = await oncall.ok("POST", "/api/v1/people/admin/contact-methods", json=hook)
        assert made["target"] == "https://hooks.example/..."
        person = await oncall.ok("GET", "/api/v1/people/admin")
        assert [one["secret"] for one in person["contact_methods"]] == [None, None]
        path = f"/api/v1/people/admin/contact-methods/{made['id']}/test"
        assert isinstance(await oncall.call("POST", path), httpx.Response)
        await oncall.app.state.engines["delivery"].cycle()
        [sent] = oncall.phones.rang
        assert (sent.secret, sent.target) == (made["secret"], hook["target"])


async def test_a_storm_is_sent_batch_after_batch_without_waiting_for_the_beat(
    crew: Any, incident_event: Any
) -> None:
    ids = [f"01900000-0000-7000-8000-0000000a{number:04}" for number in range(25)]
    await crew.hear(*(incident_event(id=one) for one in ids))
    assert len(await crew.tick()) == 20
    assert crew.app.state.engines["delivery"]._event.is_set()
    assert len(await crew.tick()) == 5


async def test_a_send_that_hangs_does_not_hold_up_the_next_page(
    crew: Any, incident_event: Any
) -> None:
    lanes = crew.app.state.engines
    hanging, released = asyncio.Event(), asyncio.Event()

    async def hang(_outgoing: Any) -> Sent:
        hanging.set()
        await released.wait()
        return Sent("at last")

    quick = crew.phones.send
    crew.phones.send = hang
    await crew.hear(incident_event())
    first = asyncio.create_task(lanes["delivery"].cycle())
    await hanging.wait()
    crew.phones.send = quick
    await crew.hear(incident_event(id=str(new_id())))
    assert await lanes["delivery_2"].cycle()
    assert [one.person for one in crew.phones.rang] == ["Ada"]
    released.set()
    assert await first
