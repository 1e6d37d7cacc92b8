"""What pages nobody, and when it does after all: silences, inhibition, flapping, storms."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from alert_ingestion.workflow.release import look_again
from alert_ingestion.workflow.storm_watch import watch
from shared.contracts.alerts import AlertEvent, AlertKind
from shared.contracts.identity import Role

SILENCES = "/api/v1/silences"
RULES = "/api/v1/inhibition-rules"


async def act(service: Any, path: str, body: Any, status: int) -> Any:
    answer = await service.post(path, body, key=service.tokens[Role.RESPONDER])
    assert answer.status_code == status, answer.text
    return answer.json()


async def silence(service: Any, matchers: Any = "service=checkout", **more: Any) -> Any:
    ends_at = (service.clock.now() + timedelta(hours=1)).isoformat()
    body = {"matchers": matchers, "ends_at": ends_at, "comment": "we know", **more}
    return await act(service, SILENCES, body, 201)


async def sent(service: Any, /, **alert: Any) -> Any:
    answer = await service.send(**alert)
    assert answer.status_code == 201, answer.text
    return answer.json()


async def release(service: Any) -> None:
    while await look_again(service.pool, service.ingestion.defaults, service.clock.now()):
        pass


def paged(service: Any) -> list[AlertEvent]:
    """What incident-management was told that begins to belong to an incident."""
    return [event for event in service.owed() if event.type == AlertKind.OPENED]


async def timeline(service: Any, alert_id: str) -> list[str]:
    entries = await service.get(f"/api/v1/alerts/{alert_id}/timeline")
    return [entry["reason"] for entry in entries["items"]]


async def test_a_silenced_alert_is_stored_and_pages_nobody(service: Any) -> None:
    made = await silence(service)
    assert (made["state"], made["author"]) == ("active", "the responder")
    taken = await sent(service)
    assert (taken["action"], taken["reason"]) == ("held", "silenced")
    assert taken["incident_id"] is None
    shown = await service.alert(taken["alert_id"])
    assert (shown["status"], shown["held"], shown["held_by"]) == (
        *("firing", "silenced"),
        [made["id"]],
    )
    assert service.owed() == []
    assert await service.metric('alerts_decided_total{reason="silenced"}') == 1
    assert await service.metric('alerts_correlated_total{result="held"}') == 1
    other = await sent(service, service="search")
    assert other["action"] == "new_incident"
    assert (await service.get(f"{SILENCES}/{made['id']}"))["holds"] == 1
    silenced = (await service.get("/api/v1/alerts?held=silenced"))["items"]
    assert [one["id"] for one in silenced] == [taken["alert_id"]]


async def test_it_pages_once_at_the_end_of_its_silence_if_it_fires_still(service: Any) -> None:
    await silence(service)
    taken = await sent(service)
    repeated = await sent(service)
    assert (repeated["action"], repeated["reason"]) == ("duplicate_suppressed", "silenced")
    service.clock.advance(minutes=59)
    await release(service)
    assert paged(service) == []
    service.clock.advance(minutes=1)
    await release(service)
    await release(service)
    [event] = paged(service)
    assert (str(event.alert.id), event.reason) == (taken["alert_id"], "silence_ended")
    shown = await service.alert(taken["alert_id"])
    assert (shown["held"], shown["incident_id"]) == (None, str(event.incident_id))
    assert await timeline(service, taken["alert_id"]) == ["silenced", "silence_ended"]
    assert (await sent(service))["action"] == "duplicate_suppressed"
    assert len(paged(service)) == 1


async def test_a_repeat_after_the_end_pages_without_waiting(service: Any) -> None:
    await silence(service)
    taken = await sent(service)
    service.clock.advance(hours=1)
    again = await sent(service)
    assert (again["action"], again["reason"]) == ("new_incident", "silence_ended")
    assert again["alert_id"] == taken["alert_id"]
    assert len(paged(service)) == 1


async def test_what_ends_while_it_is_silenced_is_told_to_nobody(service: Any) -> None:
    await silence(service)
    taken = await sent(service)
    assert (await sent(service, status="resolved"))["action"] == "resolved"
    service.clock.advance(hours=2)
    await release(service)
    assert service.owed() == []
    assert (await service.alert(taken["alert_id"]))["status"] == "resolved"


async def test_an_expired_silence_lets_go_at_once(service: Any) -> None:
    made = await silence(service)
    await sent(service)
    ended = await act(service, f"{SILENCES}/{made['id']}/expire", None, 200)
    assert ended["state"] == "expired"
    await release(service)
    assert len(paged(service)) == 1
    assert (await service.get(SILENCES))["items"] == []
    assert len((await service.get(f"{SILENCES}?over=true"))["items"]) == 1


async def test_of_two_silences_the_later_end_counts(service: Any) -> None:
    await silence(service)
    later = (service.clock.now() + timedelta(hours=3)).isoformat()
    await silence(service, "severity=critical", ends_at=later)
    await sent(service)
    service.clock.advance(hours=2)
    await release(service)
    assert paged(service) == []
    service.clock.advance(hours=1)
    await release(service)
    assert len(paged(service)) == 1


async def test_a_maintenance_window_lets_go_at_its_end_in_the_night_of_the_change(
    service: Any,
) -> None:
    paris = ZoneInfo("Europe/Paris")
    service.clock.set(datetime(2026, 10, 23, 12, tzinfo=paris).astimezone(UTC))
    await silence(
        service,
        starts_at="2026-10-23T22:00:00+02:00",
        ends_at="2026-12-01T00:00:00+01:00",
        recurrence={"rrule": "FREQ=DAILY", "zone": "Europe/Paris", "duration_seconds": 8 * 3600},
    )
    assert (await sent(service, dedup_key="noon"))["action"] == "new_incident"
    service.clock.set(datetime(2026, 10, 24, 23, tzinfo=paris).astimezone(UTC))
    assert (await sent(service, dedup_key="night"))["action"] == "held"
    # 05:59 by the clock that was set back: nine hours after 22:00.
    service.clock.set(datetime(2026, 10, 25, 5, 59, tzinfo=paris).astimezone(UTC))
    await release(service)
    assert len(paged(service)) == 1
    service.clock.set(datetime(2026, 10, 25, 6, tzinfo=paris).astimezone(UTC))
    await release(service)
    assert len(paged(service)) == 2


async def test_a_preview_says_what_it_would_be_about_and_stores_nothing(service: Any) -> None:
    first = await sent(service)
    await sent(service, service="search")
    said = await act(service, f"{SILENCES}/preview", {"matchers": "service=checkout"}, 200)
    assert said["count"] == 1
    assert said["alerts"][0]["id"] == first["alert_id"]
    assert service.count("silences") == 0


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"matchers": "service"}, "matchers"),
        ({"matchers": 'service=~".*"'}, "matchers"),
        ({"matchers": []}, "matchers"),
        ({"ends_at": "2020-01-01T00:00:00Z"}, "ends_at"),
        ({"comment": ""}, "comment"),
        (
            {"recurrence": {"rrule": "FREQ=NEVER", "zone": "UTC", "duration_seconds": 60}},
            "recurrence",
        ),
    ],
)
async def test_what_is_no_silence_is_refused(service: Any, change: Any, field: str) -> None:
    ends_at = (service.clock.now() + timedelta(hours=1)).isoformat()
    body = {"matchers": "a=b", "ends_at": ends_at, "comment": "x", **change}
    refused = await act(service, SILENCES, body, 422)
    assert any(error["field"].startswith(field) for error in refused["errors"]), refused


async def test_a_viewer_silences_nothing(service: Any) -> None:
    body = {"matchers": "a=b", "ends_at": "2099-01-01T00:00:00Z", "comment": "x"}
    answer = await service.post(SILENCES, body, key=service.tokens[Role.VIEWER])
    assert answer.status_code == 403


async def test_who_silenced_what_is_on_record(service: Any) -> None:
    made = await silence(service)
    await act(service, f"{SILENCES}/{made['id']}/expire", None, 200)
    rows = service.database.query("SELECT action, actor, subject_id FROM audit ORDER BY seq")
    assert [row[0] for row in rows] == ["silence.created", "silence.expired"]
    assert {row[2] for row in rows} == {made["id"]}
    assert rows[0][1]["name"] == "the responder"


async def rule(service: Any, **more: Any) -> Any:
    body = {
        "name": "a region that is down",
        "source": "alertname=Down",
        "target": "severity=~low|medium",
        "equal": ["region"],
        **more,
    }
    return await act(service, RULES, body, 201)


async def down(service: Any, **more: Any) -> Any:
    labels = {"alertname": "Down", "region": "eu"}
    return await sent(service, dedup_key="down", labels=labels, **more)


async def slow(service: Any, region: str = "eu", **more: Any) -> Any:
    return await sent(
        service,
        dedup_key=f"slow-{region}",
        service="search",
        severity="low",
        labels={"region": region},
        **more,
    )


async def test_what_another_alert_explains_pages_when_that_one_is_over(service: Any) -> None:
    made = await rule(service)
    await down(service)
    held = await slow(service)
    assert (held["action"], held["reason"]) == ("held", "inhibited")
    assert (await slow(service, "us"))["action"] == "new_incident"
    assert (await service.get(RULES))["items"][0]["holds"] == 1
    assert (await service.alert(held["alert_id"]))["held_by"] == [made["id"]]
    service.clock.advance(minutes=2)
    await release(service)
    assert len(paged(service)) == 2
    await down(service, status="resolved")
    await release(service)
    assert [event.reason for event in paged(service)][2:] == ["inhibition_ended"]
    assert await timeline(service, held["alert_id"]) == ["inhibited", "inhibition_ended"]


async def test_it_does_not_matter_which_of_them_stands_first_in_a_request(service: Any) -> None:
    await rule(service)
    both = [
        {
            "service": "search",
            "severity": "low",
            "message": "slow",
            "labels": {"region": "eu"},
        },
        {
            "service": "checkout",
            "severity": "critical",
            "message": "it burns",
            "labels": {"alertname": "Down", "region": "eu"},
        },
    ]
    answer = await service.post("/api/v1/alerts", both)
    assert [one["action"] for one in answer.json()["results"]] == ["held", "new_incident"]


async def test_a_rule_counts_what_fires_already_and_lets_go_when_it_ends(service: Any) -> None:
    await down(service)
    made = await rule(service)
    held = await slow(service)
    assert held["action"] == "held"
    await act(service, f"{RULES}/{made['id']}/end", None, 200)
    await release(service)
    assert len(paged(service)) == 2


async def test_a_source_that_times_out_lets_go(service: Any) -> None:
    await rule(service)
    labels = {"alertname": "Down", "region": "eu", "service": "checkout"}
    assert (await service.post("/api/v2/alerts", [{"labels": labels}])).status_code == 200
    assert (await slow(service))["action"] == "held"
    service.clock.advance(minutes=5)
    assert await service.let_time_out() == 1
    await release(service)
    assert len(paged(service)) == 2


async def flap(service: Any, times: int, **alert: Any) -> list[Any]:
    answers = []
    for _ in range(times):
        service.clock.advance(seconds=20)
        answers.append(await sent(service, dedup_key="flap", **alert))
        service.clock.advance(seconds=20)
        answers.append(await sent(service, dedup_key="flap", status="resolved", **alert))
    return answers


async def test_an_alert_that_comes_and_goes_says_so_once_and_stays_until_it_is_quiet(
    service: Any,
) -> None:
    answers = await flap(service, 12)
    opened = [one for one in answers if one["action"] == "new_incident"]
    assert [one["reason"] for one in opened][-1] == "flapping"
    assert len(opened) == 6
    assert {one["reason"] for one in answers[12:] if one["status"] == "firing"} == {
        "flapping",
        "still_firing",
    }
    flapping = opened[-1]["alert_id"]
    shown = await service.alert(flapping)
    assert (shown["status"], shown["held"], shown["flapping"]) == ("firing", "flapping", True)
    assert await timeline(service, flapping) == ["flapping"]
    told = len(service.owed())
    service.clock.advance(minutes=10)
    assert await service.let_time_out() == 1
    shown = await service.alert(flapping)
    assert (shown["status"], shown["resolved_reason"]) == ("resolved", "quiet_after_flapping")
    assert len(service.owed()) == told + 1
    # It was let go: what comes now is counted anew.
    assert (await sent(service, dedup_key="flap"))["reason"] == "recurrence"


async def test_a_flapping_alert_that_fires_on_is_not_over(service: Any) -> None:
    await flap(service, 6)
    service.clock.advance(minutes=5)
    await sent(service, dedup_key="flap")
    service.clock.advance(minutes=30)
    assert await service.let_time_out() == 0


async def test_an_integration_may_flap_as_it_likes(service: Any) -> None:
    own = await service.create_integration("restless", flap_openings=0)
    answers = await flap(service, 10, key=own["key"])
    assert sum(one["action"] == "new_incident" for one in answers) == 10


def burning(number: int, **more: Any) -> dict[str, Any]:
    body = {"service": f"service-{number}", "severity": "high", "message": "it burns"}
    return {**body, **more}


async def test_a_storm_is_one_incident_that_says_how_many_and_of_what(service: Any) -> None:
    own = await service.create_integration("noisy", storm_incidents=10)
    for first in range(0, 60, 20):
        batch = [burning(number % 50, dedup_key=str(number)) for number in range(first, first + 20)]
        answer = await service.post("/api/v1/alerts", batch, key=own["key"])
        assert answer.status_code == 201, answer.text
    events = paged(service)
    incidents = {event.incident_id for event in events}
    assert len(incidents) == 11
    storm = next(event for event in events if event.alert.fingerprint.startswith("storm:"))
    assert storm.reason == "storm"
    in_storm = [event for event in events if event.incident_id == storm.incident_id]
    assert {event.reason for event in in_storm} == {"storm"}
    worse = await service.post("/api/v1/alerts", burning(7, severity="critical"), key=own["key"])
    assert (worse.json()["action"], worse.json()["reason"]) == ("new_incident", "new_incident")
    await watch(service.pool, service.ingestion.defaults, service.clock.now())
    said = (await service.alert(str(storm.alert.id)))["message"]
    assert said.startswith("Alert storm from noisy: 4"), said
    # Once it is over its alert ends, and what comes next is nobody's storm.
    service.clock.advance(minutes=6)
    await watch(service.pool, service.ingestion.defaults, service.clock.now())
    assert (await service.alert(str(storm.alert.id)))["resolved_reason"] == "storm_over"
    later = await service.post("/api/v1/alerts", burning(99), key=own["key"])
    assert later.json()["action"] == "new_incident"


async def test_replicas_see_one_storm(start: Any) -> None:
    async with start(storm_incidents=5) as one, start(storm_incidents=5) as other:
        await asyncio.gather(
            *(
                (one if number % 2 else other).post("/api/v1/alerts", burning(number))
                for number in range(60)
            )
        )
        storms = [event for event in paged(one) if event.alert.fingerprint.startswith("storm:")]
        assert len({event.incident_id for event in storms}) == 1
        # Those of two transactions that could not see each other yet, at most.
        assert len({event.incident_id for event in paged(one)}) <= 20


async def test_more_requests_than_an_integration_may_send_are_told_to_come_later(
    service: Any,
) -> None:
    own = await service.create_integration("eager", requests_per_minute=12)
    answers = [await service.send(key=own["key"]) for _ in range(4)]
    assert [one.status_code for one in answers] == [201, 201, 429, 429]
    assert answers[-1].headers["Retry-After"] == "5"
    # Alertmanager and Prometheus repeat what a server could not do, and nothing else.
    alert = [{"labels": {"alertname": "Down"}}]
    refused = await service.post("/api/v2/alerts", alert, key=own["key"])
    assert (refused.status_code, refused.headers["Retry-After"]) == (503, "5")
    service.clock.advance(seconds=5)
    assert (await service.send(key=own["key"])).status_code == 201
