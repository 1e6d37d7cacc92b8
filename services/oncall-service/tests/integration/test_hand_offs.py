"""Whoever comes on call while a run waits, and whoever cannot be reached."""

from datetime import timedelta
from typing import Any

SCHEDULE = "/api/v1/schedules/Payments"
CURRENT = "/api/v1/oncall/current?team=Payments"


def _override(crew: Any, person: str, minutes: int = 0, **fields: Any) -> dict[str, Any]:
    start = crew.clock.now() + timedelta(minutes=minutes)
    times = {"start": start.isoformat(), "end": (start + timedelta(hours=8)).isoformat()}
    return {"schedule": "Payments", "person": person} | times | fields


async def _before_the_hand_off(crew: Any) -> None:
    """Paris hands over from Ada to Ben on Monday 2026-03-09 at 08:00 UTC: two minutes from here."""
    crew.clock.advance(days=6, hours=22, minutes=58)


async def test_whoever_comes_on_call_is_paged_at_once_and_it_is_said_why(
    crew: Any, incident_event: Any
) -> None:
    await _before_the_hand_off(crew)
    await crew.hear(incident_event())
    assert await crew.tick() == ["Ada"]
    assert await crew.tick(minutes=1) == []
    await crew.told()
    assert await crew.tick(minutes=1) == ["Ben"]
    assert await crew.told() == ["page.target", "notification.sent"]
    target = crew.last_events[0]
    assert (target["person"]["name"], target["reason"], target["step"]) == (
        "Ben",
        "came_on_call",
        0,
    )
    assert not target["assign"], "the incident has somebody"
    assert await crew.tick(minutes=2, seconds=59) == []
    assert await crew.tick(seconds=1) == ["Cleo"], "the next step keeps its time"


async def test_whoever_was_primary_is_not_paged_again_as_secondary(
    crew: Any, incident_event: Any
) -> None:
    layers = [{"participants": ["Ada", "Ben"], "start": "2026-03-02T09:00:00"}]
    await crew.ok("PATCH", SCHEDULE, json={"layers": layers, "effective": "now"})
    await _before_the_hand_off(crew)
    await crew.hear(incident_event())
    rang = [await crew.tick(), await crew.tick(minutes=2), await crew.tick(minutes=3)]
    assert rang == [["Ada"], ["Ben"], []]
    assert await crew.tick(minutes=10) == ["Ben"], "the next round begins in its time"
    assert await crew.tick(minutes=5) == ["Ada"]


async def test_after_an_acknowledgement_nobody_is_paged_for_coming_on_call(
    crew: Any, incident_event: Any
) -> None:
    await _before_the_hand_off(crew)
    await crew.hear(incident_event())
    await crew.tick()
    await crew.hear(incident_event("acknowledged", 2))
    assert await crew.tick(minutes=2) == []


async def test_an_override_made_meanwhile_is_noticed_as_well(
    crew: Any, incident_event: Any
) -> None:
    await crew.hear(incident_event())
    assert await crew.tick() == ["Ada"]
    await crew.ok("POST", "/api/v1/overrides", json=_override(crew, "Cleo"))
    assert await crew.tick(seconds=1) == ["Cleo"]
    assert await crew.tick(seconds=1) == []


async def test_a_rotation_changed_now_is_noticed_and_one_that_waits_is_not(
    crew: Any, incident_event: Any
) -> None:
    await crew.hear(incident_event())
    assert await crew.tick() == ["Ada"]
    layers = [{"participants": ["Cleo"], "start": "2026-03-02T09:00:00"}]
    await crew.ok("PATCH", SCHEDULE, json={"layers": layers})
    assert await crew.tick(seconds=1) == []
    await crew.ok("PATCH", SCHEDULE, json={"layers": layers, "effective": "now"})
    assert await crew.tick(seconds=1) == ["Cleo"]


async def test_a_run_does_not_end_before_whoever_is_on_call_then_had_their_time(
    crew: Any, incident_event: Any
) -> None:
    await crew.ok("PATCH", "/api/v1/policies/Payments", json={"repeat": 0})
    await crew.hear(incident_event())
    assert [await crew.tick(), await crew.tick(minutes=5)] == [["Ada"], ["Ben"]]
    await crew.ok("POST", "/api/v1/overrides", json=_override(crew, "Cleo", minutes=9))
    assert await crew.tick(minutes=9) == ["Cleo"]
    await crew.told()
    assert await crew.tick(minutes=1) == []
    assert await crew.told() == []
    assert await crew.tick(minutes=4) == []
    assert await crew.told() == ["page.exhausted"]


async def test_a_hand_off_that_was_noticed_late_still_asks_the_new_primary_first(
    start: Any, crew: Any, incident_event: Any
) -> None:
    await _before_the_hand_off(crew)
    await crew.ok("PATCH", "/api/v1/policies/Payments", json={"repeat": 0})
    await crew.hear(incident_event())
    await crew.tick()
    # Nothing ran for half an hour.
    crew.clock.advance(minutes=30)
    async with start(crew.database) as restarted:
        assert await restarted.tick() == ["Ben", "Cleo"]


async def test_two_replicas_notice_a_hand_off_once(
    start: Any, crew: Any, incident_event: Any
) -> None:
    await _before_the_hand_off(crew)
    await crew.hear(incident_event())
    await crew.tick()
    async with start(crew.database) as twin:
        crew.clock.advance(minutes=2)
        for one in (crew, twin, crew):
            assert await one.app.state.engines["escalation"].cycle()
        assert await crew.tick() == ["Ben"]


async def test_an_override_by_somebody_out_of_reach_is_shown_as_a_hole_and_the_next_is_paged(
    crew: Any, incident_event: Any
) -> None:
    await crew.ok("PUT", "/api/v1/people/Dan", json={"name": "Dan"})
    made = await crew.ok("POST", "/api/v1/overrides", json=_override(crew, "Dan"))
    assert made["person"]["reachable"] is False
    now = await crew.ok("GET", CURRENT)
    assert (now["primary"]["name"], now["primary"]["reachable"], now["gap"]) == (
        "Dan",
        False,
        False,
    )
    assert now["secondary"]["reachable"] is True
    calendar = await crew.ok("GET", "/api/v1/oncall/calendar?team=Payments")
    assert calendar["items"][0]["primary"] == now["primary"]
    metrics = (await crew.client.get("/metrics")).text
    assert 'oncall_hole{team="Payments"} 1.0' in metrics
    assert 'oncall_gap{team="Payments"} 0.0' in metrics

    await crew.hear(incident_event())
    assert await crew.tick() == ["Ben"]
    assert await crew.told() == [
        "page.started",
        "page.unreachable",
        "page.target",
        "notification.sent",
    ]
    _, missed, target, _ = crew.last_events
    assert (missed["person"]["name"], missed["step"]) == ("Dan", 0)
    assert (target["person"]["name"], target["step"], target["assign"]) == ("Ben", 1, True)
    assert await crew.tick(minutes=9) == []


async def test_whoever_comes_on_call_out_of_reach_is_named_and_the_next_step_is_done_at_once(
    crew: Any, incident_event: Any
) -> None:
    await crew.ok("PUT", "/api/v1/people/Dan", json={"name": "Dan"})
    await crew.hear(incident_event())
    assert await crew.tick() == ["Ada"]
    await crew.ok("POST", "/api/v1/overrides", json=_override(crew, "Dan", minutes=1))
    await crew.told()
    assert await crew.tick(minutes=1) == ["Ben"]
    assert (await crew.told())[0] == "page.unreachable"
    assert await crew.tick(minutes=1) == []
    assert "page.unreachable" not in await crew.told()


async def test_everybody_within_reach_is_no_hole(crew: Any) -> None:
    metrics = (await crew.client.get("/metrics")).text
    assert 'oncall_hole{team="Payments"} 0.0' in metrics
    await crew.ok("PATCH", SCHEDULE, json={"layers": [], "effective": "now"})
    assert 'oncall_hole{team="Payments"} 1.0' in (await crew.client.get("/metrics")).text
