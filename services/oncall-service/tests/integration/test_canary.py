"""The incident of a canary is paged by the way of every page, and no person or figure sees it."""

from typing import Any

NEW = "01970000-0000-7000-8000-000000000001"
CANARY = {"title": "Canary", "service": "vigie-canary"}


def _canary(incident_event: Any, *args: Any, **fields: Any) -> dict[str, Any]:
    return {**incident_event(*args, **CANARY, **fields), "canary": True}


async def _figures(oncall: Any) -> dict[str, str]:
    """What /metrics says of pages and messages; the age of engines goes on."""
    lines = (await oncall.client.get("/metrics")).text.splitlines()
    return dict(
        line.rsplit(" ", 1)
        for line in lines
        if line.startswith(("oncall_", "notifications_", "escalation"))
    )


async def test_a_canary_is_paged_to_nobody_and_incident_management_hears_of_it(
    crew: Any, incident_event: Any
) -> None:
    event = _canary(incident_event)
    assert await crew.hear(event) == ["incident_opened"]
    assert await crew.told() == [], "no run, no policy, no person"
    assert await crew.tick() == []
    assert await crew.told() == ["notification.sent"]
    [sent] = crew.last_events
    assert sent["incident_id"] == event["incident"]["id"]
    assert (sent["channel"], sent["person"], sent["assign"]) == ("canary", None, False)


async def test_it_goes_out_with_the_first_pages_of_critical_incidents(
    crew: Any, incident_event: Any
) -> None:
    await crew.hear(incident_event(), _canary(incident_event, id=NEW))
    ranks = dict(crew.database.query("SELECT channel, urgency FROM notifications"))
    assert ranks["canary"] == ranks["log"]


async def test_repeated_and_later_events_owe_nothing_more(crew: Any, incident_event: Any) -> None:
    event = _canary(incident_event)
    assert await crew.hear(event, event) == ["incident_opened", "duplicate_event"]
    assert await crew.tick() == []
    later = _canary(incident_event, "open", 2)
    resolved = _canary(incident_event, "resolved", 3)
    assert await crew.hear(event, later, resolved) == [
        "duplicate_event",
        "duplicate_event",
        "nothing_to_stop",
    ]
    await crew.tick(minutes=1)
    assert await crew.told() == ["notification.sent"]


async def test_no_list_and_no_figure_shows_it(crew: Any, incident_event: Any) -> None:
    before = await _figures(crew)
    event = _canary(incident_event)
    await crew.hear(event)
    crew.clock.advance(minutes=5)
    assert await _figures(crew) == before, "while it is owed"
    await crew.tick()
    await crew.hear(_canary(incident_event, "resolved", 2))
    await crew.tick(minutes=1)
    assert await _figures(crew) == before
    incident = event["incident"]["id"]
    for path in ("notifications", "escalations"):
        assert (await crew.ok("GET", f"/api/v1/{path}"))["items"] == []
        found = await crew.ok("GET", f"/api/v1/{path}?incident_id={incident}")
        assert found["items"] == []
    asked = {"incident_id": incident, "reason": "help"}
    assert (await crew.call("POST", "/api/v1/escalate", json=asked)).status_code == 404


async def test_it_takes_nothing_of_anybodys_pace(crew: Any, incident_event: Any) -> None:
    await crew.hear(_canary(incident_event))
    await crew.tick()
    assert crew.database.query("SELECT count(*) FROM contact_method_paces") == [(0,)]


async def test_nobody_can_have_its_channel(crew: Any) -> None:
    methods = {"contact_methods": [{"channel": "canary"}]}
    answer = await crew.call("PATCH", "/api/v1/people/ada", json=methods)
    assert answer.status_code == 422


async def test_what_is_left_of_it_goes_after_an_hour(crew: Any, incident_event: Any) -> None:
    await crew.hear(_canary(incident_event))
    await crew.hear(incident_event(id=NEW))
    await crew.tick()
    housekeeping = crew.app.state.engines["housekeeping"]
    count = "SELECT channel FROM notifications ORDER BY channel"
    crew.clock.advance(minutes=59)
    assert await housekeeping.cycle()
    assert crew.database.query(count) == [("canary",), ("log",)]
    crew.clock.advance(minutes=2)
    assert await housekeeping.cycle()
    assert crew.database.query(count) == [("log",)]
