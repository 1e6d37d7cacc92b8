"""What pages nobody for now: silences, windows that recur, rules of inhibition."""

from typing import Any
from uuid import uuid4

import pytest
from ingestion_world import alert, integration, rule, silence
from setup_pages import EVIL, listed
from web_ui_fakes import Visitor, World

from alert_ingestion.routes.inhibition_rules import NewInhibitionRule
from alert_ingestion.routes.silences import NewSilence, Previewed, SilenceChange

API, RULES = "/api/v1/silences", "/api/v1/inhibition-rules"
PREVIEW = f"{API}/preview"
FORM = {
    "matchers": 'service="kafka"\nseverity=~"low|medium"',
    "comment": "Brokers are moved",
    "repeat": "once",
    "starts_at": "2026-12-01T22:00",
    "duration_seconds": "7200",
    "ends_at": "",
    "zone": "Europe/Paris",
    "rrule": "",
}
MATCHERS = ['service="kafka"', 'severity=~"low|medium"']
RULE_FORM = {
    "name": "A node explains its services",
    "source": 'alertname="NodeDown"',
    "target": 'severity=~"low|medium"\nteam="shop"',
    "equal": "node, region",
    "comment": "",
}


def there(world: World, **fields: Any) -> str:
    """A silence; answers the path of its page."""
    one = silence(**fields)
    path = f"/silences/{one['id']}"
    ask = world.ingestion
    ask.on("GET", API, listed(one))
    ask.on("POST", API, one)
    ask.on("GET", f"/api/v1{path}", one)
    ask.on("PATCH", f"/api/v1{path}", one)
    ask.on("POST", f"/api/v1{path}/expire", one)
    ask.on("POST", PREVIEW, {"count": 0, "alerts": [], "windows": []})
    return path


async def test_the_list_says_what_is_held_back_until_when_and_by_whom(viewer: Visitor) -> None:
    path = there(viewer.world, comment=EVIL)
    page = (await viewer.get("/silences")).text
    assert f'href="{path}"' in page
    assert "{service=&#34;kafka&#34;}" in page
    assert "Ada Okafor" in page
    assert "2 alerts" in page
    assert "<script>alert" not in page
    assert "Silence alerts" not in page


async def test_those_that_are_over_are_asked_for(responder: Visitor) -> None:
    there(responder.world)
    await responder.get("/silences?show=over&cursor=next")
    asked = [each.query for each in responder.world.ingestion.asked if each.path == API]
    assert asked == [{"limit": "50", "over": "true", "cursor": "next"}]


async def test_without_a_silence_the_page_says_what_to_do(responder: Visitor) -> None:
    page = (await responder.get("/silences")).text
    assert "Nothing is silenced" in page
    assert 'href="/silences/new"' in page


async def test_an_alert_fills_in_what_is_looked_for(responder: Visitor) -> None:
    page = (await responder.get("/silences/new?matchers=service%3D%22kafka%22%0Aa%3D%22b%22")).text
    assert "service=&#34;kafka&#34;\na=&#34;b&#34;</textarea>" in page


async def test_what_it_would_be_about_is_shown_before_it_is_saved(responder: Visitor) -> None:
    there(responder.world)
    one = alert(integration(), message=EVIL)
    window = {"starts_at": "2026-12-01T21:00:00Z", "ends_at": "2026-12-01T23:00:00Z"}
    found = {"count": 7, "alerts": [one], "windows": [window, window]}
    responder.world.ingestion.on("POST", PREVIEW, found)
    await responder.get("/silences/new")
    page = await responder.post("/silences", do="preview", **FORM)
    assert page.status_code == 200
    (sent,) = responder.world.ingestion.sent("POST", PREVIEW)
    assert sent == {
        "matchers": MATCHERS,
        "starts_at": "2026-12-01T21:00:00+00:00",
        "ends_at": "2026-12-01T23:00:00+00:00",
        "recurrence": None,
    }
    Previewed.model_validate(sent)
    assert "7 alerts that fire" in page.text
    assert f'href="/alerts/{one["id"]}"' in page.text
    assert "Its first windows" in page.text
    assert 'value="Brokers are moved"' in page.text
    assert "<script>alert" not in page.text
    assert responder.world.ingestion.sent("POST", API) == []


async def test_a_silence_is_made_by_the_clock_of_its_zone(responder: Visitor) -> None:
    path = there(responder.world)
    await responder.get("/silences/new")
    answer = await responder.post("/silences", do="save", **FORM)
    assert answer.headers["location"] == path
    (sent,) = responder.world.ingestion.sent("POST", API)
    assert sent == {
        "matchers": MATCHERS,
        "starts_at": "2026-12-01T21:00:00+00:00",
        "ends_at": "2026-12-01T23:00:00+00:00",
        "comment": "Brokers are moved",
        "recurrence": None,
    }
    NewSilence.model_validate(sent)


async def test_an_end_that_is_given_wins_over_how_long_it_lasts(responder: Visitor) -> None:
    there(responder.world)
    await responder.get("/silences/new")
    given = {"ends_at": "2026-12-02T06:00", "integration_id": str(uuid4())}
    await responder.post("/silences", do="save", **{**FORM, **given})
    (sent,) = responder.world.ingestion.sent("POST", API)
    assert sent["ends_at"] == "2026-12-02T05:00:00+00:00"
    assert sent["integration_id"] == given["integration_id"]
    NewSilence.model_validate(sent)


@pytest.mark.parametrize(
    ("repeat", "more", "rrule"),
    [
        ("daily", {}, "FREQ=DAILY"),
        ("weekly", {"days": ["SU", "SA"]}, "FREQ=WEEKLY;BYDAY=SA,SU"),
        ("rule", {"rrule": "FREQ=MONTHLY;BYDAY=1SU"}, "FREQ=MONTHLY;BYDAY=1SU"),
    ],
)
async def test_windows_recur(
    responder: Visitor, repeat: str, more: dict[str, Any], rrule: str
) -> None:
    there(responder.world)
    await responder.get("/silences/new")
    await responder.post("/silences", do="save", **{**FORM, "repeat": repeat, **more})
    (sent,) = responder.world.ingestion.sent("POST", API)
    recurrence = {"rrule": rrule, "zone": "Europe/Paris", "duration_seconds": 7200}
    assert sent["recurrence"] == recurrence
    assert sent["ends_at"] == "2027-12-01T21:00:00+00:00"
    NewSilence.model_validate(sent)


@pytest.mark.parametrize(
    ("field", "more"),
    [
        ("zone", {"zone": "Mars/Olympus"}),
        ("zone", {"zone": "../../etc/passwd"}),
        ("starts_at", {"starts_at": "soon"}),
        ("starts_at", {"starts_at": "0001-01-01T00:00"}),
        ("ends_at", {"ends_at": "9999-12-31T23:59"}),
        ("ends_at", {"duration_seconds": "", "ends_at": ""}),
        (
            "duration_seconds",
            {"repeat": "daily", "duration_seconds": "", "ends_at": "2027-01-01T00:00"},
        ),
        ("duration_seconds", {"duration_seconds": "-5"}),
    ],
)
async def test_what_makes_no_sense_is_said_at_its_field(
    responder: Visitor, field: str, more: dict[str, str]
) -> None:
    await responder.get("/silences/new")
    page = await responder.post("/silences", do="save", **{**FORM, **more})
    assert page.status_code == 422
    assert f'id="{field}-wrong"' in page.text
    assert "service=&#34;kafka&#34;" in page.text


async def test_a_week_needs_a_day(responder: Visitor) -> None:
    await responder.get("/silences/new")
    page = await responder.post("/silences", do="save", **{**FORM, "repeat": "weekly"})
    assert page.status_code == 422
    assert "are needed: at least one" in page.text


async def test_matchers_that_cannot_be_read_keep_what_was_typed(responder: Visitor) -> None:
    there(responder.world)
    errors = [{"field": "matchers", "message": "This is no matcher"}]
    for to in (API, PREVIEW):
        responder.world.ingestion.refuse("POST", to, 422, "No", errors=errors)
    await responder.get("/silences/new")
    for do in ("save", "preview"):
        page = await responder.post("/silences", do=do, **{**FORM, "matchers": EVIL})
        assert page.status_code == 422
        assert 'id="matchers-wrong"' in page.text
        assert "<script>alert" not in page.text


async def test_a_silence_that_recurs_fills_its_form(responder: Visitor) -> None:
    recurrence = {
        "rrule": "FREQ=WEEKLY;BYDAY=SA,SU",
        "zone": "Europe/Paris",
        "duration_seconds": 5400,
    }
    matchers = [
        {"name": "a b", "value": 'x"y', "isRegex": True, "isEqual": False},
        {"name": "service", "value": "kafka", "isRegex": False, "isEqual": False},
    ]
    path = there(responder.world, recurrence=recurrence, matchers=matchers, state="pending")
    page = (await responder.get(path)).text
    assert 'value="SA" checked' in page
    assert 'value="MO" checked' not in page
    assert 'value="weekly" selected' in page
    assert '<option value="5400" selected>1 h 30 min' in page
    assert 'value="2026-11-27T09:00"' in page
    assert "&#34;a b&#34;!~&#34;x\\&#34;y&#34;\nservice!=&#34;kafka&#34;" in page


async def test_a_silence_is_changed_and_keeps_its_start(responder: Visitor) -> None:
    path = there(responder.world)
    await responder.get(path)
    answer = await responder.post(path, do="save", **{**FORM, "starts_at": ""})
    assert answer.headers["location"] == path
    (sent,) = responder.world.ingestion.sent("PATCH", f"/api/v1{path}")
    assert sent.keys() == {"matchers", "ends_at", "comment", "recurrence"}
    SilenceChange.model_validate(sent)


async def test_a_silence_is_ended_now(responder: Visitor) -> None:
    path = there(responder.world)
    await responder.get(path)
    assert (await responder.post(f"{path}/expire")).headers["location"] == "/silences"
    assert len(responder.world.ingestion.sent("POST", f"/api/v1{path}/expire")) == 1
    responder.world.ingestion.refuse("POST", f"/api/v1{path}/expire", 409, "It is over.")
    assert "It is over." in (await responder.post(f"{path}/expire")).text


async def test_one_that_is_over_cannot_be_changed(responder: Visitor) -> None:
    path = there(responder.world, state="expired")
    page = (await responder.get(path)).text.partition("<main")[2]
    assert "<form" not in page
    assert "service=&#34;kafka&#34;" in page


async def test_rules_of_inhibition_are_listed_added_and_ended(responder: Visitor) -> None:
    there(responder.world)
    one = rule(name=EVIL)
    ask = responder.world.ingestion
    ask.on("GET", RULES, listed(one))
    ask.on("POST", RULES, one)
    ask.on("POST", f"{RULES}/{one['id']}/end", one)
    page = (await responder.get("/silences")).text
    assert f'id="rule-{one["id"]}"' in page
    assert "severity=~&#34;low|medium&#34;" in page
    assert "holds back 3 alerts" in page
    assert "<script>alert" not in page
    answer = await responder.post("/silences/inhibition", **RULE_FORM)
    assert answer.headers["location"] == "/silences"
    (sent,) = ask.sent("POST", RULES)
    assert sent == {
        "name": "A node explains its services",
        "source": ['alertname="NodeDown"'],
        "target": ['severity=~"low|medium"', 'team="shop"'],
        "equal": ["node", "region"],
    }
    NewInhibitionRule.model_validate(sent)
    answer = await responder.post(f"/silences/inhibition/{one['id']}/end")
    assert answer.headers["location"] == "/silences"


async def test_a_rule_that_is_refused_keeps_what_was_typed(responder: Visitor) -> None:
    errors = [{"field": "source", "message": "This is no matcher"}]
    responder.world.ingestion.refuse("POST", RULES, 422, "No", errors=errors)
    await responder.get("/silences")
    page = await responder.post("/silences/inhibition", **{**RULE_FORM, "source": EVIL})
    assert page.status_code == 422
    assert 'id="source-wrong"' in page.text
    assert "node, region" in page.text
    assert "<script>alert" not in page.text


async def test_who_may_only_look_sees_no_form_and_changes_nothing(viewer: Visitor) -> None:
    path = there(viewer.world)
    one = rule()
    ask = viewer.world.ingestion
    ask.on("GET", RULES, listed(one))
    end = f"{RULES}/{one['id']}/end"
    for verb, to in (
        ("POST", API),
        ("PATCH", f"/api/v1{path}"),
        ("POST", f"/api/v1{path}/expire"),
        ("POST", RULES),
        ("POST", end),
    ):
        ask.refuse(verb, to, 403, "This needs the role responder.")
    for address in ("/silences", path, "/silences/new"):
        assert "<form" not in (await viewer.get(address)).text.partition("<main")[2]
    for address in ("/silences", path):
        assert (await viewer.post(address, do="save", **FORM)).status_code == 403
    assert (await viewer.post(f"{path}/expire")).status_code == 403
    assert (await viewer.post("/silences/inhibition", **RULE_FORM)).status_code == 403
    assert (await viewer.post(f"/silences/inhibition/{one['id']}/end")).status_code == 403


async def test_while_alert_ingestion_is_down_the_page_says_so(viewer: Visitor) -> None:
    viewer.world.ingestion.down = True
    assert "This cannot be shown now" in (await viewer.get("/silences")).text
    assert (await viewer.get("/silences", fragment=True)).headers["hx-reswap"] == "none"
