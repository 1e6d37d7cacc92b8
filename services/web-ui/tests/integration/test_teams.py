"""Teams: their people, what belongs to them, and who of them is on call."""

from typing import Any
from uuid import uuid4

import pytest
from web_ui_fakes import Visitor, World

from oncall_service.teams.shapes import TeamCreate, TeamUpdate
from shared.contracts.oncall_api import CurrentView, OnDuty

EVIL = '"><script>alert(1)</script>'
LEA = {"id": str(uuid4()), "name": "Léa Fontaine"}


def listed(*items: dict[str, Any]) -> dict[str, Any]:
    return {"items": list(items), "next_cursor": None}


def a_team(name: str = "Payments", **fields: Any) -> dict[str, Any]:
    return {
        "id": str(uuid4()),
        "name": name,
        "catch_all": False,
        "members": [LEA],
        "created_at": "2026-11-01T00:00:00Z",
        **fields,
    }


def there(world: World, **fields: Any) -> dict[str, Any]:
    """A team that is simply there."""
    team = a_team(**fields)
    world.configuration.on("GET", "/api/v1/teams", listed(team))
    world.configuration.on("GET", f"/api/v1/teams/{team['id']}", team)
    duty = {"team": {"id": team["id"], "name": team["name"]}, "primary": LEA}
    world.configuration.on("GET", "/api/v1/oncall/current", duty)
    return team


async def test_the_list_says_who_is_on_call_and_which_is_the_catch_all(viewer: Visitor) -> None:
    team = there(viewer.world, catch_all=True)
    viewer.world.oncall.current = [
        CurrentView(
            team={"id": team["id"], "name": team["name"]},
            primary=OnDuty(**LEA, reachable=False),
        )
    ]
    page = (await viewer.get("/teams")).text
    assert "Catch-all" in page
    assert "No working contact method" in page
    assert "Add a team" not in page


async def test_a_team_is_added_with_its_members_by_their_ids(visitor: Visitor) -> None:
    await visitor.sign_in("admin")
    made = there(visitor.world)
    visitor.world.configuration.on("POST", "/api/v1/teams", made)
    await visitor.get("/teams/new")
    jun = str(uuid4())
    answer = await visitor.post("/teams", name=" Payments ", members=[LEA["id"], jun])
    assert answer.headers["location"] == f"/teams/{made['id']}"
    (sent,) = visitor.world.configuration.sent("POST", "/api/v1/teams")
    assert sent == {"name": "Payments", "members": [LEA["id"], jun]}
    TeamCreate.model_validate(sent)
    assert (
        "Give it a schedule and a policy next"
        in (await visitor.get(answer.headers["location"])).text
    )


async def test_a_team_is_changed_to_have_no_members(visitor: Visitor) -> None:
    await visitor.sign_in("admin")
    path = f"/teams/{there(visitor.world)['id']}"
    visitor.world.configuration.on("PATCH", f"/api/v1{path}", a_team())
    await visitor.get(path)
    assert (await visitor.post(path, name="Payments")).status_code == 303
    (sent,) = visitor.world.configuration.sent("PATCH", f"/api/v1{path}")
    assert sent == {"name": "Payments", "members": []}
    TeamUpdate.model_validate(sent)


async def test_a_name_that_is_taken_is_said_at_its_field_with_all_that_was_typed(
    visitor: Visitor,
) -> None:
    await visitor.sign_in("admin")
    path = f"/teams/{there(visitor.world)['id']}"
    person = {
        **LEA,
        "login": None,
        "email": None,
        "role": "responder",
        "can_sign_in": False,
        "time_zone": "UTC",
        "language": None,
        "clock": None,
        "working_hours": None,
        "quiet_hours": None,
        "status_updates": True,
        "contact_methods": [],
        "notification_rules": [],
    }
    visitor.world.configuration.on("GET", "/api/v1/people", listed(person))
    visitor.world.configuration.refuse(
        "PATCH", f"/api/v1{path}", 422, "No", errors=[{"field": "name", "message": "is taken"}]
    )
    await visitor.get(path)
    answer = await visitor.post(path, name=EVIL, members=[LEA["id"]])
    assert answer.status_code == 422
    assert 'id="name-wrong"' in answer.text
    assert f'value="{LEA["id"]}" checked' in answer.text
    assert 'value="&#34;&gt;&lt;script&gt;' in answer.text


async def test_a_team_that_owns_something_stays_and_the_page_says_what(visitor: Visitor) -> None:
    await visitor.sign_in("admin")
    path = f"/teams/{there(visitor.world)['id']}"
    visitor.world.configuration.refuse("DELETE", f"/api/v1{path}", 409, "It owns a schedule.")
    await visitor.get(path)
    answer = await visitor.post(f"{path}/remove")
    assert (answer.status_code, "It owns a schedule." in answer.text) == (409, True)


@pytest.mark.parametrize("user", ["vera", "ada"])
async def test_who_is_no_administrator_sees_the_team_but_no_form(
    visitor: Visitor, user: str
) -> None:
    await visitor.sign_in(user)
    path = f"/teams/{there(visitor.world, name=EVIL)['id']}"
    for verb, to in (("POST", "/teams"), ("PATCH", path), ("DELETE", path)):
        visitor.world.configuration.refuse(verb, f"/api/v1{to}", 403, "This needs the role admin.")
    page = (await visitor.get(path)).text.partition("<main")[2]
    assert "Léa Fontaine" in page
    assert "<form" not in page
    assert "<script>alert" not in page
    for address in ("/teams", path, f"{path}/remove"):
        assert (await visitor.post(address, name="x")).status_code == 403


async def test_a_team_that_is_not_there_is_a_page_that_says_so(viewer: Visitor) -> None:
    path = f"/teams/{uuid4()}"
    viewer.world.configuration.refuse("GET", f"/api/v1{path}", 404, "There is no such team.")
    assert (await viewer.get(path)).status_code == 404
