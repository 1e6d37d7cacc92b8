import re
from datetime import timedelta
from urllib.parse import quote
from uuid import uuid4

import pytest
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
    assert f'href="/incidents/{incident.id}" title="Checkout answers 500">' in text
    assert "INC-1" in text
    assert "Ada Okafor" in text
    assert (
        '<time datetime="2026-03-02T08:55:00Z" title="Monday, 2 March 2026, 08:55:00 UTC" '
        "data-age>5 min ago</time>"
    ) in text
    assert "Old trouble" not in text
    assert re.findall(r'figure__name">(\w+)</span><strong>(\d+)</strong>', text)[:4] == [
        ("Critical", "1"),
        ("High", "0"),
        ("Medium", "0"),
        ("Low", "0"),
    ]
    assert "<strong>1 min</strong>" in text
    assert "<strong>10 min</strong>" in text


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
    assert "<span>Sam Ellis</span>" in text
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
    assert "<span>Ada Okafor</span>" in text
    assert "<li>Nobody" in text
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
    button = f'name="take" value="{incident.id}"'
    assert button in (await responder.get("/")).text
    plain = await responder.post("/several", take=str(incident.id), back="/?severity=critical")
    assert (plain.status_code, plain.headers["location"]) == (303, "/?severity=critical")
    assert responder.world.incidents.stored[incident.id].status is Status.ACKNOWLEDGED
    again = await responder.post("/several", take=str(incident.id), back="/", fragment=True)
    assert again.status_code == 200
    assert "What needs attention" in again.text
    assert button not in again.text


async def test_a_refused_row_keeps_the_list_and_says_why(responder: Visitor) -> None:
    incident = responder.world.incidents.open()
    responder.world.incidents.open("Another one")
    responder.world.incidents.change(incident, status=Status.RESOLVED)
    response = await responder.post("/several", take=str(incident.id), back="/", fragment=True)
    assert response.status_code == 409
    assert "it cannot become acknowledged" in response.text
    assert "Another one" in response.text


async def test_a_viewer_sees_everything_and_no_button(viewer: Visitor) -> None:
    fill(viewer.world)
    text = (await viewer.get("/")).text
    assert "Replication of orders-db" in text
    assert 'action="/several"' not in text
    assert 'name="take"' not in text


async def test_with_incident_management_down_the_page_stands_and_says_so(
    responder: Visitor,
) -> None:
    responder.world.oncall.current = [
        CurrentView(team=Ref(id=uuid4(), name="Payments"), primary=ADA)
    ]
    responder.world.incidents.down = True
    page = await responder.get("/")
    assert page.status_code == 200
    assert page.text.count("incident-management does not answer.</strong>") == 1
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
    answer = await responder.post("/several", take=str(incident.id), back="/", fragment=True)
    assert 'id="notices"' in answer.text


async def test_more_incidents_than_fit_are_counted(responder: Visitor) -> None:
    for number in range(203):
        responder.world.incidents.open(f"Trouble {number}")
    text = (await responder.get("/")).text
    assert "<title>(203) Open incidents" in text
    assert "The first 200 are shown." in text
    assert 'href="/history?status=open&amp;status=acknowledged&amp;status=in_progress"' in text


async def test_who_is_paged_next_and_when_stands_in_the_row(responder: Visitor) -> None:
    fill(responder.world)
    text = (await responder.get("/")).text
    assert re.search(r"(Jun Watanabe|Léa Fontaine) <time [^>]*>in \d+ min</time>", text)


async def test_filters_stay_in_the_address_and_are_asked_of_the_neighbour(
    responder: Visitor,
) -> None:
    world = responder.world
    world.incidents.open("Disk of kafka-3", service="kafka", severity=Severity.LOW)
    world.incidents.open("Checkout slow", service="checkout", team="Payments")
    principal = next(iter(world.directory.sessions.values()))
    world.oncall.teams[principal.id] = ["Payments"]
    mine = await responder.get("/?teams=mine&severity=critical&text=slow")
    assert "Checkout slow" in mine.text
    assert "Disk of kafka-3" not in mine.text
    asked = world.incidents.searches[-1].params()
    assert asked["team"] == ["Payments"]
    assert (asked["severity"], asked["q"]) == (["critical"], "slow")
    assert 'href="/?severity=critical&amp;text=slow" aria-current="true">My teams' in mine.text
    own = await responder.get("/?assignee=me")
    assert world.incidents.searches[-1].params()["assignee"] == principal.id
    assert "Nothing fits" in own.text


async def test_who_is_in_no_team_finds_nothing_of_their_teams(responder: Visitor) -> None:
    responder.world.incidents.open(team="Payments")
    assert "Nothing fits" in (await responder.get("/?teams=mine")).text


async def test_several_are_acknowledged_resolved_and_reassigned_at_once(
    responder: Visitor,
) -> None:
    incidents = responder.world.incidents
    ids = [str(incidents.open(f"Trouble {number}").id) for number in range(3)]
    done = await responder.post(
        "/several", do="acknowledge", incident=ids[:2], back="/", fragment=True
    )
    assert "2 incidents are done." in done.text
    assert [each.status for each in incidents.stored.values()] == [
        Status.ACKNOWLEDGED,
        Status.ACKNOWLEDGED,
        Status.OPEN,
    ]
    await responder.post("/several", do="assign", incident=ids, assignee=str(SAM.id), back="/")
    assert {each.assignee.id for each in incidents.stored.values() if each.assignee} == {SAM.id}
    await responder.post("/several", do="resolve", incident=ids, back="/")
    assert {each.status for each in incidents.stored.values()} == {Status.RESOLVED}


async def test_of_several_each_stands_by_itself_and_a_lost_race_names_who_won(
    responder: Visitor,
) -> None:
    incidents = responder.world.incidents
    over = incidents.open("Over", status=Status.RESOLVED, resolved_by="Jun Watanabe")
    taken = incidents.open("Taken", status=Status.ACKNOWLEDGED, assignee=SAM)
    free = incidents.open("Free")
    ids = [str(one.id) for one in (over, taken, free)]
    answer = await responder.post(
        "/several", do="acknowledge", incident=ids, back="/", fragment=True
    )
    assert answer.status_code == 200
    assert "INC-2: Sam Ellis has this incident." in answer.text
    assert "INC-1 is resolved; it cannot become acknowledged." in answer.text
    assert incidents.stored[free.id].status is Status.ACKNOWLEDGED


async def test_nothing_selected_changes_nothing_and_says_so(responder: Visitor) -> None:
    answer = await responder.post("/several", do="resolve", back="/", incident="nonsense")
    assert answer.status_code == 422
    assert "Nothing is selected." in answer.text


@pytest.mark.parametrize("form", [{}, {"assignee": "Sam"}])
async def test_several_are_taken_from_nobody_by_a_form_that_names_no_one(
    responder: Visitor, form: dict[str, str]
) -> None:
    incident = responder.world.incidents.open()
    ids = [str(incident.id)]
    await responder.post("/several", do="assign", incident=ids, assignee=str(SAM.id), back="/")
    answer = await responder.post("/several", do="assign", incident=ids, back="/", **form)
    assert answer.status_code == 422
    assert responder.world.incidents.stored[incident.id].assignee.id == SAM.id


async def test_a_viewer_cannot_act_on_several_either(viewer: Visitor) -> None:
    incident = viewer.world.incidents.open()
    await viewer.get("/me")
    answer = await viewer.post("/several", do="resolve", incident=[str(incident.id)], back="/")
    assert answer.status_code == 403
    assert viewer.world.incidents.stored[incident.id].status is Status.OPEN


async def test_a_view_is_kept_under_a_name_and_forgotten(responder: Visitor) -> None:
    kept = await responder.post("/views", name=" My <b>night ", query="severity=critical&x=1")
    assert kept.headers["location"] == "/?severity=critical"
    page = await responder.get("/?severity=critical")
    assert 'href="/?severity=critical" aria-current="true">My &lt;b&gt;night</a>' in page.text
    await responder.post("/views", forget="My <b>night", query="severity=critical")
    assert "My &lt;b&gt;night" not in (await responder.get("/")).text


async def test_views_stay_within_what_a_browser_keeps_and_the_oldest_go(
    responder: Visitor,
) -> None:
    for number in range(8):
        text = quote("é" * 150 + str(number))
        kept = await responder.post("/views", name=f"Night {number}", query=f"text={text}")
        assert len(kept.headers["set-cookie"].partition(";")[0]) <= 4096
    page = (await responder.get("/")).text
    assert "Night 7" in page
    assert "Night 0" not in page


async def test_a_cookie_of_views_that_is_not_ours_is_none(responder: Visitor) -> None:
    for cookie in ("nonsense", "bm9uc2Vuc2U=", "WzEsMl0=", "e30="):
        responder.client.cookies.set("vigie_views", cookie)
        assert (await responder.get("/")).status_code == 200


async def test_alerts_a_minute_and_what_is_silenced_are_on_the_dashboard(
    responder: Visitor,
) -> None:
    minutes = [{"at": f"2026-03-02T08:5{n}:00Z", "received": 14} for n in range(6)]
    rate = {"minutes": [*minutes, {**minutes[0], "received": 900}], "firing": 23, "silenced": 4}
    responder.world.ingestion.on("GET", "/api/v1/alerts/rate", rate)
    text = (await responder.get("/")).text
    assert 'href="/alerts"><span class="figure__name">Alerts a minute</span><strong>14<' in text
    assert 'href="/silences"><span class="figure__name">Silenced</span><strong>4<' in text


async def test_with_alert_ingestion_down_the_rest_of_the_dashboard_stands(
    responder: Visitor,
) -> None:
    responder.world.incidents.open()
    responder.world.ingestion.down = True
    text = (await responder.get("/")).text
    assert "Checkout answers 500" in text
    assert "alert-ingestion does not answer." in text
    assert "Alerts a minute" not in text


async def test_a_quiet_new_installation_says_what_to_do_next(visitor: Visitor) -> None:
    await visitor.sign_in("admin")
    text = (await visitor.get("/")).text
    assert "First steps:" in text
    assert 'href="/setup">All steps' in text
    visitor.world.incidents.open()
    assert "First steps:" not in (await visitor.get("/")).text
