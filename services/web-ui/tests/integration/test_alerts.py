"""The stream of alerts, and one of them."""

from typing import Any
from uuid import uuid4

import pytest
from ingestion_world import alert, integration, ref
from setup_pages import EVIL, listed
from web_ui_fakes import Visitor, World

PROMETHEUS = integration()


def there(world: World, **fields: Any) -> dict[str, Any]:
    """An alert in the stream."""
    one = alert(PROMETHEUS, **fields)
    world.ingestion.on("GET", "/api/v1/alerts", {"items": [one], "next_cursor": "more"})
    world.ingestion.on("GET", f"/api/v1/alerts/{one['id']}", one)
    return one


def asked(world: World) -> dict[str, str]:
    last, *_ = [
        each.query for each in reversed(world.ingestion.asked) if each.path == "/api/v1/alerts"
    ]
    return last


async def test_the_stream_leads_to_each_alert_and_to_its_incident(viewer: Visitor) -> None:
    one = there(viewer.world)
    page = (await viewer.get("/alerts")).text
    assert f'href="/alerts/{one["id"]}"' in page
    assert f'href="/incidents/{one["incident_id"]}"' in page
    assert "Prometheus, Europe" in page
    assert asked(viewer.world) == {"limit": "50"}
    assert 'href="/alerts?cursor=more"' in page


async def test_filters_are_kept_in_the_address_and_asked_of_the_service(viewer: Visitor) -> None:
    there(viewer.world)
    query = (
        "status=firing&held=silenced&severity=high&service=kafka"
        f"&integration={PROMETHEUS['id']}&cursor=next"
    )
    page = (await viewer.get(f"/alerts?{query}")).text
    assert asked(viewer.world) == {
        "limit": "50",
        "status": "firing",
        "held": "silenced",
        "severity": "high",
        "service": "kafka",
        "integration": PROMETHEUS["id"],
        "cursor": "next",
    }
    assert (
        f"held=silenced&amp;severity=high&amp;service=kafka&amp;integration={PROMETHEUS['id']}"
        in page
    )
    assert '<input type="hidden" name="held" value="silenced">' in page
    assert 'value="kafka"' in page


async def test_values_that_do_not_exist_count_as_not_given(viewer: Visitor) -> None:
    there(viewer.world)
    await viewer.get("/alerts?status=loud&held=x&severity=worst&integration=1%27&service=%00a")
    assert asked(viewer.world) == {"limit": "50", "service": "a"}


async def test_administrators_choose_among_all_integrations(visitor: Visitor) -> None:
    await visitor.sign_in("admin")
    other = integration(name="Grafana")
    there(visitor.world)
    visitor.world.ingestion.on("GET", "/api/v1/integrations", listed(PROMETHEUS, other))
    assert f'<option value="{other["id"]}">Grafana' in (await visitor.get("/alerts")).text


async def test_alerts_a_minute_are_a_picture_with_a_table_behind_it(viewer: Visitor) -> None:
    minutes = [{"at": f"2026-11-27T08:{minute:02}:00Z", "received": minute} for minute in range(60)]
    minutes.append({"at": "2026-11-27T09:00:00Z", "received": 1})
    rate = {"minutes": minutes, "firing": 23, "silenced": 1}
    viewer.world.ingestion.on("GET", "/api/v1/alerts/rate", rate)
    page = (await viewer.get("/alerts")).text
    assert "23 alerts fire now" in page
    assert "1 is silenced" in page
    assert "<title>08:59: 59 alerts</title>" in page
    assert '<th scope="row">08:59</th><td>59</td>' in page
    # The minute that is not over would look like a lull.
    assert '<th scope="row">09:00</th>' not in page


async def test_without_alerts_the_page_says_what_to_do(visitor: Visitor) -> None:
    await visitor.sign_in("admin")
    assert "No alert yet" in (await visitor.get("/alerts")).text
    assert "To the integrations" in (await visitor.get("/alerts")).text
    assert "Nothing fits" in (await visitor.get("/alerts?status=firing")).text


async def test_an_alert_is_shown_with_all_that_its_sender_said_in_its_order(
    viewer: Visitor,
) -> None:
    labels = {"zone": "b", "alertname": EVIL, "app": "x"}
    links = {
        "generator": "https://p.example.com/",
        "evil": "javascript:alert(1)",
        "bad": "http://[",
    }
    notes = {"runbook": "see https://r.example.com/x"}
    one = there(viewer.world, labels=labels, links=links, annotations=notes, message=EVIL)
    page = (await viewer.get(f"/alerts/{one['id']}")).text
    assert (
        page.index("<dt>zone</dt>") < page.index("<dt>alertname</dt>") < page.index("<dt>app</dt>")
    )
    assert 'href="https://p.example.com/"' in page
    assert 'href="https://r.example.com/x"' in page
    assert "javascript:" not in page
    assert "<script>alert" not in page
    assert "Silence this" not in page


async def test_what_was_decided_about_it_is_told_with_what_held_it_back(viewer: Visitor) -> None:
    silence, rule = str(uuid4()), str(uuid4())
    one = there(viewer.world, held="silenced", held_by=[silence], incident_id=None)
    decisions = [
        {
            "at": "2026-11-27T08:31:00Z",
            "reason": "silenced",
            "data": {"by": [silence], "until": "2026-11-27T10:00:00Z"},
        },
        {"at": "2026-11-27T08:32:00Z", "reason": "silence_ended", "data": {}},
        {"at": "2026-11-27T08:33:00Z", "reason": "inhibited", "data": {"by": [rule], "until": 7}},
    ]
    path = f"/api/v1/alerts/{one['id']}/timeline"
    viewer.world.ingestion.on("GET", path, listed(*decisions))
    page = (await viewer.get(f"/alerts/{one['id']}")).text
    assert f'href="/silences/{silence}"' in page
    assert f'href="/silences#rule-{rule}"' in page
    assert "Silence ended" in page
    assert "until <time" in page


@pytest.mark.parametrize(
    ("labels", "expected"),
    [
        (
            {"alertname": 'say "x"', "a b": "é"},
            "alertname=&#34;say \\&#34;x\\&#34;&#34;\n&#34;a b&#34;=&#34;é&#34;",
        ),
        ({}, "service=&#34;checkout-api&#34;\nalertname=&#34;It burns&#34;"),
    ],
)
async def test_responders_silence_just_this_one(
    responder: Visitor, labels: dict[str, str], expected: str
) -> None:
    one = there(responder.world, labels=labels, message="It burns")
    page = (await responder.get(f"/alerts/{one['id']}")).text
    assert f'name="matchers" value="{expected}"' in page


async def test_one_that_is_not_there_is_a_page_that_says_so(viewer: Visitor) -> None:
    path = f"/alerts/{uuid4()}"
    viewer.world.ingestion.refuse("GET", f"/api/v1{path}", 404, "There is no alert.")
    assert (await viewer.get(path)).status_code == 404


async def test_while_alert_ingestion_is_down_an_update_leaves_the_page_as_it_is(
    viewer: Visitor,
) -> None:
    viewer.world.ingestion.down = True
    assert "This cannot be shown now" in (await viewer.get("/alerts")).text
    update = await viewer.get("/alerts", fragment=True)
    assert update.headers["hx-reswap"] == "none"
    assert ref(PROMETHEUS)["name"] not in update.text
