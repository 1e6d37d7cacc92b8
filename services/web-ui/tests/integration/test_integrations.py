"""Senders: let in, told what to paste, tested, changed, given another key, revoked."""

from typing import Any

import pytest
from ingestion_world import became, integration
from setup_pages import EVIL, listed
from web_ui_fakes import Visitor, World

from alert_ingestion.routes.integrations import (
    IntegrationChange,
    NewIntegration,
    Rotation,
    TestAlert,
)

API = "/api/v1/integrations"
KEY = "vgi_made-just-now"
SETTINGS = {
    "name": "Prometheus, Europe",
    "kind": "alertmanager",
    "auto_resolve": "1",
    "resolve_timeout_seconds": "",
    "correlation_labels": "cluster, app",
    "correlation_window_seconds": "600",
    "correlation_max_age_seconds": "",
    "service_labels": "",
    "storm_incidents": "0",
    "flap_openings": "",
    "requests_per_minute": "1000",
    "severities": "page = critical\nticket = low",
}


def there(world: World, **fields: Any) -> str:
    """A sender that is simply there; answers the path of its page."""
    one = integration(**fields)
    path, api = f"/integrations/{one['id']}", f"{API}/{one['id']}"
    ask = world.ingestion
    ask.on("GET", API, listed(one))
    ask.on("GET", api, one)
    ask.on("PATCH", api, one)
    ask.on("POST", API, {**one, "key": KEY})
    ask.on("POST", f"{api}/rotate", {**one, "key": KEY})
    ask.on("POST", f"{api}/test", became())
    for verb in ("pause", "resume", "revoke"):
        ask.on("POST", f"{api}/{verb}", one)
    mapping = {"message": "msg"}
    ready = {"name": "gatus", "title": "Gatus", "docs": "", "mapping": mapping, "examples": []}
    ask.on("GET", "/api/v1/mappings", {"items": [ready]})
    return path


@pytest.fixture
async def admin(visitor: Visitor) -> Visitor:
    """Who may set up."""
    await visitor.sign_in("admin")
    return visitor


async def test_the_list_says_whether_a_sender_is_heard_and_what_went_wrong(admin: Visitor) -> None:
    error = {"reason": "unreadable", "detail": "no JSON"}
    there(
        admin.world,
        name=EVIL,
        dead=3,
        alerts=1200,
        last_error=error,
        last_error_at="2026-11-27T08:00:00Z",
        paused_at="2026-11-27T08:00:00Z",
    )
    page = (await admin.get("/integrations")).text
    assert "Paused" in page
    assert "1,200" in page
    assert "Unreadable" in page
    assert "/inbox?state=dead&amp;integration=" in page
    assert "<script>alert" not in page


async def test_without_a_sender_the_list_says_what_to_do(admin: Visitor) -> None:
    page = (await admin.get("/integrations")).text
    assert 'href="/integrations/new"' in page
    assert "No integration yet" in page


async def test_a_sender_is_let_in_and_its_key_is_shown_once_in_what_is_pasted(
    admin: Visitor,
) -> None:
    path = there(admin.world)
    page = (await admin.get("/integrations/new")).text
    assert "Prometheus or Alertmanager" in page
    assert "Gatus" in page
    answer = await admin.post("/integrations", name="Prometheus, Europe", kind="alertmanager")
    assert answer.status_code == 200
    assert f'<code class="secret" id="key">{KEY}</code>' in answer.text
    assert f"authorization: {{credentials: &#34;{KEY}&#34;}}" in answer.text
    assert "url: http://127.0.0.1:8001/api/v1/webhooks/alertmanager" in answer.text
    assert "targets: [&#34;127.0.0.1:8001&#34;]" in answer.text
    (sent,) = admin.world.ingestion.sent("POST", API)
    assert sent == {"name": "Prometheus, Europe", "kind": "alertmanager"}
    NewIntegration.model_validate(sent)
    later = (await admin.get(path)).text
    assert KEY not in later
    assert "YOUR-KEY" in later


async def test_a_sender_with_a_ready_mapping_is_one_of_generic_json(admin: Visitor) -> None:
    there(admin.world, kind="generic", mapping={"ready": "gatus"})
    await admin.get("/integrations/new")
    answer = await admin.post("/integrations", name="Gatus", kind="ready:gatus")
    (sent,) = admin.world.ingestion.sent("POST", API)
    assert sent == {
        "name": "Gatus",
        "kind": "generic",
        "mapping": {"ready": "gatus"},
        "confirm_subscriptions": False,
    }
    NewIntegration.model_validate(sent)
    assert "send-on-resolved: true" in answer.text


async def test_a_name_that_is_taken_keeps_what_was_typed(admin: Visitor) -> None:
    there(admin.world)
    errors = [{"field": "name", "message": "is taken"}]
    admin.world.ingestion.refuse("POST", API, 422, "No", errors=errors)
    await admin.get("/integrations/new")
    page = await admin.post("/integrations", name=EVIL, kind="grafana")
    assert page.status_code == 422
    assert 'id="name-wrong"' in page.text
    assert 'value="grafana" selected' in page.text
    assert "<script>alert" not in page.text


async def test_a_test_alert_leads_to_its_incident(admin: Visitor) -> None:
    path = there(admin.world)
    made = became()
    admin.world.ingestion.on("POST", f"/api/v1{path}/test", made)
    await admin.get(path)
    page = await admin.post(f"{path}/test", severity="low", service="")
    assert f'href="/incidents/{made["incident_id"]}"' in page.text
    assert "Open the incident" in page.text
    (sent,) = admin.world.ingestion.sent("POST", f"/api/v1{path}/test")
    assert sent == {"severity": "low", "service": None}
    TestAlert.model_validate(sent)


async def test_a_test_alert_that_is_held_back_says_so(admin: Visitor) -> None:
    path = there(admin.world)
    held = became(incident_id=None, action="held", reason="silenced")
    admin.world.ingestion.on("POST", f"/api/v1{path}/test", held)
    await admin.get(path)
    page = (await admin.post(f"{path}/test", severity="low", service="shop")).text
    assert "It pages nobody: Silenced." in page
    assert f'href="/alerts/{held["alert_id"]}"' in page


async def test_settings_are_saved_and_an_empty_one_follows_the_service(admin: Visitor) -> None:
    path = there(admin.world)
    await admin.get(path)
    answer = await admin.post(path, **SETTINGS)
    assert answer.headers["location"] == path
    (sent,) = admin.world.ingestion.sent("PATCH", f"/api/v1{path}")
    assert sent == {
        "name": "Prometheus, Europe",
        "kind": "alertmanager",
        "auto_resolve": True,
        "confirm_subscriptions": False,
        "resolve_timeout_seconds": None,
        "correlation_window_seconds": 600,
        "correlation_max_age_seconds": None,
        "storm_incidents": 0,
        "flap_openings": None,
        "requests_per_minute": 1000,
        "correlation_labels": ["cluster", "app"],
        "service_labels": None,
        "severities": {"page": "critical", "ticket": "low"},
    }
    IntegrationChange.model_validate(sent)
    assert "Saved." in (await admin.get(path)).text


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("severities", "page"),
        ("severities", "page = low\npage = high"),
        ("storm_incidents", "many"),
    ],
)
async def test_a_setting_that_makes_no_sense_is_said_at_its_field(
    admin: Visitor, field: str, value: str
) -> None:
    path = there(admin.world)
    await admin.get(path)
    page = await admin.post(path, **{**SETTINGS, field: value})
    assert page.status_code == 422
    assert f'id="{field}-wrong"' in page.text
    assert value.split("\n", maxsplit=1)[0] in page.text
    assert admin.world.ingestion.sent("PATCH", f"/api/v1{path}") == []


async def test_another_key_is_shown_once_and_the_one_before_is_good_for_a_while(
    admin: Visitor,
) -> None:
    path = there(admin.world)
    await admin.get(path)
    page = await admin.post(f"{path}/rotate", overlap="86400")
    assert KEY in page.text
    (sent,) = admin.world.ingestion.sent("POST", f"/api/v1{path}/rotate")
    assert sent == {"overlap_seconds": 86_400}
    Rotation.model_validate(sent)


@pytest.mark.parametrize("verb", ["pause", "resume", "revoke"])
async def test_a_sender_is_paused_resumed_and_revoked(admin: Visitor, verb: str) -> None:
    path = there(admin.world)
    await admin.get(path)
    assert (await admin.post(f"{path}/{verb}")).headers["location"] == path
    assert len(admin.world.ingestion.sent("POST", f"/api/v1{path}/{verb}")) == 1
    assert (await admin.post(f"{path}/explode")).status_code == 404


async def test_one_that_is_revoked_offers_nothing_to_paste(admin: Visitor) -> None:
    path = there(admin.world, revoked_at="2026-11-27T08:00:00Z")
    page = (await admin.get(path)).text
    assert "nothing of it is taken any more" in page
    assert "/rotate" not in page
    assert "Send a test alert" not in page


@pytest.mark.parametrize("verb", ["rotate", "test", "pause"])
async def test_a_refusal_is_said_on_the_page(admin: Visitor, verb: str) -> None:
    path = there(admin.world)
    admin.world.ingestion.refuse("POST", f"/api/v1{path}/{verb}", 409, "This was revoked.")
    await admin.get(path)
    page = await admin.post(f"{path}/{verb}", overlap="0", severity="low")
    assert page.status_code == 409
    assert "This was revoked." in page.text


@pytest.mark.parametrize("user", ["vera", "ada"])
async def test_integrations_are_for_administrators(visitor: Visitor, user: str) -> None:
    await visitor.sign_in(user)
    path = there(visitor.world)
    api = f"/api/v1{path}"
    for verb, to in (
        ("GET", API),
        ("GET", api),
        ("POST", API),
        ("PATCH", api),
        ("POST", f"{api}/rotate"),
        ("POST", f"{api}/test"),
        ("POST", f"{api}/revoke"),
    ):
        visitor.world.ingestion.refuse(verb, to, 403, "This needs the role admin.")
    assert 'href="/integrations"' not in (await visitor.get("/teams")).text
    for address in ("/integrations", path):
        assert (await visitor.get(address)).status_code == 403
    for address in ("/integrations", path, f"{path}/rotate", f"{path}/test", f"{path}/revoke"):
        assert (await visitor.post(address, name="x")).status_code == 403


async def test_while_alert_ingestion_is_down_the_page_says_so(admin: Visitor) -> None:
    admin.world.ingestion.down = True
    page = await admin.get("/integrations")
    assert page.status_code == 200
    assert "This cannot be shown now" in page.text
