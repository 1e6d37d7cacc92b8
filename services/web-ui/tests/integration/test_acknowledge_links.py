"""The page that a link in a message leads to: no sign-in, no cookie, no script."""

import pytest
from web_ui_fakes import Visitor, World

from shared.contracts.incident_api import LinkView
from shared.contracts.wire import Ref
from shared.identifiers import new_id

ADDRESS = "/acknowledge/abc.def-_g.h"
TOKEN = ADDRESS.rpartition("/")[2]
ADA = Ref(id=new_id(), name="Ada")


def linked(world: World, outcome: str, **more: str) -> None:
    incident = world.incidents.open("<b>Checkout</b> is down")
    view = {"outcome": outcome, "incident": incident, "person": ADA, **more}
    world.incidents.links[TOKEN] = LinkView.model_validate(view)


async def test_it_shows_the_incident_and_acknowledges_on_a_post_alone(
    visitor: Visitor, world: World
) -> None:
    linked(world, "open")
    for _ in range(20):
        page = await visitor.client.get(ADDRESS)
        assert page.status_code == 200
    assert "&lt;b&gt;Checkout&lt;/b&gt; is down" in page.text
    assert "Acknowledge as Ada" in page.text
    assert world.incidents.used == []
    done = await visitor.client.post(ADDRESS)
    assert done.status_code == 200
    assert "Ada, you have it." in done.text
    assert world.incidents.used == [TOKEN]


async def test_the_button_of_a_notification_needs_no_form_and_no_page_before(
    visitor: Visitor, world: World
) -> None:
    linked(world, "open")
    visitor.client.cookies.clear()
    headers = {"Sec-Fetch-Site": "cross-site"}
    assert (await visitor.client.post(ADDRESS, headers=headers)).status_code == 200
    assert world.incidents.used == [TOKEN]


@pytest.mark.parametrize(
    ("outcome", "status", "says"),
    [
        ("taken", 200, "Ben has it already."),
        ("over", 200, "It is over."),
        ("used", 409, "This link was used before"),
        ("expired", 410, "This link is too old."),
        ("invalid", 404, "This link does nothing."),
    ],
)
async def test_what_does_nothing_says_so(
    visitor: Visitor, world: World, outcome: str, status: int, says: str
) -> None:
    if outcome in {"expired", "invalid"}:
        world.incidents.links[TOKEN] = LinkView.model_validate({"outcome": outcome})
    else:
        linked(world, outcome, by="Ben")
    for response in (await visitor.client.get(ADDRESS), await visitor.client.post(ADDRESS)):
        assert response.status_code == status
        assert says in response.text


async def test_the_address_goes_nowhere_else(visitor: Visitor, world: World) -> None:
    linked(world, "open")
    headers = (await visitor.client.get(ADDRESS)).headers
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["x-robots-tag"] == "noindex"
    assert headers["cache-control"] == "no-store"


async def test_it_works_while_oncall_service_is_down(visitor: Visitor, world: World) -> None:
    linked(world, "open")
    world.directory.down = True
    assert "Ada, you have it." in (await visitor.client.post(ADDRESS)).text


async def test_incident_management_being_down_is_said_as_such(
    visitor: Visitor, world: World
) -> None:
    linked(world, "open")
    world.incidents.down = True
    assert (await visitor.client.post(ADDRESS)).status_code == 503


@pytest.mark.parametrize(
    ("outcome", "status"), [("open", 200), ("taken", 200), ("used", 409), ("expired", 410)]
)
async def test_a_service_worker_is_told_the_outcome_in_a_word(
    visitor: Visitor, world: World, outcome: str, status: int
) -> None:
    linked(world, outcome, by="Ben")
    answer = await visitor.client.post(ADDRESS, headers={"Accept": "application/json"})
    assert answer.status_code == status
    assert answer.json() == {
        "outcome": "acknowledged" if outcome == "open" else outcome,
        "by": "Ben",
    }
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["x-robots-tag"] == "noindex"
