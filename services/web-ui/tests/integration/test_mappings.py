"""A mapping is edited and tried beside its result, and saved once it fits."""

from typing import Any

import pytest
from ingestion_world import integration, kept, whole
from setup_pages import EVIL, listed
from web_ui_fakes import Visitor, World

from alert_ingestion.routes.integrations import IntegrationChange
from alert_ingestion.routes.mappings import Trial

MAPPING = {
    "message": "job.error || job.name",
    "severity": "level",
    "severities": {"catastrophe": "critical"},
    "resolved": 'outcome == `"success"`',
    "labels": {"host": "host.name", "*": "labels || tags"},
    "decode": ["Message", "a.b"],
    "defaults": {"severity": "high"},
    "keep_rest": False,
}
FORM = {
    "message": "job.error || job.name",
    "severity": "level",
    "severities": "catastrophe = critical",
    "resolved": 'outcome == `"success"`',
    "labels": "host = host.name\n* = labels || tags",
    "decode": "Message, a.b",
    "default_severity": "high",
    "keep_rest": "no",
}
SAYS = {
    "status": "firing",
    "fingerprint": "job-7",
    "service": "backup",
    "severity": "critical",
    "severity_unknown": True,
    "message": EVIL,
    "group": "nightly",
    "starts_at": "2026-11-27T08:00:00Z",
    "ends_at": None,
    "labels": {"host": "db-1"},
    "annotations": {},
    "links": {},
}


def there(world: World, **fields: Any) -> tuple[str, dict[str, Any]]:
    """A sender of any JSON with a body of its own; its page, and the body."""
    one = integration(**{"kind": "generic", "mapping": MAPPING, **fields})
    path, api = f"/integrations/{one['id']}/mapping", f"/api/v1/integrations/{one['id']}"
    came = kept(one)
    ask = world.ingestion
    ask.on("GET", api, one)
    ask.on("PATCH", api, one)
    ask.on("GET", "/api/v1/inbox", listed(came))
    ask.on("GET", f"/api/v1/inbox/{came['id']}", whole(came, '{"job": {"error": "disk"}}'))
    result = {"inbox_id": None, "received_at": None, "says": [SAYS], "errors": []}
    ask.on("POST", f"{api}/mapping/test", {"results": [result]})
    example = {"title": "Down", "payload": {"name": "web"}}
    ready = {"name": "gatus", "title": "Gatus", "mapping": {}, "examples": [example]}
    ask.on("GET", "/api/v1/mappings", {"items": [ready]})
    return path, came


def tried(world: World, path: str) -> Any:
    (sent,) = world.ingestion.sent("POST", f"/api/v1{path}/test")
    Trial.model_validate(sent)
    return sent


@pytest.fixture
async def admin(visitor: Visitor) -> Visitor:
    """Who may set up."""
    await visitor.sign_in("admin")
    return visitor


async def test_the_mapping_that_is_stored_fills_the_form(admin: Visitor) -> None:
    path, _ = there(admin.world)
    page = (await admin.get(path)).text
    assert 'value="job.error || job.name"' in page
    assert "catastrophe = critical" in page
    assert "* = labels || tags" in page
    assert 'value="no" selected' in page


async def test_it_is_tried_on_the_last_bodies_without_being_saved(admin: Visitor) -> None:
    path, _ = there(admin.world)
    await admin.get(path)
    page = await admin.post(path, do="try", sample="", payload="", **FORM)
    assert page.status_code == 200
    assert tried(admin.world, path) == {"mapping": MAPPING, "last": 5}
    assert "Nobody knows its word for the severity" in page.text
    assert "job-7" in page.text
    assert "<script>alert" not in page.text
    assert "* = labels || tags" in page.text
    assert admin.world.ingestion.sent("PATCH", f"/api/v1{path.removesuffix('/mapping')}") == []


async def test_it_is_tried_on_one_of_the_last_bodies_which_is_shown(admin: Visitor) -> None:
    path, came = there(admin.world)
    await admin.get(path)
    page = await admin.post(path, do="try", sample=f"request:{came['id']}", payload="", **FORM)
    assert tried(admin.world, path)["payload"] == {"job": {"error": "disk"}}
    assert "&#34;error&#34;: &#34;disk&#34;" in page.text


async def test_it_is_tried_on_an_example_of_the_ready_mapping(admin: Visitor) -> None:
    path, _ = there(admin.world)
    await admin.get(path)
    await admin.post(path, do="try", sample="example:0", ready="gatus")
    assert tried(admin.world, path) == {"mapping": {"ready": "gatus"}, "payload": {"name": "web"}}


async def test_it_is_tried_on_a_body_that_is_typed_in(admin: Visitor) -> None:
    path, _ = there(admin.world)
    await admin.get(path)
    await admin.post(path, do="try", sample="typed", payload='{"msg": 1}', message="msg")
    assert tried(admin.world, path) == {"mapping": {"message": "msg"}, "payload": {"msg": 1}}


@pytest.mark.parametrize(
    ("field", "form"),
    [
        ("payload", {"sample": "typed", "payload": "{no json", "message": "msg"}),
        ("payload", {"sample": "typed", "payload": "NaN", "message": "msg"}),
        ("payload", {"sample": "typed", "payload": r'"\ud800"', "message": "msg"}),
        ("payload", {"sample": "typed", "payload": "[" * 10_000, "message": "msg"}),
        ("labels", {"labels": "host", "message": "msg"}),
        ("message", {"message": ""}),
    ],
)
async def test_what_makes_no_sense_is_said_at_its_field(
    admin: Visitor, field: str, form: dict[str, str]
) -> None:
    path, _ = there(admin.world)
    await admin.get(path)
    page = await admin.post(path, do="try", **form)
    assert page.status_code == 422
    assert f'id="{field}-wrong"' in page.text


async def test_what_cannot_be_read_is_said_beside_the_form(admin: Visitor) -> None:
    path, _ = there(admin.world)
    fault = {"field": "message", "message": "says nothing"}
    result = {"inbox_id": None, "received_at": None, "says": [], "errors": [fault]}
    admin.world.ingestion.on("POST", f"/api/v1{path}/test", {"results": [result]})
    await admin.get(path)
    page = (await admin.post(path, do="try", **FORM)).text
    assert "<code>message</code>: says nothing" in page


async def test_it_is_saved_as_it_was_typed(admin: Visitor) -> None:
    path, _ = there(admin.world)
    await admin.get(path)
    answer = await admin.post(path, do="save", **FORM)
    assert answer.headers["location"] == path
    (sent,) = admin.world.ingestion.sent("PATCH", f"/api/v1{path.removesuffix('/mapping')}")
    assert sent == {"mapping": MAPPING}
    IntegrationChange.model_validate(sent)


async def test_an_empty_form_takes_the_mapping_away(admin: Visitor) -> None:
    path, _ = there(admin.world)
    await admin.get(path)
    await admin.post(path, do="save")
    (sent,) = admin.world.ingestion.sent("PATCH", f"/api/v1{path.removesuffix('/mapping')}")
    assert sent == {"mapping": None}


async def test_an_expression_that_is_none_is_said_at_its_field(admin: Visitor) -> None:
    path, _ = there(admin.world)
    api = f"/api/v1{path.removesuffix('/mapping')}"
    errors = [
        {"field": "mapping.labels.host", "message": "is no JMESPath"},
        {"field": "mapping.defaults.service", "message": "is too long"},
    ]
    admin.world.ingestion.refuse("PATCH", api, 422, "No", errors=errors)
    await admin.get(path)
    page = (await admin.post(path, do="save", **FORM)).text
    assert 'id="labels-wrong"' in page
    assert 'id="default_service-wrong"' in page
    assert "job.error || job.name" in page
