"""History, on call, notifications."""

from collections.abc import Sequence
from datetime import timedelta
from uuid import uuid4

import pytest
from showcase import ADA, DATA, JUN, fill
from web_ui_fakes import Visitor

from shared.contracts.incidents import Status
from shared.contracts.oncall_api import (
    CalendarView,
    CoverageView,
    CurrentView,
    NotificationView,
    ShiftView,
)
from shared.contracts.wire import Severity
from shared.errors import FieldError, Invalid, NotFound
from web_ui.clients import Down


async def test_the_history_shows_every_incident_and_how_long_it_took(responder: Visitor) -> None:
    incidents = responder.world.incidents
    incidents.open("Still open")
    incidents.open(
        "Long gone", status=Status.RESOLVED, mtta_seconds=95, mttr_seconds=4000, assignee=ADA
    )
    text = (await responder.get("/history")).text
    assert "Long gone" in text
    assert "Still open" in text
    assert "after 1 min 35 s" in text
    assert "after 1 h 6 min" in text
    assert "Still open" not in (await responder.get("/history?status=resolved")).text


async def test_an_incident_is_found_by_its_number_whatever_its_state(responder: Visitor) -> None:
    responder.world.incidents.open("Still open")
    assert "Still open" in (await responder.get("/history?text=inc-1")).text


async def test_filters_are_asked_of_the_neighbour_and_stay_in_the_form(responder: Visitor) -> None:
    incidents = responder.world.incidents
    incidents.open("Disk full", service="kafka", severity=Severity.HIGH)
    text = (await responder.get("/history?status=open&severity=high&service=kafka&text=disk")).text
    assert "Disk full" in text
    assert incidents.searches[-1].params() == {
        "limit": 50,
        "status": ["open"],
        "severity": ["high"],
        "service": "kafka",
        "q": "disk",
    }
    for kept in ('value="open" selected', 'value="high" selected', 'value="kafka"', 'value="disk"'):
        assert kept in text
    nothing = (await responder.get("/history?text=nothing-like-this")).text
    assert "Nothing fits" in nothing
    incidents.stored.clear()
    assert "No incident yet" in (await responder.get("/history")).text


async def test_the_history_is_read_page_by_page_with_its_filters(responder: Visitor) -> None:
    for number in range(120):
        age = timedelta(hours=number)
        responder.world.incidents.open(f"Trouble {number:03}", status=Status.RESOLVED, age=age)
    seen, path = 0, "/history?service=checkout"
    while path:
        text = (await responder.get(path)).text
        seen += text.count("Trouble ")
        path = text.partition('rel="next"')[0].rpartition('href="')[2].partition('"')[0]
        path = path.replace("&amp;", "&") if 'rel="next"' in text else ""
        assert not path or "service=checkout" in path
    assert seen == 120
    assert 'rel="first"' in text


async def test_a_search_the_neighbour_refuses_is_explained(
    responder: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def refuse(*_: object) -> None:
        raise Invalid([FieldError("cursor", "is not one of ours")])

    monkeypatch.setattr(responder.world.incidents, "search", refuse)
    response = await responder.get("/history?cursor=x")
    assert response.status_code == 200
    assert "This cannot be searched." in response.text
    assert "cursor: is not one of ours" in response.text


async def test_the_on_call_page_shows_people_gaps_and_what_comes_next(responder: Visitor) -> None:
    fill(responder.world)
    text = (await responder.get("/oncall")).text
    for words in (
        "Payments",
        "Ada Okafor",
        "Jun Watanabe",
        "<strong>Nobody is on call.</strong> Sam Ellis is paged instead.",
        "<strong>A gap is ahead:</strong>",
        "Nobody: a gap",
        "The schedule runs in Europe/Paris.",
    ):
        assert words in text


async def test_a_team_without_a_rotation_is_no_alarm_and_says_who_is_paged(
    responder: Visitor,
) -> None:
    responder.world.oncall.current = [CurrentView(team=DATA, gap=True)]
    assert "No rotation" in (await responder.get("/")).text
    text = (await responder.get("/oncall")).text
    assert "This team has no rotation." in text
    assert "The schedule runs in" not in text
    assert "The catch-all team and the administrators are paged instead." in text
    assert "None planned." in text


async def test_calendars_that_are_missing_leave_the_rest(
    responder: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(responder.world)
    calendars = responder.world.oncall.calendars

    async def down(*arguments: object) -> Sequence[CalendarView]:
        responder.world.oncall.down = True
        try:
            return await calendars(*arguments)  # type: ignore[arg-type]
        finally:
            responder.world.oncall.down = False

    monkeypatch.setattr(responder.world.oncall, "calendars", down)
    text = (await responder.get("/oncall")).text
    assert text.count("They cannot be shown now.") == 3
    assert "Léa Fontaine" in text


async def test_the_next_hand_offs_are_five_at_most(responder: Visitor) -> None:
    now, hour = responder.world.clock.now(), timedelta(hours=1)
    responder.world.oncall.current = [CurrentView(team=DATA, primary=ADA)]
    responder.world.oncall.shifts[DATA.id] = CalendarView(
        team=DATA,
        time_zone="UTC",
        items=[
            ShiftView(start=now + n * hour, end=now + (n + 1) * hour, primary=(ADA, JUN)[n % 2])
            for n in range(-1, 20)
        ],
    )
    text = (await responder.get("/oncall")).text
    assert text.partition("Next hand-offs")[2].count("<li>") == 5


async def test_every_message_is_listed_with_what_became_of_it(responder: Visitor) -> None:
    story = fill(responder.world)
    text = (await responder.get("/notifications")).text
    for words in (
        "Sent",
        "Failed",
        "Pending",
        "Cancelled",
        "451 try again later",
        "Fallback of gap",
        "More alerts</span>",
    ):
        assert words in text
    assert text.count("More alerts") == 1, "its reason is what it is"
    assert f'href="/incidents/{story.id}"' in text


async def test_the_messages_of_one_incident_page_by_page(responder: Visitor) -> None:
    incident_id = uuid4()
    responder.world.oncall.sent = [
        NotificationView(
            id=uuid4(),
            kind="page",
            incident_id=incident_id if n % 2 else uuid4(),
            channel="log",
            outcome="sent",
            title=f"Message {n:03}",
            created_at=responder.world.clock.now(),
        )
        for n in range(130)
    ]
    first = (await responder.get(f"/notifications?incident={incident_id}")).text
    assert first.count("Message ") == 50
    assert f"/notifications?incident={incident_id}&amp;cursor=50" in first
    second = (await responder.get(f"/notifications?incident={incident_id}&cursor=50")).text
    assert second.count("Message ") == 15
    assert 'rel="first"' in second
    everything = (await responder.get("/notifications?incident=nonsense")).text
    assert "Message 000" in everything


@pytest.mark.parametrize("path", ["/oncall", "/notifications", "/history"])
async def test_a_list_whose_neighbour_is_down_says_so(responder: Visitor, path: str) -> None:
    responder.world.oncall_down()
    responder.world.incidents.down = True
    response = await responder.get(path)
    assert response.status_code == 200
    assert "This cannot be shown now" in response.text
    assert "does not answer." in response.text


@pytest.mark.parametrize(
    "path",
    [
        *("/oncall", "/history", "/history?teams=mine", "/calendar", "/people", "/teams"),
        *("/schedules", "/policies", "/services", "/integrations", "/inbox", "/alerts"),
        *("/silences", "/heartbeats"),
    ],
)
async def test_an_update_leaves_the_list_on_the_screen_while_its_neighbour_is_down(
    responder: Visitor, path: str
) -> None:
    world = responder.world
    fill(world)
    await responder.get("/")
    world.oncall.down = world.configuration.down = world.ingestion.down = True
    world.incidents.down = path == "/history"
    part = await responder.get(path, fragment=True)
    assert part.headers["hx-reswap"] == "none"
    assert "does not answer." in part.text
    assert "cannot be shown now</h2>" not in part.text


@pytest.mark.parametrize("path", ["/oncall", "/notifications", "/history"])
async def test_empty_lists_say_what_will_be_there(responder: Visitor, path: str) -> None:
    text = (await responder.get(path)).text
    assert 'class="empty"' in text or 'class="card empty"' in text


@pytest.mark.parametrize("path", ["/oncall", "/notifications", "/history"])
async def test_lists_answer_fragments_too(responder: Visitor, path: str) -> None:
    fill(responder.world)
    part = await responder.get(path, fragment=True)
    assert part.status_code == 200
    assert "<html" not in part.text


@pytest.mark.parametrize("path", ["/", "/oncall"])
async def test_what_leads_nowhere_ahead_is_told_and_nothing_while_all_is_well(
    responder: Visitor, path: str
) -> None:
    assert 'id="coverage"' not in (await responder.get(path)).text
    fill(responder.world)
    text = " ".join((await responder.get(path)).text.split())
    if path == "/":
        assert "1 hole in who can be paged within the next 30 days · Platform" in text
        assert '<a href="/oncall">Look at it</a>' in text
        return
    assert (
        "<strong>1 hole in who can be paged within the next 30 days</strong> Platform, from" in text
    )
    assert "nobody of “Platform, day and night” can be asked." in text
    assert "Without a working contact method: Tomasz Nowak. Concerned: edge and kubernetes." in text


@pytest.mark.parametrize("failure", [NotFound("older"), Down("oncall-service", "No answer.")])
async def test_a_look_ahead_that_cannot_be_asked_for_takes_nothing_away(
    responder: Visitor, monkeypatch: pytest.MonkeyPatch, failure: Exception
) -> None:
    fill(responder.world)

    async def refuse(_token: str) -> CoverageView:
        raise failure

    monkeypatch.setattr(responder.world.oncall, "coverage", refuse)
    for path in ("/", "/oncall"):
        text = (await responder.get(path)).text
        assert 'id="coverage"' not in text
        assert "notice--down" not in text
        assert "Ada Okafor" in text
