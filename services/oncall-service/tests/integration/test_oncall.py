"""Who is on call, now and in the calendar."""

from typing import Any

CURRENT = "/api/v1/oncall/current"
SCHEDULE = "/api/v1/oncall/schedule"


async def test_who_is_on_call_for_a_team_and_until_when(crew: Any) -> None:
    now = await crew.ok("GET", f"{CURRENT}?team=payments")
    assert (now["primary"]["name"], now["secondary"]["name"]) == ("Ada", "Ben")
    assert now["until"] == "2026-03-09T08:00:00Z"
    assert now["fallback"]["name"] == "Cleo"
    assert now["gap"] is False
    assert await crew.ok("GET", f"{CURRENT}?team={now['team']['id']}") == now


async def test_the_hand_off_in_paris_is_at_nine_before_and_after_the_clocks_change(
    crew: Any,
) -> None:
    crew.clock.advance(days=23, hours=4)  # Wednesday 2026-03-25
    now = await crew.ok("GET", f"{CURRENT}?team=Payments")
    assert now["until"] == "2026-03-30T07:00:00Z"


async def test_who_is_on_call_can_be_asked_about_another_instant(crew: Any) -> None:
    calendar = await crew.ok("GET", f"{SCHEDULE}?team=Payments")
    for shift in calendar["items"][:3]:
        then = await crew.ok("GET", f"{CURRENT}?team=Payments&at={shift['start']}")
        assert (then["primary"], then["until"]) == (shift["primary"], shift["end"])
        everybody = (await crew.ok("GET", f"{CURRENT}?at={shift['start']}"))["items"]
        assert then in everybody
    for at in ("yesterday", "2026-03-02", "9999-12-31T23:59:59-14:00"):
        answer = await crew.call("GET", f"{CURRENT}?team=Payments&at={at}")
        assert [error["field"] for error in answer.json()["errors"]] == ["at"]


async def test_all_teams_are_listed_and_a_gap_is_shown(crew: Any) -> None:
    everybody = (await crew.ok("GET", CURRENT))["items"]
    assert [(one["team"]["name"], one["gap"]) for one in everybody] == [
        ("Catch-all", True),
        ("Payments", False),
    ]
    assert everybody[0]["fallback"]["name"] == "Administrator"
    assert everybody[0]["until"] is None


async def test_an_override_shows_in_the_calendar_and_splits_the_shift(crew: Any) -> None:
    body = {
        "schedule": "Payments",
        "person": "Cleo",
        "start": "2026-03-03T12:00:00Z",
        "end": "2026-03-03T14:00:00Z",
    }
    await crew.ok("POST", "/api/v1/overrides", json=body)
    query = "from=2026-03-02T09:00:00Z&until=2026-03-10T09:00:00Z"
    calendar = await crew.ok("GET", f"{SCHEDULE}?team=Payments&{query}")
    assert calendar["time_zone"] == "Europe/Paris"
    assert calendar["schedule"]["name"] == "Payments"
    shifts = [(one["primary"]["name"], one["source"], one["end"]) for one in calendar["items"]]
    assert shifts == [
        ("Ada", "Weekly", "2026-03-03T12:00:00Z"),
        ("Cleo", "override", "2026-03-03T14:00:00Z"),
        ("Ada", "Weekly", "2026-03-09T08:00:00Z"),
        ("Ben", "Weekly", "2026-03-10T09:00:00Z"),
    ]


async def test_the_calendar_begins_now_when_nothing_is_asked_and_is_not_endless(
    crew: Any,
) -> None:
    calendar = await crew.ok("GET", f"{SCHEDULE}?team=Payments")
    assert calendar["items"][0]["start"] == "2026-03-02T09:00:00Z"
    for query in ("until=2030-01-01T00:00:00Z", "until=2020-01-01T00:00:00Z", "from=never"):
        answer = await crew.call("GET", f"{SCHEDULE}?team=Payments&{query}")
        assert answer.status_code == 422


async def test_a_team_without_a_schedule_is_one_long_gap(crew: Any) -> None:
    calendar = await crew.ok("GET", f"{SCHEDULE}?team=Catch-all")
    assert [one["gap"] for one in calendar["items"]] == [True]
    assert calendar["schedule"] is None


async def test_a_team_nobody_knows_is_not_found(crew: Any) -> None:
    for path in (CURRENT, SCHEDULE):
        assert (await crew.call("GET", f"{path}?team=ghosts")).status_code == 404
        assert (await crew.call("GET", f"{path}?team=%00")).status_code == 422


async def test_nights_and_weekends_can_belong_to_another_layer(crew: Any) -> None:
    base = {"name": "Days", "participants": ["Ada"], "start": "2026-03-02T09:00:00"}
    nights = {
        "name": "Nights",
        "kind": "daily",
        "participants": ["Ben", "Cleo"],
        "start": "2026-03-02T18:00:00",
        "hours": [{"days": ["mon", "tue"], "start": "18:00", "end": "09:00"}],
    }
    await crew.ok(
        "PATCH", "/api/v1/schedules/Payments", json={"layers": [base, nights], "effective": "now"}
    )
    query = "from=2026-03-02T12:00:00Z&until=2026-03-04T12:00:00Z"
    calendar = await crew.ok("GET", f"{SCHEDULE}?team=Payments&{query}")
    assert [one["primary"]["name"] for one in calendar["items"]] == [
        "Ada", "Ben", "Ada", "Cleo", "Ada"
    ]  # fmt: skip
