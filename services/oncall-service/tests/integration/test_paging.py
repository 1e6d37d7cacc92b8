"""From an incident's event to the people: the engine, with fake phones and a clock that moves."""

import asyncio
from datetime import timedelta
from typing import Any

from oncall_service.notifications.channels.base import Failed
from shared.errors import Unavailable

ESCALATE = "/api/v1/escalate"


async def _run(crew: Any) -> dict[str, Any]:
    runs = (await crew.ok("GET", "/api/v1/escalations"))["items"]
    newest: dict[str, Any] = runs[0]
    return newest


async def test_the_primary_is_paged_at_once_and_becomes_the_assignee(
    crew: Any, incident_event: Any
) -> None:
    await crew.hear(incident_event())
    assert await crew.tick() == ["Ada"]
    assert await crew.told() == ["page.started", "page.target", "notification.sent"]
    started, target, sent = crew.last_events
    assert started["team"]["name"] == "Payments"
    assert (target["person"]["name"], target["assign"]) == ("Ada", True)
    assert sent["channel"] == "log"


async def test_what_follows_from_each_event_of_a_batch_belongs_to_its_own_request(
    crew: Any, incident_event: Any
) -> None:
    ids = [f"01900000-0000-7000-8000-0000000003a{number}" for number in range(2)]
    contexts = {
        one: {"request_id": f"request-{one[-1]}", "traceparent": f"00-{one[-1] * 32}-{'1' * 16}-01"}
        for one in ids
    }
    await crew.hear(*({**incident_event(id=one), "context": contexts[one]} for one in ids))
    await crew.told()
    assert len(crew.last_events) == 4
    assert all(one["context"] == contexts[one["incident_id"]] for one in crew.last_events)


async def test_an_event_carries_facts_and_no_sentence(crew: Any, incident_event: Any) -> None:
    await crew.hear(incident_event())
    await crew.tick()
    await crew.hear(incident_event("acknowledged", 2))
    await crew.told()
    facts = {one["type"]: one["data"] for one in crew.last_events}
    assert facts == {
        "page.started": {"policy": "Payments"},
        "page.target": {},
        "notification.sent": {"outcome": "ok"},
        "page.stopped": {},
    }
    assert {one["detail"] for one in crew.last_events} == {""}


async def test_what_a_page_says(crew: Any, incident_event: Any) -> None:
    await crew.hear(incident_event(id="01900000-0000-7000-8000-000000000001"))
    await crew.app.state.engines["sending"].cycle()
    [page] = crew.phones.rang
    assert page.message.title == "[CRITICAL] INC-42 Checkout is down"
    assert "Why you: primary on call" in page.message.text
    assert page.message.url.endswith("/incidents/01900000-0000-7000-8000-000000000001")


async def test_not_acknowledged_in_the_policys_time_the_secondary_is_notified_once(
    crew: Any, incident_event: Any
) -> None:
    await crew.hear(incident_event())
    assert await crew.tick() == ["Ada"]
    assert await crew.tick(minutes=4, seconds=59) == []
    assert await crew.tick(seconds=1) == ["Ben"]
    assert await crew.tick() == []
    assert await crew.tick(minutes=9) == []


async def test_the_policy_repeats_and_then_says_that_it_is_exhausted(
    crew: Any, incident_event: Any
) -> None:
    await crew.hear(incident_event())
    called = [await crew.tick(), await crew.tick(minutes=5), await crew.tick(minutes=10)]
    called += [await crew.tick(minutes=5), await crew.tick(minutes=10)]
    assert called == [["Ada"], ["Ben"], ["Ada"], ["Ben"], []]
    assert (await crew.told())[-1] == "page.exhausted"
    assert (await _run(crew))["status"] == "exhausted"
    assert await crew.tick(hours=5) == []


async def test_after_an_acknowledgement_nobody_is_paged(crew: Any, incident_event: Any) -> None:
    await crew.hear(incident_event())
    await crew.tick()
    assert await crew.hear(incident_event("acknowledged", 2)) == ["acknowledged"]
    assert await crew.tick(hours=3) == []
    assert (await crew.told())[-1] == "page.stopped"


async def test_an_acknowledgement_cancels_what_was_not_sent_yet(
    crew: Any, incident_event: Any
) -> None:
    await crew.hear(incident_event())
    await crew.hear(incident_event("acknowledged", 2))
    assert await crew.tick() == []
    [notification] = (await crew.ok("GET", "/api/v1/notifications"))["items"]
    assert notification["outcome"] == "cancelled"
    assert notification["detail"] == "not sent: acknowledged"
    metrics = (await crew.client.get("/metrics")).text
    assert 'oncall_notifications_sent_total{channel="log",outcome="cancelled"} 1.0' in metrics


async def test_in_progress_resolved_and_merged_stop_it_as_well(
    crew: Any, incident_event: Any
) -> None:
    other = "01900000-0000-7000-8000-00000000000f"
    stops = [("in_progress", {}), ("resolved", {}), ("open", {"merged_into": other})]
    for number, (status, fields) in enumerate(stops):
        one = f"01900000-0000-7000-8000-0000000000a{number}"
        await crew.hear(incident_event(id=one))
        await crew.tick()
        reason = "merged" if fields else status
        assert await crew.hear(incident_event(status, 2, id=one, **fields)) == [reason]
    crew.clock.advance(hours=3)
    for engine in ("escalation", "sending"):
        assert await crew.app.state.engines[engine].cycle()
    assert "page" not in {one.message.facts["kind"] for one in crew.phones.rang}


async def test_events_twice_and_out_of_order_end_in_the_same_state(
    crew: Any, incident_event: Any
) -> None:
    opened, acknowledged = incident_event(), incident_event("acknowledged", 2)
    reasons = await crew.hear(acknowledged, opened, acknowledged)
    assert reasons == ["nothing_to_stop", "stale_revision", "duplicate_event"]
    assert await crew.tick(hours=1) == []


async def test_an_incident_that_is_released_is_paged_anew(crew: Any, incident_event: Any) -> None:
    await crew.hear(incident_event())
    await crew.tick()
    await crew.hear(incident_event("acknowledged", 2))
    released = incident_event("open", 3, event_type="incident.released")
    assert await crew.hear(released) == ["released"]
    assert await crew.tick() == ["Ada"]
    assert await crew.tick(minutes=5) == ["Ben"]


async def test_an_update_of_an_open_incident_pages_nobody_again(
    crew: Any, incident_event: Any
) -> None:
    await crew.hear(incident_event())
    await crew.tick()
    renamed = incident_event("open", 2, event_type="incident.updated", title="Worse")
    assert await crew.hear(renamed) == ["already_paging"]
    assert await crew.tick() == []
    await crew.tick(minutes=5)
    for minutes in (10, 5, 10):
        await crew.tick(minutes=minutes)
    again = incident_event("open", 3, event_type="incident.updated", title="Worst")
    assert await crew.hear(again) == ["already_exhausted"]
    assert await crew.tick(hours=1) == []


async def test_a_recurrence_is_an_incident_of_its_own_and_pages_anew(
    crew: Any, incident_event: Any
) -> None:
    first = "01900000-0000-7000-8000-0000000000b1"
    await crew.hear(incident_event(id=first), incident_event("resolved", 2, id=first))
    await crew.hear(incident_event(id="01900000-0000-7000-8000-0000000000b2", recurrence_of=first))
    assert await crew.tick() == ["Ada"]


async def test_a_run_follows_the_policy_it_started_with(crew: Any, incident_event: Any) -> None:
    await crew.hear(incident_event())
    await crew.tick()
    steps = [{"target": "person", "person": "Cleo", "delay_minutes": 60}]
    await crew.ok("PATCH", "/api/v1/policies/Payments", json={"steps": steps})
    assert await crew.tick(minutes=5) == ["Ben"]


async def test_the_shift_that_counts_is_the_one_at_the_time_of_the_step(
    crew: Any, incident_event: Any
) -> None:
    # Paris hands over on Monday 2026-03-09 at 09:00, which is 08:00 UTC.
    crew.clock.advance(days=6, hours=22, minutes=58)
    await crew.hear(incident_event())
    assert await crew.tick() == ["Ada"]
    assert await crew.tick(minutes=2) == ["Ben"], "who comes on call does not wait for a step"
    assert await crew.tick(minutes=3) == ["Cleo"]


async def test_in_a_gap_the_fallback_is_paged_and_the_gap_is_said(
    crew: Any, incident_event: Any
) -> None:
    await crew.ok("PATCH", "/api/v1/schedules/Payments", json={"layers": [], "effective": "now"})
    await crew.hear(incident_event())
    assert await crew.tick() == ["Cleo"]
    assert "page.gap" in await crew.told()
    [notification] = (await crew.ok("GET", "/api/v1/notifications"))["items"]
    assert notification["reason"] == "nobody_on_call_fallback"
    metrics = (await crew.client.get("/metrics")).text
    assert 'oncall_current{person="nobody",team="Payments"} 1.0' in metrics
    assert 'oncall_gap_pages_total{team="Payments"} 1.0' in metrics


async def test_a_team_that_never_had_a_rotation_has_no_gap_to_report(
    crew: Any, incident_event: Any
) -> None:
    await crew.ok("DELETE", "/api/v1/schedules/Payments")
    await crew.hear(incident_event())
    assert await crew.tick() == ["Cleo"]
    metrics = (await crew.client.get("/metrics")).text
    assert 'oncall_gap_pages_total{team="Payments"} 0.0' in metrics


async def test_without_a_fallback_the_catch_all_team_and_the_administrators_are_paged(
    crew: Any, incident_event: Any
) -> None:
    await crew.ok("PATCH", "/api/v1/schedules/Payments", json={"layers": [], "effective": "now"})
    await crew.ok("PATCH", "/api/v1/policies/Payments", json={"fallback": None})
    await crew.hear(incident_event())
    assert await crew.tick() == ["Administrator"]


async def test_somebody_without_a_contact_method_is_passed_over_and_that_is_said(
    crew: Any, incident_event: Any
) -> None:
    await crew.ok("PATCH", "/api/v1/people/Ada", json={"contact_methods": []})
    await crew.hear(incident_event())
    assert await crew.tick() == ["Ben"]
    assert "page.unreachable" in await crew.told()


async def test_a_page_for_which_there_is_nobody_at_all_is_a_failure_everybody_can_see(
    crew: Any, incident_event: Any
) -> None:
    for login in ("ada", "ben", "cleo", "admin"):
        await crew.ok("PATCH", f"/api/v1/people/{login}", json={"contact_methods": []})
    await crew.hear(incident_event())
    assert await crew.tick() == []
    [notification] = (await crew.ok("GET", "/api/v1/notifications"))["items"]
    assert (notification["outcome"], notification["person"]) == ("failed", None)
    assert "page.gap" in await crew.told()
    # The next step looks again.
    methods = [{"channel": "log"}]
    await crew.ok("PATCH", "/api/v1/people/ben", json={"contact_methods": methods})
    assert await crew.tick(minutes=5) == ["Ben"]


async def test_a_service_nobody_claimed_belongs_to_the_catch_all_team(
    crew: Any, incident_event: Any
) -> None:
    await crew.hear(incident_event(service="who-knows"))
    assert await crew.tick() == ["Administrator"]
    assert (await _run(crew))["team"]["name"] == "Catch-all"


async def test_the_team_an_incident_names_goes_before_the_directory(
    crew: Any, incident_event: Any
) -> None:
    await crew.hear(incident_event(service="who-knows", team="payments"))
    assert await crew.tick() == ["Ada"]


async def test_moving_an_open_incident_to_another_team_pages_that_team(
    crew: Any, incident_event: Any
) -> None:
    await crew.hear(incident_event())
    await crew.tick()
    # incident-management repeats the team it was told of: no news.
    assert await crew.hear(incident_event("open", 2, team="Payments")) == ["already_paging"]
    assert await crew.hear(incident_event("open", 3, team="Catch-all")) == ["team_changed"]
    assert await crew.tick() == ["Administrator"]
    assert await crew.tick(minutes=5) == ["Administrator"]


async def test_a_team_without_a_policy_is_paged_by_the_built_in_one(
    crew: Any, incident_event: Any
) -> None:
    await crew.ok("DELETE", "/api/v1/policies/Payments")
    await crew.hear(incident_event())
    assert await crew.tick() == ["Ada"]
    assert await crew.tick(minutes=5) == ["Ben"]
    assert await crew.tick(minutes=5) == ["Ada", "Ben", "Cleo"]


async def test_a_service_can_have_a_policy_of_its_own(crew: Any, incident_event: Any) -> None:
    steps = [{"target": "team", "delay_minutes": 5}]
    body = {"name": "Loud", "team": "Payments", "steps": steps}
    await crew.ok("POST", "/api/v1/policies", json=body)
    await crew.ok("PATCH", "/api/v1/services/checkout", json={"policy": "Loud"})
    await crew.hear(incident_event())
    assert await crew.tick() == ["Ada", "Ben", "Cleo"]


async def test_a_clock_that_was_set_back_delays_no_step_and_no_retry(
    start: Any, crew: Any, incident_event: Any
) -> None:
    crew.phones.answers = [Failed("answered 503", retry=True)]
    await crew.hear(incident_event())
    assert await crew.tick() == ["Ada"]
    async with start(crew.database) as twin:
        assert await twin.app.state.engines["escalation"].cycle()
        crew.clock.set(crew.clock.now() - timedelta(minutes=10))
        assert await twin.app.state.engines["escalation"].cycle()
        assert await crew.tick(seconds=5) == ["Ada"], "tried again when it was due, once mended"
        assert await crew.tick(minutes=4) == []
        assert await crew.tick(minutes=1) == ["Ben"]
        assert await crew.tick(minutes=9) == [], "nor is anything early"


async def test_a_clock_set_back_while_the_database_was_away_is_noticed_afterwards(
    crew: Any, incident_event: Any, monkeypatch: Any
) -> None:
    await crew.hear(incident_event())
    assert await crew.tick() == ["Ada"]
    crew.clock.set(crew.clock.now() - timedelta(minutes=10))
    with monkeypatch.context() as away:
        away.setattr("oncall_service.paging.set_back.clock_marks.latest", _unavailable)
        assert not await crew.app.state.engines["escalation"].cycle()
    assert await crew.tick(seconds=1) == []
    assert await crew.tick(minutes=5) == ["Ben"]


async def _unavailable(*_arguments: Any) -> None:
    raise Unavailable("The database does not answer.")


async def test_two_replicas_do_a_due_step_once(start: Any, crew: Any, incident_event: Any) -> None:
    ids = [f"01900000-0000-7000-8000-0000000000c{number}" for number in range(6)]
    for one in ids:
        await crew.hear(incident_event(id=one))
    await crew.tick()
    await crew.tick(seconds=5)
    async with start(crew.database) as twin:
        crew.clock.advance(minutes=5)
        engines = [one.app.state.engines for one in (crew, twin)]
        assert all(await asyncio.gather(*(each["escalation"].cycle() for each in engines)))
        assert all(await asyncio.gather(*(each["sending"].cycle() for each in engines)))
        crew.clock.advance(seconds=5)
        assert all(await asyncio.gather(*(each["sending"].cycle() for each in engines)))
    assert {outgoing.person for outgoing in crew.phones.rang} == {"Ben"}
    assert sorted(crew.told_of()) == ids


async def test_a_run_survives_a_restart(start: Any, crew: Any, incident_event: Any) -> None:
    await crew.hear(incident_event())
    await crew.tick()
    async with start(crew.database) as restarted:
        assert await restarted.tick(minutes=5) == ["Ben"]


def decisions(crew: Any) -> list[str]:
    """What was told of runs, in order, without what became of messages."""
    types = [event["type"] for event in crew.last_events]
    return [one for one in types if one.startswith("page.")]


async def test_escalating_by_hand_does_the_next_step_at_once(
    crew: Any, incident_event: Any
) -> None:
    event = incident_event()
    await crew.hear(event)
    await crew.tick()
    body = {"incident_id": event["incident"]["id"], "reason": "Ada is on a plane"}
    run = await crew.ok("POST", ESCALATE, json=body)
    assert (run["status"], run["step"], run["round"]) == ("running", 0, 1)
    assert await crew.tick() == ["Ben"]
    await crew.told()
    [asked] = [one for one in crew.last_events if one["type"] == "page.requested"]
    assert asked["data"] == {"by": "bootstrap", "why": "Ada is on a plane"}
    assert decisions(crew)[-2:] == ["page.requested", "page.target"]


async def test_help_for_an_acknowledged_incident_is_one_step_and_no_repetition(
    crew: Any, incident_event: Any
) -> None:
    event = incident_event()
    await crew.hear(event)
    await crew.tick()
    await crew.hear(incident_event("acknowledged", 2))
    run = await crew.ok("POST", ESCALATE, json={"incident_id": event["incident"]["id"]})
    assert run["status"] == "completed"
    assert await crew.tick() == ["Ben"]
    assert await crew.tick(hours=1) == []


async def test_another_team_can_be_called_by_hand(crew: Any, incident_event: Any) -> None:
    event = incident_event()
    await crew.hear(event)
    await crew.tick()
    body = {"incident_id": event["incident"]["id"], "team": "Catch-all"}
    await crew.ok("POST", ESCALATE, json=body)
    assert await crew.tick() == ["Administrator"]
    # What incident-management says before it has heard of the new team changes nothing.
    assert await crew.hear(incident_event("open", 2)) == ["already_paging"]
    assert await crew.tick(minutes=5) == ["Administrator"]


async def test_an_exhausted_escalation_can_be_started_again_by_hand(
    crew: Any, incident_event: Any
) -> None:
    event = incident_event()
    await crew.hear(event)
    for minutes in (0, 5, 10, 5, 10):
        await crew.tick(minutes=minutes)
    run = await crew.ok("POST", ESCALATE, json={"incident_id": event["incident"]["id"]})
    assert (run["status"], run["started_reason"]) == ("running", "escalated_by_hand")
    assert await crew.tick() == ["Ada"]
    await crew.told()
    assert decisions(crew)[-3:] == ["page.requested", "page.started", "page.target"]


async def test_another_team_is_paged_though_the_first_was_to_no_avail(
    crew: Any, incident_event: Any
) -> None:
    await crew.hear(incident_event())
    for minutes in (0, 5, 10, 5, 10):
        await crew.tick(minutes=minutes)
    # The incident has heard from us whose it is: that is no news.
    told = incident_event("open", 2, event_type="incident.updated", team="payments")
    assert await crew.hear(told) == ["already_exhausted"]
    handed = incident_event("open", 3, event_type="incident.updated", team="Catch-all")
    assert await crew.hear(handed) == ["team_changed"]
    assert await crew.tick() == ["Administrator"]


async def test_what_is_resolved_or_unknown_cannot_be_escalated(
    crew: Any, incident_event: Any
) -> None:
    unknown = {"incident_id": "01900000-0000-7000-8000-0000000000dd"}
    assert (await crew.call("POST", ESCALATE, json=unknown)).status_code == 404
    event = incident_event("resolved", 3)
    await crew.hear(event)
    known = {"incident_id": event["incident"]["id"]}
    assert (await crew.call("POST", ESCALATE, json=known)).status_code == 409


async def test_runs_are_counted_by_team_from_zero(crew: Any, incident_event: Any) -> None:
    before = (await crew.client.get("/metrics")).text
    assert 'escalations_total{team="Payments"} 0.0' in before
    await crew.hear(incident_event())
    after = (await crew.client.get("/metrics")).text
    assert 'escalations_total{team="Payments"} 1.0' in after
    assert 'oncall_current{person="Ada",team="Payments"} 1.0' in after
    assert "escalations_running 1.0" in after
    assert 'engine_cycle_age_seconds{engine="escalation"}' in after


async def test_one_run_that_cannot_go_on_holds_up_no_other(crew: Any, incident_event: Any) -> None:
    broken, sound = (f"01900000-0000-7000-8000-0000000000e{n}" for n in range(2))
    await crew.hear(incident_event(id=broken), incident_event(id=sound))
    await crew.tick()
    crew.database.query(
        "UPDATE oncall.escalations SET plan = '{}' WHERE incident_id = %(id)s", {"id": broken}
    )
    crew.clock.advance(minutes=5)
    assert not await crew.app.state.engines["escalation"].cycle()
    await crew.app.state.engines["sending"].cycle()
    assert crew.phones.take() == ["Ben"]


async def test_the_runs_can_be_listed_page_by_page(crew: Any, incident_event: Any) -> None:
    ids = [f"01900000-0000-7000-8000-0000000000f{number}" for number in range(3)]
    for one in ids:
        await crew.hear(incident_event(id=one))
    path = "/api/v1/escalations?team=Payments&status=running&limit=2"
    first = await crew.ok("GET", path)
    second = await crew.ok("GET", f"{path}&cursor={first['next_cursor']}")
    seen = [run["incident_id"] for run in first["items"] + second["items"]]
    assert seen == ids[::-1]
    assert second["next_cursor"] is None
    one = await crew.ok("GET", f"/api/v1/escalations/{second['items'][0]['id']}")
    assert one["incident_id"] == ids[0]
    by_incident = await crew.ok("GET", f"/api/v1/escalations?incident_id={ids[1]}")
    assert len(by_incident["items"]) == 1
    assert (await crew.call("GET", "/api/v1/escalations?cursor=nonsense")).status_code == 400
