import pytest
from litestar import Litestar
from web_ui_fakes import PASSWORD, Visitor, World

from vigie_testing.clock import ManualClock


async def test_somebody_who_is_not_signed_in_is_asked_to_and_comes_back(visitor: Visitor) -> None:
    away = await visitor.get("/history?text=disk")
    assert away.status_code == 303
    assert away.headers["location"] == "/sign-in?next=%2Fhistory%3Ftext%3Ddisk"

    form = await visitor.get(away.headers["location"])
    assert 'name="next" value="/history?text=disk"' in form.text
    back = await visitor.post("/sign-in", user="ada", password=PASSWORD, next="/history?text=disk")
    assert back.status_code == 303
    assert back.headers["location"] == "/history?text=disk"
    assert (await visitor.get("/history?text=disk")).status_code == 200


@pytest.mark.parametrize("dropped", [False, True])
async def test_who_acts_after_the_session_has_ended_is_told_that_nothing_was_done(
    responder: Visitor, dropped: bool
) -> None:
    incident = responder.world.incidents.open()
    responder.world.directory.sessions.clear()
    if dropped:  # as a browser does when the cookie's time is over
        responder.client.cookies.clear()
    path = f"/incidents/{incident.id}"
    away = await responder.post(
        f"{path}/acknowledge", headers={"Referer": f"http://vigie.test{path}"}
    )
    assert away.status_code == 303
    form = await responder.get(away.headers["location"])
    assert "Your session has ended." in form.text
    assert "What you just did was not carried out" in form.text
    assert f'name="next" value="{path}"' in form.text
    part = await responder.post(f"{path}/acknowledge", fragment=True)
    assert part.status_code == 401
    assert part.headers["hx-redirect"].endswith("ended=action")


async def test_who_only_looks_after_the_session_has_ended_is_told_so(responder: Visitor) -> None:
    responder.world.directory.sessions.clear()
    form = await responder.get((await responder.get("/history")).headers["location"])
    assert "Your session has ended." in form.text
    assert "not carried out" not in form.text
    again = await responder.get("/sign-in?ended=<b>anything</b>")
    assert 'class="notice ' not in again.text


async def test_signing_out_of_a_session_that_is_over_is_no_failure(responder: Visitor) -> None:
    responder.client.cookies.clear()
    response = await responder.post("/sign-out")
    assert response.status_code == 303
    assert response.headers["location"] == "/sign-in"


async def test_the_session_cookie_is_out_of_reach_of_scripts_and_other_sites(
    visitor: Visitor,
) -> None:
    response = await visitor.sign_in("ada")
    cookie = response.headers["set-cookie"]
    assert cookie.startswith("vigie_session=")
    assert "HttpOnly" in cookie
    assert "SameSite=lax" in cookie
    assert "Max-Age=43200" in cookie
    assert "Secure" not in cookie


async def test_behind_tls_every_cookie_is_secure_and_bound_to_the_host(clock: ManualClock) -> None:
    import httpx

    world = World(clock)
    world.settings = world.settings.model_copy(update={"secure_cookies": True})
    app = world.app()
    transport = httpx.ASGITransport(app=app)  # type: ignore[arg-type]
    async with httpx.AsyncClient(transport=transport, base_url="https://vigie.test") as client:
        visitor = Visitor(client, world)
        form = await visitor.get("/sign-in")
        assert form.headers["set-cookie"].startswith("__Host-vigie_visit=")
        signed_in = await visitor.post("/sign-in", user="ada", password=PASSWORD)
        assert signed_in.headers["set-cookie"].startswith("__Host-vigie_session=")
        assert "Secure" in signed_in.headers["set-cookie"]
        assert signed_in.headers["strict-transport-security"].startswith("max-age=")


@pytest.mark.parametrize(
    ("user", "password"), [("ada", "wrong"), ("nobody", "wrong"), ("", ""), ("ada", "\x00")]
)
async def test_a_wrong_name_and_a_wrong_password_are_answered_alike(
    visitor: Visitor, user: str, password: str
) -> None:
    response = await visitor.sign_in(user, password=password)
    assert response.status_code == 401
    assert "User name or password is not right." in response.text
    assert f'value="{user}"' in response.text
    assert "vigie_session" not in response.headers.get("set-cookie", "")


async def test_attempts_are_counted_by_the_persons_address(visitor: Visitor) -> None:
    await visitor.sign_in("ada")
    assert visitor.world.oncall.addresses == ["127.0.0.1"]


async def test_a_browser_that_signed_in_before_says_so_with_a_secret_of_its_own(
    visitor: Visitor,
) -> None:
    assert (await visitor.sign_in("ada", password="wrong")).status_code == 401
    assert "vigie_device" not in visitor.client.cookies
    response = await visitor.sign_in("ada")
    (device,) = [
        cookie
        for cookie in response.headers.get_list("set-cookie")
        if cookie.startswith("vigie_device=")
    ]
    assert "HttpOnly" in device
    assert "Max-Age=31536000" in device
    secret = visitor.client.cookies["vigie_device"]
    visitor.client.cookies.delete("vigie_session")
    await visitor.sign_in("ada")
    first, *later = visitor.world.oncall.devices
    assert later == [secret, secret]
    assert first != secret


async def test_too_many_attempts_are_told_to_wait(visitor: Visitor) -> None:
    visitor.world.oncall.throttled = True
    response = await visitor.sign_in("ada")
    assert response.status_code == 429
    assert "Too many attempts." in response.text


async def test_with_oncall_service_down_nobody_can_sign_in_and_the_page_says_why(
    visitor: Visitor,
) -> None:
    visitor.world.oncall_down()
    response = await visitor.sign_in("ada")
    assert response.status_code == 503
    assert "oncall-service does not answer" in response.text
    assert "Nobody can sign in now." in response.text


@pytest.mark.parametrize("hostile", ["https://evil.example/", "//evil.example", "/\\evil.example"])
async def test_the_way_back_never_leads_to_another_site(visitor: Visitor, hostile: str) -> None:
    assert (await visitor.sign_in("ada", next_=hostile)).headers["location"] == "/"


async def test_who_is_signed_in_already_goes_on(responder: Visitor) -> None:
    response = await responder.get("/sign-in?next=/oncall")
    assert (response.status_code, response.headers["location"]) == (303, "/oncall")


async def test_signing_out_ends_the_session_at_once_for_the_cookie_and_the_token(
    responder: Visitor,
) -> None:
    cookie = responder.client.cookies["vigie_session"]
    response = await responder.post("/sign-out")
    assert (response.status_code, response.headers["location"]) == (303, "/sign-in")
    assert "Max-Age=0" in response.headers["set-cookie"]
    assert responder.world.directory.sessions == {}
    # Even who kept a copy of the cookie is out, without waiting for a cache.
    responder.client.cookies.set("vigie_session", cookie, domain="vigie.test")
    assert (await responder.get("/")).headers["location"] == "/sign-in?ended=session"


async def test_signing_out_works_while_oncall_service_is_down(responder: Visitor) -> None:
    responder.world.oncall_down()
    assert (await responder.post("/sign-out")).status_code == 303


async def test_an_expired_session_is_asked_to_sign_in_wherever_it_is_noticed(
    responder: Visitor,
) -> None:
    responder.world.directory.sessions.clear()  # web-ui remembers it; incident-management does not
    page = await responder.get("/history")
    assert (page.status_code, page.headers["location"]) == (
        303,
        "/sign-in?next=%2Fhistory&ended=session",
    )
    assert "Max-Age=0" in page.headers["set-cookie"]


async def test_an_expired_fragment_sends_the_whole_page_to_the_sign_in_and_back(
    visitor: Visitor,
) -> None:
    response = await visitor.get(
        "/", fragment=True, **{"HX-Current-URL": "http://vigie.test/incidents/INC-4"}
    )
    assert response.status_code == 401
    assert response.headers["hx-redirect"] == "/sign-in?next=%2Fincidents%2FINC-4"


async def test_an_expired_form_comes_back_to_its_page_not_to_its_action(
    responder: Visitor,
) -> None:
    incident = responder.world.incidents.open()
    responder.world.directory.sessions.clear()
    response = await responder.post(
        f"/incidents/{incident.id}/acknowledge",
        headers={"Referer": "http://vigie.test/incidents/1"},
    )
    assert response.headers["location"] == "/sign-in?next=%2Fincidents%2F1&ended=action"


async def test_known_sessions_are_honoured_while_oncall_service_is_down(
    responder: Visitor, clock: ManualClock
) -> None:
    responder.world.incidents.open()
    responder.world.oncall_down()
    clock.advance(minutes=30)
    page = await responder.get("/")
    assert page.status_code == 200
    assert "oncall-service does not answer" in page.text


async def test_an_unknown_session_is_told_to_wait_while_it_cannot_be_checked(
    visitor: Visitor,
) -> None:
    visitor.client.cookies.set("vigie_session", "never-seen", domain="vigie.test")
    visitor.world.oncall_down()
    page = await visitor.get("/history")
    assert page.status_code == 503
    assert "One moment, please" in page.text
    assert 'href="/history">Try again' in page.text
    assert 'href="/oncall"' not in page.text


async def test_an_api_token_in_the_cookie_is_no_session(visitor: Visitor) -> None:
    token = visitor.world.directory.begin("admin")
    sessions = visitor.world.directory.sessions
    sessions[token] = sessions[token].model_copy(update={"kind": "token"})
    visitor.client.cookies.set("vigie_session", token, domain="vigie.test")
    assert (await visitor.get("/")).headers["location"] == "/sign-in?ended=session"


async def test_the_health_of_the_process_needs_no_session(visitor: Visitor) -> None:
    visitor.world.oncall_down()
    visitor.world.incidents.down = True
    for path in ("/health", "/ready", "/metrics"):
        assert (await visitor.get(path)).status_code == 200


async def test_colours_are_remembered_without_javascript(responder: Visitor, app: Litestar) -> None:
    del app
    response = await responder.post("/theme", theme="dark", back="/oncall")
    assert (response.status_code, response.headers["location"]) == (303, "/oncall")
    assert '<html lang="en" data-theme="dark">' in (await responder.get("/oncall")).text
    await responder.post("/theme", theme="system", back="/oncall")
    assert '<html lang="en">' in (await responder.get("/oncall")).text
    odd = await responder.post("/theme", theme='"><script>', back="https://evil.example")
    assert odd.headers["location"] == "/"
    assert '<html lang="en">' in (await responder.get("/oncall")).text


async def test_after_a_refused_form_colours_lead_back_to_the_page_it_was_on(
    responder: Visitor,
) -> None:
    refused = await responder.post(
        "/several", do="resolve", back="/", headers={"Referer": "http://vigie.test/?text=disk"}
    )
    assert refused.status_code == 422
    assert '<input type="hidden" name="back" value="/?text=disk">' in refused.text
