"""Is there somebody for every service? Before saving, every hour, and whenever somebody asks."""

from datetime import datetime, timedelta
from typing import Any

COVERAGE = "/api/v1/coverage"


async def check(crew: Any, **params: str) -> dict[str, Any]:
    found: dict[str, Any] = await crew.ok("GET", COVERAGE, params=params or {"team": "Payments"})
    return found


def lacks(view: dict[str, Any], level: str | None = None) -> list[tuple[str, int | None]]:
    return [
        (hole["reason"], hole["step"])
        for hole in view["holes"]
        if level is None or hole["level"] == level
    ]


async def test_a_team_that_can_be_reached_for_a_month_has_no_hole(crew: Any) -> None:
    view = await check(crew)
    assert (view["ok"], view["holes"]) == (True, [])
    ahead = datetime.fromisoformat(view["until"]) - datetime.fromisoformat(view["at"])
    assert ahead == timedelta(days=30)


async def test_somebody_without_a_contact_method_is_named_with_the_instant_of_their_turn(
    crew: Any,
) -> None:
    await crew.ok("PATCH", "/api/v1/people/Ben", json={"contact_methods": []})
    view = await check(crew)
    primary = [one for one in view["holes"] if one["step"] == 0]
    assert [one["person"]["name"] for one in primary] == ["Ben"] * len(primary)
    assert {one["reason"] for one in primary} == {"no_contact_method"}
    shifts = await crew.ok("GET", "/api/v1/oncall/calendar", params={"team": "Payments"})
    bens = [one["start"] for one in shifts["items"] if one["primary"]["name"] == "Ben"]
    assert primary[0]["start"] == bens[0]
    assert primary[0]["services"] == ["checkout"]
    assert view["ok"], "the secondary is reached"


async def test_a_method_that_nobody_has_verified_does_not_count(crew: Any) -> None:
    unverified = [{"channel": "email", "target": "b@example.org", "verified": False}]
    await crew.ok("PATCH", "/api/v1/people/Ben", json={"contact_methods": unverified})
    assert ("no_contact_method", 0) in lacks(await check(crew))


async def test_where_nobody_of_a_policy_can_be_asked_it_is_broken(crew: Any) -> None:
    for name in ("Ada", "Ben", "Cleo"):
        await crew.ok("PATCH", f"/api/v1/people/{name}", json={"contact_methods": []})
    view = await check(crew)
    assert not view["ok"]
    [whole] = [one for one in view["holes"] if one["level"] == "broken"]
    assert (whole["reason"], whole["end"]) == ("nobody_of_the_policy", view["until"])
    assert ("fallback_unreachable", None) in lacks(view, "weak")


async def test_a_gap_is_found_before_it_comes_and_an_intended_one_is_none(crew: Any) -> None:
    hours = [{"days": ["mon", "tue", "wed", "thu", "fri"], "start": "09:00", "end": "17:00"}]
    layer = {"participants": ["Ada"], "start": "2026-03-02T09:00:00", "hours": hours}
    schedule = {"name": "Payments", "team": "Payments", "layers": [layer], "effective": "now"}
    await crew.ok("PUT", "/api/v1/schedules/Payments", json=schedule)
    found = await check(crew)
    assert ("nobody_on_call", 0) in lacks(found)
    assert not found["ok"], "nor is there a secondary"
    nights = [
        {"days": ["mon", "tue", "wed", "thu", "fri"], "start": "17:00", "end": "09:00"},
        {"days": ["sat", "sun"], "start": "00:00", "end": "00:00"},
        {"days": ["mon"], "start": "00:00", "end": "09:00"},
    ]
    await crew.ok("PATCH", "/api/v1/schedules/Payments", json={"intended_gaps": nights})
    assert (await check(crew))["ok"]


async def test_a_severity_that_no_step_is_for_is_broken(crew: Any) -> None:
    step = {"target": "primary", "severities": ["critical", "high"]}
    policy = {"name": "Payments", "team": "Payments", "steps": [step]}
    await crew.ok("PUT", "/api/v1/policies/Payments", json=policy)
    [hole] = (await check(crew))["holes"]
    assert (hole["reason"], hole["severities"]) == ("no_step_for_severity", ["medium", "low"])
    assert (hole["level"], hole["why"]) == ("broken", "no step for severity")


async def test_a_preview_says_what_saving_would_break_and_saves_nothing(crew: Any) -> None:
    await crew.ok("PUT", "/api/v1/people/Dan", json={"name": "Dan"})
    before = await crew.ok("GET", "/api/v1/schedules/Payments")
    layer = {"participants": ["Dan"], "start": "2026-03-02T09:00:00"}
    schedule = {"name": "Payments", "team": "Payments", "layers": [layer], "effective": "now"}
    policy = {"name": "Payments", "team": "Payments", "steps": [{"target": "primary"}]}
    body = {"schedule": schedule, "policy": policy}
    found = await crew.ok("POST", f"{COVERAGE}/preview", json=body)
    assert not found["ok"]
    assert "Dan" in {hole["person"]["name"] for hole in found["holes"] if hole["person"]}
    assert await crew.ok("GET", "/api/v1/schedules/Payments") == before
    assert (await check(crew))["ok"]


async def test_a_preview_of_what_cannot_be_saved_says_so_as_saving_would(crew: Any) -> None:
    layer = {"participants": ["Nobody"], "start": "2026-03-02T09:00:00"}
    schedule = {"name": "Payments", "team": "Payments", "layers": [layer]}
    refused = await crew.call("POST", f"{COVERAGE}/preview", json={"schedule": schedule})
    assert refused.json()["errors"][0]["field"] == "layers.0.participants.0"


async def test_the_hourly_look_is_kept_shown_and_counted(crew: Any) -> None:
    text = (await crew.call("GET", "/metrics")).text
    assert 'oncall_coverage_holes{level="broken"} 0.0' in text
    assert "\noncall_coverage_age_seconds" not in text
    for name in ("Ada", "Ben", "Cleo"):
        await crew.ok("PATCH", f"/api/v1/people/{name}", json={"contact_methods": []})
    assert await crew.app.state.engines["coverage"].cycle()
    crew.clock.advance(minutes=10)
    text = (await crew.call("GET", "/metrics")).text
    assert 'oncall_coverage_holes{level="broken"} 1.0' in text
    assert "oncall_coverage_age_seconds 600.0" in text
    last = await crew.ok("GET", f"{COVERAGE}/last")
    assert (last["ok"], last["broken"]) == (False, 1)


async def test_services_that_nobody_claims_are_covered_by_the_catch_all_team(crew: Any) -> None:
    view = await crew.ok("GET", COVERAGE)
    assert view["ok"], "the administrator is reached through the log"
    assert view["holes"] == []


async def test_a_policy_that_pages_nobody_yet_is_looked_at_before_it_is_saved(crew: Any) -> None:
    await crew.ok("PUT", "/api/v1/people/Dan", json={"name": "Dan"})
    step = {"target": "person", "person": "Dan"}
    policy = {"name": "Another", "team": "Payments", "steps": [step]}
    found = await crew.ok("POST", f"{COVERAGE}/preview", json={"policy": policy})
    assert {hole["policy"] for hole in found["holes"]} == {"Another"}
    assert (await crew.call("GET", "/api/v1/policies/Another")).status_code == 404


async def test_of_many_holes_the_worst_are_told_first(crew: Any) -> None:
    for name in ("Ada", "Ben", "Cleo"):
        await crew.ok("PATCH", f"/api/v1/people/{name}", json={"contact_methods": []})
    one = await crew.ok("GET", COVERAGE, params={"limit": 1})
    assert [hole["level"] for hole in one["holes"]] == ["broken"]
    assert one["weak"] > 1
