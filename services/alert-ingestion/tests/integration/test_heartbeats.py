"""What always fires is no alert: it says who is alive, and somebody outside hears of it."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest
from structlog.testing import capture_logs

from alert_ingestion.settings import AlertIngestionSettings
from alert_ingestion.store.heartbeats import MOST
from alert_ingestion.workflow import dead_man, housekeeping
from alert_ingestion.workflow.dead_man import DeadMan
from shared.identifiers import new_id
from shared.settings import SettingsError, load

WATCHDOG = {"alertname": "Watchdog", "severity": "none", "vigie_heartbeat": "vigie-prometheus"}
AGE = 'heartbeat_age_seconds{name="vigie-prometheus"}'


async def beat(service: Any, *more: dict[str, str]) -> None:
    """Prometheus sends its alert that always fires, and others in the same request."""
    alerts = [{"labels": labels} for labels in (WATCHDOG, *more)]
    assert (await service.post("/api/v2/alerts", alerts)).status_code == 200


async def figures(service: Any) -> list[str]:
    lines = (await service.client.get("/metrics")).text.splitlines()
    return [line for line in lines if line.startswith("alerts_")]


async def test_a_heartbeat_is_heard_and_becomes_nothing(service: Any) -> None:
    before = await figures(service)
    await beat(service)
    service.clock.advance(seconds=90)
    assert await service.metric(AGE) == 90
    await beat(service)
    assert await service.metric(AGE) == 0
    assert await figures(service) == before
    assert service.count("alerts") == service.count("groups") == service.count("outbox") == 0
    assert service.database.query("SELECT unknown_severity FROM integrations") == [(None,)]


async def test_what_comes_with_it_is_an_alert_as_always(service: Any) -> None:
    await beat(service, {"alertname": "DiskFull", "severity": "high"})
    assert await service.metric('alerts_received_total{severity="high"}') == 1
    [event] = service.owed()
    assert event.alert.labels["alertname"] == "DiskFull"


async def test_in_vigies_own_format_the_reply_says_what_it_was_taken_for(service: Any) -> None:
    answer = await service.send(labels={"vigie_heartbeat": "cron"})
    assert answer.status_code == 201
    said = answer.json()
    assert (said["action"], said["reason"], said["alert_id"]) == ("heartbeat", "heartbeat", None)
    assert await service.metric('heartbeat_age_seconds{name="cron"}') == 0


@pytest.mark.parametrize("path", ["alertmanager", "grafana"])
async def test_by_a_webhook_it_is_heard_while_it_fires(service: Any, path: str) -> None:
    alert = {"labels": WATCHDOG, "annotations": {}, "startsAt": "2026-03-02T08:00:00Z"}
    for status, seen in (("resolved", 0), ("firing", 1)):
        body = {
            "version": "4",
            "status": status,
            "groupKey": "{}",
            "receiver": "vigie",
            "alerts": [{**alert, "status": status, "endsAt": "2026-03-02T08:30:00Z"}],
        }
        answer = await service.post(f"/api/v1/webhooks/{path}", body)
        assert answer.status_code == 200, answer.text
        assert service.count("heartbeats") == seen
    assert service.count("alerts") == 0


async def test_a_stranger_is_not_heard(service: Any) -> None:
    answer = await service.post("/api/v2/alerts", [{"labels": WATCHDOG}], key="nobody")
    assert answer.status_code == 401
    assert service.count("heartbeats") == 0


async def test_names_are_few_and_there_is_always_room_for_prometheus(service: Any) -> None:
    for number in range(MOST + 5):
        await service.send(labels={"vigie_heartbeat": f"one-{number}"})
    await beat(service)
    page = (await service.client.get("/metrics")).text
    assert page.count("\nheartbeat_age_seconds{") == MOST + 1
    await service.metric(AGE)


async def test_one_that_was_silent_for_a_week_is_forgotten(service: Any) -> None:
    await service.send(labels={"vigie_heartbeat": "cron"})
    service.clock.advance(days=6)
    await beat(service)
    service.clock.advance(days=2)
    await housekeeping.forget(service.pool, service.clock.now(), retention=timedelta(days=14))
    assert service.database.query("SELECT name FROM heartbeats") == [("vigie-prometheus",)]


@dataclass
class Outside:
    """A stub of the service that listens outside."""

    url: str = ""
    answer: str = "200 OK"
    asked: list[str] = field(default_factory=list)

    async def handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        self.asked.append(head.split(b"\r\n")[0].decode())
        more = f"Location: {self.url}/elsewhere\r\n" if self.answer.startswith("3") else ""
        writer.write(f"HTTP/1.1 {self.answer}\r\n{more}Content-Length: 0\r\n\r\n".encode())
        await writer.drain()
        writer.close()


@pytest.fixture
async def outside() -> AsyncIterator[Outside]:
    stub = Outside()
    server = await asyncio.start_server(stub.handle, "127.0.0.1", 0)
    stub.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/ping/s3cret"
    async with server:
        yield stub


def switch(service: Any, url: str, *, canary_within: timedelta = timedelta()) -> DeadMan:
    return DeadMan(service.pool, service.clock, url, canary_within=canary_within)


async def pings(service: Any) -> dict[str, float]:
    return {
        outcome: await service.metric(f'deadman_pings_total{{outcome="{outcome}"}}')
        for outcome in ("sent", "failed", "withheld")
    }


async def test_somebody_outside_hears_of_us_while_prometheus_is_heard(
    service: Any, outside: Outside
) -> None:
    dead_man = switch(service, outside.url)
    await dead_man.ping()
    assert outside.asked == [], "it was never heard"
    await beat(service)
    service.clock.advance(minutes=4, seconds=59)
    await dead_man.ping()
    assert outside.asked == ["GET /ping/s3cret HTTP/1.1"]
    service.clock.advance(seconds=1)
    await dead_man.ping()
    assert len(outside.asked) == 1
    assert await pings(service) == {"sent": 1, "failed": 0, "withheld": 2}


async def test_nobody_is_told_that_all_is_well_after_a_walk_that_failed(
    service: Any, outside: Outside
) -> None:
    await beat(service)
    add = (
        "INSERT INTO canary_walks (id, started_at, resolved_at, failed_at) "
        "VALUES (%(id)s, %(at)s, %(resolved)s, %(failed)s)"
    )
    now = service.clock.now()
    walked = {"at": now - timedelta(minutes=5), "resolved": now, "failed": None}
    failed = {"at": now - timedelta(minutes=1), "resolved": None, "failed": now}
    goes_on = {"at": now, "resolved": None, "failed": None}
    for walk, heard in ((walked, 1), (failed, 1), (goes_on, 1)):
        service.database.query(add, {"id": new_id(), **walk})
        await switch(service, outside.url, canary_within=timedelta(minutes=22)).ping()
        assert len(outside.asked) == heard
    await switch(service, outside.url).ping()
    assert len(outside.asked) == 2, "where the canary does not walk, it says nothing"


async def test_a_canary_that_stands_still_says_nothing_good(service: Any, outside: Outside) -> None:
    service.database.query(
        "INSERT INTO canary_walks (id, started_at, resolved_at) VALUES (%(id)s, %(at)s, %(at)s)",
        {"id": new_id(), "at": service.clock.now()},
    )
    for passes, heard in ((21, 1), (2, 1)):
        service.clock.advance(minutes=passes)
        await beat(service)
        await switch(service, outside.url, canary_within=timedelta(minutes=22)).ping()
        assert len(outside.asked) == heard


@pytest.mark.parametrize("answer", ["500 Broken", "302 Found", "404 Not Found"])
async def test_an_answer_that_is_no_success_is_a_failure_and_no_redirect_is_followed(
    service: Any, outside: Outside, answer: str
) -> None:
    outside.answer = answer
    await beat(service)
    with capture_logs() as logs:
        await switch(service, outside.url).ping()
    assert len(outside.asked) == 1
    assert await pings(service) == {"sent": 0, "failed": 1, "withheld": 0}
    [said] = [entry for entry in logs if entry["event"] == "deadman_unheard"]
    assert said["host"] == "127.0.0.1"
    assert "s3cret" not in str(logs)


async def test_nobody_there_is_a_failure_and_the_url_stays_out_of_the_log(
    service: Any, caplog: Any, monkeypatch: Any
) -> None:
    monkeypatch.setattr(dead_man, "TIMEOUT_SECONDS", 1.0)
    await beat(service)
    with capture_logs() as logs:
        await switch(service, "http://127.0.0.1:1/ping/s3cret").ping()
    assert await pings(service) == {"sent": 0, "failed": 1, "withheld": 0}
    assert "s3cret" not in str(logs) + caplog.text


async def test_the_engine_of_the_service_asks_only_where_there_is_a_url(
    start: Any, outside: Outside
) -> None:
    async with start() as service:
        await beat(service)
        page = (await service.client.get("/metrics")).text
        assert 'engine_interval_seconds{engine="dead_man"}' not in page
        database = service.database
    async with start(database, deadman_url=outside.url):
        async with asyncio.timeout(20):
            while not outside.asked:  # noqa: ASYNC110 - a stub has no event
                await asyncio.sleep(0.05)


@pytest.mark.parametrize(
    "url", ["ftp://outside.example/s3cret", "outside.example/s3cret", "http://"]
)
def test_what_cannot_be_asked_is_refused_at_the_start_without_repeating_it(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VIGIE_DATABASE_USER", "vigie_alerts")
    monkeypatch.setenv("VIGIE_DEADMAN_URL", url)
    with pytest.raises(SettingsError, match="VIGIE_DEADMAN_URL") as refused:
        load(AlertIngestionSettings)
    assert "s3cret" not in str(refused.value)


def test_the_url_can_be_a_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
    secret = tmp_path / "url"
    secret.write_text("https://outside.example/s3cret\n")
    monkeypatch.setenv("VIGIE_DATABASE_USER", "vigie_alerts")
    monkeypatch.setenv("VIGIE_DEADMAN_URL_FILE", str(secret))
    settings = load(AlertIngestionSettings)
    assert settings.deadman_url.get_secret_value() == "https://outside.example/s3cret"
    assert "s3cret" not in repr(settings)
