"""Schedules: made by a simple form, edited part by part without scripts, checked before."""

from typing import Any
from uuid import uuid4

import pytest
from setup_pages import EVIL, HOLE, JUN, LEA, PAYMENTS, choosable, coverage, fields_of, listed
from web_ui_fakes import Visitor, World

from oncall_service.coverage.shapes import CoveragePreview
from oncall_service.schedules.shapes import ScheduleCreate, ScheduleUpdate

SIMPLE = {
    "name": "Payments",
    "team": PAYMENTS["id"],
    "time_zone": "Europe/Paris",
    "kind": "weekly",
    "length_days": "1",
    "participants": [LEA["id"], "", JUN["id"], ""],
    "weekday": "mon",
    "time": "09:00",
    "start": "2026-11-27",
}


def a_layer(**fields: Any) -> dict[str, Any]:
    return {
        "name": "Nights",
        "role": "primary",
        "kind": "weekly",
        "every": 1,
        "length_days": 7,
        "participants": [LEA, JUN],
        "start": "2026-11-23T09:00:00",
        "hours": [{"days": ["sat", "sun"], "start": "18:00:00", "end": "09:00:00"}],
        "on_holidays": "as_usual",
        **fields,
    }


def a_schedule(**fields: Any) -> dict[str, Any]:
    return {
        "id": str(uuid4()),
        "name": "Payments",
        "team": PAYMENTS,
        "time_zone": "Europe/Paris",
        "layers": [a_layer()],
        "holidays": {"country": "FR", "subdivision": None, "dates": ["2026-12-24"]},
        "intended_gaps": [],
        "change": None,
        "created_at": "2026-11-01T00:00:00Z",
        **fields,
    }


def there(world: World, **fields: Any) -> str:
    """A schedule that is simply there; answers the path of its page."""
    schedule = a_schedule(**fields)
    ask = world.configuration
    ask.on("GET", f"/api/v1/schedules/{schedule['id']}", schedule)
    ask.on("GET", "/api/v1/schedules", listed(schedule))
    ask.on("GET", "/api/v1/coverage", coverage())
    shifts = [
        ("2026-11-27T08:00:00Z", "2026-11-28T00:00:00Z", LEA),
        ("2026-11-28T00:00:00Z", "2026-11-30T08:00:00Z", LEA),
        ("2026-11-30T08:00:00Z", "2026-12-01T08:00:00Z", None),
    ]
    calendar = {
        "team": PAYMENTS,
        "time_zone": "Europe/Paris",
        "items": [{"start": a, "end": b, "primary": who, "gap": not who} for a, b, who in shifts],
    }
    ask.on("GET", "/api/v1/oncall/calendar", calendar)
    return f"/schedules/{schedule['id']}"


@pytest.fixture
async def admin(visitor: Visitor) -> Visitor:
    """Who may set up."""
    await visitor.sign_in("admin")
    choosable(visitor.world)
    return visitor


async def test_the_simple_form_makes_a_weekly_rotation_that_counts_from_its_first_day(
    admin: Visitor,
) -> None:
    """Friday the 27th is within the week that began on Monday the 23rd."""
    path = there(admin.world)
    made = a_schedule(id=path.rpartition("/")[2])
    admin.world.configuration.on("POST", "/api/v1/schedules", made)
    page = (await admin.get(f"/schedules/new?team={PAYMENTS['id']}")).text
    assert f'value="{PAYMENTS["id"]}" selected' in page
    answer = await admin.post("/schedules", **SIMPLE)
    assert answer.headers["location"] == path
    (sent,) = admin.world.configuration.sent("POST", "/api/v1/schedules")
    (layer,) = sent["layers"]
    assert (layer["kind"], layer["every"], layer["start"]) == ("weekly", 1, "2026-11-23T09:00")
    assert layer["participants"] == [LEA["id"], JUN["id"]]
    ScheduleCreate.model_validate(sent)


@pytest.mark.parametrize(
    ("form", "length", "start"),
    [
        ({"kind": "daily"}, {"every": 1}, "2026-11-27T09:00"),
        ({"kind": "custom", "length_days": "3"}, {"length_days": 3}, "2026-11-27T09:00"),
        ({"kind": "weekly", "weekday": "fri"}, {"every": 1}, "2026-11-27T09:00"),
    ],
)
async def test_other_turns_begin_on_the_day_that_is_given(
    admin: Visitor, form: dict[str, str], length: dict[str, int], start: str
) -> None:
    await admin.get("/schedules/new")
    await admin.post("/schedules", **{**SIMPLE, **form})
    (sent,) = admin.world.configuration.sent("POST", "/api/v1/schedules")
    (layer,) = sent["layers"]
    assert layer.items() >= {**length, "start": start}.items()
    ScheduleCreate.model_validate(sent)


async def test_the_check_shows_holes_before_anything_is_saved(admin: Visitor) -> None:
    admin.world.configuration.on("POST", "/api/v1/coverage/preview", coverage(HOLE))
    await admin.get("/schedules/new")
    page = await admin.post("/schedules", do="check", **SIMPLE)
    assert page.status_code == 200
    assert "1 hole: nobody can be paged." in page.text
    assert "Nobody on call" in page.text
    (asked,) = admin.world.configuration.sent("POST", "/api/v1/coverage/preview")
    assert CoveragePreview.model_validate(asked).schedule is not None
    assert admin.world.configuration.sent("POST", "/api/v1/schedules") == []


@pytest.mark.parametrize("wrong", [{"length_days": "many", "kind": "custom"}, {"start": "soon"}])
async def test_nonsense_is_refused_with_all_that_was_typed(
    admin: Visitor, wrong: dict[str, str]
) -> None:
    await admin.get("/schedules/new")
    page = await admin.post("/schedules", **{**SIMPLE, **wrong, "name": EVIL})
    assert page.status_code == 422
    assert f'value="{LEA["id"]}" selected' in page.text
    assert 'value="&#34;&gt;&lt;script&gt;' in page.text
    assert admin.world.configuration.sent("POST", "/api/v1/schedules") == []


async def test_a_schedule_that_is_saved_untouched_is_the_same(admin: Visitor) -> None:
    path = there(admin.world)
    admin.world.configuration.on("PATCH", f"/api/v1{path}", a_schedule())
    form = fields_of((await admin.get(path)).text)
    answer = await admin.post(path, **form)
    assert answer.headers["location"] == path
    (sent,) = admin.world.configuration.sent("PATCH", f"/api/v1{path}")
    ScheduleUpdate.model_validate(sent)
    (layer,) = sent["layers"]
    assert layer == {
        "name": "Nights",
        "role": "primary",
        "kind": "weekly",
        "every": 1,
        "participants": [LEA["id"], JUN["id"]],
        "start": "2026-11-23T09:00",
        "hours": [{"days": ["sat", "sun"], "start": "18:00", "end": "09:00"}],
        "on_holidays": "as_usual",
    }
    assert sent["holidays"] == {"country": "FR", "subdivision": None, "dates": ["2026-12-24"]}


async def test_turns_of_so_many_days_stay_what_they_are(admin: Visitor) -> None:
    path = there(admin.world, layers=[a_layer(kind="custom", length_days=5)])
    form = fields_of((await admin.get(path)).text)
    await admin.post(path, **form)
    (sent,) = admin.world.configuration.sent("PATCH", f"/api/v1{path}")
    assert sent["layers"][0].items() >= {"kind": "custom", "length_days": 5}.items()
    ScheduleUpdate.model_validate(sent)


async def test_layers_are_added_moved_and_removed_by_buttons_that_save_nothing(
    admin: Visitor,
) -> None:
    path = there(admin.world, layers=[a_layer(), a_layer(name="Days")])

    async def press(do: str, page: str) -> str:
        answer = await admin.post(path, do=do, **fields_of(page))
        assert answer.status_code == 200
        return answer.text

    def names(page: str) -> list[str]:
        form = fields_of(page)
        return [form[f"layers.{n}.name"][0] for n in range(9) if f"layers.{n}.name" in form]

    page = (await admin.get(path)).text
    assert names(page) == ["Nights", "Days"]
    page = await press("add:layers", page)
    assert names(page) == ["Nights", "Days", ""]
    page = await press("up:layers.1", page)
    assert names(page) == ["Days", "Nights", ""]
    page = await press("remove:layers.2", page)
    page = await press("down:layers.0", page)
    assert names(page) == ["Nights", "Days"]
    page = await press("add:layers.1.hours", page)
    assert fields_of(page)["layers.1.hours.1.start"] == ["09:00"]
    page = await press("remove:layers.1.hours.0", page)
    assert fields_of(page)["layers.1.hours.0.start"] == ["09:00"]
    page = await press("add:intended_gaps", page)
    assert "intended_gaps.0.start" in fields_of(page)
    more = await press("add:layers.0.participants", page)
    place = "layers.0.participants"
    assert len(fields_of(more)[place]) == len(fields_of(page)[place]) + 2
    for nonsense in ("up:layers.99", "remove:layers.x", "explode:layers.0"):
        assert names(await press(nonsense, page)) == ["Nights", "Days"]
    assert admin.world.configuration.sent("PATCH", f"/api/v1{path}") == []


async def test_what_is_wrong_with_a_layer_is_said_at_its_field(admin: Visitor) -> None:
    path = there(admin.world)
    error = {"field": "layers.0.start", "message": "must lie between the years 2000 and 2099"}
    admin.world.configuration.refuse("PATCH", f"/api/v1{path}", 422, "No", errors=[error])
    form = fields_of((await admin.get(path)).text)
    page = await admin.post(path, **{**form, "layers.0.name": EVIL})
    assert page.status_code == 422
    assert 'id="layers.0.start-wrong"' in page.text
    assert "<script>alert" not in page.text
    assert 'value="&#34;&gt;&lt;script&gt;' in page.text


async def test_the_page_shows_the_coming_weeks_and_what_is_still_to_come(admin: Visitor) -> None:
    def duties(who: dict[str, Any] | None) -> dict[str, Any]:
        return {"primary": who, "secondary": None}

    change = {
        "effective_at": "2026-11-30T08:00:00Z",
        "before": duties(LEA),
        "after": duties(JUN),
    }
    path = there(admin.world, change=change)
    page = (await admin.get(path)).text
    assert "On call until then: Léa Fontaine; from then on: Jun Watanabe." in page
    weeks = page.split("The coming weeks")[1]
    assert weeks.count("Léa Fontaine") == 1
    assert "Nobody: a gap" in weeks
    assert "Somebody can be paged for everything" in page


async def test_a_schedule_is_removed(admin: Visitor) -> None:
    path = there(admin.world)
    admin.world.configuration.on("DELETE", f"/api/v1{path}", {})
    await admin.get(path)
    assert (await admin.post(f"{path}/remove")).headers["location"] == "/schedules"


@pytest.mark.parametrize("user", ["vera", "ada"])
async def test_who_is_no_administrator_sees_the_schedule_but_no_form(
    visitor: Visitor, user: str
) -> None:
    await visitor.sign_in(user)
    path = there(visitor.world, name=EVIL)
    ask = visitor.world.configuration
    paths = (
        ("POST", "/schedules"),
        ("PATCH", path),
        ("DELETE", path),
        ("POST", "/coverage/preview"),
    )
    for verb, to in paths:
        ask.refuse(verb, f"/api/v1{to}", 403, "This needs the role admin.")
    for address in ("/schedules", "/schedules/new", path):
        page = (await visitor.get(address)).text.partition("<main")[2]
        assert "<form" not in page
        assert "<script>alert" not in page
    assert "Léa Fontaine" in page
    form = {"name": "x", "time_zone": "UTC", "start": "2026-11-27"}
    for address in ("/schedules", path, f"{path}/remove"):
        assert (await visitor.post(address, **form)).status_code == 403
    assert (await visitor.post(path, do="check", **form)).status_code == 403
