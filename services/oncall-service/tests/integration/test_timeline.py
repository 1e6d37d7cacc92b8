"""Turns of hours and months, days off, gaps that are meant: in the calendar, with the reason."""

from typing import Any

SCHEDULE = "/api/v1/schedules/Payments"


def layer(*people: str, **fields: Any) -> dict[str, Any]:
    base = {"name": "Base", "participants": list(people), "start": "2026-03-02T09:00:00"}
    return base | fields


async def _set(crew: Any, *layers: dict[str, Any], **fields: Any) -> Any:
    body = {"layers": list(layers), "effective": "now", **fields}
    return await crew.ok("PATCH", SCHEDULE, json=body)


async def _shifts(crew: Any, start: str, end: str) -> list[dict[str, Any]]:
    query = f"team=Payments&from={start}&until={end}"
    items: list[dict[str, Any]] = (await crew.ok("GET", f"/api/v1/oncall/calendar?{query}"))[
        "items"
    ]
    return items


def _names(shifts: list[dict[str, Any]]) -> list[str | None]:
    return [one["primary"]["name"] if one["primary"] else None for one in shifts]


async def test_twelve_hours_stay_from_nine_to_nine_when_the_clocks_change(crew: Any) -> None:
    view = await _set(crew, layer("Ada", "Ben", kind="hourly", every=12))
    [shown] = view["layers"]
    assert (shown["kind"], shown["every"], shown["length_days"]) == ("hourly", 12, None)
    shifts = await _shifts(crew, "2026-03-28T08:00:00Z", "2026-03-30T07:00:00Z")
    assert [one["start"] for one in shifts] == [
        "2026-03-28T08:00:00Z",
        "2026-03-28T20:00:00Z",
        "2026-03-29T07:00:00Z",
        "2026-03-29T19:00:00Z",
    ]
    assert _names(shifts) == ["Ada", "Ben", "Ada", "Ben"]


async def test_a_month_goes_from_its_last_day_to_the_last_of_the_next(crew: Any) -> None:
    start = "2026-01-31T09:00:00"
    view = await _set(crew, layer("Ada", "Ben", kind="monthly", start=start))
    assert (view["layers"][0]["every"], view["layers"][0]["length_days"]) == (1, None)
    shifts = await _shifts(crew, "2026-03-02T10:00:00Z", "2026-06-30T00:00:00Z")
    assert [one["start"][:10] for one in shifts[1:]] == ["2026-03-31", "2026-04-30", "2026-05-31"]
    assert _names(shifts) == ["Ben", "Ada", "Ben", "Ada"]


async def test_weeks_may_be_counted_in_pairs_and_the_length_that_is_shown_can_be_sent_back(
    crew: Any,
) -> None:
    [shown] = (await _set(crew, layer("Ada", "Ben", kind="weekly", every=2)))["layers"]
    assert (shown["every"], shown["length_days"]) == (2, 14)
    same = layer("Ada", "Ben", kind="weekly", every=2, length_days=14)
    [again] = (await _set(crew, same))["layers"]
    assert again == shown
    for wrong in (
        {"kind": "hourly", "every": 24 * 366 + 1},
        {"kind": "hourly", "length_days": 1},
        {"kind": "monthly", "every": 13},
        {"kind": "custom", "length_days": 3, "every": 2},
        {"every": 0},
    ):
        body = {"layers": [layer("Ada", **wrong)]}
        answer = await crew.call("PATCH", SCHEDULE, json=body)
        assert answer.status_code == 422, wrong


async def test_what_was_by_the_hour_stays_on_record_when_it_becomes_weekly(crew: Any) -> None:
    await _set(crew, layer("Ada", "Ben", kind="hourly", every=6))
    crew.clock.advance(days=2)
    before = await _shifts(crew, "2026-03-02T09:00:00Z", "2026-03-04T09:00:00Z")
    await _set(crew, layer("Cleo"))
    assert await _shifts(crew, "2026-03-02T09:00:00Z", "2026-03-04T09:00:00Z") == before
    assert len(before) > 7


async def test_a_layer_rests_on_holidays_and_another_counts_on_them_alone(crew: Any) -> None:
    view = await _set(
        crew,
        layer("Ada", on_holidays="off"),
        layer("Ben", name="Holidays", on_holidays="only"),
        holidays={"country": "fr", "dates": ["2026-03-10", "2026-03-10"]},
    )
    assert view["holidays"] == {"country": "FR", "subdivision": None, "dates": ["2026-03-10"]}
    assert [one["on_holidays"] for one in view["layers"]] == ["off", "only"]
    shifts = await _shifts(crew, "2026-03-09T12:00:00Z", "2026-04-08T00:00:00Z")
    found = [(one["start"], one["primary"]["name"], one["layer"]) for one in shifts]
    assert found == [
        ("2026-03-09T12:00:00Z", "Ada", "Base"),
        ("2026-03-09T23:00:00Z", "Ben", "Holidays"),
        ("2026-03-10T23:00:00Z", "Ada", "Base"),
        ("2026-04-05T22:00:00Z", "Ben", "Holidays"),  # Easter Monday
        ("2026-04-06T22:00:00Z", "Ada", "Base"),
    ]


async def test_other_holidays_count_from_now_on_and_rewrite_nothing(crew: Any) -> None:
    rests = layer("Ada", on_holidays="off")
    await _set(crew, rests, holidays={"dates": ["2026-03-03", "2026-03-20"]})
    crew.clock.advance(days=3)
    before = await _shifts(crew, "2026-03-02T09:00:00Z", "2026-03-05T09:00:00Z")
    assert _names(before) == ["Ada", None, "Ada"]
    view = await crew.ok("PATCH", SCHEDULE, json={"holidays": None, "effective": "now"})
    assert view["holidays"] is None
    assert await _shifts(crew, "2026-03-02T09:00:00Z", "2026-03-05T09:00:00Z") == before
    assert _names(await _shifts(crew, "2026-03-19T00:00:00Z", "2026-03-22T00:00:00Z")) == ["Ada"]


async def test_an_unknown_country_or_part_of_one_is_refused_with_the_field(crew: Any) -> None:
    for holidays, field in (
        ({"country": "ZZ"}, "holidays.country"),
        ({"country": "DE", "subdivision": "Atlantis"}, "holidays.subdivision"),
        ({"subdivision": "BY"}, "holidays.subdivision"),
        ({"dates": ["someday"]}, "holidays.dates.0"),
    ):
        answer = await crew.call("PATCH", SCHEDULE, json={"holidays": holidays})
        assert answer.status_code == 422
        assert [error["field"] for error in answer.json()["errors"]] == [field]
    await crew.ok("PATCH", SCHEDULE, json={"holidays": {"country": "DE", "subdivision": "BY"}})


async def test_each_stretch_says_who_and_why(crew: Any) -> None:
    await crew.ok("PATCH", SCHEDULE, json={"time_zone": "Europe/Paris"})
    body = {"schedule": "Payments", "person": "Cleo"}
    first = {"start": "2026-03-03T12:00:00Z", "end": "2026-03-03T13:00:00Z"}
    await crew.ok("POST", "/api/v1/overrides", json=body | first)
    second = first | {"end": "2026-03-03T14:00:00Z", "role": "secondary"}
    await crew.ok("POST", "/api/v1/overrides", json=body | second)
    shifts = await _shifts(crew, "2026-03-03T11:00:00Z", "2026-03-03T15:00:00Z")
    reasons = ("source", "kind", "layer", "secondary_kind", "secondary_layer")
    assert [tuple(one[name] for name in reasons) for one in shifts] == [
        ("Weekly", "layer", "Weekly", "layer", "Weekly"),
        ("override", "override", None, None, None),
        ("Weekly", "layer", "Weekly", "override", None),
        ("Weekly", "layer", "Weekly", "layer", "Weekly"),
    ]


async def test_an_intended_gap_is_shown_as_one_and_nobody_is_warned_of_it(crew: Any) -> None:
    office = {"days": ["mon", "tue", "wed", "thu", "fri"], "start": "08:00", "end": "20:00"}
    await _set(crew, layer("Ada", hours=[office]))
    warned = 'oncall_gap_ahead_seconds{team="Payments"}'
    assert warned in (await crew.client.get("/metrics")).text
    crew.clock.advance(minutes=1)
    nights = {"start": "20:00", "end": "08:00"}
    weekend = {"days": ["sat", "sun"], "start": "00:00", "end": "00:00"}
    view = await crew.ok("PATCH", SCHEDULE, json={"intended_gaps": [nights, weekend]})
    assert [one["start"] for one in view["intended_gaps"]] == ["20:00:00", "00:00:00"]
    assert view["change"] is None, "who is on call does not change"
    crew.clock.advance(hours=13)  # Monday, 23:00 in Paris
    metrics = (await crew.client.get("/metrics")).text
    assert warned not in metrics
    assert 'oncall_gap{team="Payments"} 1.0' in metrics
    assert 'oncall_hole{team="Payments"} 0.0' in metrics
    now = await crew.ok("GET", "/api/v1/oncall/current?team=Payments")
    assert (now["gap"], now["intended"]) == (True, True)
    shifts = await _shifts(crew, "2026-03-02T12:00:00Z", "2026-03-03T12:00:00Z")
    assert [(one["gap"], one["intended"]) for one in shifts] == [
        (False, False),
        (True, True),
        (False, False),
    ]


async def test_a_gap_is_warned_of_where_it_goes_beyond_what_is_intended(crew: Any) -> None:
    office = {"days": ["mon", "tue", "wed", "thu", "fri"], "start": "08:00", "end": "20:00"}
    nights = {"days": ["mon", "tue", "wed", "thu", "fri"], "start": "20:00", "end": "08:00"}
    await _set(crew, layer("Ada", hours=[office]), intended_gaps=[nights])
    shifts = await _shifts(crew, "2026-03-06T12:00:00Z", "2026-03-08T12:00:00Z")
    assert [(one["start"], one["gap"], one["intended"]) for one in shifts] == [
        ("2026-03-06T12:00:00Z", False, False),
        ("2026-03-06T19:00:00Z", True, True),
        ("2026-03-07T07:00:00Z", True, False),
    ]
    metrics = (await crew.client.get("/metrics")).text
    [line] = [
        one
        for one in metrics.splitlines()
        if one.startswith('oncall_gap_ahead_seconds{team="Payments"}')
    ]
    assert float(line.split()[1]) == (4 * 24 + 22) * 3600
