"""First steps, API tokens and the audit log."""

from typing import Any
from uuid import uuid4

import pytest
from ingestion_world import alert, integration
from setup_pages import EVIL, LEA, PAYMENTS, choosable, everybody, listed
from web_ui_fakes import Visitor, World

from oncall_service.access.shapes import TokenCreate

SECRET = "vigie_shown_this_once"


def a_token(**fields: Any) -> dict[str, Any]:
    return {
        "id": str(uuid4()),
        "name": "Terraform",
        "role": "admin",
        "created_by": "Administrator",
        "created_at": "2026-11-01T00:00:00Z",
        "expires_at": None,
        "revoked_at": None,
        **fields,
    }


@pytest.fixture
async def admin(visitor: Visitor) -> Visitor:
    """Who may set up."""
    await visitor.sign_in("admin")
    return visitor


async def test_an_empty_installation_lacks_every_step_and_links_to_each(admin: Visitor) -> None:
    page = (await admin.get("/setup")).text
    assert "0 of 8 done" in page
    for address in ("/people/new", "/teams/new", "/schedules/new", "/policies/new"):
        assert f'href="{address}"' in page
    assert page.count("To do") == 8


async def test_steps_are_done_as_the_services_say_so(admin: Visitor) -> None:
    choosable(admin.world)
    sender = {"revoked_at": None, "last_seen": "2026-11-27T00:00:00Z"}
    admin.world.ingestion.on("GET", "/api/v1/integrations", listed(sender))
    assert "3 of 8 done" in (await admin.get("/setup")).text
    admin.world.ingestion.on("GET", "/api/v1/alerts", listed(alert(integration())))
    assert "4 of 8 done" in (await admin.get("/setup")).text
    gone = {**sender, "revoked_at": "2026-11-27T00:00:00Z"}
    admin.world.ingestion.on("GET", "/api/v1/integrations", listed(gone))
    assert "3 of 8 done" in (await admin.get("/setup")).text


async def test_what_every_installation_begins_with_is_no_step_taken(admin: Visitor) -> None:
    ask, now = admin.world.configuration, "2026-11-27T00:00:00Z"
    logged = {
        "id": str(uuid4()),
        "channel": "log",
        "target": "",
        "enabled": True,
        "verified_at": now,
        "verified_by": None,
    }
    (boss,) = everybody(LEA)["items"]
    ask.on("GET", "/api/v1/people", listed({**boss, "contact_methods": [logged]}))
    catch_all = {**PAYMENTS, "catch_all": True, "members": [LEA], "created_at": now}
    ask.on("GET", "/api/v1/teams", listed(catch_all))
    policy = {
        "id": str(uuid4()),
        "name": "Default",
        "team": PAYMENTS,
        "repeat": 2,
        "steps": [],
        "fallback": LEA,
        "acknowledge_timeout_minutes": None,
        "created_at": now,
    }
    ask.on("GET", "/api/v1/policies", listed(policy))
    sender = {"revoked_at": None, "last_seen": None}
    admin.world.ingestion.on("GET", "/api/v1/integrations", listed(sender))
    assert "0 of 8 done" in (await admin.get("/setup")).text
    assert "Only written to the log" in (await admin.get("/people")).text


async def test_a_step_leads_to_the_form_for_the_one_team_there_is(admin: Visitor) -> None:
    choosable(admin.world)
    page = (await admin.get("/setup")).text
    for address in ("/schedules/new", "/policies/new", "/services"):
        assert f'href="{address}?team={PAYMENTS["id"]}"' in page


async def test_a_step_that_cannot_be_told_is_not_called_undone(visitor: Visitor) -> None:
    await visitor.sign_in("vera")
    visitor.world.configuration.down = True
    visitor.world.ingestion.refuse("GET", "/api/v1/integrations", 403, "For administrators.")
    page = await visitor.get("/setup")
    assert page.status_code == 200
    assert page.text.count("Not known now") == 7


async def test_a_token_is_shown_once_when_it_is_made(admin: Visitor) -> None:
    admin.world.configuration.on("POST", "/api/v1/tokens", {**a_token(), "token": SECRET})
    await admin.get("/tokens")
    form = {"name": "Terraform", "role": "admin", "expires": "2026-12-31"}
    answer = await admin.post("/tokens", **form)
    assert SECRET in answer.text
    assert answer.headers["cache-control"] == "no-store"
    assert SECRET not in (await admin.get("/tokens")).text
    (sent,) = admin.world.configuration.sent("POST", "/api/v1/tokens")
    assert sent == {
        "name": "Terraform",
        "role": "admin",
        "expires_at": "2027-01-01T00:00:00+00:00",
    }
    TokenCreate.model_validate(sent)


@pytest.mark.parametrize("day", ["soon", "9999-12-31"])
async def test_a_day_that_is_none_is_said_at_its_field(admin: Visitor, day: str) -> None:
    await admin.get("/tokens")
    page = await admin.post("/tokens", name=EVIL, role="viewer", expires=day)
    assert page.status_code == 422
    assert 'id="expires-wrong"' in page.text
    assert 'value="&#34;&gt;&lt;script&gt;' in page.text
    assert admin.world.configuration.sent("POST", "/api/v1/tokens") == []


async def test_a_token_is_revoked_for_ever(admin: Visitor) -> None:
    token = a_token(name=EVIL)
    revoked = a_token(name="Old", revoked_at="2026-11-02T00:00:00Z")
    expired = a_token(name="Late", expires_at="2000-01-01T00:00:00Z")
    admin.world.configuration.on("GET", "/api/v1/tokens", listed(token, revoked, expired))
    admin.world.configuration.on("DELETE", f"/api/v1/tokens/{token['id']}", {})
    page = (await admin.get("/tokens")).text
    assert page.count("/revoke") == 1
    assert "Expired" in page
    assert "<script>alert" not in page
    answer = await admin.post(f"/tokens/{token['id']}/revoke")
    assert answer.headers["location"] == "/tokens"
    assert "Revoked: other services notice" in (await admin.get("/tokens")).text


@pytest.mark.parametrize("path", ["/tokens", "/audit"])
@pytest.mark.parametrize("user", ["vera", "ada"])
async def test_only_administrators_see_tokens_and_the_audit_log(
    visitor: Visitor, user: str, path: str
) -> None:
    await visitor.sign_in(user)
    for verb in ("GET", "POST"):
        visitor.world.configuration.refuse(verb, f"/api/v1{path}", 403, "For administrators.")
    page = await visitor.get(path)
    assert page.status_code == 403
    assert f'href="{path}"' not in page.text
    if path == "/tokens":
        assert (await visitor.post(path, name="x", role="admin")).status_code == 403


def an_entry(seq: int, moment: str, **fields: Any) -> dict[str, Any]:
    return {
        "seq": seq,
        "at": moment,
        "actor": {"kind": "person", "id": LEA["id"], "name": LEA["name"]},
        "action": "team.changed",
        "subject_kind": "team",
        "subject_id": PAYMENTS["id"],
        "before": {"name": "Pay"},
        "after": {"name": EVIL},
        **fields,
    }


def log(world: World) -> None:
    """A change at either service."""
    world.configuration.on("GET", "/api/v1/audit", listed(an_entry(1, "2026-11-27T10:00:00Z")))
    silence = an_entry(
        9,
        "2026-11-27T11:00:00Z",
        action="silence.created",
        subject_kind="silence",
        subject_id=str(uuid4()),
        before=None,
        after={"comment": "Deploy"},
    )
    world.ingestion.on("GET", "/api/v1/audit", listed(silence))


async def test_the_log_is_one_of_both_services_newest_first(admin: Visitor) -> None:
    choosable(admin.world)
    log(admin.world)
    page = (await admin.get("/audit")).text
    assert page.index("Deploy") < page.index(f'href="/teams/{PAYMENTS["id"]}"')
    assert "<del>Pay</del>" in page
    assert "<script>alert" not in page


async def test_filters_are_in_the_address_and_asked_of_both(admin: Visitor) -> None:
    choosable(admin.world)
    log(admin.world)
    page = (await admin.get(f"/audit?actor={LEA['id']}&kind=team&subject=7")).text
    assert f'value="{LEA["id"]}" selected' in page
    for neighbour in (admin.world.configuration, admin.world.ingestion):
        asked = [each.query for each in neighbour.asked if each.path == "/api/v1/audit"]
        assert asked == [
            {"limit": "50", "actor_id": LEA["id"], "subject_kind": "team", "subject_id": "7"}
        ]


async def test_half_a_log_is_shown_with_a_word_about_the_other_half(admin: Visitor) -> None:
    log(admin.world)
    admin.world.ingestion.down = True
    page = await admin.get("/audit")
    assert page.status_code == 200
    assert "alert-ingestion does not answer." in page.text
    assert "<del>Pay</del>" in page.text
