"""What has to happen again and again: expected, changed, removed."""

from typing import Any

import pytest
from ingestion_world import heartbeat, integration
from setup_pages import EVIL, listed
from web_ui_fakes import Visitor, World

from alert_ingestion.routes.heartbeats import HeartbeatExpected

API = "/api/v1/heartbeats"
PROMETHEUS = integration()
FORM = {
    "integration_id": PROMETHEUS["id"],
    "interval": "1",
    "interval_unit": "days",
    "grace": "90",
    "grace_unit": "minutes",
    "service": "",
    "severity": "high",
    "description": "Look at the robot",
}
EXPECTED = {
    "integration_id": PROMETHEUS["id"],
    "interval_seconds": 86_400,
    "grace_seconds": 5400,
    "service": None,
    "severity": "high",
    "description": "Look at the robot",
    "paused": False,
}


def there(world: World, **fields: Any) -> str:
    """One that is expected; answers the path of its page."""
    one = heartbeat(PROMETHEUS, **fields)
    ask = world.ingestion
    ask.on("GET", API, listed(one))
    ask.on("GET", "/api/v1/integrations", listed(PROMETHEUS))
    ask.on("GET", f"{API}/{one['name']}", one)
    ask.on("PUT", f"{API}/{one['name']}", one)
    ask.on("DELETE", f"{API}/{one['name']}", {})
    return f"/heartbeats/{one['name']}"


@pytest.fixture
async def admin(visitor: Visitor) -> Visitor:
    """Who may set up."""
    await visitor.sign_in("admin")
    return visitor


async def test_what_is_missed_stands_first(viewer: Visitor) -> None:
    missed = heartbeat(PROMETHEUS, name="zeta", state="missed")
    new = heartbeat(PROMETHEUS, name="alpha", state="new", last_at=None, missed_from=None)
    viewer.world.ingestion.on("GET", API, listed(new, missed))
    page = (await viewer.get("/heartbeats")).text
    assert page.index(">zeta<") < page.index(">alpha<")
    assert "Missed" in page
    assert "Waiting" in page
    assert "1 d" in page
    assert "<form" not in page.partition("<main")[2]


async def test_one_is_expected_and_told_how_it_is_heard(admin: Visitor) -> None:
    there(admin.world, name="others")
    one = heartbeat(PROMETHEUS)
    ask = admin.world.ingestion
    ask.refuse("GET", f"{API}/nightly-backup", 404, "No heartbeat.")
    ask.on("PUT", f"{API}/nightly-backup", one)
    await admin.get("/heartbeats")
    answer = await admin.post("/heartbeats", name="nightly-backup", **FORM)
    assert answer.headers["location"] == "/heartbeats/nightly-backup"
    (sent,) = ask.sent("PUT", f"{API}/nightly-backup")
    assert sent == EXPECTED
    HeartbeatExpected.model_validate(sent)
    ask.on("GET", f"{API}/nightly-backup", one)
    page = (await admin.get("/heartbeats/nightly-backup")).text
    assert "http://127.0.0.1:8001/api/v1/heartbeats/nightly-backup/ping" in page
    assert "Created." in page


async def test_one_that_is_there_is_not_changed_by_expecting_it_again(admin: Visitor) -> None:
    there(admin.world)
    await admin.get("/heartbeats")
    page = await admin.post("/heartbeats", name="nightly-backup", **FORM)
    assert page.status_code == 422
    assert 'id="name-wrong"' in page.text
    assert admin.world.ingestion.sent("PUT", f"{API}/nightly-backup") == []


@pytest.mark.parametrize("name", ["", "a/b", ".."])
async def test_a_name_that_cannot_stand_in_an_address_is_refused(admin: Visitor, name: str) -> None:
    there(admin.world)
    await admin.get("/heartbeats")
    page = await admin.post("/heartbeats", name=name, **FORM)
    assert page.status_code == 422
    assert 'id="name-wrong"' in page.text
    assert "Look at the robot" in page.text


async def test_a_hostile_name_stays_one_part_of_the_address(admin: Visitor) -> None:
    path = there(admin.world, name=EVIL.replace("/", "|"))
    page = (await admin.get("/heartbeats")).text
    assert "<script>alert" not in page
    assert 'href="/heartbeats/%22%3E%3Cscript%3E' in page
    shown = await admin.get(path.replace("?", "%3F").replace("#", "%23"))
    assert "<script>alert" not in shown.text


async def test_what_is_expected_is_changed(admin: Visitor) -> None:
    path = there(admin.world, grace_seconds=5400)
    page = (await admin.get(path)).text
    assert 'value="90"' in page
    assert '<option value="minutes" selected>' in page
    answer = await admin.post(path, **FORM, paused="1")
    assert answer.headers["location"] == path
    (sent,) = admin.world.ingestion.sent("PUT", f"/api/v1{path}")
    assert sent == {**EXPECTED, "paused": True}


@pytest.mark.parametrize("value", ["", "soon"])
async def test_a_length_that_is_none_is_said_at_its_field(admin: Visitor, value: str) -> None:
    path = there(admin.world)
    await admin.get(path)
    page = await admin.post(path, **{**FORM, "interval": value})
    assert page.status_code == 422
    assert 'id="interval-wrong"' in page.text
    assert "Look at the robot" in page.text


async def test_a_length_that_the_service_refuses_is_said_there_too(admin: Visitor) -> None:
    path = there(admin.world)
    errors = [{"field": "interval_seconds", "message": "must be 30 or more"}]
    admin.world.ingestion.refuse("PUT", f"/api/v1{path}", 422, "No", errors=errors)
    await admin.get(path)
    page = (await admin.post(path, **FORM)).text
    assert '<p class="field__wrong">must be 30 or more</p>' in page


async def test_one_that_is_gone_is_not_made_anew(admin: Visitor) -> None:
    path = there(admin.world)
    await admin.get(path)
    admin.world.ingestion.refuse("GET", f"/api/v1{path}", 404, "No heartbeat.")
    assert (await admin.post(path, **FORM)).status_code == 404
    assert admin.world.ingestion.sent("PUT", f"/api/v1{path}") == []


async def test_one_is_expected_no_more(admin: Visitor) -> None:
    path = there(admin.world)
    await admin.get(path)
    assert (await admin.post(f"{path}/remove")).headers["location"] == "/heartbeats"
    admin.world.ingestion.refuse("DELETE", f"/api/v1{path}", 409, "It was missed at this moment.")
    page = await admin.post(f"{path}/remove")
    assert page.status_code == 409
    assert "It was missed at this moment." in page.text


@pytest.mark.parametrize("user", ["vera", "ada"])
async def test_who_is_no_administrator_looks_and_changes_nothing(
    visitor: Visitor, user: str
) -> None:
    await visitor.sign_in(user)
    path = there(visitor.world)
    for verb in ("PUT", "DELETE"):
        visitor.world.ingestion.refuse(verb, f"/api/v1{path}", 403, "This needs the role admin.")
    page = (await visitor.get(path)).text
    assert "<form" not in page.partition("<main")[2]
    assert "/ping" in page
    for address in (path, f"{path}/remove"):
        assert (await visitor.post(address, **FORM)).status_code == 403


async def test_without_an_integration_there_is_no_key_to_say_it_with(admin: Visitor) -> None:
    page = (await admin.get("/heartbeats")).text
    assert "Nothing is expected" in page
    assert 'href="/integrations/new"' in page


async def test_while_alert_ingestion_is_down_the_page_says_so(viewer: Visitor) -> None:
    viewer.world.ingestion.down = True
    assert "This cannot be shown now" in (await viewer.get("/heartbeats")).text
    assert (await viewer.get("/heartbeats", fragment=True)).headers["hx-reswap"] == "none"
