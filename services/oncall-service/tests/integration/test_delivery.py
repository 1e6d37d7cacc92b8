"""What is owed to a person is sent at least once, and every attempt is on record."""

import asyncio
from collections import Counter
from typing import Any

import httpx
import pytest

from oncall_service.notifications.channels.base import Failed, Sent
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
    await crew.app.state.engines["sending"].cycle()
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
    sending = crew.app.state.engines["sending"]
    await sending.cycle()
    crew.clock.advance(seconds=5)
    await sending.cycle()
    first, second = crew.phones.rang
    assert first.idempotency_key == second.idempotency_key


async def test_a_step_nobody_got_is_followed_by_the_next_one_at_once(
    crew: Any, incident_event: Any
) -> None:
    crew.phones.answers = [Failed("answered 410", retry=False)]
    await crew.hear(incident_event())
    await crew.app.state.engines["sending"].cycle()
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
        "INSERT INTO oncall.contact_method_paces "
        "SELECT contact_method_id, 3, created_at, 1 FROM oncall.notifications"
    )
    assert await crew.tick() == ["Ada"], "nobody waits for the lease of the dead"


async def test_what_a_living_worker_is_sending_is_sent_by_nobody_else(
    start: Any, crew: Any, incident_event: Any
) -> None:
    await crew.hear(incident_event())
    async with start(crew.database) as twin:
        number = await twin.app.state.core.database.life.number()
        crew.database.query(
            "INSERT INTO oncall.contact_method_paces "
            "SELECT contact_method_id, 3, created_at, %(number)s FROM oncall.notifications",
            {"number": number},
        )
        assert await crew.tick() == []
    assert await crew.tick() == ["Ada"]


async def test_a_bundle_whose_outcome_is_unknown_is_sent_again_with_its_key(
    crew: Any, incident_event: Any
) -> None:
    for _ in range(6):
        await crew.hear(incident_event(id=str(new_id())))
    await crew.tick()
    await crew.tick(seconds=5)
    crew.database.query(
        "UPDATE oncall.notifications SET outcome = 'pending', next_attempt_at = created_at "
        "WHERE bundle_id <> id"
    )
    [bundle] = crew.database.query(
        "SELECT DISTINCT bundle_id FROM oncall.notifications WHERE bundle_id <> id"
    )
    await crew.app.state.engines["sending"].cycle()
    [again] = crew.phones.rang
    assert again.idempotency_key == f"bundle:{bundle[0]}"
    assert again.message.facts["count"] == 4


async def test_what_was_sent_while_it_was_cancelled_is_recorded_as_sent(
    crew: Any, incident_event: Any
) -> None:
    await crew.hear(incident_event())
    acknowledged = incident_event("acknowledged", 2)

    async def slow(_outgoing: Any) -> Sent:
        await crew.hear(acknowledged)
        return Sent("ok")

    crew.phones.send = slow
    assert await crew.app.state.engines["sending"].cycle()
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
    await crew.app.state.engines["sending"].cycle()
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
    crew.neighbour_answers = [503]
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
        await oncall.app.state.engines["sending"].cycle()
        [sent] = oncall.phones.rang
        assert (sent.secret, sent.target) == (made["secret"], hook["target"])


LOW = {"severity": "low"}


async def test_a_storm_is_a_burst_and_then_one_message_a_minute_the_worst_first(
    crew: Any, incident_event: Any
) -> None:
    ids = [str(new_id()) for _ in range(40)]
    await crew.hear(*(incident_event(id=one, **LOW) for one in ids[:20]))
    assert await crew.tick() == ["Ada"], "one alone"
    assert await crew.tick(seconds=5) == ["Ada"], "and a moment later the rest in one message"
    await crew.hear(*(incident_event(id=one, **LOW) for one in ids[20:39]))
    worse = incident_event(id=ids[39], severity="high")
    await crew.hear(worse)
    assert await crew.tick(seconds=54) == []
    await crew.app.state.engines["sending"].cycle()
    crew.clock.advance(seconds=1)
    await crew.app.state.engines["sending"].cycle()
    [bundle] = crew.phones.rang
    assert bundle.message.title == "20 more incidents, worst: [HIGH] INC-42 Checkout is down"
    assert [one["severity"] for one in bundle.message.facts["incidents"]] == ["high"] + 19 * ["low"]
    assert bundle.message.url == "https://vigie.example/"
    await crew.told()
    others = [one["data"].get("with_others") for one in crew.last_events[-20:]]
    assert others == [19] * 20
    notifications = (await crew.ok("GET", f"{NOTIFICATIONS}?limit=100"))["items"]
    assert {one["outcome"] for one in notifications} == {"sent"}
    bundles = Counter(one["bundle_id"] for one in notifications)
    assert sorted(bundles.values()) == [1, 19, 20]
    assert bundles[None] == 1, "the first went out alone"
    assert sorted(one["incident_id"] for one in notifications) == sorted(ids)


async def test_a_critical_page_goes_out_at_once_in_the_middle_of_a_storm(
    crew: Any, incident_event: Any
) -> None:
    await crew.hear(*(incident_event(id=str(new_id()), **LOW) for _ in range(30)))
    await crew.tick()
    await crew.tick(seconds=5)
    crew.clock.advance(seconds=5)
    await crew.hear(*(incident_event(id=str(new_id()), **LOW) for _ in range(30)))
    critical = incident_event(id=str(new_id()), title="The database burns")
    await crew.hear(critical)
    await crew.app.state.engines["sending"].cycle()
    [page] = crew.phones.rang
    assert page.message.title.startswith("31 more incidents, worst: [CRITICAL] INC-42 The database")
    assert page.message.facts["incident_id"] == critical["incident"]["id"]


async def test_first_pages_go_before_repeats_and_the_severe_before_the_old(
    crew: Any, incident_event: Any
) -> None:
    old, high, critical = (str(new_id()) for _ in range(3))
    await crew.hear(incident_event(id=old, severity="high"))
    await crew.tick()
    crew.clock.advance(minutes=20)
    assert await crew.app.state.engines["escalation"].cycle()
    await crew.hear(incident_event(id=high, severity="high"), incident_event(id=critical))
    rows = crew.database.query(
        "SELECT incident_id::text FROM oncall.notifications WHERE outcome = 'pending' "
        "ORDER BY urgency, id"
    )
    assert [row[0] for row in rows] == [critical, high, old]


async def test_however_much_happens_nobody_gets_more_than_the_burst_and_one_a_minute(
    crew: Any, incident_event: Any
) -> None:
    severities = ["critical", "low", "high", "medium"]
    sent = 0
    for second in range(0, 300, 15):
        await crew.hear(
            *(incident_event(id=str(new_id()), severity=severities[number]) for number in range(4))
        )
        rang = [name for name in await crew.tick(seconds=15) if name == "Ada"]
        sent += len(rang)
        assert sent <= 3 + (second + 15) // 60
    assert sent >= 6


async def test_what_was_in_hand_at_a_kill_goes_out_at_once_and_costs_nothing_more(
    crew: Any, incident_event: Any
) -> None:
    for _ in range(2):
        await crew.hear(incident_event(id=str(new_id())))
        await crew.tick()
    crew.clock.advance(seconds=5)
    await crew.hear(incident_event(id=str(new_id())))
    await crew.app.state.engines["sending"].cycle()
    [last] = crew.phones.rang[-1:]
    crew.database.query(
        "UPDATE oncall.notifications SET outcome = 'pending', next_attempt_at = created_at, "
        "attempts = 0 WHERE idempotency_key = %(key)s",
        {"key": last.idempotency_key},
    )
    crew.database.query("UPDATE oncall.contact_method_paces SET claimed_by = 1")
    crew.phones.take()
    await crew.app.state.engines["sending"].cycle()
    assert [one.idempotency_key for one in crew.phones.rang] == [last.idempotency_key]


async def test_a_message_for_many_is_tried_again_as_a_whole_under_its_key(
    crew: Any, incident_event: Any
) -> None:
    await crew.hear(*(incident_event(id=str(new_id()), **LOW) for _ in range(4)))
    crew.database.query(
        "UPDATE oncall.notifications SET attempts = 3 WHERE id IN "
        "(SELECT id FROM oncall.notifications ORDER BY id DESC LIMIT 1)"
    )
    crew.phones.answers = [Sent("ok"), Failed("answered 503", retry=True)]
    await crew.tick()
    await crew.tick(seconds=5)
    crew.clock.advance(minutes=1)
    await crew.app.state.engines["sending"].cycle()
    [again] = crew.phones.rang
    assert again.message.facts["count"] == 3
    assert again.idempotency_key.startswith("bundle:")


async def test_word_that_comes_while_the_last_one_is_being_sent_is_said_afterwards(
    crew: Any, incident_event: Any
) -> None:
    ben = await crew.ok("GET", "/api/v1/people/ben")
    has_it = {"assignee": {"id": ben["id"], "name": "Ben"}}
    await crew.hear(incident_event("acknowledged", 1, **has_it))
    await crew.hear(_joined(incident_event, 2, 1, **has_it))
    quick = crew.phones.send

    async def meanwhile(outgoing: Any) -> Any:
        await crew.hear(_joined(incident_event, 3, 2, **has_it))
        return await quick(outgoing)

    crew.phones.send = meanwhile
    await crew.tick(seconds=5)
    crew.phones.send = quick
    crew.clock.advance(seconds=5)
    await crew.app.state.engines["sending"].cycle()
    [message] = crew.phones.rang
    assert message.message.facts["count"] == 2


async def test_trouble_that_turns_critical_at_night_waits_for_nobodys_morning(
    crew: Any, incident_event: Any
) -> None:
    hours = {"working_hours": OFFICE_HOURS, "time_zone": "Europe/Paris"}
    await crew.ok("PATCH", "/api/v1/people/ada", json=hours)
    crew.clock.advance(hours=10)
    await crew.hear(incident_event(**LOW))
    assert await crew.tick() == []
    assert await crew.hear(incident_event(revision=2, severity="critical")) == ["severity_rose"]
    await crew.app.state.engines["sending"].cycle()
    assert [one.message.title for one in crew.phones.rang] == ["[CRITICAL] INC-42 Checkout is down"]


async def test_trouble_that_got_worse_after_everybody_was_asked_in_vain_is_paged_anew(
    crew: Any, incident_event: Any
) -> None:
    await crew.hear(incident_event(severity="medium"))
    for _ in range(10):
        await crew.tick(minutes=10)
    assert await crew.hear(incident_event(revision=2, severity="low")) == ["already_exhausted"]
    assert await crew.hear(incident_event(revision=3, severity="critical")) == ["severity_rose"]
    assert await crew.tick() == ["Ada"]


async def test_who_escalates_at_night_is_not_put_off_until_the_morning(
    crew: Any, incident_event: Any
) -> None:
    for name in ("ada", "ben"):
        hours = {"working_hours": OFFICE_HOURS, "time_zone": "Europe/Paris"}
        await crew.ok("PATCH", f"/api/v1/people/{name}", json=hours)
    crew.clock.advance(hours=10)
    event = incident_event(**LOW)
    await crew.hear(event)
    body = {"incident_id": event["incident"]["id"]}
    await crew.ok("POST", "/api/v1/escalate", json=body)
    assert await crew.tick() == ["Ben"]


async def test_a_message_that_did_not_go_out_is_not_counted(crew: Any, incident_event: Any) -> None:
    crew.phones.answers = [Failed("answered 503", retry=True)] * 4
    await crew.hear(incident_event())
    for _ in range(4):
        assert await crew.tick(seconds=40) == ["Ada"]
    assert await crew.tick(seconds=40) == ["Ada"]


async def test_a_test_message_waits_behind_a_storm_and_is_not_bundled(
    crew: Any, incident_event: Any
) -> None:
    ada = await crew.ok("GET", "/api/v1/people/ada")
    path = f"/api/v1/people/ada/contact-methods/{ada['contact_methods'][0]['id']}/test"
    await crew.ok("POST", path)
    await crew.hear(*(incident_event(id=str(new_id()), **LOW) for _ in range(5)))
    await crew.app.state.engines["sending"].cycle()
    crew.clock.advance(seconds=5)
    await crew.app.state.engines["sending"].cycle()
    assert [one.message.facts["kind"] for one in crew.phones.rang] == ["page", "bundle"]
    crew.phones.take()
    await crew.tick(minutes=1)
    assert (await crew.ok("GET", f"{NOTIFICATIONS}?outcome=pending"))["items"] == []


OFFICE_HOURS = [{"days": ["mon", "tue", "wed", "thu", "fri"], "start": "09:00", "end": "17:00"}]


async def test_what_can_wait_waits_for_working_hours_and_its_step_with_it(
    crew: Any, incident_event: Any
) -> None:
    await crew.ok(
        "PATCH",
        "/api/v1/people/ada",
        json={"working_hours": OFFICE_HOURS, "time_zone": "Europe/Paris"},
    )
    crew.clock.advance(hours=10)  # Monday, 20:00 in Paris
    await crew.hear(incident_event(**LOW))
    assert await crew.tick() == []
    assert await crew.tick(minutes=30) == [], "nor is the next of the policy woken instead"
    await crew.hear(incident_event(id=str(new_id())))
    assert await crew.tick() == ["Ada"], "what is critical does not wait"
    crew.clock.advance(hours=12, minutes=30)  # Tuesday, 09:00
    assert "Ada" in await crew.tick()
    low = [
        one
        for one in (await crew.ok("GET", f"{NOTIFICATIONS}?limit=100"))["items"]
        if one["title"].startswith("[LOW]")
    ]
    assert [(one["person"]["name"], one["outcome"]) for one in low] == [("Ada", "sent")]


async def test_a_page_that_waited_for_the_morning_has_its_half_hour_of_attempts_from_then_on(
    crew: Any, incident_event: Any
) -> None:
    hours = {"working_hours": OFFICE_HOURS, "time_zone": "Europe/Paris"}
    await crew.ok("PATCH", "/api/v1/people/ada", json=hours)
    crew.clock.advance(hours=10)
    await crew.hear(incident_event(**LOW))
    crew.phones.answers = [Failed("answered 503", retry=True)]
    assert await crew.tick(hours=13) == ["Ada"]
    assert await crew.tick(seconds=5) == ["Ada"]
    assert (await _only(crew))["outcome"] == "sent"


def _joined(incident_event: Any, revision: int, count: int, **fields: Any) -> dict[str, Any]:
    event = incident_event("acknowledged", revision, event_type="alert.attached", **fields)
    joined = {"count": count, "severity": "high", "message": "Disk full"}
    return {**event, "joined": joined}


async def test_whoever_has_an_incident_is_told_once_how_many_alerts_joined_it(
    crew: Any, incident_event: Any
) -> None:
    ben = await crew.ok("GET", "/api/v1/people/ben")
    has_it = {"assignee": {"id": ben["id"], "name": "Ben"}}
    await crew.hear(incident_event())
    await crew.tick()
    await crew.hear(incident_event("acknowledged", 2, **has_it))
    reasons = await crew.hear(
        _joined(incident_event, 3, 1, **has_it), _joined(incident_event, 4, 2, **has_it)
    )
    assert reasons == ["more_alerts", "more_alerts"]
    assert await crew.tick() == [], "a few seconds make one message of it"
    crew.clock.advance(seconds=5)
    await crew.app.state.engines["sending"].cycle()
    [message] = crew.phones.rang
    assert message.person == "Ben"
    assert message.message.title == "[CRITICAL] 3 more alerts on INC-42 Checkout is down"
    assert message.message.facts["incident_number"] == 42
    crew.phones.take()
    assert await crew.tick(hours=1) == []


async def test_what_joined_an_incident_that_is_over_is_told_to_nobody(
    crew: Any, incident_event: Any
) -> None:
    ben = await crew.ok("GET", "/api/v1/people/ben")
    has_it = {"assignee": {"id": ben["id"], "name": "Ben"}}
    await crew.hear(incident_event("acknowledged", 1, **has_it))
    await crew.hear(_joined(incident_event, 2, 1, **has_it))
    await crew.hear(incident_event("resolved", 3, **has_it))
    assert await crew.tick(minutes=1) == []
    assert (await _only(crew))["outcome"] == "cancelled"


async def test_alerts_that_join_what_nobody_has_page_one_step(
    crew: Any, incident_event: Any
) -> None:
    await crew.hear(incident_event())
    await crew.tick()
    await crew.hear(incident_event("acknowledged", 2))
    await crew.hear(_joined(incident_event, 3, 1))
    assert await crew.tick() == ["Ada"]
    assert await crew.tick(hours=1) == []


async def test_an_incident_that_got_worse_than_what_was_taken_is_paged_by_its_policy(
    crew: Any, incident_event: Any
) -> None:
    await crew.hear(incident_event(severity="low"))
    await crew.tick()
    await crew.hear(incident_event("acknowledged", 2, severity="low"))
    again = incident_event("open", 3, event_type="incident.reopened")
    assert await crew.hear({**again, "reason": "worse_alert_joined"}) == ["worse_alert_joined"]
    assert await crew.tick() == ["Ada"]
    assert await crew.tick(minutes=5) == ["Ben"]


async def test_a_send_that_hangs_does_not_hold_up_a_colleagues_page(
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
    first = asyncio.create_task(lanes["sending"].cycle())
    await hanging.wait()
    crew.phones.send = quick
    steps = [{"target": "person", "person": "Ben"}]
    await crew.ok("PATCH", "/api/v1/policies/Payments", json={"steps": steps})
    await crew.hear(incident_event(id=str(new_id())))
    assert await lanes["sending"].cycle()
    assert [one.person for one in crew.phones.rang] == ["Ben"]
    released.set()
    assert await first
