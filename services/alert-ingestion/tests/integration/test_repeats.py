"""A repeat brings an alert up to date, and incident-management hears of what is new."""

import asyncio
from datetime import timedelta
from typing import Any

from alert_ingestion.workflow.housekeeping import archive, forget_past
from shared.contracts.alerts import AlertKind
from shared.contracts.wire import Severity


async def sent(service: Any, /, **alert: Any) -> Any:
    answer = await service.send(dedup_key="disk", **alert)
    assert answer.status_code == 201, answer.text
    return answer.json()


async def test_a_repeat_that_is_worse_is_a_duplicate_and_says_so_onwards(service: Any) -> None:
    first = await sent(service, severity="low", message="disk 80 %")
    again = await sent(
        service, severity="critical", message="disk 99 %", annotations={"node": "db-1"}
    )
    assert again["action"] == "duplicate_suppressed"
    shown = await service.alert(first["alert_id"])
    assert (shown["severity"], shown["message"]) == ("critical", "disk 99 %")
    assert shown["annotations"] == {"node": "db-1"}
    assert shown["incident_id"] == first["incident_id"]
    opened, updated = service.owed()
    assert (opened.type, updated.type) == (AlertKind.OPENED, AlertKind.UPDATED)
    assert updated.alert.severity is Severity.CRITICAL
    assert updated.incident_id == opened.incident_id


async def test_a_repeat_that_says_the_same_is_owed_to_nobody(service: Any) -> None:
    for _ in range(3):
        await sent(service, severity="low")
    assert [event.type for event in service.owed()] == [AlertKind.OPENED]


async def test_a_worse_repeat_goes_before_the_routine(service: Any) -> None:
    await sent(service, severity="low", message="disk 80 %")
    await sent(service, severity="critical", message="disk 99 %")
    await sent(service, severity="critical", message="disk 100 %")
    urgencies = [
        row[0] for row in service.database.query("SELECT urgency FROM outbox ORDER BY seq")
    ]
    _, rise, words = urgencies
    assert rise < words


async def test_what_is_over_is_put_aside_and_found_again(service: Any) -> None:
    first = await sent(service)
    await sent(service, status="resolved")
    service.clock.advance(timedelta(hours=2))
    other = (await service.send(dedup_key="other", service="search")).json()
    assert not await archive(service.pool, service.clock.now())
    assert (service.count("alerts"), service.count("past_alerts")) == (1, 1)
    assert (await service.alert(first["alert_id"]))["status"] == "resolved"
    listed = await service.get("/api/v1/alerts?limit=1")
    assert listed["items"][0]["id"] == other["alert_id"]
    following = await service.get(f"/api/v1/alerts?limit=1&cursor={listed['next_cursor']}")
    assert following["items"][0]["id"] == first["alert_id"]
    # Its incident is known still: what comes again is linked to it.
    await sent(service)
    again = service.owed()[-1]
    assert str(again.recurrence_of) == first["incident_id"]


async def test_two_replicas_may_tidy_at_once(start: Any) -> None:
    async with start() as one, start() as other:
        for number in range(20):
            await one.send(dedup_key=str(number))
            await one.send(dedup_key=str(number), status="resolved")
        one.clock.advance(timedelta(hours=2))
        now = one.clock.now()
        await asyncio.gather(*(archive(each.pool, now) for each in (one, other, one, other)))
        assert one.count("past_alerts") == 20


async def test_what_ended_long_ago_is_forgotten_by_the_month(service: Any) -> None:
    retention = timedelta(days=60)
    for month in range(5):
        await sent(service, service=f"service-{month}")
        await sent(service, service=f"service-{month}", status="resolved")
        await service.tell(service.incident_event(service.owed()[-1].incident_id.hex))
        service.clock.advance(timedelta(days=31))
        while await archive(service.pool, service.clock.now()):
            pass
    assert service.count("past_alerts") == 5
    await forget_past(service.pool, service.clock.now(), retention=retention)
    left = {one["service"] for one in (await service.get("/api/v1/alerts"))["items"]}
    # The month in which the sixtieth day lies stays whole.
    assert left == {"service-3", "service-4"}
    assert service.count("groups") == service.count("incidents")
    assert service.count("groups") < 5
    assert await service.metric('alerts_received_total{severity="critical"}') == 10
    await forget_past(service.pool, service.clock.now(), retention=retention)
    assert service.count("past_alerts") == 2
