"""The directory of services: who answers for what."""

from typing import Any
from uuid import uuid4

import pytest
from setup_pages import EVIL, PAYMENTS, choosable, listed
from web_ui_fakes import Visitor, World

from oncall_service.teams.shapes import ServiceCreate, ServiceUpdate

POLICY = {"id": str(uuid4()), "name": "Day and night"}


def there(world: World, **fields: Any) -> str:
    """A service that is simply there; answers the path of its page."""
    service = {
        "id": str(uuid4()),
        "name": "checkout-api",
        "team": PAYMENTS,
        "policy": None,
        "created_at": "2026-11-01T00:00:00Z",
        **fields,
    }
    path = f"/services/{service['id']}"
    world.configuration.on("GET", f"/api/v1{path}", service)
    world.configuration.on("GET", "/api/v1/services", listed(service))
    world.configuration.on("POST", "/api/v1/services", service)
    world.configuration.on("PATCH", f"/api/v1{path}", service)
    world.configuration.on("DELETE", f"/api/v1{path}", {})
    return path


@pytest.fixture
async def admin(visitor: Visitor) -> Visitor:
    """Who may set up."""
    await visitor.sign_in("admin")
    choosable(visitor.world)
    return visitor


async def test_the_list_says_who_answers_and_who_for_all_the_others(viewer: Visitor) -> None:
    there(viewer.world, policy=POLICY)
    team = {**PAYMENTS, "catch_all": True, "members": [], "created_at": "2026-11-01T00:00:00Z"}
    viewer.world.configuration.on("GET", "/api/v1/teams", listed(team))
    page = (await viewer.get("/services")).text
    assert "For every service that is not listed here Payments answers" in page
    assert "Day and night" in page
    assert "Add a service" not in page


async def test_a_service_is_claimed_by_a_team(admin: Visitor) -> None:
    there(admin.world)
    page = (await admin.get(f"/services?name=checkout-api&team={PAYMENTS['id']}")).text
    assert 'value="checkout-api"' in page
    assert f'value="{PAYMENTS["id"]}" selected' in page
    answer = await admin.post("/services", name="checkout-api", team=PAYMENTS["id"], policy="")
    assert answer.headers["location"] == "/services"
    (sent,) = admin.world.configuration.sent("POST", "/api/v1/services")
    assert sent == {"name": "checkout-api", "team": PAYMENTS["id"], "policy": None}
    ServiceCreate.model_validate(sent)


async def test_a_service_is_changed_and_removed(admin: Visitor) -> None:
    path = there(admin.world)
    await admin.get(path)
    form = {"name": "checkout", "team": PAYMENTS["id"], "policy": POLICY["id"]}
    assert (await admin.post(path, **form)).headers["location"] == path
    (sent,) = admin.world.configuration.sent("PATCH", f"/api/v1{path}")
    assert sent == form
    ServiceUpdate.model_validate(sent)
    assert (await admin.post(f"{path}/remove")).headers["location"] == "/services"


@pytest.mark.parametrize("verb", ["POST", "PATCH"])
async def test_a_refusal_keeps_what_was_typed(admin: Visitor, verb: str) -> None:
    path = there(admin.world) if verb == "PATCH" else "/services"
    error = {"field": "name", "message": "is taken"}
    admin.world.configuration.refuse(verb, f"/api/v1{path}", 422, "No", errors=[error])
    await admin.get(path)
    page = await admin.post(path, name=EVIL, team=PAYMENTS["id"], policy="")
    assert page.status_code == 422
    assert 'id="name-wrong"' in page.text
    assert 'value="&#34;&gt;&lt;script&gt;' in page.text
    assert "<script>alert" not in page.text


@pytest.mark.parametrize("user", ["vera", "ada"])
async def test_who_is_no_administrator_sees_the_directory_but_no_form(
    visitor: Visitor, user: str
) -> None:
    await visitor.sign_in(user)
    path = there(visitor.world, name=EVIL)
    for verb, to in (("POST", "/services"), ("PATCH", path), ("DELETE", path)):
        visitor.world.configuration.refuse(verb, f"/api/v1{to}", 403, "This needs the role admin.")
    for address in ("/services", path):
        page = (await visitor.get(address)).text.partition("<main")[2]
        assert "<form" not in page
        assert "<script>alert" not in page
    for address in ("/services", path, f"{path}/remove"):
        assert (await visitor.post(address, name="x")).status_code == 403
