import pytest
from showcase import ADA, SAM, fill
from web_ui_fakes import Visitor

from shared.contracts.incidents import Status

MORE = ["snooze", "assign", "help", "merge"]
BUTTONS = {
    Status.OPEN: ["acknowledge", "start", "resolve", "escalate", *MORE],
    Status.ACKNOWLEDGED: ["start", "resolve", "release", "escalate", *MORE],
    Status.IN_PROGRESS: ["resolve", "acknowledge", "escalate", *MORE],
    Status.RESOLVED: ["recur"],
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
    without_javascript = await responder.post(path)
    page = await responder.get(without_javascript.headers["location"])
    assert "Somebody else was faster" in page.text


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
    assert "data-age>5 min ago" in timeline
    assert ">2 Mar, 08:55</time>" in timeline


async def test_a_note_is_kept_as_it_was_written(responder: Visitor) -> None:
    incident = responder.world.incidents.open()
    path = f"/incidents/{incident.id}"
    response = await responder.post(f"{path}/notes", text="  First line\nsecond <line>\n")
    assert response.headers["location"] == path
    text = (await responder.get(path)).text
    assert '<div class="timeline__note prose"><p>First line<br>\nsecond &lt;line&gt;</p>' in text
    assert "Ada Okafor noted" in text


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
    assert f">{text.strip()}</textarea>" in response.text


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


async def test_a_resolution_is_undone_for_ten_seconds_by_whoever_asked_for_it(
    responder: Visitor,
) -> None:
    world = responder.world
    incident = world.incidents.open()
    path = f"/incidents/{incident.id}"
    await responder.post(f"{path}/resolve")
    assert f'action="{path}/undo"' in (await responder.get(path)).text
    world.clock.advance(seconds=11)  # type: ignore[attr-defined]
    assert f'action="{path}/undo"' not in (await responder.get(path)).text
    undone = await responder.post(f"{path}/undo", fragment=True)
    assert undone.status_code == 200
    assert world.incidents.stored[incident.id].status is Status.OPEN
    await responder.post(f"{path}/resolve")
    world.clock.advance(seconds=60)  # type: ignore[attr-defined]
    late = await responder.post(f"{path}/undo", fragment=True)
    assert late.status_code == 409
    assert "Undo: not done. It is too late" in late.text


async def test_a_resolved_one_comes_back_as_an_incident_of_its_own(responder: Visitor) -> None:
    incident = responder.world.incidents.open(status=Status.RESOLVED)
    answer = await responder.post(f"/incidents/{incident.id}/recur")
    page = await responder.get(answer.headers["location"])
    assert "INC-2" in page.text
    assert f'href="/incidents/{incident.id}">The incident before it' in page.text
    assert "Opened again" in page.text
    live = await responder.post(f"/incidents/{incident.id}/recur", fragment=True)
    assert live.headers["hx-redirect"].startswith("/incidents/")


async def test_it_is_snoozed_reassigned_merged_and_somebody_is_asked_for_help(
    responder: Visitor,
) -> None:
    world = responder.world
    world.incidents.people = world.oncall.people = [ADA, SAM]
    incident, other = world.incidents.open(), world.incidents.open("The same")
    path = f"/incidents/{incident.id}"
    assert "Sam Ellis</option>" in (await responder.get(path)).text
    await responder.post(f"{path}/snooze", minutes="60")
    assert "Snoozed until" in (await responder.get(path)).text
    await responder.post(f"{path}/assign", person=str(SAM.id))
    assigned = world.incidents.stored[incident.id].assignee
    assert assigned
    assert assigned.id == SAM.id
    await responder.post(f"{path}/assign", person="")
    assert world.incidents.stored[incident.id].assignee is None
    await responder.post(f"{path}/help", person=str(SAM.id))
    assert world.oncall.helpers == [(incident.id, SAM.id)]
    await responder.post(f"{path}/merge", into=f"inc-{other.number}")
    assert world.incidents.stored[incident.id].merged_into == other.id


@pytest.mark.parametrize(
    ("action", "form"),
    [("snooze", {"minutes": "soon"}), ("snooze", {}), ("help", {"person": "Sam"})],
)
async def test_a_small_form_that_makes_no_sense_changes_nothing(
    responder: Visitor, action: str, form: dict[str, str]
) -> None:
    incident = responder.world.incidents.open()
    answer = await responder.post(f"/incidents/{incident.id}/{action}", **form)
    assert answer.status_code == 422
    assert responder.world.incidents.stored[incident.id] == incident


async def test_a_refusal_that_is_about_no_state_says_nothing_of_states(
    responder: Visitor,
) -> None:
    world = responder.world
    incident = world.incidents.open()
    world.oncall.refuse_escalation = "Jun was asked a moment ago."
    answer = await responder.post(f"/incidents/{incident.id}/escalate", fragment=True)
    assert "Escalate: not done." in answer.text
    assert "Nothing more can be done" not in answer.text


async def test_escalating_says_who_is_next(responder: Visitor) -> None:
    fill(responder.world)
    waiting = responder.world.oncall.runs[0]
    text = (await responder.get(f"/incidents/{waiting.incident_id}")).text
    assert f"Escalate to {waiting.next_people[0].name}" in text


async def test_an_incident_is_opened_by_hand(responder: Visitor) -> None:
    world = responder.world
    world.oncall.services = ["checkout"]
    assert '<option value="checkout">' in (await responder.get("/incidents/new")).text
    answer = await responder.post(
        "/incidents/new",
        title="Nobody can pay",
        service="checkout",
        severity="high",
        message="**!**",
    )
    page = await responder.get(answer.headers["location"])
    assert "Nobody can pay" in page.text
    assert "<p><strong>!</strong></p>" in page.text
    assert "Opened. Whoever is on call is paged." in page.text


async def test_who_may_only_look_opens_nothing(viewer: Visitor) -> None:
    assert 'name="title"' not in (await viewer.get("/incidents/new")).text
    answer = await viewer.post("/incidents/new", title="x", service="x", severity="high")
    assert answer.status_code == 403
    assert not viewer.world.incidents.stored


async def test_a_line_in_a_log_reached_nobody(responder: Visitor) -> None:
    world = responder.world
    incident = fill(world)
    text = (await responder.get(f"/incidents/{incident.id}")).text
    told = text.split('id="told-heading"')[1].split("</section>")[0]
    assert "Written to the log: nobody reads it at night" in told
    assert "Answered" in told
    assert "Not reached" in told


async def test_why_tells_the_ledger(responder: Visitor) -> None:
    incident = fill(responder.world)
    text = (await responder.get(f"/incidents/{incident.number}/why")).text
    assert "Payments by “Payments, day and night”" in text
    assert "Round 1, step 1" in text
    assert "Ada Okafor" in text


async def test_a_summary_claims_not_that_nobody_was_paged_while_that_is_not_known(
    responder: Visitor,
) -> None:
    incident = responder.world.incidents.open()
    text = (await responder.get(f"/incidents/{incident.id}/summary.md")).text
    assert "## Who was paged\n\nThis cannot be told now.\n" in text


async def test_the_summary_is_markdown_that_strangers_cannot_shape(responder: Visitor) -> None:
    world = responder.world
    incident = fill(world)
    world.incidents.change(incident, title="# <img src=x> [a](javascript:b)")
    answer = await responder.get(f"/incidents/{incident.id}/summary.md")
    assert answer.headers["content-type"].startswith("text/markdown")
    assert f"INC-{incident.number}.md" in answer.headers["content-disposition"]
    assert answer.text.startswith("# INC-1: \\# \\<img src=x\\> \\[a\\](javascript:b)")
    opened = answer.text.index("Opened by an alert")
    assert opened < answer.text.index("is paged and assigned") < answer.text.index("## Alerts")
