"""The platform's test of itself goes the way of every alert, and nobody sees it."""

from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

from shared.contracts.incidents import CANARY_PAGED, IncidentEvent
from vigie_testing.clock import ManualClock

TEAM = {"id": str(UUID(int=9)), "name": "Shop"}
WHAT_NAMES_INCIDENTS = """
SELECT id FROM incidents
UNION SELECT incident_id FROM timeline
UNION SELECT incident_id FROM alerts
"""


async def begun(service: Any, **given: Any) -> tuple[str, UUID]:
    """A canary's incident and its alert, as alert-ingestion tells of them."""
    incident, alert = str(uuid4()), uuid4()
    (result,) = await service.alert_events(
        service.event(
            "alert.opened",
            incident=incident,
            alert=alert,
            service="vigie-canary",
            severity="low",
            canary=True,
            **given,
        )
    )
    assert (result["outcome"], result["incident_id"]) == ("applied", incident)
    return incident, alert


async def ended(service: Any, incident: str, alert: UUID) -> None:
    await service.alert_events(
        service.event("alert.resolved", incident=incident, alert=alert, canary=True)
    )


def kinds(database: Any, incident: str) -> list[str]:
    rows = database.query(
        "SELECT kind FROM timeline WHERE incident_id = %(id)s ORDER BY seq", {"id": incident}
    )
    return [kind for (kind,) in rows]


def told(events: list[dict[str, Any]]) -> list[str]:
    assert all(IncidentEvent.model_validate(event).canary for event in events)
    return [event["type"] for event in events]


async def test_a_walk_goes_to_the_page_and_back_and_both_neighbours_hear_of_it(
    service: Any,
) -> None:
    incident, alert = await begun(service)
    await service.deliver()
    assert told(service.neighbours.told_oncall()) == ["incident.opened"]
    assert service.neighbours.told_alerts() == []

    sent = service.page("notification.sent", incident, channel="null")
    (result,) = await service.page_events(sent)
    assert result["outcome"] == "applied"
    await service.page_events(sent)
    await service.deliver()
    assert told(service.neighbours.told_alerts()) == [CANARY_PAGED]
    assert told(service.neighbours.told_oncall()) == ["incident.opened"]

    await ended(service, incident, alert)
    await service.deliver()
    assert told(service.neighbours.told_alerts()) == [CANARY_PAGED, "incident.resolved"]
    assert told(service.neighbours.told_oncall()) == ["incident.opened", "incident.resolved"]
    assert service.neighbours.told_alerts()[-1]["incident"]["status"] == "resolved"
    assert kinds(service.database, incident) == [
        "incident.opened",
        "notification.sent",
        "alert.resolved",
        "incident.resolved",
    ]


async def test_other_steps_of_a_page_are_written_down_and_not_told(service: Any) -> None:
    incident, _ = await begun(service)
    await service.page_events(
        service.page("page.started", incident, team=TEAM),
        service.page("notification.failed", incident, channel="null"),
    )
    await service.deliver()
    assert service.neighbours.told_alerts() == []


async def everything(service: Any) -> dict[str, Any]:
    """What people and graphs see of incidents."""
    headers = service.person()
    queries = ("", "?status=open,resolved", "?q=vigie", "?service=vigie-canary", "?sort=severity")
    queries += ("?include_merged=true", "?team=Shop", "?severity=low", "?q=Checkout")
    seen: dict[str, Any] = {}
    for path in (*(f"incidents{query}" for query in queries), "stats?window=1d"):
        response = await service.client.get(f"/api/v1/{path}", headers=headers)
        assert response.status_code == 200, response.text
        seen[path] = response.json()
    seen["metrics"] = {
        series: value
        for series, value in (await service.metrics()).items()
        if series.startswith(("incident", "outbox_depth"))
    }
    seen["feed"] = service.database.query(
        "SELECT last_id, (SELECT count(*) FROM feed) FROM feed_position"
    )
    return seen


async def test_lists_statistics_metrics_and_the_feed_are_the_same_before_and_after(
    service: Any,
) -> None:
    await service.opened()
    await service.deliver()
    before = await everything(service)
    assert len(before["incidents"]["items"]) == 1

    incident, alert = await begun(service)
    await service.page_events(service.page("page.started", incident, team=TEAM))
    await service.deliver()
    assert await everything(service) == before
    await service.page_events(service.page("notification.sent", incident, channel="null"))
    await ended(service, incident, alert)
    await service.deliver()
    assert await everything(service) == before

    following = await service.opened()
    assert following["number"] == before["incidents"]["items"][0]["number"] + 1, "a hole"


async def test_nobody_can_ask_for_it_or_change_it(service: Any) -> None:
    incident, _ = await begun(service)
    real = await service.opened()
    ((number,),) = service.database.query(
        "SELECT number FROM incidents WHERE id = %(id)s", {"id": incident}
    )
    assert number < 0
    url, headers = "/api/v1/incidents", service.person()
    answers = [
        await service.client.get(f"{url}/{reference}{what}", headers=headers)
        for reference in (incident, number, f"INC-{number}")
        for what in ("", "/timeline", "/alerts", "/metrics")
    ]
    answers += [
        await service.client.patch(
            f"{url}/{incident}", json={"status": "acknowledged"}, headers=headers
        ),
        await service.client.post(f"{url}/{incident}/notes", json={"text": "?"}, headers=headers),
        await service.client.post(
            f"{url}/{incident}/merge", json={"into": real["id"]}, headers=headers
        ),
        await service.client.post(
            f"{url}/{real['id']}/merge", json={"into": incident}, headers=headers
        ),
    ]
    assert {answer.status_code for answer in answers} == {404}
    assert kinds(service.database, incident) == ["incident.opened"]


async def test_no_alert_joins_it_and_it_joins_no_incident(service: Any) -> None:
    canary, alert = await begun(service)
    real = await service.opened(incident=canary)
    assert real["id"] != canary
    assert real["alert_count"] == 1
    (ignored,) = await service.alert_events(
        service.event("alert.opened", incident=real["id"], canary=True)
    )
    assert (ignored["outcome"], ignored["reason"]) == ("ignored", "canary_stands_alone")
    assert (await service.get(real["id"]))["alert_count"] == 1
    # What comes after a walk is another one, and not a recurrence.
    await ended(service, canary, alert)
    again, _ = await begun(service, recurrence_of=canary)
    assert service.database.query(
        "SELECT recurrence_of FROM incidents WHERE id = %(id)s", {"id": again}
    ) == [(None,)]


async def test_it_is_removed_an_hour_after_its_end_or_a_day_after_its_beginning(
    service: Any, clock: ManualClock
) -> None:
    kept = await service.opened()
    walked, alert = await begun(service)
    await service.page_events(service.page("notification.sent", walked, channel="null"))
    await ended(service, walked, alert)
    stuck, _ = await begun(service)

    async def left() -> set[str]:
        await service.tidy()
        return {str(found) for (found,) in service.database.query(WHAT_NAMES_INCIDENTS)}

    clock.advance(hours=1)
    assert await left() == {kept["id"], walked, stuck}
    clock.advance(seconds=1)
    assert await left() == {kept["id"], stuck}
    clock.set(clock.now() + timedelta(hours=23))
    assert await left() == {kept["id"]}
    # What its end may still bring finds nothing, and changes nothing.
    (late,) = await service.page_events(service.page("notification.sent", stuck))
    assert (late["outcome"], late["reason"]) == ("ignored", "unknown_incident")
