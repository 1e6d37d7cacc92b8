"""Roles: whoever may only look acts by no route, whatever their browser sends."""

import re
from uuid import uuid4

import pytest
from showcase import fill
from web_ui_fakes import Visitor

from web_ui.app import HANDLERS

# One's own: session, tastes of this browser, how oneself is reached, one's own calendars. The link
# of a message carries a proof of its own.
OWN = re.compile(
    r"^/(sign-in|sign-out|theme|language|views|me(/.*)?|acknowledge/.*|calendar/feeds.*)$"
)

ACTING = sorted(
    path
    for handler in HANDLERS
    if "POST" in handler.http_methods
    for path in handler.paths
    if not OWN.match(path)
)


def filled_in(path: str) -> str:
    """An address of the route: an id for each of its parts, an action where one is asked for."""
    path = re.sub(r"\{(action|word|what):str\}", "acknowledge", path)
    return re.sub(r"\{[^}]+\}", str(uuid4()), path)


def test_there_are_routes_that_act() -> None:
    assert len(ACTING) > 15


@pytest.mark.parametrize("path", ACTING)
async def test_a_viewer_acts_by_no_route(viewer: Visitor, path: str) -> None:
    world = viewer.world
    story = fill(world)
    for neighbour in (world.configuration, world.ingestion, world.reports):
        neighbour.roles = world.directory.role
    before = dict(world.incidents.stored)
    await viewer.get("/me")
    address = filled_in(path.replace("{incident_id:uuid}", str(story.id)))
    answer = await viewer.post(
        address,
        do="acknowledge",
        incident=[str(story.id)],
        take=str(story.id),
        name="x",
        title="x",
        service="x",
        severity="high",
        text="x",
    )
    # 200: a form that only asks (a check, a preview); 303 would be a change that was made.
    assert answer.status_code in {200, 403, 404, 422, 503}, answer.headers.get("location")
    assert world.incidents.stored == before
    changed = [
        each
        for neighbour in (world.configuration, world.ingestion, world.reports)
        for each in neighbour.let_through
    ]
    assert changed == []
    assert not world.oncall.escalated
    assert not world.oncall.helpers


@pytest.mark.parametrize("path", ACTING)
async def test_nobody_acts_without_a_session_or_with_the_token_of_another(
    visitor: Visitor, path: str
) -> None:
    address = filled_in(path)
    await visitor.get("/sign-in")
    stranger = await visitor.post(address)
    assert stranger.status_code in {303, 401, 403}
    assert stranger.headers.get("location", "/sign-in").startswith("/sign-in")
    await visitor.sign_in("ada")
    visitor.csrf_token = "0" * 128
    forged = await visitor.post(address)
    assert forged.status_code == 403
    for neighbour in (visitor.world.configuration, visitor.world.ingestion):
        assert [each for each in neighbour.asked if each.method != "GET"] == []
