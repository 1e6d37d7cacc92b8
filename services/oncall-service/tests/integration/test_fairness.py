"""Who carried what: counted from the messages that went out and the calendar that was."""

import csv
import io
from datetime import datetime
from typing import Any

REPORT = "/api/v1/reports/fairness"
MARCH = "from=2026-03-01T00:00:00Z&until=2026-04-01T00:00:00Z"


async def _rows(crew: Any, query: str = MARCH) -> dict[str, Any]:
    report = await crew.ok("GET", f"{REPORT}?{query}")
    return {row["person"]["name"]: row for row in report["people"]}


async def _page(crew: Any, incident_event: Any, name: str, at: str) -> None:
    """Open an incident at an instant, and let the first step page whoever is on call."""
    now = crew.clock.now()
    forward = (datetime.fromisoformat(at) - now).total_seconds()
    crew.clock.advance(seconds=forward)
    await crew.hear(incident_event(id=name))
    await crew.tick()
    await crew.hear(incident_event("resolved", 2, id=name))
    await crew.tick()


async def test_hours_on_call_are_the_sum_of_the_calendar(crew: Any) -> None:
    override = {"schedule": "Payments", "person": "Cleo"}
    times = {"start": "2026-03-03T12:20:00Z", "end": "2026-03-05T14:00:00Z"}
    await crew.ok("POST", "/api/v1/overrides", json=override | times)
    calendar = await crew.ok("GET", f"/api/v1/oncall/calendar?team=Payments&{MARCH}")
    expected: dict[tuple[str, str], float] = {}
    for shift in calendar["items"]:
        start, end = (datetime.fromisoformat(shift[edge]) for edge in ("start", "end"))
        for role in ("primary", "secondary"):
            if shift[role] is not None:
                key = shift[role]["name"], f"{role}_hours"
                expected[key] = expected.get(key, 0) + (end - start).total_seconds() / 3600
    rows = await _rows(crew)
    found = {
        (name, role): row[role]
        for name, row in rows.items()
        for role in ("primary_hours", "secondary_hours")
        if row[role]
    }
    assert found.keys() == expected.keys()
    assert all(abs(found[key] - hours) < 1e-9 for key, hours in expected.items())
    assert sum(row["primary_hours"] for row in rows.values()) == 31 * 24 - 24 - 8


async def test_nights_and_weekends_are_those_of_the_persons_own_zone(crew: Any) -> None:
    week = "from=2026-03-02T08:00:00Z&until=2026-03-09T08:00:00Z"
    await crew.ok("PATCH", "/api/v1/people/ada", json={"time_zone": "Europe/Paris"})
    at_home = (await _rows(crew, week))["Ada"]
    assert (at_home["primary_hours"], at_home["night_hours"]) == (168, 7 * 9)
    assert at_home["weekend_hours"] == 48
    await crew.ok("PATCH", "/api/v1/people/ada", json={"time_zone": "Pacific/Auckland"})
    # There the week ends on Monday at 21:00, and Saturday begins on Friday at noon in Paris.
    far_away = (await _rows(crew, week))["Ada"]
    assert (far_away["night_hours"], far_away["weekend_hours"]) == (7 * 9, 48)
    day = "from=2026-03-06T08:00:00Z&until=2026-03-06T20:00:00Z"
    assert (await _rows(crew, day))["Ada"]["weekend_hours"] == 9


async def test_a_page_counts_once_a_step_by_what_it_disturbed(
    crew: Any, incident_event: Any
) -> None:
    body = {"time_zone": "Europe/Paris"}
    await crew.ok("PATCH", "/api/v1/people/ada", json=body)
    await crew.ok("POST", "/api/v1/people/ada/contact-methods", json={"channel": "log"})
    for number, at in enumerate(
        (
            "2026-03-03T10:00:00+00:00",  # Tuesday, 11:00 in Paris
            "2026-03-03T19:00:00+00:00",  # 20:00
            "2026-03-04T02:00:00+00:00",  # 03:00
            "2026-03-07T12:00:00+00:00",  # Saturday
        )
    ):
        await _page(crew, incident_event, f"00000000-0000-7000-8000-00000000000{number}", at)
    row = (await _rows(crew))["Ada"]
    assert (row["pages"], row["night_pages"], row["weekend_pages"]) == (4, 1, 1)
    assert (row["out_of_hours_pages"], row["holiday_pages"]) == (3, None)
    assert (await _rows(crew))["Ben"]["pages"] == 0
    assert (await _rows(crew, "from=2026-03-04T00:00:00Z&until=2026-03-07T00:00:00Z"))["Ada"][
        "pages"
    ] == 1
    assert (await _rows(crew, f"{MARCH}&team=Payments"))["Ada"]["pages"] == 4
    assert "Ada" not in await _rows(crew, f"{MARCH}&team=Catch-all")


async def test_holidays_are_those_of_the_country_that_is_asked_for(
    crew: Any, incident_event: Any
) -> None:
    # Easter Monday in France; a normal Monday in the United States.
    incident = "00000000-0000-7000-8000-000000000001"
    await _page(crew, incident_event, incident, "2026-04-06T10:00:00+00:00")
    april = "from=2026-04-01T00:00:00Z&until=2026-05-01T00:00:00Z"
    for country, pages in (("FR", 1), ("fr", 1), ("US", 0)):
        rows = await _rows(crew, f"{april}&country={country}")
        assert sum(row["holiday_pages"] for row in rows.values()) == pages
    answer = await crew.call("GET", f"{REPORT}?country=ZZ")
    assert [error["field"] for error in answer.json()["errors"]] == ["country"]


async def test_as_csv_a_name_is_never_a_formula(crew: Any) -> None:
    await crew.ok("PATCH", "/api/v1/people/Ben", json={"name": '=HYPERLINK("http://x","y")'})
    answer = await crew.call("GET", f"{REPORT}?{MARCH}&format=csv")
    assert answer.headers["content-type"].startswith("text/csv")
    lines = list(csv.DictReader(io.StringIO(answer.text)))
    rows = await _rows(crew)
    assert [line["person"].removeprefix("'") for line in lines] == list(rows)
    assert "'=HYPERLINK" in answer.text
    ada = next(line for line in lines if line["person"] == "Ada")
    assert float(ada["primary_hours"]) == rows["Ada"]["primary_hours"]
    assert ada["holiday_pages"] == ""


async def test_who_is_gone_is_in_the_report_under_their_name(crew: Any) -> None:
    crew.clock.advance(days=8)
    layers = [{"name": "Weekly", "participants": ["Ben"], "start": "2026-03-02T09:00:00"}]
    body = {"layers": layers, "effective": "now"}
    await crew.ok("PATCH", "/api/v1/schedules/Payments", json=body)
    await crew.ok("PATCH", "/api/v1/teams/Payments", json={"members": ["Ben", "Cleo"]})
    await crew.ok("DELETE", "/api/v1/people/Ada")
    assert (await _rows(crew))["Ada"]["primary_hours"] == 168


async def test_a_period_that_is_none_is_refused(crew: Any) -> None:
    for query in (
        "from=2026-03-02T00:00:00Z&until=2026-03-01T00:00:00Z",
        "from=2020-01-01T00:00:00Z",
    ):
        answer = await crew.call("GET", f"{REPORT}?{query}")
        assert [error["field"] for error in answer.json()["errors"]] == ["until"]
    assert len(await _rows(crew, "")) == 4
