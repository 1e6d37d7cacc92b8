"""Signing in, sessions, API tokens, roles, and the question of the other services: whose token?"""

import asyncio
from typing import Any

import pytest

from oncall_service import reset_admin
from oncall_service.settings import OncallSettings

SESSIONS = "/api/v1/sessions"
CHECK = "/internal/v1/tokens/check"


async def _sign_in(
    oncall: Any, user: str, password: str, *, more: dict[str, str] | None = None, **options: Any
) -> Any:
    body = {"user": user, "password": password, **(more or {})}
    return await oncall.client.post(SESSIONS, json=body, **options)


def _from(oncall: Any, address: str) -> dict[str, str]:
    """The headers with which web-ui says where somebody is."""
    return {"X-Forwarded-For": address, "Authorization": f"Bearer {oncall.service_token}"}


async def _check(oncall: Any, token: str) -> Any:
    answer = await oncall.ok("POST", CHECK, token=oncall.service_token, json={"token": token})
    return answer["principal"]


async def test_a_session_acts_as_its_person_until_it_ends(oncall: Any, admin_password: str) -> None:
    response = await _sign_in(oncall, "ADMIN", admin_password)
    assert response.status_code == 201
    session = response.json()
    assert session["role"] == "admin"
    assert (await _check(oncall, session["token"]))["name"] == "Administrator"
    oncall.clock.advance(hours=12)
    assert await _check(oncall, session["token"]) is None


async def test_signing_out_ends_the_session_everywhere(oncall: Any, admin_password: str) -> None:
    token = (await _sign_in(oncall, "admin", admin_password)).json()["token"]
    await oncall.ok("DELETE", f"{SESSIONS}/current", token=token)
    assert await _check(oncall, token) is None
    assert (await oncall.call("GET", "/api/v1/me", token=token)).status_code == 401


async def test_a_wrong_user_and_a_wrong_password_get_the_same_answer(
    oncall: Any, admin_password: str
) -> None:
    answers = [
        await _sign_in(oncall, "admin", "wrong password"),
        await _sign_in(oncall, "nobody", admin_password),
    ]
    assert {answer.status_code for answer in answers} == {401}
    assert len({answer.json()["detail"] for answer in answers}) == 1


async def test_guessing_is_slowed_down_even_for_the_right_password(
    oncall: Any, admin_password: str
) -> None:
    for _ in range(5):
        assert (await _sign_in(oncall, "admin", "wrong")).status_code == 401
    refused = await _sign_in(oncall, "admin", admin_password)
    assert refused.status_code == 429
    assert refused.headers["Retry-After"] == "1"
    assert refused.json()["detail"] == "Too many failed attempts; try again in 1 second."
    oncall.clock.advance(seconds=1)
    assert (await _sign_in(oncall, "admin", admin_password)).status_code == 201


async def test_no_number_of_failures_makes_anybody_wait_longer_than_half_a_minute(
    oncall: Any, admin_password: str
) -> None:
    for number in range(70):
        at = _from(oncall, f"203.0.113.{number}")
        assert (await _sign_in(oncall, "admin", "wrong", headers=at)).status_code in {401, 429}
        oncall.clock.advance(seconds=5)
    here = _from(oncall, "198.51.100.1")
    refused = await _sign_in(oncall, "admin", admin_password, headers=here)
    assert refused.status_code == 429
    assert int(refused.headers["Retry-After"]) <= 30
    oncall.clock.advance(seconds=30)
    assert (await _sign_in(oncall, "admin", admin_password, headers=here)).status_code == 201


async def test_guesses_sent_at_once_are_counted_one_by_one(oncall: Any) -> None:
    answers = await asyncio.gather(*(_sign_in(oncall, "admin", "wrong") for _ in range(8)))
    assert sorted(answer.status_code for answer in answers) == [401] * 5 + [429] * 3


async def test_nobody_elsewhere_keeps_out_who_signed_in_from_here_before(
    oncall: Any, admin_password: str
) -> None:
    here = _from(oncall, "198.51.100.1")
    assert (await _sign_in(oncall, "admin", admin_password, headers=here)).status_code == 201
    for number in range(12):
        for _ in range(6):
            at = _from(oncall, f"203.0.113.{number}")
            await _sign_in(oncall, "admin", "wrong", headers=at)
    elsewhere = _from(oncall, "192.0.2.1")
    assert (await _sign_in(oncall, "admin", admin_password, headers=elsewhere)).status_code == 429
    assert (await _sign_in(oncall, "admin", admin_password, headers=here)).status_code == 201


async def test_guesses_at_others_from_the_same_address_do_not_keep_out_who_is_known_there(
    oncall: Any, admin_password: str
) -> None:
    assert (await _sign_in(oncall, "admin", admin_password)).status_code == 201
    answers = [await _sign_in(oncall, f"user{number}", "wrong") for number in range(40)]
    assert answers[-1].status_code == 429
    assert (await _sign_in(oncall, "admin", admin_password)).status_code == 201


async def test_at_a_known_address_a_few_wrong_passwords_delay_the_right_one_and_no_more(
    oncall: Any, admin_password: str
) -> None:
    assert (await _sign_in(oncall, "admin", admin_password)).status_code == 201
    for _ in range(11):
        assert (await _sign_in(oncall, "admin", "wrong")).status_code == 401
        oncall.clock.advance(seconds=1)
    began = asyncio.get_running_loop().time()
    assert (await _sign_in(oncall, "admin", admin_password)).status_code == 201
    assert asyncio.get_running_loop().time() - began < 3


async def test_guesses_sent_at_once_at_a_known_address_are_let_through_one_by_one(
    oncall: Any, admin_password: str
) -> None:
    assert (await _sign_in(oncall, "admin", admin_password)).status_code == 201
    answers = await asyncio.gather(*(_sign_in(oncall, "admin", "wrong") for _ in range(20)))
    looked_at = [answer.status_code for answer in answers].count(401)
    assert 10 <= looked_at <= 12, "ten at once, and those that wait for their turn"


async def test_a_browser_that_signed_in_before_is_known_at_every_address(
    oncall: Any, admin_password: str
) -> None:
    device = {"device": "a secret of thirty-two characters"}
    assert (await _sign_in(oncall, "admin", admin_password, more=device)).status_code == 201
    there = _from(oncall, "203.0.113.9")
    for _ in range(10):
        await _sign_in(oncall, "admin", "wrong", headers=there)
    refused = await _sign_in(oncall, "admin", admin_password, headers=there)
    assert refused.status_code == 429
    made_up = {"device": "another secret, never used before"}
    refused = await _sign_in(oncall, "admin", admin_password, headers=there, more=made_up)
    assert refused.status_code == 429
    known = await _sign_in(oncall, "admin", admin_password, headers=there, more=device)
    assert known.status_code == 201
    assert str(oncall.database.query("TABLE oncall.signin_places")).count(device["device"]) == 0


async def test_the_latest_places_of_a_person_are_remembered_for_half_a_year(
    oncall: Any, admin_password: str
) -> None:
    for number in range(25):
        at = _from(oncall, f"203.0.113.{number}")
        assert (await _sign_in(oncall, "admin", admin_password, headers=at)).status_code == 201
        oncall.clock.advance(seconds=1)
    count = "SELECT count(*), min(place) FROM oncall.signin_places"
    assert oncall.database.query(count) == [(20, "address 203.0.113.10")]
    oncall.clock.advance(days=181)
    assert await oncall.app.state.engines["housekeeping"].cycle()
    assert oncall.database.query(count) == [(0, None)]


async def test_a_success_forgets_the_typing_mistakes_before_it(
    oncall: Any, admin_password: str
) -> None:
    for _ in range(3):
        for _ in range(4):
            await _sign_in(oncall, "admin", "wrong")
        assert (await _sign_in(oncall, "admin", admin_password)).status_code == 201


async def test_many_users_from_one_address_are_slowed_down_together(oncall: Any) -> None:
    answers = [await _sign_in(oncall, f"user{number}", "wrong") for number in range(31)]
    assert [answer.status_code for answer in answers] == [401] * 30 + [429]


async def test_only_a_service_of_ours_may_say_where_somebody_is(
    oncall: Any, admin_password: str
) -> None:
    for _ in range(5):
        await _sign_in(oncall, "admin", "wrong")
    elsewhere = {"X-Forwarded-For": "203.0.113.7"}
    made_up = await _sign_in(oncall, "admin", admin_password, headers=elsewhere)
    assert made_up.status_code == 429
    proven = elsewhere | {"Authorization": f"Bearer {oncall.service_token}"}
    assert (await _sign_in(oncall, "admin", admin_password, headers=proven)).status_code == 201


async def test_a_changed_password_ends_the_sessions(oncall: Any, admin_password: str) -> None:
    token = (await _sign_in(oncall, "admin", admin_password)).json()["token"]
    change = "/api/v1/me/password"
    wrong = {"current": "not it", "new": "a new password"}
    assert (await oncall.call("POST", change, token=token, json=wrong)).status_code == 422
    right = {"current": admin_password, "new": "a new password"}
    await oncall.ok("POST", change, token=token, json=right)
    assert await _check(oncall, token) is None
    assert (await _sign_in(oncall, "admin", "a new password")).status_code == 201
    assert (await oncall.call("POST", change, json=right)).status_code == 403


async def test_guessing_the_current_password_of_a_stolen_session_is_slowed_down(
    oncall: Any, admin_password: str
) -> None:
    token = (await _sign_in(oncall, "admin", admin_password)).json()["token"]
    change = "/api/v1/me/password"
    wrong = {"current": "not it", "new": "a new password"}
    answers = [await oncall.call("POST", change, token=token, json=wrong) for _ in range(8)]
    assert [answer.status_code for answer in answers] == [422] * 5 + [429] * 3
    assert int(answers[-1].headers["Retry-After"]) <= 30
    assert (await _sign_in(oncall, "admin", admin_password)).status_code == 201
    oncall.clock.advance(seconds=30)
    right = {"current": admin_password, "new": "a new password"}
    await oncall.ok("POST", change, token=token, json=right)


async def test_an_api_token_is_shown_once_expires_and_can_be_revoked(oncall: Any) -> None:
    expires = "2026-03-02T10:00:00Z"
    body = {"name": "ci", "role": "viewer", "expires_at": expires}
    made = await oncall.ok("POST", "/api/v1/tokens", json=body)
    principal = await _check(oncall, made["token"])
    assert (principal["kind"], principal["name"], principal["role"]) == ("token", "ci", "viewer")
    listed = (await oncall.ok("GET", "/api/v1/tokens"))["items"]
    assert [one["name"] for one in listed] == ["ci", "bootstrap"]
    assert not any("token" in one for one in listed)
    oncall.clock.advance(hours=1)
    assert await _check(oncall, made["token"]) is None

    other = await oncall.ok("POST", "/api/v1/tokens", json={"name": "bot"})
    await oncall.ok("DELETE", f"/api/v1/tokens/{other['id']}")
    assert await _check(oncall, other["token"]) is None
    assert (await oncall.call("DELETE", f"/api/v1/tokens/{other['id']}")).status_code == 204


async def test_a_token_that_would_be_over_already_is_refused(oncall: Any) -> None:
    body = {"name": "late", "expires_at": "2026-03-02T09:00:00Z"}
    assert (await oncall.call("POST", "/api/v1/tokens", json=body)).status_code == 422
    missing = "/api/v1/tokens/01900000-0000-7000-8000-000000000000"
    assert (await oncall.call("DELETE", missing)).status_code == 404


async def test_tokens_are_listed_page_by_page(oncall: Any) -> None:
    for name in ("one", "two"):
        await oncall.ok("POST", "/api/v1/tokens", json={"name": name})
    first = await oncall.ok("GET", "/api/v1/tokens?limit=2")
    second = await oncall.ok("GET", f"/api/v1/tokens?limit=2&cursor={first['next_cursor']}")
    names = [one["name"] for one in first["items"] + second["items"]]
    assert names == ["two", "one", "bootstrap"]


async def test_no_secret_is_stored_readable(oncall: Any, admin_password: str) -> None:
    session = (await _sign_in(oncall, "admin", admin_password)).json()["token"]
    dump = str(
        [
            oncall.database.query(f"TABLE oncall.{table}")
            for table in ("people", "sessions", "api_tokens")
        ]
    )
    for secret in (session, oncall.api_token, admin_password):
        assert secret not in dump
    assert "$argon2id$" in dump


REFUSED = {
    "viewer": [("POST", "/api/v1/escalate"), ("POST", "/api/v1/teams")],
    "responder": [
        ("POST", "/api/v1/teams"),
        ("GET", "/api/v1/tokens"),
        ("DELETE", "/api/v1/people/admin"),
    ],
}


async def test_each_role_may_do_what_it_is_for_and_no_more(oncall: Any) -> None:
    for role, refused in REFUSED.items():
        made = await oncall.ok("POST", "/api/v1/tokens", json={"name": role, "role": role})
        assert (await oncall.call("GET", "/api/v1/people", token=made["token"])).status_code == 200
        for method, path in refused:
            answer = await oncall.call(method, path, token=made["token"], json={})
            assert answer.status_code == 403, (method, path, answer.text)


async def test_without_a_token_nothing_is_said_but_health_and_metrics(oncall: Any) -> None:
    assert (await oncall.client.get("/api/v1/people")).status_code == 401
    for path in ("/health", "/ready", "/metrics", "/schema/openapi.json"):
        assert (await oncall.client.get(path)).status_code == 200


async def test_internal_routes_are_for_our_own_services(oncall: Any) -> None:
    for path in (CHECK, "/internal/v1/incident-events"):
        answer = await oncall.call("POST", path, json={"token": "x", "events": []})
        assert answer.status_code == 403


async def test_people_look_after_their_own_contact_methods(
    oncall: Any, admin_password: str
) -> None:
    person = {"name": "Ada", "login": "ada", "password": admin_password, "role": "viewer"}
    await oncall.ok("POST", "/api/v1/people", json=person)
    token = (await _sign_in(oncall, "ada", admin_password)).json()["token"]
    own, others = (f"/api/v1/people/{who}/contact-methods" for who in ("ada", "admin"))
    log = {"channel": "log"}
    assert (await oncall.call("POST", own, token=token, json=log)).status_code == 201
    assert (await oncall.call("POST", others, token=token, json=log)).status_code == 403


async def test_ended_sessions_and_old_attempts_are_cleaned_up(
    oncall: Any, admin_password: str
) -> None:
    await _sign_in(oncall, "admin", admin_password)
    await _sign_in(oncall, "admin", "wrong")
    oncall.clock.advance(hours=13)
    assert await oncall.app.state.engines["housekeeping"].cycle()
    for table in ("sessions", "signin_attempts"):
        assert oncall.database.query(f"TABLE oncall.{table}") == []


async def _reset(oncall: Any, password: str) -> str:
    return await reset_admin.reset(OncallSettings(**oncall.database.settings()), password)


async def test_the_way_back_gives_a_locked_out_administrator_a_new_password(
    oncall: Any, admin_password: str
) -> None:
    session = (await _sign_in(oncall, "admin", admin_password)).json()["token"]
    for number in range(70):
        await _sign_in(oncall, "admin", "wrong", headers=_from(oncall, f"203.0.113.{number}"))
    here = _from(oncall, "192.0.2.1")
    assert (await _sign_in(oncall, "admin", "a new one", headers=here)).status_code == 429
    assert await _reset(oncall, "a new password") == "admin"
    assert await _check(oncall, session) is None
    assert (await _sign_in(oncall, "admin", admin_password, headers=here)).status_code == 401
    signed_in = await _sign_in(oncall, "admin", "a new password", headers=here)
    assert signed_in.json()["role"] == "admin"


@pytest.mark.parametrize("how", ["deleted", "demoted", "renamed"])
async def test_the_way_back_leads_to_an_administrator_whatever_became_of_them(
    oncall: Any, admin_password: str, how: str
) -> None:
    other = {"name": "Ada", "login": "ada", "password": admin_password, "role": "admin"}
    await oncall.ok("POST", "/api/v1/people", json=other)
    if how == "deleted":
        await oncall.ok("PATCH", "/api/v1/policies/Default", json={"fallback": "Ada"})
        await oncall.ok("DELETE", "/api/v1/people/admin")
    elif how == "demoted":
        await oncall.ok("PATCH", "/api/v1/people/admin", json={"role": "viewer"})
    else:
        await oncall.ok("PATCH", "/api/v1/people/admin", json={"login": "root"})
    assert await _reset(oncall, "a new password") == "admin"
    signed_in = (await _sign_in(oncall, "admin", "a new password")).json()
    assert signed_in["role"] == "admin"
    expected = "Administrator 2" if how == "renamed" else "Administrator"
    assert signed_in["person"]["name"] == expected


async def test_a_session_says_how_its_person_reads_and_a_token_does_not(
    oncall: Any, admin_password: str
) -> None:
    token = (await _sign_in(oncall, "admin", admin_password)).json()["token"]
    who = await _check(oncall, token)
    assert who["reading"] == {"language": None, "time_zone": "UTC", "clock": None}
    chosen = {"language": "fr", "time_zone": "Europe/Paris", "clock": "12"}
    await oncall.ok("PATCH", f"/api/v1/people/{who['id']}/preferences", token=token, json=chosen)
    assert (await _check(oncall, token))["reading"] == chosen
    assert (await oncall.ok("GET", "/api/v1/me"))["reading"] is None


async def test_people_see_and_end_their_own_sessions(oncall: Any, admin_password: str) -> None:
    here = (await _sign_in(oncall, "admin", admin_password)).json()["token"]
    oncall.clock.advance(minutes=5)
    more = {"agent": "Firefox 142 on Linux"}
    there = (await _sign_in(oncall, "admin", admin_password, more=more)).json()["token"]
    oncall.clock.advance(seconds=30)
    seen = (await oncall.ok("GET", "/api/v1/me/sessions", token=here))["items"]
    assert [(one["agent"], one["current"]) for one in seen] == [
        ("Firefox 142 on Linux", False),
        (None, True),
    ]
    other, mine = seen
    assert mine["last_seen_at"] > other["last_seen_at"] == other["created_at"]
    await oncall.ok("DELETE", f"/api/v1/me/sessions/{other['id']}", token=here)
    assert await _check(oncall, there) is None
    assert (
        await oncall.call("DELETE", f"/api/v1/me/sessions/{other['id']}", token=here)
    ).status_code == 404


async def test_signing_out_elsewhere_leaves_the_session_that_asked(
    oncall: Any, admin_password: str
) -> None:
    tokens = [(await _sign_in(oncall, "admin", admin_password)).json()["token"] for _ in range(3)]
    await oncall.ok("DELETE", "/api/v1/me/sessions", token=tokens[1])
    assert [(await _check(oncall, token)) is not None for token in tokens] == [False, True, False]


async def test_nobody_sees_or_ends_the_sessions_of_somebody_else(
    oncall: Any, admin_password: str
) -> None:
    body = {"name": "Eve", "login": "eve", "password": "eve's own password"}
    await oncall.ok("POST", "/api/v1/people", json=body)
    eve = (await _sign_in(oncall, "eve", body["password"])).json()["token"]
    admin = (await _sign_in(oncall, "admin", admin_password)).json()["token"]
    [own] = (await oncall.ok("GET", "/api/v1/me/sessions", token=admin))["items"]
    path = f"/api/v1/me/sessions/{own['id']}"
    assert (await oncall.call("DELETE", path, token=eve)).status_code == 404
    await oncall.ok("DELETE", "/api/v1/me/sessions", token=eve)
    assert await _check(oncall, admin) is not None
    assert (await oncall.ok("GET", "/api/v1/me/sessions"))["items"] == [], "of an API token"
    assert (await oncall.call("DELETE", "/api/v1/me/sessions")).status_code == 403


async def test_when_a_session_was_used_is_noted_once_a_minute(
    oncall: Any, admin_password: str
) -> None:
    token = (await _sign_in(oncall, "admin", admin_password)).json()["token"]
    instants = []
    for seconds in (0, 59, 1, 59):
        oncall.clock.advance(seconds=seconds)
        await _check(oncall, token)
        [(seen,)] = oncall.database.query("SELECT last_seen_at - created_at FROM oncall.sessions")
        instants.append(seen.total_seconds())
    assert instants == [0, 0, 60, 60]
