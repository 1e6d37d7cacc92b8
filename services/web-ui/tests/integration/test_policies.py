"""Escalation policies: edited step by step without scripts, with the coverage check beside them."""

from typing import Any
from uuid import uuid4

import pytest
from setup_pages import EVIL, HOLE, JUN, LEA, PAYMENTS, choosable, coverage, fields_of, listed
from web_ui_fakes import Visitor, World

from oncall_service.coverage.shapes import CoveragePreview
from oncall_service.policies.shapes import PolicyCreate, PolicyUpdate

HOOK = "https://chat.example/..."


def a_target(kind: str, **fields: Any) -> dict[str, Any]:
    return {"kind": kind, "person": None, "team": None, "url": None, "secret": None, **fields}


def a_step(*targets: dict[str, Any], **fields: Any) -> dict[str, Any]:
    return {"delay_minutes": 5, "targets": targets, "severities": None, "hours": None, **fields}


STEPS = [
    a_step(a_target("primary"), a_target("secondary", team=PAYMENTS)),
    a_step(
        a_target("person", person=JUN),
        a_target("webhook", url=HOOK),
        delay_minutes=15,
        severities=["critical", "high"],
        hours="within",
    ),
]


def a_policy(**fields: Any) -> dict[str, Any]:
    return {
        "id": str(uuid4()),
        "name": "Day and night",
        "team": PAYMENTS,
        "repeat": 2,
        "steps": STEPS,
        "fallback": LEA,
        "acknowledge_timeout_minutes": 60,
        "created_at": "2026-11-01T00:00:00Z",
        **fields,
    }


def there(world: World, **fields: Any) -> str:
    """A policy that is simply there; answers the path of its page."""
    policy = a_policy(**fields)
    ask = world.configuration
    ask.on("GET", f"/api/v1/policies/{policy['id']}", policy)
    ask.on("GET", "/api/v1/policies", listed(policy))
    ask.on("GET", "/api/v1/coverage", coverage())
    return f"/policies/{policy['id']}"


@pytest.fixture
async def admin(visitor: Visitor) -> Visitor:
    """Who may set up."""
    await visitor.sign_in("admin")
    choosable(visitor.world)
    return visitor


async def test_a_new_policy_asks_the_primary_and_then_the_secondary(admin: Visitor) -> None:
    path = there(admin.world)
    made = a_policy(id=path.rpartition("/")[2])
    admin.world.configuration.on("POST", "/api/v1/policies", made)
    form = fields_of((await admin.get(f"/policies/new?team={PAYMENTS['id']}")).text)
    answer = await admin.post("/policies", **{**form, "name": "Day and night"})
    assert answer.headers["location"] == path
    (sent,) = admin.world.configuration.sent("POST", "/api/v1/policies")
    assert sent == {
        "name": "Day and night",
        "team": PAYMENTS["id"],
        "repeat": 1,
        "steps": [
            {
                "delay_minutes": minutes,
                "targets": [{"kind": kind}],
                "severities": None,
                "hours": None,
            }
            for minutes, kind in ((5, "primary"), (10, "secondary"))
        ],
        "fallback": None,
        "acknowledge_timeout_minutes": None,
    }
    PolicyCreate.model_validate(sent)


async def test_a_policy_that_is_saved_untouched_is_the_same(admin: Visitor) -> None:
    path = there(admin.world)
    admin.world.configuration.on("PATCH", f"/api/v1{path}", a_policy(id=path.rpartition("/")[2]))
    form = fields_of((await admin.get(path)).text)
    assert (await admin.post(path, **form)).headers["location"] == path
    (sent,) = admin.world.configuration.sent("PATCH", f"/api/v1{path}")
    PolicyUpdate.model_validate(sent)
    first, second = sent["steps"]
    assert first["targets"] == [{"kind": "primary"}, {"kind": "secondary", "team": PAYMENTS["id"]}]
    assert second == {
        "delay_minutes": 15,
        "targets": [{"kind": "person", "person": JUN["id"]}, {"kind": "webhook", "url": HOOK}],
        "severities": ["critical", "high"],
        "hours": "within",
    }
    assert (sent["repeat"], sent["fallback"], sent["acknowledge_timeout_minutes"]) == (
        2,
        LEA["id"],
        60,
    )


async def test_steps_and_targets_are_added_moved_and_removed_without_saving(admin: Visitor) -> None:
    path = there(admin.world)

    async def press(do: str, page: str) -> str:
        answer = await admin.post(path, do=do, **fields_of(page))
        assert answer.status_code == 200
        return answer.text

    def delays(page: str) -> list[str]:
        form = fields_of(page)
        names = (f"steps.{n}.delay_minutes" for n in range(9))
        return [form[name][0] for name in names if name in form]

    page = (await admin.get(path)).text
    page = await press("up:steps.1", page)
    assert delays(page) == ["15", "5"]
    page = await press("add:steps", page)
    page = await press("remove:steps.1", page)
    assert delays(page) == ["15", "5"]
    assert "steps.1.targets.1.kind" not in fields_of(page)
    page = await press("add:steps.1.targets", page)
    assert fields_of(page)["steps.1.targets.1.kind"] == ["primary"]
    page = await press("add:steps.1.webhooks", page)
    assert fields_of(page)["steps.1.targets.2.url"] == [""]
    page = await press("remove:steps.0.targets.0", page)
    assert fields_of(page)["steps.0.targets.0.url"] == [HOOK]
    assert admin.world.configuration.sent("PATCH", f"/api/v1{path}") == []


async def test_the_check_beside_the_form_shows_holes_before_saving(admin: Visitor) -> None:
    path = there(admin.world)
    admin.world.configuration.on("POST", "/api/v1/coverage/preview", coverage(HOLE))
    page = (await admin.get(path)).text
    assert "As it is now" in page
    checked = (await admin.post(path, do="check", **fields_of(page))).text
    assert "As if this form were saved" in checked
    assert "1 hole: nobody can be paged." in checked
    (asked,) = admin.world.configuration.sent("POST", "/api/v1/coverage/preview")
    assert CoveragePreview.model_validate(asked).policy is not None
    assert admin.world.configuration.sent("PATCH", f"/api/v1{path}") == []


async def test_the_secret_of_a_webhook_made_just_now_is_shown_this_once(admin: Visitor) -> None:
    path = there(admin.world)
    secret = "made-up-for-this-webhook-alone"
    steps = [a_step(a_target("webhook", url=HOOK, secret=secret))]
    saved = a_policy(id=path.rpartition("/")[2], steps=steps)
    admin.world.configuration.on("PATCH", f"/api/v1{path}", saved)
    answer = await admin.post(path, **fields_of((await admin.get(path)).text))
    assert answer.status_code == 200
    assert secret in answer.text
    assert answer.headers["cache-control"] == "no-store"
    assert secret not in (await admin.get(path)).text


@pytest.mark.parametrize(
    ("field", "value"),
    [("steps.0.delay_minutes", "soon"), ("repeat", "often"), ("acknowledge_timeout_minutes", "x")],
)
async def test_what_is_no_number_is_said_at_its_field(
    admin: Visitor, field: str, value: str
) -> None:
    path = there(admin.world)
    form = fields_of((await admin.get(path)).text)
    page = await admin.post(path, **{**form, field: value, "name": EVIL})
    assert page.status_code == 422
    assert f'id="{field}-wrong"' in page.text
    assert 'value="&#34;&gt;&lt;script&gt;' in page.text
    assert admin.world.configuration.sent("PATCH", f"/api/v1{path}") == []


async def test_a_webhook_that_is_refused_is_said_at_its_url(admin: Visitor) -> None:
    path = there(admin.world)
    error = {"field": "steps.1.targets.1.url", "message": "leads inside"}
    admin.world.configuration.refuse("PATCH", f"/api/v1{path}", 422, "No", errors=[error])
    page = await admin.post(path, **fields_of((await admin.get(path)).text))
    assert 'id="steps.1.targets.1.url-wrong"' in page.text


async def test_a_policy_that_a_service_names_stays(admin: Visitor) -> None:
    path = there(admin.world)
    admin.world.configuration.refuse("DELETE", f"/api/v1{path}", 409, "checkout needs it.")
    await admin.get(path)
    answer = await admin.post(f"{path}/remove")
    assert (answer.status_code, "checkout needs it." in answer.text) == (409, True)


@pytest.mark.parametrize("user", ["vera", "ada"])
async def test_who_is_no_administrator_sees_the_policy_but_no_form(
    visitor: Visitor, user: str
) -> None:
    await visitor.sign_in(user)
    path = there(visitor.world, name=EVIL)
    ask = visitor.world.configuration
    for verb, to in (("POST", "/policies"), ("PATCH", path), ("DELETE", path)):
        ask.refuse(verb, f"/api/v1{to}", 403, "This needs the role admin.")
    for address in ("/policies", "/policies/new", path):
        page = (await visitor.get(address)).text.partition("<main")[2]
        assert "<form" not in page
        assert "<script>alert" not in page
    assert "Jun Watanabe" in page
    form = {"name": "x", "steps.0.delay_minutes": "5", "steps.0.targets.0.kind": "primary"}
    for address in ("/policies", path, f"{path}/remove"):
        assert (await visitor.post(address, **form)).status_code == 403
