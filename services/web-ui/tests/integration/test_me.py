"""My settings: every form of it, for whoever is signed in and nobody else."""

import html
import json
import re
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from people_fakes import CODE, SECRET
from web_ui_fakes import Visitor, World

from oncall_service.access.shapes import PasswordChange
from shared.contracts.wire import Severity
from web_ui.people import ContactMethod, Rule

NTFY = {"channel": "ntfy", "target": "https://ntfy.example.com/ada"}


async def added(visitor: Visitor, **form: str) -> ContactMethod:
    await visitor.get("/me")
    await visitor.post("/me/methods", **(form or NTFY))
    return visitor.world.people.mine().contact_methods[-1]


async def told(visitor: Visitor) -> str:
    """What the page says of the form that led to it."""
    found = re.search(r"notice--done.*?<strong>(.*?)</strong>", (await visitor.get("/me")).text)
    return found[1] if found else ""


async def test_the_account_menu_leads_to_it(responder: Visitor) -> None:
    assert '<a href="/me">' in (await responder.get("/")).text
    page = await responder.get("/me")
    assert page.status_code == 200
    assert "Nothing yet: whoever pages you reaches nobody." in page.text


@pytest.mark.parametrize("user", ["vera", "ada"])
async def test_a_method_is_added_and_verified_by_its_code(visitor: Visitor, user: str) -> None:
    """A viewer's too: whoever can be paged settles how."""
    await visitor.sign_in(user)
    method = await added(visitor)
    assert await told(visitor) == "Added. A code is on its way: type it in below."
    assert await told(visitor) == ""
    page = (await visitor.get("/me")).text
    assert "Not verified: not used yet" in page
    wrong = await visitor.post(f"/me/methods/{method.id}/confirm", code="000000")
    assert wrong.status_code == 422
    assert "is not the code that was sent last" in wrong.text
    right = await visitor.post(f"/me/methods/{method.id}/confirm", code=f" {CODE} ")
    assert (right.status_code, right.headers["location"]) == (303, "/me")
    assert await told(visitor) == "Verified: you can be paged there now."
    assert "Not verified" not in (await visitor.get("/me")).text


async def test_what_an_administrator_adds_is_vouched_for(visitor: Visitor) -> None:
    await visitor.sign_in("admin")
    await added(visitor)
    assert await told(visitor) == "Added."
    assert "Vouched for by Administrator" in (await visitor.get("/me")).text


async def test_another_code_is_sent_once_a_minute(responder: Visitor) -> None:
    method = await added(responder)
    assert (await responder.post(f"/me/methods/{method.id}/code")).status_code == 303
    assert responder.world.people.codes_sent == [method.id]
    again = await responder.post(f"/me/methods/{method.id}/code")
    assert again.status_code == 409
    assert "wait a minute" in again.text


async def test_a_method_is_tested_switched_off_and_on_and_removed(responder: Visitor) -> None:
    people = responder.world.people
    method = await added(responder, channel="log")
    await responder.post(f"/me/methods/{method.id}/test")
    assert people.tested == [method.id]
    assert await told(responder) == "A test message is on its way."
    await responder.post(f"/me/methods/{method.id}/off")
    assert "Switched off" in (await responder.get("/me")).text
    assert people.mine().contact_methods[0].enabled is False
    await responder.post(f"/me/methods/{method.id}/on")
    assert people.mine().contact_methods[0].enabled is True
    await responder.post(f"/me/methods/{method.id}/remove")
    assert people.mine().contact_methods == []
    assert await told(responder) == "Removed."


async def test_the_secret_of_a_webhook_is_shown_once(responder: Visitor) -> None:
    await responder.get("/me")
    form = {"channel": "webhook", "target": "https://hooks.example.com/x"}
    answer = await responder.post("/me/methods", **form)
    assert answer.status_code == 200
    assert SECRET in answer.text
    assert answer.headers["cache-control"] == "no-store"
    assert SECRET not in (await responder.get("/me")).text
    own = await responder.post("/me/methods", **form, secret="one-of-my-own-choice")
    assert own.status_code == 303
    assert "one-of-my-own-choice" not in (await responder.get("/me")).text


async def test_a_refused_address_is_given_back_and_says_why(responder: Visitor) -> None:
    await responder.get("/me")
    answer = await responder.post("/me/methods", channel="webhook", target='"><b>nonsense')
    assert answer.status_code == 422
    assert "must be an http:// or https:// URL" in answer.text
    assert 'value="&#34;&gt;&lt;b&gt;nonsense"' in answer.text
    assert '<option value="webhook" selected>' in answer.text
    assert responder.world.people.mine().contact_methods == []


async def test_the_eleventh_is_refused(responder: Visitor) -> None:
    for _ in range(10):
        await added(responder, channel="log")
    answer = await responder.post("/me/methods", channel="log")
    assert answer.status_code == 409
    assert "the most there may be" in answer.text


@pytest.mark.parametrize("action", ["on", "off", "remove", "test", "code", "confirm"])
async def test_nobody_touches_what_is_somebody_elses(responder: Visitor, action: str) -> None:
    people = responder.world.people
    other = str(uuid4())
    theirs = await people.add_method(
        responder.world.directory.begin("admin"), other, "email", "eve@example.com", ""
    )
    await responder.get("/me")
    answer = await responder.post(f"/me/methods/{theirs.id}/{action}", code=CODE, person=other)
    assert answer.status_code == 404
    assert people.stored[other].contact_methods == [theirs.model_copy(update={"secret": None})]
    assert people.tested == people.codes_sent == []
    assert "eve@example.com" not in answer.text


async def test_an_action_that_is_none_is_a_page_that_is_not_there(responder: Visitor) -> None:
    method = await added(responder)
    for path in (f"/me/methods/{method.id}/explode", "/me/preferences/explode"):
        assert (await responder.post(path)).status_code == 404


@pytest.mark.parametrize(
    "path", ["/me/methods", f"/me/methods/{UUID(int=1)}/remove", "/me/preferences/clock"]
)
async def test_no_form_works_without_our_token_or_a_session(visitor: Visitor, path: str) -> None:
    assert (await visitor.get("/me")).headers["location"] == "/sign-in?next=%2Fme"
    assert (await visitor.post(path)).status_code == 303
    await visitor.sign_in("ada")
    visitor.csrf_token = ""
    assert (await visitor.post(path, **NTFY, time_zone="UTC")).status_code == 403
    assert visitor.world.people.stored == {}


async def test_addresses_are_shown_never_run(responder: Visitor) -> None:
    evil = 'https://x.example/"><script>alert(1)</script>'
    method = await added(responder, channel="ntfy", target=evil)
    who = str(responder.world.people.mine().id)
    rule = Rule(contact_method_id=method.id, delay_minutes=0, severities=None)
    responder.world.people.settle(who, notification_rules=[rule], time_zone=evil, email=evil)
    text = (await responder.get("/me")).text
    assert "<script>alert" not in text
    assert text.count("&lt;script&gt;") >= 5


async def test_a_rule_is_added_and_removed(responder: Visitor) -> None:
    people = responder.world.people
    method = await added(responder, channel="log")
    form = {"contact_method_id": str(method.id), "delay_minutes": "5"}
    await responder.post("/me/preferences/add-rule", **form, severities=["critical", "high"])
    await responder.post("/me/preferences/add-rule", **form)
    assert await told(responder) == "Saved."
    assert [rule.severities for rule in people.mine().notification_rules] == [
        [Severity.CRITICAL, Severity.HIGH],
        None,
    ]
    page = (await responder.get("/me")).text
    assert "after 5 min" in page
    marks = re.findall(r'name="item" value="([^"]+)"', page)
    await responder.post("/me/preferences/remove-rule", item=marks[1].replace("&#34;", '"'))
    (left,) = people.mine().notification_rules
    assert left.severities == [Severity.CRITICAL, Severity.HIGH]


async def test_a_delay_that_is_no_number_is_refused(responder: Visitor) -> None:
    method = await added(responder)
    form = {"contact_method_id": str(method.id), "delay_minutes": "soon"}
    answer = await responder.post("/me/preferences/add-rule", **form)
    assert answer.status_code == 422
    assert 'id="delay_minutes-wrong"' in answer.text
    assert 'value="soon"' in answer.text


async def test_hours_are_added_and_removed_by_their_kind(responder: Visitor) -> None:
    people = responder.world.people
    await responder.get("/me")
    quiet = {"kind": "quiet_hours", "start": "22:00", "end": "07:00"}
    await responder.post("/me/preferences/add-hours", **quiet, days=["sat", "sun"])
    work = {"kind": "working_hours", "start": "09:00", "end": "17:00"}
    await responder.post("/me/preferences/add-hours", **work)
    mine = people.mine()
    assert mine.quiet_hours
    assert mine.working_hours
    assert (list(mine.quiet_hours[0].days), len(mine.working_hours[0].days)) == (["sat", "sun"], 7)
    page = (await responder.get("/me")).text
    assert "Sat, Sun: 22:00 to 07:00" in page
    mark = re.findall(r'name="item" value="([^"]+)"', page)[0].replace("&#34;", '"')
    await responder.post("/me/preferences/remove-hours", kind="quiet_hours", item=mark)
    assert people.mine().quiet_hours is None
    assert people.mine().working_hours


async def test_hours_of_no_kind_are_refused(responder: Visitor) -> None:
    await responder.get("/me")
    form = {"kind": "contact_methods", "start": "1", "end": "2"}
    assert (await responder.post("/me/preferences/add-hours", **form)).status_code == 422


async def test_time_zone_and_news_are_saved_and_nonsense_is_not(responder: Visitor) -> None:
    people = responder.world.people
    await responder.get("/me")
    await responder.post("/me/preferences/clock", time_zone=" Asia/Tokyo ")
    assert (people.mine().time_zone, people.mine().status_updates) == ("Asia/Tokyo", False)
    refused = await responder.post("/me/preferences/clock", time_zone="Mars/Olympus")
    assert refused.status_code == 422
    assert 'id="time_zone-wrong"' in refused.text
    assert 'value="Mars/Olympus"' in refused.text


async def test_without_a_key_the_page_says_what_is_missing(
    responder: Visitor, world: World
) -> None:
    assert f'data-push-key="{world.people.key}"' in (await responder.get("/me")).text
    world.people.key = None
    text = (await responder.get("/me")).text
    assert "This installation has no key for Web Push" in text
    assert "data-push-key" not in text


async def test_oncall_service_being_down_is_said_and_nothing_is_claimed(
    responder: Visitor, world: World
) -> None:
    await responder.get("/me")
    world.people.down = True
    page = await responder.get("/me")
    assert page.status_code == 200
    assert "This cannot be shown now" in page.text
    refused = await responder.post("/me/methods", **NTFY)
    assert refused.status_code == 503
    assert "Perhaps not done." in refused.text


async def test_a_session_that_ended_leads_to_the_sign_in(responder: Visitor) -> None:
    method = await added(responder)
    responder.world.directory.sessions.clear()
    away = await responder.post(
        f"/me/methods/{UUID(str(method.id))}/off", headers={"Referer": "http://vigie.test/me"}
    )
    assert away.headers["location"] == "/sign-in?next=%2Fme&ended=action"


async def test_language_clock_and_zone_are_settled_and_the_next_page_is_read_so(
    responder: Visitor,
) -> None:
    await responder.get("/me")
    form = {"time_zone": "Europe/Paris", "language": "fr", "clock": "24", "status_updates": "yes"}
    answer = await responder.post("/me/preferences/clock", **form)
    mine = responder.world.people.mine()
    assert (mine.language, mine.clock, mine.status_updates) == ("fr", "24", True)
    # Also for the pages before the next sign-in.
    assert answer.cookies["vigie_language"] == "fr"
    page = (await responder.get("/me")).text
    assert '<option value="fr" selected>' in page
    await responder.post("/me/preferences/clock", time_zone="UTC", language="", clock="")
    mine = responder.world.people.mine()
    assert (mine.language, mine.clock) == (None, None)


def a_session(**fields: Any) -> dict[str, Any]:
    return {
        "id": str(uuid4()),
        "created_at": "2026-11-20T08:00:00Z",
        "expires_at": "2026-12-20T08:00:00Z",
        "last_seen_at": "2026-11-27T08:00:00Z",
        "agent": "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
        "current": False,
        **fields,
    }


async def test_sessions_are_listed_by_their_browser_and_ended_one_or_all_the_others(
    responder: Visitor,
) -> None:
    ask = responder.world.configuration
    here, there = a_session(current=True), a_session(agent='"><script>alert(1)</script>')
    ask.on("GET", "/api/v1/me/sessions", {"items": [here, there], "next_cursor": None})
    page = (await responder.get("/me")).text
    assert "Firefox on Linux" in page
    assert "A program that says no name" in page
    assert f"/me/sessions/{here['id']}/end" not in page
    assert "<script>alert" not in page
    ask.on("DELETE", f"/api/v1/me/sessions/{there['id']}", {})
    await responder.post(f"/me/sessions/{there['id']}/end")
    assert await told(responder) == "Signed out there."
    ask.on("DELETE", "/api/v1/me/sessions", {})
    await responder.post("/me/sessions/end-others")
    assert await told(responder) == "Signed out everywhere but here."


async def test_another_password_ends_the_session_and_leads_to_the_sign_in(
    responder: Visitor,
) -> None:
    ask = responder.world.configuration
    ask.on("POST", "/api/v1/me/password", httpx.Response(204))
    await responder.get("/me")
    answer = await responder.post("/me/password", current=" old ", new=" another one ")
    assert answer.headers["location"] == "/sign-in?next=%2Fme&ended=password"
    assert ask.sent("POST", "/api/v1/me/password") == [{"current": " old ", "new": " another one "}]
    PasswordChange.model_validate({"current": " old ", "new": " another one "})
    page = (await responder.get(answer.headers["location"])).text
    assert "Your password is changed: sign in with the new one." in page


async def test_a_password_that_is_refused_is_said_and_never_shown(responder: Visitor) -> None:
    error = {"field": "current", "message": "is not your password"}
    responder.world.configuration.refuse("POST", "/api/v1/me/password", 422, "No", errors=[error])
    await responder.get("/me")
    answer = await responder.post("/me/password", current="guessed-at", new="guessed-too")
    assert answer.status_code == 422
    assert 'id="current-wrong"' in answer.text
    assert "guessed-" not in answer.text


async def test_a_french_reader_finds_no_english_on_the_page(responder: Visitor) -> None:
    await added(responder)
    await responder.post("/language", language="fr")
    page = (await responder.get("/me")).text
    assert '<html lang="fr"' in page
    assert "Où vous êtes prévenu" in page
    words = html.unescape(page.split('data-words="{')[2].split('}"')[0])
    assert "ouvrez Vigie en HTTPS" in json.loads("{" + words + "}")["insecure"]
