"""A heartbeat that is expected and not heard opens an incident, and a late one ends it."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from alert_ingestion.workflow.heartbeats import look
from shared.contracts.alerts import AlertKind
from shared.contracts.identity import Role

HEARTBEATS = "/api/v1/heartbeats"


async def expect(service: Any, mine: Any, name: str = "backup", /, **more: Any) -> Any:
    body = {"integration_id": mine["id"], "interval_seconds": 300, "grace_seconds": 60, **more}
    answer = await service.ask("PUT", f"{HEARTBEATS}/{name}", body)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def ping(service: Any, mine: Any, name: str = "backup", method: str = "POST") -> int:
    answer = await service.ask(method, f"{HEARTBEATS}/{name}/ping", key=mine["key"])
    return int(answer.status_code)


async def state(service: Any, name: str = "backup") -> str:
    return str((await service.get(f"{HEARTBEATS}/{name}"))["state"])


async def rounds(service: Any) -> None:
    now = service.clock.now()
    while await look(
        service.pool, service.ingestion.defaults, now, listening_since=now - timedelta(days=1)
    ):
        pass


@pytest.fixture
async def mine(service: Any) -> Any:
    return await service.create_integration("cron")


async def test_its_first_one_arms_it_and_then_it_is_missed_once(service: Any, mine: Any) -> None:
    assert (await expect(service, mine, service="billing", description="see wiki"))[
        "state"
    ] == "new"
    service.clock.advance(hours=5)
    await rounds(service)
    assert service.owed() == []
    assert await ping(service, mine) == 200
    assert await state(service) == "alive"
    service.clock.advance(minutes=5)
    assert await state(service) == "late"
    await rounds(service)
    assert service.owed() == []
    service.clock.advance(minutes=1)
    await rounds(service)
    await rounds(service)
    [event] = service.owed()
    assert (event.type, event.alert.service, event.alert.severity) == (
        *(AlertKind.OPENED, "billing"),
        "high",
    )
    assert event.alert.message.startswith("Heartbeat backup has not been heard since 2026-03-02")
    assert event.alert.annotations == {"description": "see wiki"}
    assert await state(service) == "missed"


async def test_a_late_one_ends_it_and_it_can_be_missed_again(service: Any, mine: Any) -> None:
    await expect(service, mine)
    for _ in range(2):
        await ping(service, mine)
        await rounds(service)
        service.clock.advance(minutes=6)
        await rounds(service)
    await ping(service, mine)
    await rounds(service)
    assert [event.type for event in service.owed()] == [
        *(AlertKind.OPENED, AlertKind.RESOLVED),
        *(AlertKind.OPENED, AlertKind.RESOLVED),
    ]
    assert await state(service) == "alive"


async def test_a_get_arms_nothing_but_at_opsgenies_own_address(service: Any, mine: Any) -> None:
    await expect(service, mine)
    assert await ping(service, mine, method="GET") == 405
    assert await state(service) == "new"
    answer = await service.client.get(
        "/v2/heartbeats/backup/ping", headers={"Authorization": f"GenieKey {mine['key']}"}
    )
    assert answer.status_code == 202
    assert await state(service) == "alive"


async def test_a_watchdog_that_always_fires_feeds_one(service: Any, mine: Any) -> None:
    await expect(service, mine, "prometheus-eu")
    labels = {"alertname": "Watchdog", "vigie_heartbeat": "prometheus-eu"}
    answer = await service.post("/api/v2/alerts", [{"labels": labels}], key=mine["key"])
    assert answer.status_code == 200
    assert await state(service, "prometheus-eu") == "alive"


async def test_only_its_own_integration_says_that_it_is_alive(service: Any, mine: Any) -> None:
    await expect(service, mine)
    stranger = await service.create_integration("another")
    assert await ping(service, stranger) == 403
    assert await state(service) == "new"
    assert await ping(service, {"key": "x" * 32}) == 401


async def test_paused_or_removed_its_alert_ends(service: Any, mine: Any) -> None:
    for name in ("one", "two"):
        await expect(service, mine, name, service=name)
        await ping(service, mine, name)
    service.clock.advance(minutes=10)
    await rounds(service)
    await expect(service, mine, "one", service="one", paused=True)
    await rounds(service)
    assert await state(service, "one") == "paused"
    removed = await service.ask("DELETE", f"{HEARTBEATS}/two")
    assert removed.status_code == 204
    assert (await service.ask("GET", f"{HEARTBEATS}/two")).status_code == 404
    assert [event.type for event in service.owed()].count(AlertKind.RESOLVED) == 2


async def test_replicas_open_one_alert(start: Any) -> None:
    async with start() as one, start() as other:
        own = await one.create_integration("cron")
        await expect(one, own)
        await ping(one, own)
        one.clock.advance(minutes=10)
        await asyncio.gather(rounds(one), rounds(other), rounds(one), rounds(other))
        assert [event.type for event in one.owed()] == [AlertKind.OPENED]


async def test_one_of_a_paused_integration_is_not_missed(service: Any, mine: Any) -> None:
    await expect(service, mine)
    await ping(service, mine)
    await service.ask("POST", f"/api/v1/integrations/{mine['id']}/pause")
    service.clock.advance(hours=1)
    await rounds(service)
    assert service.owed() == []


async def test_what_was_sent_while_nobody_listened_is_missed_by_nobody(
    service: Any, mine: Any
) -> None:
    await expect(service, mine)
    await ping(service, mine)
    # An outage of Vigie itself, after which it listens for as long as the heartbeat may take.
    service.clock.advance(hours=2)
    began = service.clock.now()
    for minutes, missed in ((0, False), (5, False), (1, True)):
        service.clock.advance(minutes=minutes)
        now = service.clock.now()
        await look(service.pool, service.ingestion.defaults, now, listening_since=began)
        assert bool(service.owed()) is missed


async def test_it_is_never_forgotten_and_its_changes_are_on_record(service: Any, mine: Any) -> None:
    await expect(service, mine)
    await expect(service, mine, interval_seconds=600)
    answer = await service.ask("GET", "/api/v1/audit?subject_kind=heartbeat&limit=1")
    [newest] = answer.json()["items"]
    assert (newest["action"], newest["subject_id"]) == ("heartbeat.changed", "backup")
    assert (newest["before"], newest["after"]) == (
        {"interval_seconds": 300},
        {"interval_seconds": 600},
    )
    cursor = answer.json()["next_cursor"]
    older = await service.ask("GET", f"/api/v1/audit?subject_kind=heartbeat&cursor={cursor}")
    assert [one["action"] for one in older.json()["items"]] == ["heartbeat.created"]
    viewer = service.tokens[Role.VIEWER]
    assert (await service.ask("GET", "/api/v1/audit", key=viewer)).status_code == 403
    listed = await service.get(HEARTBEATS)
    assert [one["name"] for one in listed["items"]] == ["backup"]


@pytest.mark.parametrize(
    ("name", "body", "status"),
    [
        ("backup", {"interval_seconds": 5}, 422),
        ("vigie-prometheus", {}, 422),
        ("x" * 101, {}, 422),
        ("backup", {"integration_id": "0198c9aa-0000-7000-8000-000000000000"}, 404),
    ],
)
async def test_what_cannot_be_expected_is_refused(
    service: Any, mine: Any, name: str, body: Any, status: int
) -> None:
    whole = {"integration_id": mine["id"], "interval_seconds": 300, **body}
    assert (await service.ask("PUT", f"{HEARTBEATS}/{name}", whole)).status_code == status
