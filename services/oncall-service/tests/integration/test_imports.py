"""A calendar that is kept elsewhere becomes overrides, and goes on being followed."""

from typing import Any

IMPORT = "/api/v1/schedules/Payments/import"
CALENDAR_TYPE = {"Content-Type": "text/calendar"}
NIGHT = ("a@x", "20260303T120000Z", "20260303T180000Z")


def event(
    uid: str, start: str, end: str, summary: str = "Ben", *more: str, zone: str = ""
) -> list[str]:
    kind = f";{zone}" if zone else ""
    return [
        "BEGIN:VEVENT",
        f"UID:{uid}",
        "DTSTAMP:20260101T000000Z",
        f"DTSTART{kind}:{start}",
        f"DTEND{kind}:{end}",
        f"SUMMARY:{summary}",
        *more,
        "END:VEVENT",
    ]


def calendar(*events: list[str], name: str = "Holidays") -> str:
    head = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//Test//EN", f"X-WR-CALNAME:{name}"]
    lines = [*head, *(line for one in events for line in one), "END:VCALENDAR", ""]
    return "\r\n".join(lines)


async def _import(crew: Any, text: str | bytes, query: str = "") -> Any:
    return await crew.call("POST", IMPORT + query, content=text, headers=CALENDAR_TYPE)


async def _imported(crew: Any, text: str, query: str = "") -> Any:
    answer = await _import(crew, text, query)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def _overrides(crew: Any) -> list[tuple[str, str, str]]:
    items = (await crew.ok("GET", "/api/v1/overrides"))["items"]
    return sorted((one["person"]["name"], one["start"], one["end"]) for one in items)


async def test_events_become_overrides_for_whom_they_name(crew: Any) -> None:
    await crew.ok("PATCH", "/api/v1/people/Cleo", json={"email": "Cleo@Example.org"})
    attendee = 'ATTENDEE;CN="C.":MAILTO:cleo@example.org'
    answer = await _imported(
        crew,
        calendar(
            event(*NIGHT),
            event("b@x", "20260304T120000Z", "20260304T130000Z", "On call - ben - payments"),
            event("c@x", "20260305T120000Z", "20260305T130000Z", "Somebody", attendee),
            event("d@x", "20260306T090000", "20260306T170000", zone="TZID=Europe/Paris"),
            event("e@x", "20260307T090000", "20260307T170000"),
            event("f@x", "20260308", "20260309", zone="VALUE=DATE"),
            event("g@x", "20260309T120000Z", "20260309T130000Z", "Ben", "STATUS:CANCELLED"),
            event("past@x", "20260201T120000Z", "20260201T130000Z"),
        ),
    )
    assert (answer["made"], answer["unmatched"]) == (6, [])
    assert await _overrides(crew) == [
        ("Ben", "2026-03-03T12:00:00Z", "2026-03-03T18:00:00Z"),
        ("Ben", "2026-03-04T12:00:00Z", "2026-03-04T13:00:00Z"),
        ("Ben", "2026-03-06T08:00:00Z", "2026-03-06T16:00:00Z"),
        ("Ben", "2026-03-07T08:00:00Z", "2026-03-07T16:00:00Z"),
        ("Ben", "2026-03-07T23:00:00Z", "2026-03-08T23:00:00Z"),
        ("Cleo", "2026-03-05T12:00:00Z", "2026-03-05T13:00:00Z"),
    ]
    now = await crew.ok("GET", "/api/v1/oncall/current?team=Payments&at=2026-03-03T13:00:00Z")
    assert (now["primary"]["name"], now["primary_from"]) == ("Ben", "import")


async def test_the_same_calendar_again_changes_nothing_and_a_changed_one_what_it_changes(
    crew: Any,
) -> None:
    other = event("b@x", "20260304T120000Z", "20260304T130000Z")
    text = calendar(event(*NIGHT), other)
    assert (await _imported(crew, text))["made"] == 2
    again = await _imported(crew, text)
    assert again == {"made": 0, "changed": 0, "removed": 0, "unchanged": 2, "unmatched": []}
    moved = event("a@x", "20260303T130000Z", "20260303T190000Z", "Cleo")
    answer = await _imported(crew, calendar(moved, other))
    assert (answer["changed"], answer["unchanged"]) == (1, 1)
    assert ("Cleo", "2026-03-03T13:00:00Z", "2026-03-03T19:00:00Z") in await _overrides(crew)


async def test_what_vanished_from_the_calendar_is_removed_and_nothing_else_is(crew: Any) -> None:
    mine = {"schedule": "Payments", "person": "Cleo"}
    times = {"start": "2026-04-03T12:00:00Z", "end": "2026-04-03T14:00:00Z"}
    await crew.ok("POST", "/api/v1/overrides", json=mine | times)
    await _imported(crew, calendar(event("z@x", "20260310T120000Z", "20260310T130000Z"), name="B"))
    await _imported(
        crew, calendar(event(*NIGHT), event("b@x", "20260304T120000Z", "20260304T180000Z"))
    )
    crew.clock.advance(days=2, hours=5)  # the first is over, the second is on
    answer = await _imported(crew, calendar())
    assert (answer["removed"], answer["made"]) == (1, 0)
    assert await _overrides(crew) == [
        ("Ben", "2026-03-03T12:00:00Z", "2026-03-03T18:00:00Z"),
        ("Ben", "2026-03-04T12:00:00Z", "2026-03-04T14:00:00Z"),
        ("Ben", "2026-03-10T12:00:00Z", "2026-03-10T13:00:00Z"),
        ("Cleo", "2026-04-03T12:00:00Z", "2026-04-03T14:00:00Z"),
    ]


async def test_a_rule_becomes_an_override_each_time_through_the_change_of_the_clocks(
    crew: Any,
) -> None:
    weekly = event(
        "r@x",
        "20260306T090000",
        "20260306T170000",
        "Ben",
        "RRULE:FREQ=WEEKLY;COUNT=6",
        "EXDATE;TZID=Europe/Paris:20260313T090000",
        zone="TZID=Europe/Paris",
    )
    moved = event(
        "r@x",
        "20260321T100000",
        "20260321T120000",
        "Cleo",
        "RECURRENCE-ID;TZID=Europe/Paris:20260320T090000",
        zone="TZID=Europe/Paris",
    )
    text = calendar(weekly, moved)
    assert (await _imported(crew, text))["made"] == 5
    assert await _overrides(crew) == [
        ("Ben", "2026-03-06T08:00:00Z", "2026-03-06T16:00:00Z"),
        ("Ben", "2026-03-27T08:00:00Z", "2026-03-27T16:00:00Z"),
        ("Ben", "2026-04-03T07:00:00Z", "2026-04-03T15:00:00Z"),
        ("Ben", "2026-04-10T07:00:00Z", "2026-04-10T15:00:00Z"),
        ("Cleo", "2026-03-21T09:00:00Z", "2026-03-21T11:00:00Z"),
    ]
    assert (await _imported(crew, text))["unchanged"] == 5


async def test_nothing_is_stored_while_somebody_is_not_found_unless_that_is_wanted(
    crew: Any,
) -> None:
    stranger = event("s@x", "20260304T120000Z", "20260304T130000Z", "Zoe, on call")
    both = event("t@x", "20260305T120000Z", "20260305T130000Z", "Ada and Ben")
    text = calendar(event(*NIGHT), stranger, both)
    refused = await _import(crew, text)
    assert refused.status_code == 422
    assert [one["field"] for one in refused.json()["errors"]] == ["s@x", "t@x"]
    assert "Zoe, on call" in refused.text
    assert await _overrides(crew) == []
    answer = await _imported(crew, text, "?partial=true")
    assert answer["made"] == 1
    assert [one["summary"] for one in answer["unmatched"]] == ["Zoe, on call", "Ada and Ben"]
    assert (await _imported(crew, text, "?person=Cleo"))["made"] == 2


async def test_what_is_no_calendar_or_too_much_of_one_is_refused(crew: Any) -> None:
    daily = ("20260303T120000Z", "20260303T130000Z", "Ben")
    for text in (
        "",
        "hello",
        b"\xff\xfe\x00",
        "BEGIN:VEVENT\r\nEND:VEVENT\r\n",
        calendar(["BEGIN:VEVENT", "UID:q", "DTSTART:never", "END:VEVENT"]),
        calendar(["BEGIN:VEVENT", "UID:q", "END:VEVENT"]),
        calendar(event("", *daily)),
        calendar(event("q", *daily, "RRULE:FREQ=SECONDLY")),
        calendar(event("q", *daily, "RRULE:FREQ=DAILY;BYMINUTE=1,2,3")),
        calendar(event("q", *daily, "RRULE:FREQ=NEVER")),
        calendar(event("q", *daily, "RRULE:FREQ=DAILY", "RRULE:FREQ=WEEKLY")),
        calendar(*(event(f"{number}", *daily, "RRULE:FREQ=YEARLY") for number in range(51))),
        calendar(event("q", "00010101T000000Z", "00010101T010000Z", "B", "RRULE:FREQ=DAILY")),
        calendar(*(event(f"{number}", *daily) for number in range(1001))),
        calendar(*(event(f"{number}", *daily, "RRULE:FREQ=DAILY") for number in range(3))),
    ):
        answer = await _import(crew, text)
        assert answer.status_code == 422, (text[:100], answer.text)
        assert [one["field"] for one in answer.json()["errors"]] == ["body"]
    large = calendar(event(*NIGHT), ["X-PAD:" + "a" * 1024 * 1024])
    assert (await _import(crew, large)).status_code == 413
    wrong = await crew.call("POST", IMPORT, json={})
    assert wrong.status_code == 415
    assert await _overrides(crew) == []


async def test_only_administrators_import(crew: Any) -> None:
    made = await crew.ok("POST", "/api/v1/tokens", json={"name": "r", "role": "responder"})
    answer = await crew.call(
        "POST", IMPORT, token=made["token"], content=calendar(), headers=CALENDAR_TYPE
    )
    assert answer.status_code == 403
