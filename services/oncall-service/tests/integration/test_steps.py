"""Steps with several targets and conditions, through the service."""

from typing import Any


async def policy(crew: Any, *steps: dict[str, Any], **fields: Any) -> dict[str, Any]:
    body = {"name": "Payments", "team": "Payments", "steps": list(steps), **fields}
    view: dict[str, Any] = await crew.ok("PUT", "/api/v1/policies/Payments", json=body)
    return view


async def test_a_step_pages_all_its_targets_at_once(crew: Any, incident_event: Any) -> None:
    targets = [{"kind": "primary"}, {"kind": "person", "person": "Cleo"}]
    view = await policy(crew, {"targets": targets, "delay_minutes": 5})
    assert [one["kind"] for one in view["steps"][0]["targets"]] == ["primary", "person"]
    await crew.hear(incident_event())
    assert await crew.tick() == ["Ada", "Cleo"]


async def test_a_policy_reads_as_it_was_written_and_writing_it_again_changes_nothing(
    crew: Any,
) -> None:
    step = {
        "targets": [{"kind": "team", "team": "Payments"}, {"kind": "secondary"}],
        "delay_minutes": 7,
        "severities": ["critical", "high"],
        "hours": "outside",
    }
    view = await policy(crew, step, acknowledge_timeout_minutes=30)
    again = await policy(crew, step, acknowledge_timeout_minutes=30)
    assert again == view
    stored = view["steps"][0]
    assert (stored["severities"], stored["hours"]) == (["critical", "high"], "outside")
    assert view["acknowledge_timeout_minutes"] == 30


async def test_a_step_may_ask_whoever_is_on_call_for_another_team(
    crew: Any, incident_event: Any
) -> None:
    body = {"name": "Web", "members": ["Cleo"]}
    await crew.ok("PUT", "/api/v1/teams/Web", json=body)
    layer = {"participants": ["Cleo"], "start": "2026-03-02T09:00:00"}
    schedule = {"name": "Web", "team": "Web", "layers": [layer]}
    await crew.ok("PUT", "/api/v1/schedules/Web", json=schedule)
    await policy(crew, {"targets": [{"kind": "primary", "team": "Web"}]})
    await crew.hear(incident_event())
    assert await crew.tick() == ["Cleo"]
    refused = await crew.call("DELETE", "/api/v1/teams/Web")
    assert "a step of policy 'Payments'" in refused.json()["used_by"]


async def test_a_webhook_of_a_policy_is_called_signed_and_its_secret_is_shown_once(
    crew: Any, incident_event: Any
) -> None:
    hook = {"kind": "webhook", "url": "https://chat.example/hooks/1"}
    first = await policy(crew, {"targets": [hook, {"kind": "primary"}]})
    secret = first["steps"][0]["targets"][0]["secret"]
    assert len(secret) > 30
    again = await policy(crew, {"targets": [hook]}, repeat=1)
    target = again["steps"][0]["targets"][0]
    assert (target["secret"], target["url"]) == (None, "https://chat.example/...")
    await crew.hear(incident_event())
    await crew.app.state.engines["sending"].cycle()
    [called] = crew.phones.rang
    assert (called.target, called.secret) == (hook["url"], secret)
    assert "notification.sent" in await crew.told()
    await policy(crew, {"target": "primary"})
    assert crew.database.query("SELECT id FROM contact_methods WHERE person_id IS NULL") == []


async def test_a_webhook_is_asked_for_again_as_it_is_shown_and_stays_as_it_is(
    crew: Any, incident_event: Any
) -> None:
    def hooks(*paths: str) -> dict[str, Any]:
        urls = [f"https://chat.example/{path}" for path in paths]
        return {"targets": [{"kind": "webhook", "url": url} for url in urls]}

    await policy(crew, hooks("hooks/1"))
    kept = await policy(crew, hooks("..."))
    assert kept["steps"][0]["targets"][0]["secret"] is None
    await crew.hear(incident_event())
    await crew.app.state.engines["sending"].cycle()
    [called] = crew.phones.rang
    assert called.target == "https://chat.example/hooks/1"
    await policy(crew, hooks("hooks/1", "hooks/2"))
    body = {"name": "Payments", "team": "Payments", "steps": [hooks("...")]}
    refused = await crew.call("PUT", "/api/v1/policies/Payments", json=body)
    assert refused.json()["errors"] == [
        {"field": "steps.0.targets.0.url", "message": "is short for several: give the whole URL"}
    ]


async def test_a_webhook_inside_is_refused(crew: Any) -> None:
    hook = {"kind": "webhook", "url": "http://127.0.0.1:8003/"}
    body = {"name": "Inside", "team": "Payments", "steps": [{"targets": [hook]}]}
    refused = await crew.call("PUT", "/api/v1/policies/Inside", json=body)
    assert refused.json()["errors"][0]["field"] == "steps.0.targets.0.url"


async def test_a_step_for_other_severities_is_passed_over_at_once_and_said(
    crew: Any, incident_event: Any
) -> None:
    await policy(
        crew,
        {"target": "primary", "severities": ["critical"], "delay_minutes": 5},
        {"target": "secondary", "delay_minutes": 5},
    )
    await crew.hear(incident_event(severity="medium"))
    assert await crew.tick() == ["Ben"]
    assert (await crew.told())[:2] == ["page.started", "page.skipped"]
    assert crew.last_events[1]["reason"] == "other_severities"


async def test_a_policy_with_no_step_for_a_severity_pages_nobody_and_says_so(
    crew: Any, incident_event: Any
) -> None:
    await policy(crew, {"target": "primary", "severities": ["critical"]})
    await crew.hear(incident_event(severity="low"))
    assert await crew.tick() == []
    assert (await crew.told())[-1] == "page.exhausted"
    assert crew.last_events[-1]["reason"] == "no_step_for_severity"


async def test_an_empty_step_is_passed_over_at_once_and_said(
    crew: Any, incident_event: Any
) -> None:
    await crew.ok("DELETE", "/api/v1/schedules/Payments")
    await policy(
        crew,
        {"target": "primary", "delay_minutes": 30},
        {"target": "person", "person": "Ben"},
    )
    await crew.hear(incident_event())
    assert await crew.tick() == ["Ben"]
    await crew.told()
    [skipped] = [one for one in crew.last_events if one["type"] == "page.skipped"]
    assert (skipped["step"], skipped["reason"]) == (0, "nobody_on_call")


async def test_a_step_by_working_hours_asks_whom_it_suits(crew: Any, incident_event: Any) -> None:
    night = [
        {
            "days": ["mon", "tue", "wed", "thu", "fri", "sat", "sun"],
            "start": "22:00",
            "end": "06:00",
        }
    ]
    await crew.ok("PATCH", "/api/v1/people/Ada", json={"working_hours": night})
    await policy(
        crew,
        {"target": "primary", "hours": "within"},
        {"target": "person", "person": "Cleo"},
    )
    await crew.hear(incident_event())
    assert await crew.tick() == ["Cleo"]


async def test_a_forgotten_acknowledgement_is_told_and_pages_again(
    crew: Any, incident_event: Any
) -> None:
    await policy(crew, {"target": "primary"}, acknowledge_timeout_minutes=30)
    await crew.hear(incident_event())
    assert await crew.tick() == ["Ada"]
    await crew.hear(incident_event("acknowledged", 2))
    await crew.tick(minutes=29)
    assert "page.forgotten" not in await crew.told()
    await crew.tick(minutes=1)
    assert await crew.told() == ["page.forgotten"]
    await crew.tick(minutes=5)
    assert await crew.told() == ["page.forgotten"], "the word may have got lost"
    reopened = incident_event("open", 3, event_type="incident.reopened")
    assert await crew.hear({**reopened, "reason": "acknowledgement_forgotten"}) == [
        "acknowledgement_forgotten"
    ]
    assert await crew.tick() == ["Ada"]
    await crew.tick(minutes=6)
    assert "page.forgotten" not in await crew.told()


async def test_whoever_works_on_it_has_not_forgotten_it(crew: Any, incident_event: Any) -> None:
    await policy(crew, {"target": "primary"}, acknowledge_timeout_minutes=30)
    await crew.hear(incident_event())
    await crew.hear(incident_event("acknowledged", 2))
    await crew.hear(incident_event("in_progress", 3))
    await crew.tick(hours=2)
    assert "page.forgotten" not in await crew.told()


async def test_a_run_that_is_under_way_keeps_the_policy_it_began_with(
    crew: Any, incident_event: Any
) -> None:
    await crew.hear(incident_event())
    assert await crew.tick() == ["Ada"]
    await policy(crew, {"target": "person", "person": "Cleo"})
    assert await crew.tick(minutes=5) == ["Ben"]


async def test_a_step_that_is_late_after_a_stop_is_caught_up_and_said(
    crew: Any, incident_event: Any
) -> None:
    await crew.hear(incident_event())
    await crew.tick()
    await crew.told()
    assert await crew.tick(minutes=25) == ["Ben"]
    await crew.told()
    [target] = [one for one in crew.last_events if one["type"] == "page.target"]
    assert target["data"] == {"late_seconds": 20 * 60}
    assert await crew.tick(minutes=9, seconds=59) == [], "Ben has the time of the step"


async def test_a_webhook_that_is_gone_with_its_policy_is_a_page_that_reached_nobody(
    crew: Any, incident_event: Any
) -> None:
    hook = {"kind": "webhook", "url": "https://chat.example/hooks/1"}
    await policy(crew, {"target": "primary", "delay_minutes": 5}, {"targets": [hook]})
    await crew.hear(incident_event())
    assert await crew.tick() == ["Ada"]
    await crew.ok("DELETE", "/api/v1/policies/Payments")
    assert await crew.tick(minutes=5) == []
    messages = (await crew.ok("GET", "/api/v1/notifications"))["items"]
    assert (messages[0]["channel"], messages[0]["outcome"]) == ("none", "failed")
