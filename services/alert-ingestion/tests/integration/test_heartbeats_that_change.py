"""An expected heartbeat that is changed, taken away or crowded while it is looked at."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from alert_ingestion.store import heartbeats as store
from alert_ingestion.store.heartbeats import MOST
from alert_ingestion.workflow.heartbeats import look

HEARTBEATS = "/api/v1/heartbeats"


async def expect(service: Any, mine: Any, status: int = 200, **more: Any) -> Any:
    body = {"integration_id": mine["id"], "interval_seconds": 300, "grace_seconds": 60, **more}
    answer = await service.ask("PUT", f"{HEARTBEATS}/backup", body)
    assert answer.status_code == status, answer.text
    return answer.json()


async def rounds(service: Any) -> None:
    now = service.clock.now()
    while await look(
        service.pool, service.ingestion.defaults, now, listening_since=now - timedelta(days=1)
    ):
        pass


async def firing(service: Any) -> list[Any]:
    return list((await service.get("/api/v1/alerts?status=firing"))["items"])


@pytest.fixture
async def mine(service: Any) -> Any:
    """An integration whose heartbeat has just been heard."""
    made = await service.create_integration("cron")
    await expect(service, made)
    answer = await service.ask("POST", f"{HEARTBEATS}/backup/ping", key=made["key"])
    assert answer.status_code == 200
    return made


async def ping(service: Any, mine: Any) -> Any:
    return await service.ask("POST", f"{HEARTBEATS}/backup/ping", key=mine["key"])


async def test_a_late_one_ends_its_alert_in_the_same_transaction(service: Any, mine: Any) -> None:
    service.clock.advance(minutes=10)
    await rounds(service)
    [alert] = await firing(service)
    assert (await ping(service, mine)).json() == {
        "action": "resolved",
        "reason": "resolved_by_sender",
    }
    query = "SELECT status, missed_at FROM alerts, heartbeats"
    assert service.database.query(query) == [("resolved", None)]
    assert [str(event.alert.id) for event in service.owed()] == [alert["id"]] * 2
    assert (await ping(service, mine)).json()["action"] == "heartbeat"


async def test_a_late_watchdog_ends_it_beside_what_else_it_brings(service: Any, mine: Any) -> None:
    service.clock.advance(minutes=10)
    await rounds(service)
    alerts = [{"labels": {"alertname": "Disk"}}, {"labels": {"vigie_heartbeat": "backup"}}]
    answer = await service.post("/api/v2/alerts", alerts, key=mine["key"])
    assert answer.status_code == 200
    [alert] = await firing(service)
    assert alert["labels"] == {"alertname": "Disk"}


@pytest.mark.usefixtures("mine")
async def test_the_key_of_another_integration_is_told_that_it_says_nothing(service: Any) -> None:
    service.clock.advance(minutes=10)
    await rounds(service)
    stranger = await service.create_integration("another")
    assert (await ping(service, stranger)).status_code == 403
    assert len(await firing(service)) == 1
    decided = 'alerts_decided_total{reason="heartbeat_of_another_integration"}'
    assert await service.metric(decided) == 1


async def test_one_that_was_resolved_by_hand_is_missed_anew_after_it_was_heard(
    service: Any, mine: Any
) -> None:
    service.clock.advance(minutes=10)
    await rounds(service)
    [alert] = await firing(service)
    await service.tell(service.incident_event(alert["incident_id"]))
    await rounds(service)
    assert await firing(service) == []
    await ping(service, mine)
    service.clock.advance(minutes=10)
    await rounds(service)
    [again] = await firing(service)
    assert again["id"] != alert["id"]


@pytest.mark.usefixtures("mine")
async def test_names_that_nobody_expects_crowd_out_the_age_of_none_that_is_expected(
    service: Any,
) -> None:
    for number in range(MOST):
        service.clock.advance(seconds=1)
        await service.send(labels={"vigie_heartbeat": f"one-{number}"})
    await service.send(labels={"vigie_heartbeat": "vigie-prometheus"})
    assert await service.metric('heartbeat_age_seconds{name="backup"}') == MOST


async def test_a_pause_ends_its_alert_at_the_pause_and_not_before_it_began(
    service: Any, mine: Any
) -> None:
    service.clock.advance(minutes=10)
    await rounds(service)
    [alert] = await firing(service)
    service.clock.advance(minutes=5)
    await expect(service, mine, paused=True)
    await rounds(service)
    over = await service.alert(alert["id"])
    assert over["status"] == "resolved"
    assert datetime.fromisoformat(over["ends_at"]) == service.clock.now()


async def test_a_description_can_be_taken_away(service: Any, mine: Any) -> None:
    await expect(service, mine, description="x" * 1000)
    assert (await expect(service, mine, description=""))["description"] == ""


@pytest.mark.usefixtures("mine")
async def test_one_that_went_to_another_integration_meanwhile_is_looked_at_again(
    service: Any,
) -> None:
    async with service.pool.transaction() as connection:
        seen = await store.expected(connection, "backup")
    other = await service.create_integration("another")
    await expect(service, other)
    async with service.pool.transaction() as connection:
        assert not await store.note_missed(connection, seen, service.clock.now())


@pytest.mark.usefixtures("mine")
async def test_one_that_is_missed_while_it_is_taken_away_is_not_lost_sight_of(service: Any) -> None:
    async with service.pool.transaction() as connection:
        seen = await store.expected(connection, "backup")
    service.clock.advance(minutes=10)
    await rounds(service)
    async with service.pool.transaction() as connection:
        assert not await store.remove(connection, seen)
    assert len(await firing(service)) == 1
