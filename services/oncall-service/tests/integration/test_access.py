"""Signing in, sessions, API tokens, roles, and the question of the other services: whose token?"""

import asyncio
from typing import Any

SESSIONS = "/api/v1/sessions"
CHECK = "/internal/v1/tokens/check"


async def _sign_in(oncall: Any, user: str, password: str, **options: Any) -> Any:
    body = {"user": user, "password": password}
    return await oncall.client.post(SESSIONS, json=body, **options)


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
    assert int(refused.headers["Retry-After"]) == 15 * 60
    oncall.clock.advance(minutes=15)
    assert (await _sign_in(oncall, "admin", admin_password)).status_code == 201


async def test_guesses_sent_at_once_are_counted_one_by_one(oncall: Any) -> None:
    answers = await asyncio.gather(*(_sign_in(oncall, "admin", "wrong") for _ in range(8)))
    assert sorted(answer.status_code for answer in answers) == [401] * 5 + [429] * 3


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
