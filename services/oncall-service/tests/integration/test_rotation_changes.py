"""A change of a schedule: who is on call until then, who afterwards, and what stays on record."""

from typing import Any

SCHEDULE = "/api/v1/schedules/Payments"
HAND_OFF = "2026-03-09T08:00:00Z"
PAST = "from=2026-02-20T00:00:00Z&until=2026-03-09T08:00:00Z"
COMING = "from=2026-03-09T08:00:00Z&until=2026-04-20T07:00:00Z"


def weekly(*people: str, **fields: Any) -> list[dict[str, Any]]:
    layer = {"name": "Weekly", "participants": list(people), "start": "2026-03-02T09:00:00"}
    return [layer | fields]


async def _calendar(crew: Any, query: str) -> list[tuple[str | None, str]]:
    calendar = await crew.ok("GET", f"/api/v1/oncall/calendar?team=Payments&{query}")
    return [
        (shift["primary"]["name"] if shift["primary"] else None, shift["end"])
        for shift in calendar["items"]
    ]


async def _on_call(crew: Any, at: str = "") -> str | None:
    now = await crew.ok("GET", f"/api/v1/oncall/current?team=Payments{at and f'&at={at}'}")
    return now["primary"]["name"] if now["primary"] else None


async def _add(crew: Any, name: str) -> None:
    body = {"name": name, "contact_methods": [{"channel": "log"}]}
    await crew.ok("PUT", f"/api/v1/people/{name}", json=body)


async def test_somebody_added_in_mid_week_moves_nobody_and_rewrites_nothing(crew: Any) -> None:
    await _add(crew, "Dan")
    crew.clock.advance(days=9)  # Wednesday of the second week, which is Ben's
    past = await _calendar(crew, "from=2026-02-20T00:00:00Z&until=2026-03-16T08:00:00Z")
    layers = weekly("Ada", "Ben", "Cleo", "Dan")
    answer = await crew.ok("PATCH", SCHEDULE, json={"layers": layers})
    change = answer["change"]
    assert change["effective_at"] == "2026-03-16T08:00:00Z"
    assert (change["before"]["primary"]["name"], change["after"]["primary"]["name"]) == (
        "Ben",
        "Cleo",
    )
    assert change["after"]["secondary"]["name"] == "Dan"
    assert [one["name"] for one in answer["layers"][0]["participants"]][-1] == "Dan"
    assert await _on_call(crew) == "Ben"
    assert await _calendar(crew, "from=2026-02-20T00:00:00Z&until=2026-03-16T08:00:00Z") == past
    shifts = await _calendar(crew, "from=2026-03-16T08:00:00Z&until=2026-04-10T00:00:00Z")
    assert [name for name, _ in shifts] == ["Cleo", "Dan", "Ada", "Ben"]


async def test_the_past_stays_as_it_was_through_every_further_change(crew: Any) -> None:
    before = await _calendar(crew, PAST)
    await crew.ok("PATCH", SCHEDULE, json={"layers": weekly("Cleo", "Ben")})
    crew.clock.advance(days=8)
    middle = await _calendar(crew, "from=2026-03-09T08:00:00Z&until=2026-03-16T08:00:00Z")
    await crew.ok(
        "PATCH", SCHEDULE, json={"time_zone": "UTC", "layers": weekly("Ada"), "effective": "now"}
    )
    assert await _on_call(crew) == "Ada"
    assert await _calendar(crew, PAST) == before
    assert await _on_call(crew, "2026-03-04T12:00:00Z") == "Ada"
    changed = "2026-03-10T09:00:00Z"
    again = await _calendar(crew, "from=2026-03-09T08:00:00Z&until=2026-03-16T08:00:00Z")
    assert again == [(middle[0][0], changed), ("Ada", "2026-03-16T08:00:00Z")]


async def test_asked_for_now_a_change_counts_at_once_and_says_whom_it_moves(crew: Any) -> None:
    answer = await crew.ok(
        "PATCH", SCHEDULE, json={"layers": weekly("Ben", "Cleo"), "effective": "now"}
    )
    change = answer["change"]
    assert change["effective_at"] == "2026-03-02T09:00:00Z"
    assert change["before"]["primary"]["name"] == "Ada"
    assert change["after"]["primary"]["name"] == "Ben"
    assert await _on_call(crew) == "Ben"
    crew.clock.advance(minutes=1)
    assert (await crew.ok("GET", SCHEDULE))["change"] is None


async def test_a_change_to_come_is_shown_until_it_has_come(crew: Any) -> None:
    await crew.ok("PATCH", SCHEDULE, json={"layers": weekly("Cleo", "Ada")})
    crew.clock.advance(days=1)
    assert (await crew.ok("GET", SCHEDULE))["change"]["effective_at"] == HAND_OFF
    [listed] = (await crew.ok("GET", "/api/v1/schedules"))["items"]
    assert listed["change"]["after"]["primary"]["name"] == "Cleo"
    crew.clock.advance(days=7)
    assert (await crew.ok("GET", SCHEDULE))["change"] is None


async def test_the_same_again_changes_nothing_and_an_undone_change_leaves_no_trace(
    crew: Any,
) -> None:
    was = await _calendar(crew, COMING)
    body = {"name": "Payments", "team": "Payments", "time_zone": "Europe/Paris"}
    reordered = weekly("Cleo", "Ada", "Ben")
    answers = [await crew.ok("PUT", SCHEDULE, json=body | {"layers": reordered}) for _ in range(2)]
    assert answers[0] == answers[1]
    await crew.ok("PUT", SCHEDULE, json=body | {"layers": weekly("Ada", "Cleo", "Ben")})
    assert await _calendar(crew, COMING) != was
    await crew.ok("PUT", SCHEDULE, json=body | {"layers": weekly("Ada", "Ben", "Cleo")})
    assert await _calendar(crew, COMING) == was


async def test_what_was_to_come_can_be_asked_for_now(crew: Any) -> None:
    layers = weekly("Ben", "Cleo")
    await crew.ok("PATCH", SCHEDULE, json={"layers": layers})
    assert await _on_call(crew) == "Ada"
    await crew.ok("PATCH", SCHEDULE, json={"layers": layers, "effective": "now"})
    assert await _on_call(crew) == "Ben"


async def test_whoever_is_on_call_until_a_change_cannot_be_removed_before_it(crew: Any) -> None:
    await crew.ok("PATCH", SCHEDULE, json={"layers": weekly("Ben")})
    await crew.ok("PATCH", "/api/v1/teams/Payments", json={"members": ["Ben"]})
    refused = await crew.call("DELETE", "/api/v1/people/Ada")
    assert refused.status_code == 409
    assert refused.json()["used_by"] == ["schedule 'Payments' until 2026-03-09 08:00 UTC"]
    crew.clock.advance(days=8)
    await crew.ok("DELETE", "/api/v1/people/Ada")
    assert await _on_call(crew, "2026-03-04T12:00:00Z") == "Ada", "on record under their name"
    assert ("Ada", HAND_OFF) in await _calendar(crew, PAST)


async def test_an_override_counts_over_the_layers_of_its_time(crew: Any) -> None:
    override = {"schedule": "Payments", "person": "Cleo"}
    times = {"start": "2026-03-09T07:00:00Z", "end": "2026-03-09T10:00:00Z"}
    await crew.ok("POST", "/api/v1/overrides", json=override | times)
    answer = await crew.ok("PATCH", SCHEDULE, json={"layers": weekly("Ben", "Ada")})
    assert answer["change"]["effective_at"] == HAND_OFF
    assert answer["change"]["after"]["primary"]["name"] == "Cleo"
    assert await _on_call(crew, "2026-03-09T11:00:00Z") == "Ben"


async def test_an_unknown_moment_is_refused(crew: Any) -> None:
    body = {"layers": weekly("Ben"), "effective": "tomorrow"}
    assert (await crew.call("PATCH", SCHEDULE, json=body)).status_code == 422
