"""Calendars that other programs subscribe to, read by a parser that did not make them."""

from datetime import UTC, datetime, timedelta
from typing import Any

import recurring_ical_events
from icalendar import Calendar

FEEDS = "/api/v1/calendar-feeds"
PASSWORD = "a long password of theirs"
SINCE, UNTIL = datetime(2026, 2, 1, tzinfo=UTC), datetime(2026, 8, 28, tzinfo=UTC)


async def _signed_in(crew: Any, name: str, role: str = "viewer") -> str:
    fields = {"role": role, "password": PASSWORD}
    await crew.ok("PATCH", f"/api/v1/people/{name}", json=fields)
    body = {"user": name.lower(), "password": PASSWORD}
    session: dict[str, str] = (await crew.client.post("/api/v1/sessions", json=body)).json()
    return session["token"]


def _occurrences(text: bytes) -> list[tuple[str, datetime, datetime, str]]:
    query = recurring_ical_events.of(Calendar.from_ical(text))
    return sorted(
        (str(one["SUMMARY"]), one["DTSTART"].dt, one["DTEND"].dt, str(one["UID"]))
        for one in query.between(SINCE - timedelta(days=60), UNTIL + timedelta(days=60))
    )


def _is_well_formed(text: bytes) -> bool:
    """RFC 5545, section 3.1: CRLF, lines of 75 octets, continued by a space; every END fits."""
    assert text.endswith(b"\r\n")
    lines = text.removesuffix(b"\r\n").split(b"\r\n")
    assert not any(b"\n" in line or b"\r" in line for line in lines)
    assert all(len(line) <= 75 for line in lines)
    open_ones: list[bytes] = []
    for line in text.replace(b"\r\n ", b"").splitlines():
        line.decode("utf-8")
        name, colon, value = line.partition(b":")
        assert colon, line
        if name == b"BEGIN":
            open_ones.append(value)
        if name == b"END":
            assert open_ones.pop() == value
    return not open_ones


async def _expected(crew: Any, name: str) -> list[tuple[datetime, datetime]]:
    """When somebody is primary, of the calendar: neighbouring shifts are one."""
    query = f"from={SINCE:%Y-%m-%dT%H:%M:%SZ}&until={UNTIL:%Y-%m-%dT%H:%M:%SZ}"
    calendar = await crew.ok("GET", f"/api/v1/oncall/calendar?team=Payments&{query}")
    found: list[tuple[datetime, datetime]] = []
    for shift in calendar["items"]:
        if (shift["primary"] or {"name": None})["name"] != name:
            continue
        start, end = (datetime.fromisoformat(shift[edge]) for edge in ("start", "end"))
        if found and found[-1][1] == start:
            found[-1] = (found[-1][0], end)
        else:
            found.append((start, end))
    return found


async def test_a_persons_calendar_has_their_shifts_and_a_second_parser_finds_the_same(
    crew: Any,
) -> None:
    override = {"schedule": "Payments", "person": "Cleo", "note": "dentist, Ünïcødé — 日本語" * 5}
    times = {"start": "2026-03-03T12:00:00Z", "end": "2026-03-03T14:00:00Z"}
    await crew.ok("POST", "/api/v1/overrides", json=override | times)
    made = await crew.ok("POST", FEEDS, json={"person": "Ada"})
    answer = await crew.client.get(made["path"])
    assert answer.headers["content-type"] == "text/calendar; charset=utf-8"
    assert _is_well_formed(answer.content)
    events = _occurrences(answer.content)
    first = [(start, end) for text, start, end, _ in events if "(primary)" in text]
    assert first == await _expected(crew, "Ada")
    assert len(first) == 10
    assert {text for text, *_ in events} == {
        "On call: Payments (primary)",
        "On call: Payments (secondary)",
    }
    assert b"X-WR-CALNAME:On call: Ada" in answer.content
    assert b"REFRESH-INTERVAL;VALUE=DURATION:PT1H" in answer.content


async def test_a_schedules_calendar_names_people_and_shows_gaps_in_which_nobody_is_busy(
    crew: Any,
) -> None:
    layers = [
        {
            "name": "Weekly",
            "participants": ["Ada", "Ben"],
            "start": "2026-03-02T09:00:00",
            "hours": [{"days": ["mon"], "start": "09:00", "end": "17:00"}],
        }
    ]
    body = {"layers": layers, "effective": "now"}
    await crew.ok("PATCH", "/api/v1/schedules/Payments", json=body)
    made = await crew.ok("POST", FEEDS, json={"schedule": "Payments"})
    text = (await crew.client.get(made["path"])).content
    assert _is_well_formed(text)
    summaries = {summary for summary, *_ in _occurrences(text)}
    assert {"On call: Payments (primary): Ada", "On call: Payments (primary): Ben"} <= summaries
    gaps = [
        one for one in Calendar.from_ical(text).walk("VEVENT") if one["TRANSP"] == "TRANSPARENT"
    ]
    assert {str(one["SUMMARY"]) for one in gaps} == {"Gap: Payments (nobody is on call)"}


async def test_an_event_keeps_its_uid_while_the_calendar_moves_on(crew: Any) -> None:
    made = await crew.ok("POST", FEEDS, json={"person": "Ben"})
    before = {
        one[3]: one[:3] for one in _occurrences((await crew.client.get(made["path"])).content)
    }
    crew.clock.advance(days=40)  # in the middle of a shift that began before what is shown
    after = {one[3]: one[:3] for one in _occurrences((await crew.client.get(made["path"])).content)}
    for identity in before.keys() & after.keys():
        assert before[identity][1] == after[identity][1]
    known = {start for _, start, _ in before.values()}
    assert all(identity in before for identity, one in after.items() if one[1] in known)


async def test_what_has_not_changed_is_not_sent_again(crew: Any) -> None:
    path = (await crew.ok("POST", FEEDS, json={"person": "Ada"}))["path"]
    tag = (await crew.client.get(path)).headers["etag"]
    crew.clock.advance(hours=2)
    again = await crew.client.get(path, headers={"If-None-Match": f'"other", W/{tag}'})
    assert (again.status_code, again.content) == (304, b"")
    override = {"schedule": "Payments", "person": "Cleo"}
    times = {"start": "2026-03-03T12:00:00Z", "end": "2026-03-03T14:00:00Z"}
    await crew.ok("POST", "/api/v1/overrides", json=override | times)
    changed = await crew.client.get(path, headers={"If-None-Match": tag})
    assert changed.status_code == 200
    assert changed.headers["etag"] != tag


async def test_an_address_is_secret_shown_once_and_leads_nowhere_once_revoked(crew: Any) -> None:
    made = await crew.ok("POST", FEEDS, json={"person": "Ada"})
    [listed] = (await crew.ok("GET", FEEDS))["items"]
    assert "path" not in listed
    secret = made["path"].rpartition("/")[2].removesuffix(".ics")
    rows = crew.database.query("SELECT * FROM calendar_feeds")
    assert secret not in str(rows)
    await crew.ok("DELETE", f"{FEEDS}/{made['id']}")
    for path in (made["path"], "/api/v1/calendars/unknown.ics", made["path"].removesuffix(".ics")):
        answer = await crew.client.get(path)
        assert answer.status_code == 404
        assert "calendar" in answer.json()["detail"]
    assert (await crew.ok("GET", FEEDS))["items"][0]["revoked_at"] is not None


async def test_people_make_and_see_their_own_and_their_teams_calendars(crew: Any) -> None:
    ada = await _signed_in(crew, "Ada")
    await crew.ok("PUT", "/api/v1/people/Dan", json={"name": "Dan", "login": "dan"})
    dan = await _signed_in(crew, "Dan")
    mine = await crew.ok("POST", FEEDS, token=ada, json={})
    assert mine["person"]["name"] == "Ada"
    await crew.ok("POST", FEEDS, token=ada, json={"schedule": "Payments"})
    for body in ({"person": "Ada"}, {"schedule": "Payments"}):
        assert (await crew.call("POST", FEEDS, token=dan, json=body)).status_code == 403
    answer = await crew.call("DELETE", f"{FEEDS}/{mine['id']}", token=dan)
    assert answer.status_code == 403
    assert len((await crew.ok("GET", FEEDS, token=ada))["items"]) == 2
    assert (await crew.ok("GET", FEEDS, token=dan))["items"] == []
    await crew.ok("DELETE", f"{FEEDS}/{mine['id']}", token=ada)


async def test_what_somebody_did_before_a_change_of_the_layers_stays_in_their_calendar(
    crew: Any,
) -> None:
    crew.clock.advance(days=8)
    path = (await crew.ok("POST", FEEDS, json={"person": "Ada"}))["path"]
    layers = [{"name": "Weekly", "participants": ["Ben"], "start": "2026-03-02T09:00:00"}]
    body = {"layers": layers, "effective": "now"}
    await crew.ok("PATCH", "/api/v1/schedules/Payments", json=body)
    events = _occurrences((await crew.client.get(path)).content)
    assert [(text, start.day, end.day) for text, start, end, _ in events] == [
        ("On call: Payments (primary)", 2, 9)
    ]
