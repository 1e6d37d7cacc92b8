"""Requests as they came: dead letters, why, and their replay."""

from typing import Any

from ingestion_world import integration, kept, whole
from setup_pages import EVIL, listed
from web_ui_fakes import Visitor, World

from alert_ingestion.routes.inbox import ReplayFilter

KUMA = integration(name="Uptime Kuma", kind="generic")
API = "/api/v1/inbox"


def there(world: World, body: str = '{"b": 1, "a": "<i>"}', **fields: Any) -> str:
    """A dead letter; answers the path of its page."""
    one = kept(KUMA, **{name: fields.pop(name) for name in list(fields) if name in _LISTED})
    path = f"/inbox/{one['id']}"
    ask = world.ingestion
    ask.on("GET", API, {"items": [one], "next_cursor": "more"})
    ask.on("GET", f"/api/v1{path}", whole(one, body, **fields))
    return path


_LISTED = ("state", "reason", "detail", "failed", "format")


def asked(world: World) -> dict[str, str]:
    return [each.query for each in world.ingestion.asked if each.path == API][-1]


def replayed(state: str) -> dict[str, Any]:
    return {
        "id": "0193ab00-0000-7000-8000-000000000000",
        "state": state,
        "results": [],
        "reason": "not_mapped" if state == "dead" else None,
        "detail": None,
    }


async def test_dead_letters_are_listed_with_their_reason(responder: Visitor) -> None:
    path = there(responder.world, detail=EVIL)
    page = (await responder.get("/inbox")).text
    assert f'href="{path}"' in page
    assert "Not mapped" in page
    assert "<script>alert" not in page
    assert asked(responder.world) == {"state": "dead", "limit": "50"}
    assert 'href="/inbox?state=dead&amp;cursor=more"' in page


async def test_filters_are_kept_in_the_address(responder: Visitor) -> None:
    there(responder.world)
    query = f"state=any&integration={KUMA['id']}&format=generic&reason=not_mapped"
    page = (await responder.get(f"/inbox?{query}")).text
    assert asked(responder.world) == {
        "integration": KUMA["id"],
        "format": "generic",
        "reason": "not_mapped",
        "limit": "50",
    }
    assert 'value="any" selected' in page
    assert f'<input type="hidden" name="integration" value="{KUMA["id"]}">' in page


async def test_a_request_is_shown_as_it_came_and_escaped(responder: Visitor) -> None:
    path = there(responder.world, headers={"x-evil": EVIL}, failed=[0, 2])
    page = (await responder.get(path)).text
    assert "{\n  &#34;b&#34;: 1,\n  &#34;a&#34;: &#34;&lt;i&gt;&#34;\n}" in page
    assert "<script>alert" not in page
    assert "2 things of it could not be read." in page
    assert "Mend the mapping" not in page


async def test_a_body_that_is_no_json_is_shown_as_it_is(responder: Visitor) -> None:
    path = there(responder.world, body="{no <b>json", is_cut=True)
    page = (await responder.get(path)).text
    assert "{no &lt;b&gt;json" in page
    assert "its beginning" in page


async def test_deeply_nested_json_is_shown_as_it_is(responder: Visitor) -> None:
    path = there(responder.world, body="[" * 100_000)
    assert (await responder.get(path)).status_code == 200


async def test_one_is_replayed(responder: Visitor) -> None:
    path = there(responder.world)
    responder.world.ingestion.on("POST", f"/api/v1{path}/replay", replayed("replayed"))
    await responder.get(path)
    assert (await responder.post(f"{path}/replay")).headers["location"] == path
    assert "Replayed." in (await responder.get(path)).text


async def test_one_that_is_dead_still_is_not_said_to_be_replayed(responder: Visitor) -> None:
    path = there(responder.world)
    responder.world.ingestion.on("POST", f"/api/v1{path}/replay", replayed("dead"))
    await responder.get(path)
    await responder.post(f"{path}/replay")
    page = (await responder.get(path)).text
    assert "It is not understood still" in page
    assert "Replayed." not in page


async def test_all_that_fit_are_replayed_after_being_asked_once_more(responder: Visitor) -> None:
    there(responder.world)
    summary = {"replayed": 7, "alerts": 9, "dead": 1, "paused": 2, "faults": [], "last": None}
    responder.world.ingestion.on("POST", f"{API}/replay", summary)
    page = (await responder.get("/inbox?format=generic")).text
    assert "Replay all of these…" in page
    page = (await responder.post("/inbox/replay", state="dead", format="generic")).text
    (sent,) = responder.world.ingestion.sent("POST", f"{API}/replay")
    assert sent == {"state": "dead", "format": "generic"}
    ReplayFilter.model_validate(sent)
    assert "7 requests were replayed." in page
    assert "They said 9 things. 1 is dead still. 2 wait, paused." in page


async def test_one_that_was_taken_offers_no_replay(responder: Visitor) -> None:
    path = there(responder.world, state="taken", reason=None, detail=None)
    assert "/replay" not in (await responder.get(path)).text
    assert "Replay all" not in (await responder.get("/inbox?state=taken")).text


async def test_a_refused_replay_is_said_on_the_page(responder: Visitor) -> None:
    path = there(responder.world)
    for to in (f"/api/v1{path}/replay", f"{API}/replay"):
        responder.world.ingestion.refuse("POST", to, 409, "Somebody replays it now.")
    await responder.get(path)
    for to in (f"{path}/replay", "/inbox/replay"):
        page = await responder.post(to)
        assert page.status_code == 409
        assert "Somebody replays it now." in page.text


async def test_administrators_get_to_the_mapping(visitor: Visitor) -> None:
    await visitor.sign_in("admin")
    path = there(visitor.world)
    visitor.world.ingestion.on("GET", "/api/v1/integrations", listed(KUMA))
    assert f'href="/integrations/{KUMA["id"]}/mapping"' in (await visitor.get(path)).text


async def test_without_dead_letters_all_is_well(responder: Visitor) -> None:
    assert "Everything was understood" in (await responder.get("/inbox")).text


async def test_the_inbox_is_not_for_viewers(viewer: Visitor) -> None:
    path = there(viewer.world)
    for verb, to in (
        ("GET", API),
        ("GET", f"/api/v1{path}"),
        ("POST", f"/api/v1{path}/replay"),
        ("POST", f"{API}/replay"),
    ):
        viewer.world.ingestion.refuse(verb, to, 403, "This needs the role responder.")
    assert 'href="/inbox"' not in (await viewer.get("/alerts")).text
    assert (await viewer.get("/inbox")).status_code == 403
    assert (await viewer.get(path)).status_code == 403
    assert (await viewer.post(f"{path}/replay")).status_code == 403
    assert (await viewer.post("/inbox/replay")).status_code == 403
