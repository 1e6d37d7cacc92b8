import re
from datetime import timedelta
from uuid import uuid4

from showcase import ADA, SAM, fill
from web_ui_fakes import Visitor

from shared.contracts.incidents import Status
from shared.contracts.oncall_api import CurrentView, OnDuty
from shared.contracts.wire import Ref, Severity


async def test_the_dashboard_shows_what_is_open_and_how_bad(responder: Visitor) -> None:
    world = responder.world
    incident = world.incidents.open(age=timedelta(minutes=5), alert_count=3, assignee=ADA)
    world.incidents.open("Old trouble", status=Status.RESOLVED, mtta_seconds=60, mttr_seconds=600)
    text = (await responder.get("/")).text
    assert "<title>(1) Open incidents" in text
    assert f'href="/incidents/{incident.id}">Checkout answers 500</a>' in text
    assert "INC-1" in text
    assert "Ada Okafor" in text
    assert (
        '<time datetime="2026-03-02T08:55:00Z" title="2 Mar 2026, 08:55 UTC" '
        'data-time="relative">5 min ago</time>'
    ) in text
    assert "Old trouble" not in text
    assert re.findall(r"<dt>(\w+)</dt><dd>(\d+)</dd>", text) == [
        ("Critical", "1"),
        ("High", "0"),
        ("Medium", "0"),
        ("Low", "0"),
    ]
    assert "<dd>1 min<small>mean, last 7 days</small>" in text
    assert "<dd>10 min<small>mean, last 7 days</small>" in text


async def test_the_worst_stands_first_and_the_neighbour_is_asked_so(responder: Visitor) -> None:
    incidents = responder.world.incidents
    incidents.open("low one", severity=Severity.LOW)
    incidents.open("critical one")
    text = (await responder.get("/")).text
    assert text.index("critical one") < text.index("low one")
    assert incidents.searches[-1].params() == {
        "limit": 200,
        "status": ["open", "acknowledged", "in_progress"],
        "sort": "severity",
    }


async def test_a_quiet_day_says_so(responder: Visitor) -> None:
    text = (await responder.get("/")).text
    assert "All quiet" in text
    assert "No team has an escalation policy yet." in text


async def test_a_team_without_a_rotation_shows_who_its_policy_pages(responder: Visitor) -> None:
    responder.world.oncall.current = [
        CurrentView(team=Ref(id=uuid4(), name="Catch-all"), gap=True, fallback=SAM)
    ]
    text = (await responder.get("/")).text
    assert "<strong>Sam Ellis</strong>" in text
    assert "No rotation: always paged" in text


async def test_with_nothing_open_the_title_counts_nothing(responder: Visitor) -> None:
    assert "<title>Open incidents" in (await responder.get("/")).text


async def test_who_is_on_call_and_a_gap_are_on_the_dashboard(responder: Visitor) -> None:
    responder.world.oncall.current = [
        CurrentView(team=Ref(id=uuid4(), name="Payments"), primary=ADA),
        CurrentView(
            team=Ref(id=uuid4(), name="Data"),
            gap=True,
            until=responder.world.clock.now() + timedelta(hours=5),
            fallback=OnDuty(id=uuid4(), name="Sam"),
        ),
    ]
    text = (await responder.get("/")).text
    assert "<strong>Ada Okafor</strong>" in text
    assert "<strong>Nobody</strong>" in text
    assert "Gap: Sam is paged" in text


async def test_somebody_on_call_who_cannot_be_reached_is_shown_as_that(responder: Visitor) -> None:
    responder.world.oncall.current = [
        CurrentView(
            team=Ref(id=uuid4(), name="Payments"),
            primary=OnDuty(id=uuid4(), name="Sam", reachable=False),
            secondary=ADA,
        ),
    ]
    for path in ("/", "/oncall"):
        assert (await responder.get(path)).text.count("No working contact method") == 1


async def test_the_same_view_answers_page_and_fragment(responder: Visitor) -> None:
    responder.world.incidents.open()
    page, part = await responder.get("/"), await responder.get("/", fragment=True)
    assert "<html" in page.text
    assert "<html" not in part.text
    assert "Checkout answers 500" in part.text
    assert '<div id="outages" hx-swap-oob="innerHTML"></div>' in part.text
    restored = await responder.get("/", fragment=True, **{"HX-History-Restore-Request": "true"})
    assert "<html" in restored.text


async def test_an_incident_is_acknowledged_from_its_row_and_the_list_comes_back(
    responder: Visitor,
) -> None:
    incident = responder.world.incidents.open()
    path = f"/incidents/{incident.id}/acknowledge"
    assert f'action="{path}"' in (await responder.get("/")).text
    plain = await responder.post(path, back="/")
    assert (plain.status_code, plain.headers["location"]) == (303, "/")
    assert responder.world.incidents.stored[incident.id].status is Status.ACKNOWLEDGED
    again = await responder.post(path, back="/", fragment=True)
    assert again.status_code == 200
    assert "What needs attention" in again.text
    assert f'action="{path}"' not in again.text


async def test_a_refused_row_keeps_the_list_and_says_why(responder: Visitor) -> None:
    incident = responder.world.incidents.open()
    responder.world.incidents.open("Another one")
    responder.world.incidents.change(incident, status=Status.RESOLVED)
    response = await responder.post(
        f"/incidents/{incident.id}/acknowledge", back="/", fragment=True
    )
    assert response.status_code == 409
    assert "it cannot become acknowledged" in response.text
    assert "Another one" in response.text


async def test_a_viewer_sees_everything_and_no_button(viewer: Visitor) -> None:
    fill(viewer.world)
    text = (await viewer.get("/")).text
    assert "Replication of orders-db" in text
    assert "/acknowledge" not in text


async def test_with_incident_management_down_the_page_stands_and_says_so(
    responder: Visitor,
) -> None:
    responder.world.oncall.current = [
        CurrentView(team=Ref(id=uuid4(), name="Payments"), primary=ADA)
    ]
    responder.world.incidents.down = True
    page = await responder.get("/")
    assert page.status_code == 200
    assert page.text.count("incident-management does not answer (ConnectError).") == 1
    assert "The list cannot be shown" in page.text
    assert "Ada Okafor" in page.text


async def test_a_fragment_does_not_wipe_the_screen_while_a_neighbour_is_down(
    responder: Visitor,
) -> None:
    responder.world.incidents.down = True
    part = await responder.get("/", fragment=True)
    assert part.status_code == 200
    assert part.headers["hx-reswap"] == "none"
    assert "incident-management does not answer" in part.text
    assert "The list cannot be shown" not in part.text


async def test_an_update_leaves_what_a_form_was_answered(responder: Visitor) -> None:
    incident = responder.world.incidents.open()
    for part in (
        await responder.get("/", fragment=True),
        await responder.get("/nope", fragment=True),
    ):
        assert 'id="notices"' not in part.text
    answer = await responder.post(f"/incidents/{incident.id}/acknowledge", back="/", fragment=True)
    assert 'id="notices"' in answer.text


async def test_more_incidents_than_fit_are_counted(responder: Visitor) -> None:
    for number in range(203):
        responder.world.incidents.open(f"Trouble {number}")
    text = (await responder.get("/")).text
    assert "203 incidents, the first 200 shown" in text
