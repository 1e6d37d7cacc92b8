"""People who were paged hear once that somebody else has it, and once that it is over."""

from typing import Any

import pytest

from oncall_service.notifications.channels.base import Sent
from shared.identifiers import new_id

NOTIFICATIONS = "/api/v1/notifications"


async def _person(crew: Any, name: str) -> dict[str, Any]:
    found = await crew.ok("GET", f"/api/v1/people/{name}")
    return {"kind": "person", "id": found["id"], "name": found["name"]}


async def _by(crew: Any, event: dict[str, Any], name: str | None) -> dict[str, Any]:
    return {**event, "actor": await _person(crew, name) if name else None}


async def _told(crew: Any, seconds: float = 5) -> list[tuple[str, str]]:
    """Who is sent what within the next seconds."""
    crew.clock.advance(seconds=seconds)
    assert await crew.app.state.engines["sending"].cycle()
    told = [(one.person, one.message.title) for one in crew.phones.rang]
    crew.phones.take()
    return told


async def _page_both(crew: Any, event: dict[str, Any]) -> None:
    await crew.hear(event)
    assert [await crew.tick(), await crew.tick(minutes=5)] == [["Ada"], ["Ben"]]


async def test_whoever_was_paged_hears_that_another_has_it_and_whoever_has_it_does_not(
    crew: Any, incident_event: Any
) -> None:
    await _page_both(crew, incident_event())
    await crew.hear(await _by(crew, incident_event("acknowledged", 2), "ben"))
    assert await _told(crew) == [("Ada", "Acknowledged: INC-42 Checkout is down")]
    assert await _told(crew, 3600) == []


async def test_what_the_word_of_an_acknowledgement_says(crew: Any, incident_event: Any) -> None:
    await _page_both(crew, incident_event())
    await crew.hear(await _by(crew, incident_event("acknowledged", 2), "ben"))
    crew.clock.advance(seconds=5)
    await crew.app.state.engines["sending"].cycle()
    [word] = crew.phones.rang
    assert word.message.text.splitlines()[:2] == [
        "Ada, Ben has acknowledged INC-42: Checkout is down",
        "You need not do anything.",
    ]
    assert (word.message.facts["kind"], word.message.facts["by"]) == ("acknowledged", "Ben")
    [notification, *_] = (await crew.ok("GET", NOTIFICATIONS))["items"]
    assert (notification["kind"], notification["reason"]) == ("acknowledged", "acknowledged")
    french = await crew.ok("GET", NOTIFICATIONS, headers={"Accept-Language": "fr"})
    assert french["items"][0]["title"] == "Acquitté : INC-42 Checkout is down"


async def test_everybody_who_was_paged_hears_that_it_is_over_by_itself(
    crew: Any, incident_event: Any
) -> None:
    await _page_both(crew, incident_event())
    await crew.hear(incident_event("resolved", 2))
    title = "Resolved: INC-42 Checkout is down"
    assert sorted(await _told(crew)) == [("Ada", title), ("Ben", title)]
    assert await _told(crew, 3600) == []


async def test_whoever_resolved_it_hears_nothing(crew: Any, incident_event: Any) -> None:
    await _page_both(crew, incident_event())
    await crew.hear(await _by(crew, incident_event("resolved", 2), "ada"))
    assert [person for person, _ in await _told(crew)] == ["Ben"]


async def test_an_acknowledgement_of_whom_nothing_is_known_is_told_to_nobody(
    crew: Any, incident_event: Any
) -> None:
    await _page_both(crew, incident_event())
    await crew.hear(incident_event("acknowledged", 2))
    assert await _told(crew) == []


async def test_an_automation_that_acknowledged_is_somebody_else(
    crew: Any, incident_event: Any
) -> None:
    await _page_both(crew, incident_event())
    actor = {"kind": "token", "id": str(new_id()), "name": "deploy bot"}
    await crew.hear({**incident_event("acknowledged", 2), "actor": actor})
    assert [person for person, _ in sorted(await _told(crew))] == ["Ada", "Ben"]


async def test_whoever_was_not_paged_hears_nothing(crew: Any, incident_event: Any) -> None:
    await crew.hear(incident_event())
    assert await crew.tick() == ["Ada"]
    await crew.hear(incident_event("resolved", 2))
    assert [person for person, _ in await _told(crew)] == ["Ada"]


async def test_a_page_that_was_never_sent_is_no_page(crew: Any, incident_event: Any) -> None:
    await crew.hear(incident_event())
    await crew.hear(incident_event("resolved", 2))
    assert await _told(crew) == []


async def test_a_page_that_is_being_sent_at_the_moment_is_one(
    crew: Any, incident_event: Any
) -> None:
    await crew.hear(incident_event())
    resolved, send = incident_event("resolved", 2), crew.phones.send

    async def meanwhile(_outgoing: Any) -> Sent:
        await crew.hear(resolved)
        return Sent("ok")

    crew.phones.send = meanwhile
    await crew.app.state.engines["sending"].cycle()
    crew.phones.send = send
    assert [title for _, title in await _told(crew)] == ["Resolved: INC-42 Checkout is down"]


async def test_acknowledged_and_resolved_within_seconds_is_one_message(
    crew: Any, incident_event: Any
) -> None:
    await _page_both(crew, incident_event())
    await crew.hear(await _by(crew, incident_event("acknowledged", 2), "ben"))
    await crew.hear(await _by(crew, incident_event("resolved", 3), "ben"))
    assert await _told(crew) == [("Ada", "Resolved: INC-42 Checkout is down")]
    cancelled = (await crew.ok("GET", f"{NOTIFICATIONS}?outcome=cancelled"))["items"]
    assert [one["detail"] for one in cancelled] == ["not sent: resolved"]


async def test_word_that_no_longer_holds_is_not_sent(crew: Any, incident_event: Any) -> None:
    await _page_both(crew, incident_event())
    await crew.hear(await _by(crew, incident_event("acknowledged", 2), "ben"))
    await crew.hear(incident_event("open", 3, event_type="incident.released"))
    crew.clock.advance(seconds=5)
    await crew.app.state.engines["sending"].cycle()
    assert [one.message.facts["kind"] for one in crew.phones.rang] == ["page"]


async def test_in_one_batch_people_hear_what_became_of_it_in_the_end(
    crew: Any, incident_event: Any
) -> None:
    await _page_both(crew, incident_event())
    acknowledged = await _by(crew, incident_event("acknowledged", 2), "ben")
    released = incident_event("open", 3, event_type="incident.released")
    await crew.hear(acknowledged, released)
    words = [one for one in (await crew.ok("GET", NOTIFICATIONS))["items"] if one["kind"] != "page"]
    assert words == []


async def test_paged_again_people_hear_again_that_another_has_it(
    crew: Any, incident_event: Any
) -> None:
    await _page_both(crew, incident_event())
    await crew.hear(await _by(crew, incident_event("acknowledged", 2), "ben"))
    assert [person for person, _ in await _told(crew)] == ["Ada"]
    in_progress = await _by(crew, incident_event("in_progress", 3), "cleo")
    await crew.hear(in_progress)
    assert await _told(crew) == [], "somebody had it, somebody has it"
    await crew.hear(incident_event("open", 4, event_type="incident.released"))
    assert await crew.tick(minutes=2) == ["Ada"]
    await crew.hear(await _by(crew, incident_event("acknowledged", 5), "ben"))
    assert [person for person, _ in await _told(crew, 120)] == ["Ada"]


async def test_what_was_merged_is_over_for_those_who_were_paged(
    crew: Any, incident_event: Any
) -> None:
    await _page_both(crew, incident_event())
    merged = incident_event("open", 2, merged_into=str(new_id()))
    await crew.hear(await _by(crew, merged, "ben"))
    assert await _told(crew) == [("Ada", "Resolved: INC-42 Checkout is down")]


@pytest.mark.parametrize("name", ["Ada", "Ben"])
async def test_whoever_does_not_want_it_is_left_alone(
    crew: Any, incident_event: Any, name: str
) -> None:
    changed = await crew.ok("PATCH", f"/api/v1/people/{name}", json={"status_updates": False})
    assert changed["status_updates"] is False
    await _page_both(crew, incident_event())
    await crew.hear(incident_event("resolved", 2))
    assert [person for person, _ in await _told(crew)] == [{"Ada": "Ben", "Ben": "Ada"}[name]]
    refused = await crew.call("PATCH", f"/api/v1/people/{name}", json={"status_updates": None})
    assert refused.status_code == 422


async def test_only_the_contact_methods_that_rang_are_told(crew: Any, incident_event: Any) -> None:
    await _page_both(crew, incident_event())
    hook = {"channel": "webhook", "target": "https://hooks.example/a"}
    await crew.ok("POST", "/api/v1/people/ada/contact-methods", json=hook)
    await crew.hear(incident_event("resolved", 2))
    assert sorted(person for person, _ in await _told(crew)) == ["Ada", "Ben"]


async def test_news_of_many_incidents_is_one_message_behind_every_page(
    crew: Any, incident_event: Any
) -> None:
    ids = [str(new_id()) for _ in range(4)]
    await crew.hear(*(incident_event(id=one, severity="high") for one in ids))
    await crew.tick()
    await crew.tick(seconds=5)
    crew.clock.advance(minutes=4)
    await crew.hear(*(incident_event("resolved", 2, id=one, severity="high") for one in ids[1:]))
    urgent = incident_event(id=str(new_id()), title="The database burns")
    await crew.hear(urgent)
    assert await _told(crew) == [("Ada", "[CRITICAL] INC-42 The database burns")]
    news = "News of 3 incidents, the first: Resolved: INC-42 Checkout is down"
    assert await _told(crew, 1) == [("Ada", news)]


async def test_news_leaves_the_last_of_the_burst_to_pages(crew: Any, incident_event: Any) -> None:
    ids = [str(new_id()) for _ in range(3)]
    for one in ids:
        await crew.hear(incident_event(id=one))
        assert await crew.tick(seconds=5) == ["Ada"]
    await crew.hear(*(incident_event("resolved", 2, id=one) for one in ids))
    assert await _told(crew, 60) == [], "one message could go out, and is kept"
    await crew.hear(incident_event(id=str(new_id()), severity="medium"))
    assert await crew.tick(seconds=1) == ["Ada"]
    assert len(await _told(crew, 180)) == 1


async def test_news_of_what_could_wait_waits_for_working_hours_too(
    crew: Any, incident_event: Any
) -> None:
    hours = [{"days": ["mon", "tue", "wed", "thu", "fri"], "start": "09:00", "end": "17:00"}]
    await crew.ok(
        "PATCH", "/api/v1/people/ada", json={"working_hours": hours, "time_zone": "Europe/Paris"}
    )
    await crew.hear(incident_event(severity="low"))
    assert await crew.tick() == ["Ada"]
    crew.clock.advance(hours=12)
    await crew.hear(incident_event("resolved", 2, severity="low"))
    assert "Ada" not in [person for person, _ in await _told(crew)]
    assert "Ada" in [person for person, _ in await _told(crew, 13 * 3600)]


async def test_a_resolution_that_is_taken_back_pages_anew_and_is_no_news(
    crew: Any, incident_event: Any
) -> None:
    await _page_both(crew, incident_event())
    await crew.hear(await _by(crew, incident_event("resolved", 2), "cleo"))
    crew.clock.advance(seconds=3)
    back = incident_event("open", 3, event_type="incident.reopened")
    assert await crew.hear({**back, "reason": "resolution_undone"}) == ["resolution_undone"]
    assert await crew.tick(seconds=3) == ["Ada"]
    assert [title for _, title in await _told(crew, 60)] == []
    run = (await crew.ok("GET", "/api/v1/escalations"))["items"][0]
    assert run["started_reason"] == "resolution_undone"
