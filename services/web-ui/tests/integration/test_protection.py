import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from web_ui_fakes import Visitor, World

import web_ui

STATIC = Path(web_ui.__file__).parent / "static"


async def test_every_answer_carries_the_protective_headers(responder: Visitor) -> None:
    for path in ("/", "/nothing", "/health", "/static/app.js", "/sign-out"):
        headers = (await responder.get(path)).headers
        assert "frame-ancestors 'none'" in headers["content-security-policy"]
        assert "unsafe" not in headers["content-security-policy"]
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "same-origin"
        assert headers["x-frame-options"] == "DENY"


async def test_pages_are_kept_nowhere_and_marked_files_for_good(responder: Visitor) -> None:
    page = await responder.get("/")
    assert page.headers["cache-control"] == "no-store"
    assert page.headers["vary"].startswith("HX-Request, Accept-Language")
    files = re.findall(r'(?:href|src)="(/static/[^"]+)"', page.text)
    assert len(files) >= 8
    for file in files:
        response = await responder.get(file)
        assert response.status_code == 200, file
        assert response.headers["cache-control"] == "public, max-age=31536000, immutable"
    unmarked = await responder.get("/static/app.js")
    assert unmarked.headers["cache-control"] == "no-cache"


async def test_no_page_loads_anything_from_elsewhere(responder: Visitor) -> None:
    incident = responder.world.incidents.open()
    for path in ("/", f"/incidents/{incident.id}", "/history", "/oncall", "/notifications"):
        text = (await responder.get(path)).text
        assert re.findall(r'(?:src|href|action)="(?:https?:)?//', text) == []
    for sheet in STATIC.glob("*.css"):
        assert "url(" not in sheet.read_text()


@pytest.mark.parametrize("path", ["/sign-out", "/theme", "/incidents/{id}/acknowledge"])
async def test_a_form_without_our_token_does_nothing(responder: Visitor, path: str) -> None:
    incident = responder.world.incidents.open()
    before = dict(responder.world.directory.sessions)
    responder.csrf_token = ""
    response = await responder.post(path.format(id=incident.id), theme="dark")
    assert response.status_code == 403
    assert "This form is out of date" in response.text
    assert responder.world.directory.sessions == before
    assert responder.world.incidents.stored[incident.id] == incident


async def test_a_form_out_of_date_leads_back_to_its_page_and_leaves_a_fragment_as_it_is(
    responder: Visitor,
) -> None:
    incident = responder.world.incidents.open()
    path = f"/incidents/{incident.id}"
    responder.csrf_token = "made for somebody else"
    page = await responder.post(
        f"{path}/acknowledge", headers={"Referer": f"http://vigie.test{path}"}
    )
    assert page.status_code == 403
    assert "Nothing was changed." in page.text
    assert f'href="{path}">Load the page again' in page.text
    part = await responder.post(f"{path}/acknowledge", fragment=True)
    assert part.headers["hx-reswap"] == "none"
    assert "This form is out of date" in part.text


async def test_a_token_of_another_session_does_nothing(responder: Visitor, world: World) -> None:
    incident = world.incidents.open()
    stolen = responder.csrf_token
    await responder.post("/sign-out")
    await responder.sign_in("admin")
    assert responder.csrf_token != stolen
    responder.csrf_token = stolen
    assert (await responder.post(f"/incidents/{incident.id}/resolve")).status_code == 403


async def test_signing_in_needs_a_token_too(visitor: Visitor) -> None:
    assert (await visitor.post("/sign-in", user="ada", password="x")).status_code == 403
    assert visitor.world.oncall.addresses == []


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
async def test_another_origin_is_refused_even_with_the_right_token(
    responder: Visitor, site: str
) -> None:
    incident = responder.world.incidents.open()
    response = await responder.post(
        f"/incidents/{incident.id}/acknowledge", headers={"Sec-Fetch-Site": site}
    )
    assert response.status_code == 403
    assert "another site" in response.text


async def test_a_script_of_ours_may_send_the_token_as_a_header(responder: Visitor) -> None:
    token, responder.csrf_token = responder.csrf_token, ""
    response = await responder.post("/theme", headers={"X-CSRF-Token": token}, back="/")
    assert response.status_code == 303


@pytest.mark.parametrize("body", [b"\xff\xfe", b"csrf_token", b"{}", b"a=1&" * 20000])
async def test_a_body_that_is_no_form_of_ours_is_refused_without_an_accident(
    responder: Visitor, body: bytes
) -> None:
    for kind in ("application/x-www-form-urlencoded", "application/json", "multipart/form-data"):
        response = await responder.client.post(
            "/theme", content=body, headers={"Content-Type": kind}
        )
        assert 400 <= response.status_code < 500


async def test_a_form_of_a_session_that_is_none_is_not_read(visitor: Visitor) -> None:
    """So that nobody can have more of it read than a stranger, by making a cookie up."""
    parts = 0

    async def long_form() -> AsyncIterator[bytes]:
        nonlocal parts
        while parts < 100:
            parts += 1
            yield b"a" * 10_000

    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    for cookie in ("vigie_session=made-up", ""):
        for path in ("/theme", "/sign-in", "/sign-out", "/incidents/1/acknowledge"):
            parts = 0
            answer = await visitor.client.post(
                path, content=long_form(), headers={**headers, "Cookie": cookie}
            )
            assert answer.status_code in {303, 403, 404, 413}, (path, answer.status_code)
            assert parts <= 8, path


async def test_the_longest_note_fits_in_any_script(responder: Visitor) -> None:
    incident = responder.world.incidents.open()
    note = "\N{FIRE}" * 10_000
    answer = await responder.post(f"/incidents/{incident.id}/notes", text=note)
    assert answer.status_code == 303


async def test_a_form_that_says_it_is_too_large_is_told_so_on_a_page(responder: Visitor) -> None:
    answer = await responder.client.post("/theme", data={"back": "a" * 200_000})
    assert answer.status_code == 413
    assert "That is too large" in answer.text


async def test_what_people_and_senders_write_is_shown_never_run(responder: Visitor) -> None:
    evil = '<script>alert(1)</script><img src=x onerror="alert(2)">'
    incident = responder.world.incidents.open(evil, service=evil, team=evil)
    responder.world.incidents.remark(incident, "note", evil, by=evil)
    for path in ("/", f"/incidents/{incident.id}", "/history?status=any"):
        text = (await responder.get(path)).text
        assert "<script>alert" not in text
        assert "<img src=x" not in text
        assert "&lt;script&gt;" in text


async def test_a_page_that_does_not_exist_is_a_page(responder: Visitor) -> None:
    response = await responder.get("/wp-login.php")
    assert response.status_code == 404
    assert "There is nothing here" in response.text
    assert response.headers["content-type"].startswith("text/html")


async def test_an_error_of_ours_shows_a_request_to_ask_about_and_nothing_inner(
    responder: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(*_: object) -> None:
        raise ZeroDivisionError("secret inner detail")

    monkeypatch.setattr(responder.world.oncall, "notifications", broken)
    response = await responder.get("/notifications")
    assert response.status_code == 500
    assert "Something went wrong on our side" in response.text
    assert response.headers["x-request-id"] in response.text
    assert "secret inner detail" not in response.text
    fragment = await responder.get("/notifications", fragment=True)
    assert fragment.headers["hx-reswap"] == "none"
    assert "Something went wrong on our side" in fragment.text


async def test_pages_and_files_are_compressed_and_no_token_comes_twice(responder: Visitor) -> None:
    """Beside words of strangers, a token that came back unchanged would be guessed from sizes."""
    pages = [await responder.get("/") for _ in range(2)]
    file = await responder.get("/static/app.js")
    for answer in (*pages, file):
        assert answer.headers["content-encoding"] == "gzip"
    tokens = [re.findall(r'name="csrf_token" value="(\w+)"', page.text)[0] for page in pages]
    assert tokens[0] != tokens[1]


async def test_head_is_answered_like_get(responder: Visitor) -> None:
    for path in ("/", "/history", "/static/app.js", "/health"):
        asked = await responder.client.head(path)
        assert (asked.status_code, asked.content) == (200, b"")
