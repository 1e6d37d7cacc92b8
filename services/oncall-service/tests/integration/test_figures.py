"""What /metrics says of messages to people: late is what is due, never what waits on purpose."""

from typing import Any

from oncall_service.notifications.channels.base import Failed
from shared.identifiers import new_id

LOW = {"severity": "low"}


async def _figures(crew: Any) -> tuple[float, float, float]:
    """(due, not due yet, seconds for which the oldest has been due)."""
    lines = (await crew.client.get("/metrics")).text.splitlines()
    figures = dict(line.rsplit(" ", 1) for line in lines if line.startswith("notifications_"))
    return (
        float(figures["notifications_pending"]),
        float(figures["notifications_waiting"]),
        float(figures["notifications_oldest_age_seconds"]),
    )


async def test_what_nobody_sends_gets_older(crew: Any, incident_event: Any) -> None:
    assert await _figures(crew) == (0, 0, 0)
    await crew.hear(incident_event())
    crew.clock.advance(minutes=7)
    assert await _figures(crew) == (1, 0, 420)
    assert "Ada" in await crew.tick()
    assert await _figures(crew) == (0, 0, 0)


async def test_what_waits_for_working_hours_is_not_late_until_they_begin(
    crew: Any, incident_event: Any
) -> None:
    hours = [{"days": ["tue"], "start": "09:00", "end": "17:00"}]
    await crew.ok(
        "PATCH", "/api/v1/people/ada", json={"working_hours": hours, "time_zone": "Europe/Paris"}
    )
    crew.clock.advance(hours=10)  # Monday, 20:00 in Paris
    await crew.hear(incident_event(**LOW))
    crew.clock.advance(hours=12)
    assert await _figures(crew) == (0, 1, 0)
    crew.clock.advance(hours=1, minutes=2)  # Tuesday, 09:02
    assert await _figures(crew) == (1, 0, 120)


async def test_what_fails_again_and_again_does_not_get_younger_by_it(
    crew: Any, incident_event: Any
) -> None:
    crew.phones.answers = [Failed("answered 503", retry=True)] * 20
    await crew.hear(incident_event())
    sending = crew.app.state.engines["sending"]
    await sending.cycle()
    for _ in range(4):
        crew.clock.advance(minutes=1)
        await sending.cycle()
    assert await _figures(crew) == (1, 0, 240)


async def test_what_waits_for_its_turn_in_a_storm_is_due(crew: Any, incident_event: Any) -> None:
    await crew.hear(*(incident_event(id=str(new_id()), **LOW) for _ in range(9)))
    await crew.tick()
    await crew.tick(seconds=5)
    await crew.hear(*(incident_event(id=str(new_id()), **LOW) for _ in range(4)))
    await crew.tick(seconds=30)
    assert await _figures(crew) == (4, 0, 30)


async def test_nobody_is_late_for_news(crew: Any, incident_event: Any) -> None:
    await crew.hear(incident_event())
    assert await crew.tick() == ["Ada"]
    await crew.hear(incident_event("resolved", 2))
    crew.clock.advance(minutes=7)
    assert await _figures(crew) == (0, 0, 0)


async def test_nobody_is_late_for_a_test_message(crew: Any) -> None:
    ada = await crew.ok("GET", "/api/v1/people/ada")
    method = ada["contact_methods"][0]["id"]
    await crew.ok("POST", f"/api/v1/people/ada/contact-methods/{method}/test")
    crew.clock.advance(minutes=7)
    assert await _figures(crew) == (0, 0, 0)
