"""Links in messages: signed by oncall-service, taken here, without asking it."""

import secrets
from collections.abc import AsyncIterator, Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

import jwt
import pytest

from shared.contracts.wire import Ref
from shared.identifiers import new_id
from shared.links import Link, Links, LinkSettings
from vigie_testing.clock import ManualClock

ALICE, BOB = Ref(id=UUID(int=1), name="Alice"), Ref(id=UUID(int=2), name="Bob")
KEY, OLD_KEY = secrets.token_urlsafe(48), secrets.token_urlsafe(48)


@pytest.fixture
async def linked(start_service: Callable[..., Any]) -> AsyncIterator[Any]:
    """The service with a key that signs and one that was replaced."""
    made = start_service(link_keys=f"{KEY},{OLD_KEY}")
    # As while oncall-service is down: nobody can tell whose a token is.
    made.tokens.down = made.people.down = True
    async with made.client:
        yield made


def link(service: Any, incident: dict[str, Any], who: Ref = ALICE, key: str = KEY) -> str:
    about = Link(new_id(), UUID(incident["id"]), who, "email")
    return Links(LinkSettings(link_keys=key)).sign(about, service.clock.now())


async def ask(service: Any, what: str, token: str) -> dict[str, Any]:
    response = await service.client.post(
        f"/internal/v1/links/{what}", json={"token": token}, headers=service.service("web-ui")
    )
    assert response.status_code == 200, response.text
    return dict(response.json())


async def status(service: Any, incident: dict[str, Any]) -> str:
    """As the database has it: there is nobody to sign in with."""
    [[found]] = service.database.query(
        "SELECT status FROM incidents WHERE id = %(id)s::uuid", {"id": incident["id"]}
    )
    return str(found)


async def opened(service: Any) -> dict[str, Any]:
    (result,) = await service.alert_events(service.event("alert.opened"))
    return {"id": result["incident_id"]}


async def test_twenty_looks_change_nothing_and_do_not_use_it_up(linked: Any) -> None:
    incident = await opened(linked)
    token = link(linked, incident)
    for _ in range(20):
        seen = await ask(linked, "look", token)
        assert (seen["outcome"], seen["incident"]["title"]) == ("open", "Checkout is slow")
    assert await status(linked, incident) == "open"
    used = await ask(linked, "use", token)
    assert (used["outcome"], used["person"]["name"]) == ("acknowledged", "Alice")
    assert await status(linked, incident) == "acknowledged"


async def test_the_record_says_who_acknowledged_and_through_what(linked: Any) -> None:
    incident = await opened(linked)
    await ask(linked, "use", link(linked, incident))
    linked.tokens.down = False
    after = await linked.get(incident["id"])
    assert after["acknowledged_by"] == "Alice"
    assert after["assignee"] == {"id": str(ALICE.id), "name": "Alice"}
    entry = (await linked.timeline(incident["id"]))[-1]
    assert (entry["actor"]["name"], entry["data"]["by_link"]) == ("Alice", "email")
    assert entry["text"] == "Alice acknowledged by the link in a message (email)."
    await linked.deliver()
    assert linked.neighbours.told_oncall()[-1]["incident"]["status"] == "acknowledged"


async def test_used_twice_it_says_the_same_and_changes_nothing(linked: Any) -> None:
    incident = await opened(linked)
    token = link(linked, incident)
    await ask(linked, "use", token)
    linked.tokens.down = False
    before = await linked.timeline(incident["id"])
    assert (await ask(linked, "use", token))["outcome"] == "acknowledged"
    assert await linked.timeline(incident["id"]) == before


async def test_a_link_that_was_used_does_nothing_when_the_incident_is_open_again(
    linked: Any,
) -> None:
    incident = await opened(linked)
    token = link(linked, incident)
    await ask(linked, "use", token)
    linked.tokens.down = False
    await linked.patch(incident["id"], status="open")
    assert (await ask(linked, "look", token))["outcome"] == "used"
    assert (await ask(linked, "use", token))["outcome"] == "used"
    assert await status(linked, incident) == "open"
    assert (await ask(linked, "use", link(linked, incident)))["outcome"] == "acknowledged"


async def test_a_lost_race_says_who_has_it(linked: Any) -> None:
    incident = await opened(linked)
    await ask(linked, "use", link(linked, incident, BOB))
    late = await ask(linked, "use", link(linked, incident, ALICE))
    assert (late["outcome"], late["by"]) == ("taken", "Bob")


async def test_an_incident_that_is_over_stays_over(linked: Any) -> None:
    incident = await opened(linked)
    linked.tokens.down = False
    await linked.patch(incident["id"], status="resolved")
    assert (await ask(linked, "use", link(linked, incident)))["outcome"] == "over"
    assert await status(linked, incident) == "resolved"


async def test_after_a_day_it_does_nothing(linked: Any) -> None:
    incident = await opened(linked)
    token = link(linked, incident)
    linked.clock.advance(timedelta(hours=24))
    assert (await ask(linked, "look", token))["outcome"] == "expired"
    assert (await ask(linked, "use", token))["outcome"] == "expired"
    assert await status(linked, incident) == "open"


async def test_a_key_that_was_replaced_is_still_taken_and_a_foreign_one_is_not(
    linked: Any,
) -> None:
    incident = await opened(linked)
    foreign = link(linked, incident, key=secrets.token_urlsafe(48))
    assert (await ask(linked, "use", foreign))["outcome"] == "invalid"
    assert await status(linked, incident) == "open"
    assert (await ask(linked, "use", link(linked, incident, key=OLD_KEY)))["outcome"] == (
        "acknowledged"
    )


async def test_what_was_changed_on_its_way_does_nothing(linked: Any) -> None:
    incident, other = await opened(linked), await opened(linked)
    token = link(linked, incident)
    head, body, signature = token.split(".")
    claims = jwt.decode(token, options={"verify_signature": False})
    forged = jwt.encode({**claims, "inc": other["id"]}, "", algorithm="none")
    wrong = [
        f"{head}.{body}.{signature[:-2]}AA",
        forged,
        f"{head}.{forged.split('.')[1]}.{signature}",
        jwt.encode({**claims, "aud": "vigie:other"}, KEY, algorithm="HS256"),
        "x",
        "a.b.c",
    ]
    for one in wrong:
        assert (await ask(linked, "use", one))["outcome"] == "invalid", one
    assert await status(linked, incident) == await status(linked, other) == "open"


async def test_a_link_for_an_incident_that_is_unknown_does_nothing(linked: Any) -> None:
    assert (await ask(linked, "use", link(linked, {"id": str(new_id())})))["outcome"] == "invalid"


async def test_nobody_but_the_pages_may_ask(linked: Any) -> None:
    for caller in ("oncall-service", "alert-ingestion"):
        refused = await linked.client.post(
            "/internal/v1/links/use", json={"token": "x"}, headers=linked.service(caller)
        )
        assert refused.status_code == 403


async def test_used_links_are_forgotten_when_they_are_too_old_to_matter(linked: Any) -> None:
    incident = await opened(linked)
    await ask(linked, "use", link(linked, incident))
    linked.clock.advance(timedelta(hours=47))
    await linked.tidy()
    assert linked.database.query("SELECT count(*) FROM used_links") == [(1,)]
    linked.clock.advance(timedelta(hours=2))
    await linked.tidy()
    assert linked.database.query("SELECT count(*) FROM used_links") == [(0,)]


def test_a_key_that_is_too_short_stops_the_start() -> None:
    with pytest.raises(ValueError, match="fewer than 32"):
        Links(LinkSettings(link_keys="secret"))


def test_without_a_key_there_is_no_link() -> None:
    links = Links(LinkSettings())
    assert links.sign(Link(new_id(), new_id(), ALICE, "log"), ManualClock().now()) == ""
