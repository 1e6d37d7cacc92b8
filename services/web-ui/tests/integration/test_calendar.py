"""The calendar, what is put over it, and the time machine."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from showcase import ADA, JUN, fill
from showcase_oncall import OVERRIDE, SCHEDULE, SWAP
from web_ui_fakes import Visitor

from oncall_service.schedules.feed_shapes import FeedCreate
from oncall_service.schedules.shapes import OverrideCreate
from oncall_service.schedules.swap_shapes import SwapCreate


async def test_the_coming_weeks_are_a_picture_with_a_table_behind(responder: Visitor) -> None:
    fill(responder.world)
    text = (await responder.get("/calendar")).text
    assert '<svg class="calendar" viewBox="0 0 700' in text
    assert text.count('<g class="week">') == 4
    assert "block--override" in text
    assert "block--gap" in text
    assert "As a table" in text
    assert "Nobody: a gap" in text
    assert "Dentist" in text
    assert "School concert" in text


async def test_it_is_asked_for_in_the_weeks_of_the_address(responder: Visitor) -> None:
    fill(responder.world)
    await responder.get("/calendar?first=2026-03-18&zone=schedule")
    asked = [
        each for each in responder.world.configuration.asked if each.path.endswith("/calendar")
    ][-1]
    assert asked.query["from"] == "2026-03-15T00:00:00+00:00"
    assert asked.query["until"] == "2026-04-14T00:00:00+00:00"


@pytest.mark.parametrize("first", ["yesterday", "1999-01-01", "9999-12-31", "2026-13-40"])
async def test_a_week_that_cannot_be_shown_is_this_one(responder: Visitor, first: str) -> None:
    fill(responder.world)
    assert (await responder.get(f"/calendar?first={first}")).status_code == 200


async def test_an_override_is_what_the_api_takes_in_the_readers_zone(responder: Visitor) -> None:
    world = responder.world
    fill(world)
    world.configuration.on("POST", "/api/v1/overrides", _override(world))
    answer = await responder.post(
        "/calendar/overrides",
        schedule=SCHEDULE["id"],
        person=str(JUN.id),
        role="primary",
        start="2026-03-04T09:00",
        end="2026-03-04T17:00",
        note="Dentist",
    )
    assert answer.headers["location"] == "/calendar"
    [body] = world.configuration.sent("POST", "/api/v1/overrides")
    OverrideCreate.model_validate(body)
    assert body["start"] == "2026-03-04T09:00:00+00:00"
    assert "The calendar is changed." in (await responder.get("/calendar")).text


async def test_an_offer_to_swap_names_whom_or_nobody(responder: Visitor) -> None:
    world = responder.world
    fill(world)
    form = {"schedule": SCHEDULE["id"], "start": "2026-03-04T09:00", "end": "2026-03-05T09:00"}
    await responder.post("/calendar/overrides", do="offer", person="", role="primary", **form)
    [body] = world.configuration.sent("POST", "/api/v1/swaps")
    SwapCreate.model_validate(body)
    assert "to" not in body


@pytest.mark.parametrize("start", ["soon", "0001-01-01T00:00+10:00"])
async def test_a_time_that_cannot_be_read_keeps_what_was_typed(
    responder: Visitor, start: str
) -> None:
    fill(responder.world)
    answer = await responder.post(
        "/calendar/overrides", schedule=SCHEDULE["id"], start=start, end="", note="Dentist!"
    )
    assert answer.status_code == 422
    assert 'value="Dentist!"' in answer.text
    assert not responder.world.configuration.sent("POST", "/api/v1/overrides")


async def test_what_the_service_refuses_is_told(responder: Visitor) -> None:
    world = responder.world
    fill(world)
    world.configuration.refuse("POST", "/api/v1/overrides", 403, "That is not your shift.")
    answer = await responder.post(
        "/calendar/overrides",
        schedule=SCHEDULE["id"],
        person=str(ADA.id),
        start="2026-03-04T09:00",
        end="2026-03-04T17:00",
    )
    assert answer.status_code == 403
    assert "That is not your shift." in answer.text


async def test_an_override_is_removed_and_an_offer_decided(responder: Visitor) -> None:
    world = responder.world
    fill(world)
    world.configuration.on("DELETE", f"/api/v1/overrides/{OVERRIDE}", {})
    world.configuration.on("POST", f"/api/v1/swaps/{SWAP}/accept", _swap(world))
    for path in (f"overrides/{OVERRIDE}/remove", f"swaps/{SWAP}/accept"):
        assert (await responder.post(f"/calendar/{path}")).status_code == 303
    assert (await responder.post(f"/calendar/swaps/{SWAP}/steal")).status_code == 404


async def test_the_address_of_a_calendar_is_shown_once_and_read_without_a_session(
    responder: Visitor,
) -> None:
    world = responder.world
    fill(world)
    made = {
        "id": str(uuid4()),
        "person": None,
        "schedule": SCHEDULE,
        "created_by": "Ada",
        "created_at": world.clock.now().isoformat(),
        "revoked_at": None,
        "path": "/api/v1/calendars/abc.ics",
    }
    world.configuration.on("POST", "/api/v1/calendar-feeds", made)
    answer = await responder.post("/calendar/feeds", schedule=SCHEDULE["id"])
    assert "/calendars/abc.ics</code>" in answer.text
    FeedCreate.model_validate(world.configuration.sent("POST", "/api/v1/calendar-feeds")[0])
    assert "abc.ics" not in (await responder.get("/calendar")).text
    world.configuration.on("GET", "/api/v1/calendars/abc.ics", {"BEGIN": "VCALENDAR"})
    await responder.post("/sign-out")
    calendar = await responder.client.get("/calendars/abc.ics")
    assert calendar.status_code == 200
    assert calendar.headers["content-type"].startswith("text/calendar")


async def test_who_may_only_look_changes_nothing(viewer: Visitor) -> None:
    fill(viewer.world)
    text = (await viewer.get("/calendar")).text
    assert 'id="change"' not in text
    assert "/remove" not in text


async def test_the_calendar_stands_while_oncall_service_does_not_answer(
    responder: Visitor,
) -> None:
    responder.world.configuration.down = True
    text = (await responder.get("/calendar")).text
    assert "This cannot be shown now" in text


async def test_the_time_machine_asks_what_the_form_says(responder: Visitor) -> None:
    fill(responder.world)
    assert "Messages" in (await responder.get("/simulate")).text
    page = await responder.get(
        "/simulate?service=checkout&severity=critical&at=2026-03-04T03:00&horizon_minutes=60"
        "&answered_by=&answered_after_minutes=0&team="
    )
    asked = [each for each in responder.world.configuration.asked if "simulate" in each.path]
    assert asked[-1].query == {
        "service": "checkout",
        "severity": "critical",
        "at": "2026-03-04T03:00:00+00:00",
        "horizon_minutes": "60",
        "answered_after_minutes": "0",
    }
    assert "Payments by “Payments, day and night”" in page.text
    assert "2 messages" in page.text


@pytest.mark.parametrize("query", ["at=soon", "horizon_minutes=long"])
async def test_a_question_that_cannot_be_read_is_said(responder: Visitor, query: str) -> None:
    fill(responder.world)
    page = await responder.get(f"/simulate?service=checkout&{query}")
    assert page.status_code == 422
    assert "This cannot be told." in page.text


def _override(world: Any) -> dict[str, Any]:
    now = world.clock.now()
    return {
        "id": str(uuid4()),
        "schedule": SCHEDULE,
        "team": SCHEDULE,
        "person": {"id": str(JUN.id), "name": JUN.name},
        "role": "primary",
        "start": now.isoformat(),
        "end": (now + timedelta(hours=8)).isoformat(),
        "note": "",
        "kind": "override",
        "created_by": "Ada",
        "created_at": now.isoformat(),
    }


def _swap(world: Any) -> dict[str, Any]:
    override = _override(world)
    names = ("id", "schedule", "team", "role", "start", "end", "note", "created_at")
    giver = override["person"]
    rest = {"giver": giver, "to": None, "taker": giver, "status": "accepted"}
    undecided = {"override_id": None, "decided_at": None}
    return {name: override[name] for name in names} | rest | undecided
