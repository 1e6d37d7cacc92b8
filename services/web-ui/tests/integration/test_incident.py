import pytest
from showcase import fill
from web_ui_fakes import Visitor

from shared.contracts.incidents import Status

BUTTONS = {
    Status.OPEN: ["acknowledge", "start", "resolve", "escalate"],
    Status.ACKNOWLEDGED: ["start", "resolve", "release", "escalate"],
    Status.IN_PROGRESS: ["resolve", "acknowledge", "escalate"],
    Status.RESOLVED: [],
}


def offered(text: str) -> list[str]:
    return [
        part.split('"')[0].rpartition("/")[2]
        for part in text.split('<form method="post" action="/incidents/')[1:]
    ]


async def test_the_page_tells_the_whole_story(responder: Visitor) -> None:
    incident = fill(responder.world)
    text = (await responder.get(f"/incidents/{incident.id}")).text
    assert "<title>INC-1 Checkout answers 5xx" in text
    assert "by Ada Okafor, after 2 min 48 s" in text
    assert "Rolling back 2026.11.4 in eu-west-1 first, us-east-1 after that." in text
    assert text.index("12 pods of checkout-api restarted") < text.index("Opened by an alert")
    assert "<dt>alertname</dt><dd>HighErrorRate</dd>" in text
    assert 'href="https://runbooks.example.com/checkout" rel="noopener noreferrer' in text
    assert text.count("Firing") == 2
    assert 'href="/notifications?incident=' in text


async def test_people_may_say_its_number(responder: Visitor) -> None:
    incident = responder.world.incidents.open()
    for name in ("1", "INC-1", "inc-1"):
        page = await responder.get(f"/incidents/{name}")
        assert page.status_code == 200
        assert f"/incidents/{incident.id}/acknowledge" in page.text


@pytest.mark.parametrize("status", Status)
async def test_only_what_is_allowed_has_a_button(responder: Visitor, status: Status) -> None:
    incident = responder.world.incidents.open(status=status)
    text = (await responder.get(f"/incidents/{incident.id}")).text
    assert offered(text) == BUTTONS[status]


async def test_a_viewer_gets_neither_buttons_nor_a_note_form_and_is_refused(
    viewer: Visitor,
) -> None:
    incident = viewer.world.incidents.open()
    text = (await viewer.get(f"/incidents/{incident.id}")).text
    assert offered(text) == []
    assert "Add a note" not in text
    for action in ("acknowledge", "notes"):
        response = await viewer.post(f"/incidents/{incident.id}/{action}", text="Hello")
        assert response.status_code == 403
        assert "Vera Lind is viewer" in response.text
    assert viewer.world.incidents.stored[incident.id] == incident


async def test_the_whole_life_works_without_javascript(responder: Visitor) -> None:
    incident = responder.world.incidents.open()
    path = f"/incidents/{incident.id}"
    for action, status in (
        ("acknowledge", Status.ACKNOWLEDGED),
        ("release", Status.OPEN),
        ("start", Status.IN_PROGRESS),
        ("acknowledge", Status.ACKNOWLEDGED),
        ("resolve", Status.RESOLVED),
    ):
        response = await responder.post(f"{path}/{action}")
        assert response.status_code == 303
        assert response.headers["location"] == path
        assert responder.world.incidents.stored[incident.id].status is status
    page = await responder.get(path)
    assert "<strong>Resolved.</strong>" in page.text
    # Said once: whoever loads the page again has done nothing.
    assert "<strong>Resolved.</strong>" not in (await responder.get(path)).text
    assert 'href="/history">History</a>' in page.text


async def test_no_address_claims_that_something_was_done(responder: Visitor) -> None:
    incident = responder.world.incidents.open()
    for path in ("/incidents/1?done=resolve", f"/incidents/{incident.id}?done=resolve"):
        assert 'class="notice ' not in (await responder.get(path)).text


async def test_a_receipt_is_about_one_incident(responder: Visitor) -> None:
    incident, other = responder.world.incidents.open(), responder.world.incidents.open()
    await responder.post(f"/incidents/{incident.id}/resolve")
    assert "<strong>Resolved.</strong>" not in (await responder.get(f"/incidents/{other.id}")).text


async def test_a_refusal_shows_what_is_allowed_and_the_state_as_it_is_now(
    responder: Visitor,
) -> None:
    incident = responder.world.incidents.open()
    responder.world.incidents.change(incident, status=Status.IN_PROGRESS)
    response = await responder.post(f"/incidents/{incident.id}/release")
    assert response.status_code == 409
    assert "Release: not done. INC-1 is in_progress; it cannot become open." in response.text
    assert "You can: acknowledge, resolve." in response.text
    assert offered(response.text) == BUTTONS[Status.IN_PROGRESS]
    fragment = await responder.post(f"/incidents/{incident.id}/release", fragment=True)
    assert fragment.status_code == 409
    assert '<div id="incident-head" hx-swap-oob="innerHTML">' in fragment.text
    assert "not done" in fragment.headers["hx-trigger"]


async def test_pressing_twice_is_no_error(responder: Visitor) -> None:
    incident = responder.world.incidents.open()
    for _ in range(2):
        response = await responder.post(f"/incidents/{incident.id}/acknowledge", fragment=True)
        assert response.status_code == 200
        assert offered(response.text) == BUTTONS[Status.ACKNOWLEDGED]


@pytest.mark.parametrize("action", ["acknowledge", "start", "resolve"])
async def test_the_slower_of_two_people_is_told_who_was_faster(
    responder: Visitor, action: str
) -> None:
    world = responder.world
    incident = world.incidents.open()
    path = f"/incidents/{incident.id}/{action}"
    await responder.post(path, fragment=True)
    await responder.post("/sign-out")
    await responder.sign_in("admin")
    slower = await responder.post(path, fragment=True)
    said = "Ada Okafor had already resolved" if action == "resolve" else "Ada Okafor has this"
    assert slower.status_code == 200
    assert said in slower.text
    assert "notice--warning" in slower.text
    assert said in slower.headers["hx-trigger"]
    in_the_list = await responder.post(path, fragment=True, back="/")
    assert said in in_the_list.text
    without_javascript = await responder.post(path, back="/")
    page = await responder.get(without_javascript.headers["location"])
    assert "Somebody else was faster." in page.text


async def test_an_incident_that_was_merged_says_so_and_leads_on(responder: Visitor) -> None:
    survivor = responder.world.incidents.open("The disk is full")
    merged = responder.world.incidents.open(
        merged_into=survivor.id,
        status=Status.RESOLVED,
        resolved_at=survivor.created_at,
        resolved_by="Ada Okafor",
        alert_count=0,
    )
    text = (await responder.get(f"/incidents/{merged.id}")).text
    assert f'<a href="/incidents/{survivor.id}">Go to the incident it is part of</a>' in text
    assert "Its alerts are with the" in text
    assert "by hand" not in text
    assert "by Ada Okafor</span>" in text
    assert "Not yet" not in text


async def test_the_timeline_tells_the_time_of_day_as_well(responder: Visitor) -> None:
    responder.world.incidents.open()
    timeline = (await responder.get("/incidents/1")).text.split('id="timeline-heading"')[1]
    assert 'data-time="relative">5 min ago' in timeline
    assert 'data-time="moment">2 Mar 2026, 08:55 UTC' in timeline


async def test_a_note_is_kept_as_it_was_written(responder: Visitor) -> None:
    incident = responder.world.incidents.open()
    path = f"/incidents/{incident.id}"
    response = await responder.post(f"{path}/notes", text="  First line\nsecond <line>\n")
    assert response.headers["location"] == path
    text = (await responder.get(path)).text
    assert '<p class="timeline__note">First line\nsecond &lt;line&gt;</p>' in text
    assert "<strong>Ada Okafor</strong> noted" in text


@pytest.mark.parametrize(
    ("text", "why"),
    [("   ", "The note is empty."), ("x" * 10_001, "It has 10001 characters; 10000 fit.")],
)
async def test_a_note_that_cannot_be_kept_is_not_lost(
    responder: Visitor, text: str, why: str
) -> None:
    incident = responder.world.incidents.open()
    response = await responder.post(f"/incidents/{incident.id}/notes", text=text)
    assert response.status_code == 422
    assert why in response.text
    assert f">{text}</textarea>" in response.text


async def test_a_note_written_while_the_neighbour_was_down_is_not_lost_either(
    responder: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    incident = responder.world.incidents.open()
    add_note = responder.world.incidents.add_note

    async def down(*arguments: object) -> None:
        responder.world.incidents.down = True
        try:
            await add_note(*arguments)  # type: ignore[arg-type]
        finally:
            responder.world.incidents.down = False

    monkeypatch.setattr(responder.world.incidents, "add_note", down)
    response = await responder.post(f"/incidents/{incident.id}/notes", text="Found it")
    assert response.status_code == 503
    assert "Note: perhaps not done. incident-management does not answer" in response.text
    assert ">Found it</textarea>" in response.text


async def test_escalating_asks_oncall_service_in_the_persons_name(responder: Visitor) -> None:
    incident = responder.world.incidents.open()
    response = await responder.post(f"/incidents/{incident.id}/escalate", fragment=True)
    assert response.status_code == 200
    assert "Escalated: the next step is paged now." in response.text
    ((escalated, who, _),) = responder.world.oncall.escalated
    assert (escalated, who) == (incident.id, "Ada Okafor")


async def test_a_refused_escalation_and_a_dead_oncall_service_are_told(
    responder: Visitor,
) -> None:
    incident = responder.world.incidents.open()
    responder.world.oncall.refuse_escalation = "There is nothing to escalate."
    refused = await responder.post(f"/incidents/{incident.id}/escalate")
    assert refused.status_code == 409
    assert "Escalate: not done. There is nothing to escalate." in refused.text
    responder.world.oncall_down()
    dead = await responder.post(f"/incidents/{incident.id}/escalate")
    assert dead.status_code == 503
    assert "Incidents can still be handled." in dead.text
    acknowledged = await responder.post(f"/incidents/{incident.id}/acknowledge")
    assert acknowledged.status_code == 303


async def test_no_such_incident_and_no_such_action_are_pages(responder: Visitor) -> None:
    incident = responder.world.incidents.open()
    for path in ("/incidents/77", "/incidents/not-an-id"):
        response = await responder.get(path)
        assert response.status_code == 404
        assert "There is nothing here" in response.text
    assert (await responder.post(f"/incidents/{incident.id}/delete")).status_code == 404


async def test_with_incident_management_down_the_page_is_a_message_and_a_fragment_a_notice(
    responder: Visitor,
) -> None:
    incident = responder.world.incidents.open()
    responder.world.incidents.down = True
    page = await responder.get(f"/incidents/{incident.id}")
    assert page.status_code == 503
    assert "Alerts are still accepted and nothing is lost." in page.text
    part = await responder.get(f"/incidents/{incident.id}", fragment=True)
    assert part.headers["hx-reswap"] == "none"
    asked = len(responder.world.incidents.searches)
    for action, back in (("resolve", ""), ("acknowledge", "/")):
        acted = await responder.post(f"/incidents/{incident.id}/{action}", fragment=True, back=back)
        assert "not done." in acted.text
        assert acted.headers["hx-reswap"] == "none"
    # Nobody waits for the same silence twice.
    assert len(responder.world.incidents.searches) == asked
