"""The canary walks from alert to page and back, is measured, and is seen by nobody."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest

from alert_ingestion.model import CANARY
from alert_ingestion.workflow import housekeeping
from alert_ingestion.workflow.canary import Canary
from shared.contracts.identity import Role
from shared.contracts.incidents import CANARY_PAGED, IncidentEvent, Status
from shared.urgency import Occasion

WALK = "SELECT incident_id, paged_at, resolved_at, failed_at, failed_step FROM canary_walks"


def canary_of(service: Any, **settings: Any) -> Canary:
    """The engine of a replica, which the test runs."""
    options = {"interval": timedelta(minutes=5), "patience": timedelta(minutes=2), **settings}
    return Canary(service.pool, service.clock, service.ingestion, **options)


@pytest.fixture
async def canary(service: Any) -> AsyncIterator[Canary]:
    """One whose installation is an interval old, so that a walk is due."""
    engine = canary_of(service)
    await engine.go_on()
    service.clock.advance(minutes=5)
    return engine


def told(service: Any, status: Status = Status.OPEN, *, revision: int = 2) -> IncidentEvent:
    """An event of the incident of the last walk."""
    [incident] = service.database.query(
        "SELECT incident_id FROM canary_walks ORDER BY started_at DESC LIMIT 1"
    )
    event = service.incident_event(str(incident[0]), status=status, by=None, revision=revision)
    kind = CANARY_PAGED if status is Status.OPEN else event.type
    return event.model_copy(update={"type": kind, "canary": True})


async def complete(service: Any, canary: Canary) -> None:
    await canary.go_on()
    await service.tell(told(service))
    await service.tell(told(service, Status.RESOLVED, revision=3))


async def test_the_first_walk_comes_an_interval_after_the_first_start(service: Any) -> None:
    engine = canary_of(service)
    await engine.go_on()
    service.clock.advance(minutes=4)
    await canary_of(service).go_on()  # a restart begins no new interval
    assert service.count("canary_walks") == 0
    service.clock.advance(minutes=1)
    await engine.go_on()
    assert service.count("canary_walks") == 1


async def test_the_engine_of_the_service_walks(start: Any) -> None:
    async with start(canary_interval_seconds=60) as first:
        database = first.database
        await _until(lambda: database.query("SELECT 1 FROM integrations WHERE kind = 'canary'"))
        first.clock.advance(seconds=60)
    async with start(canary_interval_seconds=60) as second:
        await _until(lambda: database.query("SELECT 1 FROM canary_walks"))
        assert await second.metric("canary_interval_seconds") == 60


async def _until(found: Any) -> None:
    async with asyncio.timeout(20):
        while not found():  # noqa: ASYNC110 - what is awaited is in the database
            await asyncio.sleep(0.05)


async def test_a_walk_is_handed_over_as_a_critical_alert_and_marked(
    service: Any, canary: Canary
) -> None:
    await canary.go_on()
    [event] = service.owed()
    assert (event.type, event.canary, event.alert.service) == ("alert.opened", True, "vigie-canary")
    [(urgency,)] = service.database.query("SELECT urgency FROM outbox")
    assert urgency == Occasion.FIRST_WORD
    [(body,)] = service.database.query("SELECT body FROM inbox")
    assert event.alert.fingerprint in bytes(body).decode(), "it came in as a request"


async def test_when_its_page_was_sent_its_alert_ends_and_then_its_incident(
    service: Any, canary: Canary
) -> None:
    await canary.go_on()
    service.clock.advance(seconds=2)
    [heard] = await service.tell(told(service))
    assert heard.outcome == "applied"
    assert [event.type for event in service.owed()] == ["alert.opened", "alert.resolved"]
    assert all(event.canary for event in service.owed())
    service.clock.advance(seconds=1)
    await service.tell(told(service, Status.RESOLVED, revision=3))
    assert await service.metric('canary_walks_total{outcome="ok"}') == 1
    assert await service.metric('canary_walks_total{outcome="failed"}') == 0
    assert await service.metric('canary_seconds_sum{step="paged"}') == 2
    assert await service.metric('canary_seconds_sum{step="resolved"}') == 3
    now = service.clock.now().timestamp()
    assert await service.metric("canary_last_success_timestamp_seconds") == now


async def test_word_that_comes_twice_or_late_counts_once(service: Any, canary: Canary) -> None:
    await canary.go_on()
    [early] = await service.tell(told(service, Status.RESOLVED, revision=3))
    assert early.outcome == "ignored", "it was not paged"
    for _ in range(2):
        await service.tell(told(service))
    resolved = told(service, Status.RESOLVED, revision=3)
    assert [one.outcome for one in await service.tell(resolved, resolved)] == ["applied", "ignored"]
    assert len(service.owed()) == 2
    assert await service.metric('canary_seconds_count{step="paged"}') == 1
    assert await service.metric('canary_walks_total{outcome="ok"}') == 1


@pytest.mark.parametrize(("paged", "step"), [(False, "paged"), (True, "resolved")])
async def test_a_walk_that_takes_too_long_has_failed_at_its_step_and_its_alert_ends(
    service: Any, canary: Canary, paged: bool, step: str
) -> None:
    await canary.go_on()
    if paged:
        await service.tell(told(service))
    service.clock.advance(seconds=119)
    await canary.go_on()
    assert await service.metric('canary_walks_total{outcome="failed"}') == 0
    service.clock.advance(seconds=2)
    await canary.go_on()
    assert await service.metric('canary_walks_total{outcome="failed"}') == 1
    assert service.database.query("SELECT failed_step FROM canary_walks") == [(step,)]
    assert [event.type for event in service.owed()] == ["alert.opened", "alert.resolved"]
    await service.tell(told(service), told(service, Status.RESOLVED, revision=3))
    assert await service.metric('canary_walks_total{outcome="ok"}') == 0
    assert await service.metric("canary_last_success_timestamp_seconds") == 0


async def test_an_alert_that_could_not_be_taken_in_fails_the_walk_where_it_is(
    service: Any, canary: Canary
) -> None:
    # In a thread: whoever reads the table at this moment has to come to an end.
    await asyncio.to_thread(service.database.query, "ALTER TABLE groups RENAME TO away")
    await canary.go_on()
    await asyncio.to_thread(service.database.query, "ALTER TABLE away RENAME TO groups")
    service.clock.advance(minutes=3)
    await canary.go_on()
    assert service.database.query("SELECT failed_step FROM canary_walks") == [("opened",)]


async def test_replicas_walk_one_at_a_time(service: Any, canary: Canary) -> None:
    await asyncio.gather(canary.go_on(), *(canary_of(service).go_on() for _ in range(3)))
    assert service.count("canary_walks") == service.count("alerts") == 1
    patient = canary_of(service, patience=timedelta(hours=1))
    service.clock.advance(minutes=6)
    await patient.go_on()
    assert service.count("canary_walks") == 1, "the one before goes on"


async def test_nobody_sees_it_and_no_figure_counts_it(service: Any, canary: Canary) -> None:
    admin = service.tokens[Role.ADMIN]
    before = await _figures(service)
    integrations = await service.get("/api/v1/integrations", token=admin)
    await canary.go_on()
    assert await _figures(service) == before, "while it fires"
    await service.tell(told(service))
    await service.tell(told(service, Status.RESOLVED, revision=3))
    assert await _figures(service) == before
    assert await service.get("/api/v1/integrations", token=admin) == integrations
    [(alert, incident)] = service.database.query("SELECT id, incident_id FROM alerts")
    for query in ("", f"?incident_id={incident}", f"?integration={CANARY}"):
        assert (await service.get(f"/api/v1/alerts{query}"))["items"] == []
    header = {"Authorization": f"Bearer {admin}"}
    for path in (f"alerts/{alert}", f"integrations/{CANARY}"):
        answer = await service.client.get(f"/api/v1/{path}", headers=header)
        assert answer.status_code == 404
    for verb in ("rotate", "revoke"):
        answer = await service.post(f"/api/v1/integrations/{CANARY}/{verb}", {}, key=admin)
        assert answer.status_code == 404


async def _figures(service: Any) -> list[str]:
    lines = (await service.client.get("/metrics")).text.splitlines()
    return [line for line in lines if line.startswith("alerts_")]


async def test_it_joins_nobody_and_nobody_joins_it(service: Any, canary: Canary) -> None:
    same = {"service": "vigie-canary", "severity": "critical"}
    mine = (await service.send(**same, message="one")).json()
    await canary.go_on()
    later = (await service.send(**same, message="two")).json()
    assert later["incident_id"] == mine["incident_id"]
    await complete(service, canary)
    service.clock.advance(minutes=5)
    await complete(service, canary)
    incidents = service.database.query("SELECT count(DISTINCT incident_id) FROM canary_walks")
    assert incidents == [(2,)]
    assert not [event for event in service.owed() if event.recurrence_of]


async def test_what_is_left_of_a_walk_goes_after_an_hour_and_its_history_after_a_week(
    service: Any, canary: Canary
) -> None:
    await complete(service, canary)
    success = await service.metric("canary_last_success_timestamp_seconds")
    service.clock.advance(minutes=30)
    await canary.go_on()
    service.clock.advance(minutes=3)
    await canary.go_on()
    await service.send()
    await _tidy(service)
    assert service.count("alerts") == 3
    service.clock.advance(minutes=61)
    await _tidy(service)
    assert service.count("past_alerts") == 0
    assert {
        table: service.count(table) for table in ("alerts", "inbox", "groups", "incidents")
    } == {
        "alerts": 1,
        "inbox": 1,
        "groups": 1,
        "incidents": 1,
    }
    assert service.count("canary_walks") == 2
    service.clock.advance(days=8)
    await _tidy(service)
    assert service.count("canary_walks") == 1, "when it was last complete is known for ever"
    assert await service.metric("canary_last_success_timestamp_seconds") == success


async def _tidy(service: Any) -> None:
    now = service.clock.now()
    await housekeeping.forget(service.pool, now, retention=timedelta(days=14))
    await housekeeping.archive(service.pool, now)


async def test_switched_off_it_ends_what_still_goes_on_and_walks_no_more(
    service: Any, canary: Canary
) -> None:
    await canary.go_on()
    service.clock.advance(minutes=10)
    off = canary_of(service, interval=timedelta())
    await off.go_on()
    await off.go_on()
    [walk] = service.database.query(WALK)
    assert walk[-1] == "paged"
    assert await service.metric("canary_interval_seconds") == 0
