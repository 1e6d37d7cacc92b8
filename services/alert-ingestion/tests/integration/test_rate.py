"""How many alerts come a minute, and how many there are now."""

from datetime import timedelta
from typing import Any

from alert_ingestion.workflow import housekeeping
from shared.contracts.identity import Role

RATE = "/api/v1/alerts/rate"


async def rate(service: Any, query: str = "") -> Any:
    return await service.get(f"{RATE}{query}", token=service.tokens[Role.VIEWER])


async def test_every_minute_is_told_and_repetitions_count(service: Any) -> None:
    service.clock.advance(seconds=59)
    await service.send(dedup_key="disk")
    await service.send(dedup_key="disk")
    service.clock.advance(minutes=2)
    await service.send(dedup_key="cpu")
    await service.send(dedup_key="disk", status="resolved")
    shown = await rate(service, "?minutes=4")
    assert [one["received"] for one in shown["minutes"]] == [0, 2, 0, 2]
    assert [one["at"][11:16] for one in shown["minutes"]] == ["08:59", "09:00", "09:01", "09:02"]
    assert (shown["firing"], shown["silenced"]) == (1, 0)
    assert len((await rate(service))["minutes"]) == 60


async def test_what_is_silenced_is_counted_among_what_fires(service: Any) -> None:
    body = {
        "matchers": [{"name": "service", "value": "checkout"}],
        "ends_at": "2026-03-02T12:00:00Z",
        "comment": "work on it",
    }
    made = await service.post("/api/v1/silences", body, key=service.tokens[Role.RESPONDER])
    assert made.status_code == 201, made.text
    await service.send(service="checkout")
    await service.send(service="db", dedup_key="db")
    shown = await rate(service)
    assert (shown["firing"], shown["silenced"]) == (2, 1)


async def test_minutes_that_no_page_shows_are_forgotten(service: Any) -> None:
    await service.send()
    service.clock.advance(minutes=housekeeping.MINUTES_REMEMBERED + 2)
    await service.send(dedup_key="cpu")
    assert service.count("received_minutes") == 2
    await housekeeping.forget(service.pool, service.clock.now(), retention=timedelta(days=14))
    assert service.count("received_minutes") == 1


async def test_so_many_minutes_are_not_kept_and_no_key_of_a_sender_sees_them(service: Any) -> None:
    token = service.tokens[Role.VIEWER]
    for query in ("?minutes=0", "?minutes=181", "?minutes=many"):
        assert (await service.ask("GET", f"{RATE}{query}", key=token)).status_code == 422
    mine = await service.create_integration("robot")
    assert (await service.ask("GET", RATE, key=mine["key"])).status_code == 403
