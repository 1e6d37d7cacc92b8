"""Every change of who is reached how is on record: who, what, before, after; and no secret."""

import json
from typing import Any

import psycopg
import pytest

AUDIT = "/api/v1/audit"


async def entries(oncall: Any, query: str = "") -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = (await oncall.ok("GET", f"{AUDIT}?limit=200{query}"))["items"]
    return found


async def actions(oncall: Any, kind: str) -> list[str]:
    """Oldest first."""
    found = await entries(oncall, f"&subject_kind={kind}")
    return [one["action"] for one in reversed(found)]


async def test_a_change_tells_who_made_it_and_of_both_states_what_differs(crew: Any) -> None:
    await crew.ok("PATCH", "/api/v1/teams/Payments", json={"name": "Money"})
    [changed, *_] = await entries(crew)
    assert (changed["action"], changed["actor"]["name"]) == ("team.changed", "bootstrap")
    assert (changed["before"], changed["after"]) == ({"name": "Payments"}, {"name": "Money"})


async def test_every_kind_of_thing_is_on_record_from_its_beginning_to_its_end(crew: Any) -> None:
    assert await actions(crew, "person") == ["person.created"] * 3
    assert await actions(crew, "policy") == ["policy.created"]
    await crew.ok("DELETE", "/api/v1/services/checkout")
    await crew.ok("PATCH", "/api/v1/policies/Payments", json={"repeat": 3})
    await crew.ok("DELETE", "/api/v1/policies/Payments")
    await crew.ok("PATCH", "/api/v1/schedules/Payments", json={"time_zone": "Europe/Rome"})
    shift = {"start": "2026-03-03T09:00:00Z", "end": "2026-03-03T17:00:00Z"}
    override = await crew.ok(
        "POST", "/api/v1/overrides", json={"schedule": "Payments", "person": "Cleo", **shift}
    )
    path = f"/api/v1/overrides/{override['id']}"
    await crew.ok("PATCH", path, json={"note": "dentist"})
    await crew.ok("DELETE", path)
    offer = {"schedule": "Payments", "giver": "Ada", **shift}
    swap = await crew.ok("POST", "/api/v1/swaps", json=offer)
    await crew.ok("POST", f"/api/v1/swaps/{swap['id']}/withdraw")
    await crew.ok("DELETE", "/api/v1/schedules/Payments")
    token = await crew.ok("POST", "/api/v1/tokens", json={"name": "robot"})
    await crew.ok("DELETE", f"/api/v1/tokens/{token['id']}")
    await crew.ok("DELETE", "/api/v1/teams/Payments")
    await crew.ok("DELETE", "/api/v1/people/Ben")
    for kind, expected in (
        ("service", ["created", "deleted"]),
        ("policy", ["created", "changed", "deleted"]),
        ("schedule", ["created", "changed", "deleted"]),
        ("override", ["created", "changed", "deleted"]),
        ("swap", ["offered", "withdrawn"]),
        ("token", ["created", "revoked"]),
        ("team", ["created", "deleted"]),
        ("person", ["created", "created", "created", "deleted"]),
    ):
        assert await actions(crew, kind) == [f"{kind}.{one}" for one in expected]


async def test_what_repeats_itself_is_no_change(crew: Any) -> None:
    before = len(await entries(crew))
    body = {"name": "Payments", "members": ["Ada", "Ben", "Cleo"]}
    await crew.ok("PUT", "/api/v1/teams/Payments", json=body)
    await crew.ok("PATCH", "/api/v1/people/Ada", json={"name": "Ada"})
    assert len(await entries(crew)) == before


async def test_no_password_no_secret_and_no_token_is_on_record(crew: Any) -> None:
    hook = {"channel": "webhook", "target": "https://chat.example/ada/of-which-nobody-knows"}
    secret = "a secret of a webhook"
    added = await crew.ok(
        "POST", "/api/v1/people/Ada/contact-methods", json={**hook, "secret": secret}
    )
    password = "correct horse battery staple"
    await crew.ok("PATCH", "/api/v1/people/Ada", json={"password": password})
    token = await crew.ok("POST", "/api/v1/tokens", json={"name": "robot"})
    path = f"/api/v1/people/Ada/contact-methods/{added['id']}"
    await crew.ok("PATCH", path, json={"enabled": False})
    await crew.ok("DELETE", path)
    assert (await actions(crew, "person"))[3:] == [
        "person.contact_method_added",
        "person.changed",
        "person.password_set",
        "person.contact_method_changed",
        "person.contact_method_removed",
    ]
    said = json.dumps(await entries(crew))
    for word in (secret, password, token["token"], "of-which-nobody-knows"):
        assert word not in said


async def test_the_record_is_found_by_its_subject_and_by_who_did_it(crew: Any) -> None:
    ada = await crew.ok("GET", "/api/v1/people/Ada")
    await crew.ok("PATCH", "/api/v1/people/Ada", json={"time_zone": "Europe/Rome"})
    mine = await entries(crew, f"&subject_kind=person&subject_id={ada['id']}")
    assert [one["action"] for one in mine] == ["person.changed", "person.created"]
    actor = mine[0]["actor"]["id"]
    assert len(await entries(crew, f"&actor_id={actor}")) == len(await entries(crew))
    assert await entries(crew, "&actor_id=nobody") == []
    page = await crew.ok("GET", f"{AUDIT}?limit=1")
    after = await crew.ok("GET", f"{AUDIT}?limit=1&cursor={page['next_cursor']}")
    assert page["items"][0]["seq"] > after["items"][0]["seq"]


async def test_it_is_for_administrators_and_nobody_rewrites_it(crew: Any) -> None:
    token = await crew.ok("POST", "/api/v1/tokens", json={"name": "robot", "role": "responder"})
    assert (await crew.call("GET", AUDIT, token=token["token"])).status_code == 403
    for statement in ("UPDATE oncall.audit SET action = ''", "DELETE FROM oncall.audit"):
        with pytest.raises(psycopg.errors.RaiseException, match="only added to"):
            crew.database.query(statement)
