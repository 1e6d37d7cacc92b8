"""What a fresh installation begins with, and what a restart must not bring back."""

import secrets
from typing import Any

from shared.contracts.identity import Role

SIGN_IN = "/api/v1/sessions"


async def test_the_first_alert_of_a_fresh_installation_reaches_the_administrator(
    oncall: Any, incident_event: Any
) -> None:
    assert await oncall.hear(incident_event()) == ["incident_opened"]
    assert await oncall.tick() == ["Administrator"]
    told = await oncall.told()
    assert told == ["page.started", "page.gap", "page.target", "notification.sent"]
    target = oncall.last_events[2]
    assert target["assign"] is True
    assert target["person"]["name"] == "Administrator"
    assert target["reason"] == "nobody_on_call_fallback"


async def test_the_administrator_signs_in_with_the_first_password(
    oncall: Any, admin_password: str
) -> None:
    body = {"user": "admin", "password": admin_password}
    session = (await oncall.client.post(SIGN_IN, json=body)).json()
    me = await oncall.ok("GET", "/api/v1/me", token=session["token"])
    assert (me["kind"], me["name"], me["role"]) == ("person", "Administrator", Role.ADMIN)


async def test_a_restart_keeps_a_changed_password_and_a_revoked_token(
    start: Any, admin_password: str
) -> None:
    fresh = secrets.token_urlsafe(12)
    async with start() as first:
        database = first.database
        await first.ok("PATCH", "/api/v1/people/admin", json={"password": fresh})
        [token] = (await first.ok("GET", "/api/v1/tokens"))["items"]
        await first.ok("DELETE", f"/api/v1/tokens/{token['id']}")
    async with start(database) as second:
        assert (await second.call("GET", "/api/v1/me")).status_code == 401
        old = {"user": "admin", "password": admin_password}
        assert (await second.client.post(SIGN_IN, json=old)).status_code == 401
        new = {"user": "admin", "password": fresh}
        assert (await second.client.post(SIGN_IN, json=new)).status_code == 201


async def test_a_restart_brings_back_nothing_that_was_deleted_or_renamed(start: Any) -> None:
    async with start() as first:
        database = first.database
        await first.ok("PATCH", "/api/v1/teams/Catch-all", json={"name": "Everybody"})
        await first.ok("DELETE", "/api/v1/policies/Default")
    async with start(database) as second:
        teams = (await second.ok("GET", "/api/v1/teams"))["items"]
        assert [team["name"] for team in teams] == ["Everybody"]
        assert (await second.ok("GET", "/api/v1/policies"))["items"] == []


async def test_two_replicas_that_start_together_seed_one_installation(start: Any) -> None:
    async with start() as first, start(first.database) as second:
        people = (await second.ok("GET", "/api/v1/people"))["items"]
        assert [person["name"] for person in people] == ["Administrator"]


async def test_a_password_that_comes_with_a_later_start_is_still_taken(
    start: Any, admin_password: str
) -> None:
    body = {"user": "admin", "password": admin_password}
    async with start(bootstrap_admin_password="") as first:
        database = first.database
        assert (await first.client.post(SIGN_IN, json=body)).status_code == 401
    async with start(database) as second:
        assert (await second.client.post(SIGN_IN, json=body)).status_code == 201
