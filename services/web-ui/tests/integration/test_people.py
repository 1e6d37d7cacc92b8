"""People: seen by all, changed by administrators, and never by an address or a hostile name."""

from typing import Any
from uuid import UUID, uuid4

import pytest
from web_ui_fakes import Visitor, World

from oncall_service.people.shapes import PersonCreate, PersonUpdate

EVIL = '"><script>alert(1)</script>'


def somebody(name: str = "Léa Fontaine", **fields: Any) -> dict[str, Any]:
    return {
        "id": str(uuid4()),
        "name": name,
        "login": "lea",
        "email": "lea@example.com",
        "role": "responder",
        "can_sign_in": True,
        "time_zone": "Europe/Paris",
        "language": "fr",
        "clock": None,
        "working_hours": None,
        "quiet_hours": None,
        "status_updates": True,
        "contact_methods": [],
        "notification_rules": [],
        "created_at": "2026-11-01T00:00:00Z",
        **fields,
    }


def method(**fields: Any) -> dict[str, Any]:
    return {
        "id": str(uuid4()),
        "channel": "email",
        "target": "lea@example.com",
        "enabled": True,
        "verified_at": "2026-11-01T00:00:00Z",
        "verified_by": None,
        **fields,
    }


def listed(*items: dict[str, Any]) -> dict[str, Any]:
    return {"items": list(items), "next_cursor": None}


def there(world: World, **fields: Any) -> str:
    """Somebody who is simply there; answers the path of their page."""
    person = somebody(**fields)
    world.configuration.on("GET", "/api/v1/people", listed(person))
    world.configuration.on("GET", f"/api/v1/people/{person['id']}", person)
    return f"/people/{person['id']}"


FORM = {
    "name": "Léa Fontaine",
    "login": "lea",
    "email": "",
    "role": "responder",
    "time_zone": "Europe/Paris",
    "language": "",
    "password": " eight characters ",
}


async def test_the_list_says_who_cannot_be_paged_or_sign_in(viewer: Visitor) -> None:
    lea = somebody(contact_methods=[method()])
    jun = somebody("Jun Watanabe", can_sign_in=False, contact_methods=[method(enabled=False)])
    team = {
        "id": str(uuid4()),
        "name": "Payments",
        "catch_all": False,
        "members": [{"id": lea["id"], "name": lea["name"]}],
        "created_at": "2026-11-01T00:00:00Z",
    }
    viewer.world.configuration.on("GET", "/api/v1/people", listed(jun, lea))
    viewer.world.configuration.on("GET", "/api/v1/teams", listed(team))
    page = (await viewer.get("/people")).text
    first, second = page.split("<tbody")[1].split("</tr>")[:2]
    assert "No working contact method" in first
    assert "Cannot sign in" in first
    assert "Can be paged" in second
    assert "Payments" in second
    assert "Add a person" not in page


async def test_an_empty_list_says_what_to_do_next(visitor: Visitor) -> None:
    await visitor.sign_in("admin")
    page = await visitor.get("/people")
    assert "Nobody yet" in page.text
    assert 'href="/people/new"' in page.text


async def test_somebody_is_added_and_their_page_asks_how_they_are_reached(visitor: Visitor) -> None:
    await visitor.sign_in("admin")
    world = visitor.world
    made = somebody()
    world.configuration.on("POST", "/api/v1/people", made)
    world.configuration.on("GET", f"/api/v1/people/{made['id']}", made)
    await visitor.get("/people/new")
    answer = await visitor.post("/people", **FORM)
    assert (answer.status_code, answer.headers["location"]) == (303, f"/people/{made['id']}")
    (sent,) = world.configuration.sent("POST", "/api/v1/people")
    assert sent == {**FORM, "email": None, "language": None}
    assert PersonCreate.model_validate(sent).password is not None
    page = (await visitor.get(answer.headers["location"])).text
    assert "Created. Say below how they are reached" in page
    assert "whoever pages them reaches nobody" in page


async def test_a_refusal_keeps_what_was_typed_but_never_the_password(visitor: Visitor) -> None:
    await visitor.sign_in("admin")
    visitor.world.configuration.refuse(
        "POST",
        "/api/v1/people",
        422,
        "Invalid",
        errors=[{"field": "time_zone", "message": "must be an IANA time zone"}],
    )
    await visitor.get("/people/new")
    answer = await visitor.post("/people", **{**FORM, "name": EVIL, "time_zone": "Mars"})
    assert answer.status_code == 422
    assert 'id="time_zone-wrong"' in answer.text
    assert 'value="Mars"' in answer.text
    assert 'value="&#34;&gt;&lt;script&gt;' in answer.text
    assert "<script>alert" not in answer.text
    assert "eight characters " not in answer.text


async def test_changing_somebody_leaves_the_password_as_it_is(visitor: Visitor) -> None:
    await visitor.sign_in("admin")
    path = there(visitor.world)
    visitor.world.configuration.on("PATCH", f"/api/v1{path}", somebody())
    page = (await visitor.get(path)).text
    assert '<option value="fr" selected>' in page
    await visitor.post(path, **{**FORM, "login": "", "password": ""})
    (sent,) = visitor.world.configuration.sent("PATCH", f"/api/v1{path}")
    assert "password" not in sent
    assert sent["login"] is None
    PersonUpdate.model_validate(sent)


async def test_who_is_still_needed_is_not_removed_and_the_page_says_where(visitor: Visitor) -> None:
    await visitor.sign_in("admin")
    path = there(visitor.world)
    detail = "Léa Fontaine is still needed: schedule Payments."
    visitor.world.configuration.refuse("DELETE", f"/api/v1{path}", 409, detail)
    await visitor.get(path)
    answer = await visitor.post(f"{path}/remove")
    assert answer.status_code == 409
    assert detail in answer.text
    visitor.world.configuration.on("DELETE", f"/api/v1{path}", {})
    assert (await visitor.post(f"{path}/remove")).headers["location"] == "/people"


async def test_an_administrator_settles_how_somebody_is_reached(visitor: Visitor) -> None:
    await visitor.sign_in("admin")
    path = there(visitor.world, contact_methods=[method()])
    assert "You vouch for what you add" in (await visitor.get(path)).text
    await visitor.post(f"{path}/methods", channel="ntfy", target="https://ntfy.example.com/lea")
    (added,) = visitor.world.people.mine().contact_methods
    assert (added.channel, added.verified_by) == ("ntfy", "Administrator")
    await visitor.post(f"{path}/methods/{added.id}/off")
    assert visitor.world.people.mine().contact_methods[0].enabled is False
    await visitor.post(f"{path}/methods/{added.id}/remove")
    assert visitor.world.people.mine().contact_methods == []
    assert (await visitor.post(f"{path}/methods/{UUID(int=1)}/confirm")).status_code == 404


@pytest.mark.parametrize("user", ["vera", "ada"])
async def test_who_is_no_administrator_sees_no_form_and_is_refused(
    visitor: Visitor, user: str
) -> None:
    await visitor.sign_in(user)
    path = there(visitor.world, contact_methods=[method()], name=EVIL)
    refused = "This needs the role admin."
    for verb, to in (("POST", "/people"), ("PATCH", path), ("DELETE", path)):
        visitor.world.configuration.refuse(verb, f"/api/v1{to}", 403, refused)
    for address in ("/people/new", path):
        page = (await visitor.get(address)).text.partition("<main")[2]
        assert "<form" not in page
        assert "<script>alert" not in page
    for address in ("/people", path, f"{path}/remove", f"{path}/methods"):
        answer = await visitor.post(address, **FORM, channel="log")
        assert answer.status_code == 403, address


async def test_oncall_service_being_down_leaves_a_page_that_says_so(
    viewer: Visitor, world: World
) -> None:
    world.configuration.down = True
    page = await viewer.get("/people")
    assert page.status_code == 200
    assert "This cannot be shown now" in page.text
