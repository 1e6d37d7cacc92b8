"""One more person is asked for help with an incident."""

from typing import Any

PAGE = "/api/v1/incidents/{}/page"


async def ask(crew: Any, event: dict[str, Any], person: str = "Cleo", **more: Any) -> Any:
    path = PAGE.format(event["incident"]["id"])
    return await crew.call("POST", path, json={"person": person, **more})


async def test_one_person_is_paged_once_and_the_policy_goes_on(
    crew: Any, incident_event: Any
) -> None:
    event = incident_event()
    await crew.hear(event)
    assert await crew.tick() == ["Ada"]
    await crew.told()
    answer = await ask(crew, event, reason="you know this database")
    assert answer.status_code == 202, answer.text
    [message] = answer.json()["items"]
    assert (message["person"]["name"], message["reason"]) == ("Cleo", "asked_to_help")
    await crew.app.state.engines["sending"].cycle()
    [page] = crew.phones.rang
    assert (page.person, page.message.text.splitlines()[-1]) == (
        "Cleo",
        "Why you: bootstrap asks you to help.",
    )
    assert await crew.told() == ["page.requested", "notification.sent"]
    asked = crew.last_events[0]
    assert (asked["person"]["name"], asked["reason"], asked["assign"]) == (
        "Cleo",
        "asked_to_help",
        False,
    )
    assert asked["data"] == {"by": "bootstrap", "why": "you know this database"}
    crew.phones.take()
    assert await crew.tick(minutes=5) == ["Ben"], "the next step of the policy, when it is due"


async def test_pressed_twice_it_rings_once(crew: Any, incident_event: Any) -> None:
    event = incident_event()
    await crew.hear(event)
    assert (await ask(crew, event)).status_code == 202
    again = await ask(crew, event)
    assert (again.status_code, again.json()["reason"]) == (409, "already_asked")
    crew.clock.advance(minutes=2)
    assert (await ask(crew, event)).status_code == 202


async def test_whoever_took_it_can_ask_for_help_too(crew: Any, incident_event: Any) -> None:
    event = incident_event("acknowledged", 2)
    await crew.hear(incident_event(), event)
    await crew.tick()
    assert (await ask(crew, event)).status_code == 202
    assert await crew.tick() == ["Cleo"]


async def test_nobody_can_be_asked_in_vain(crew: Any, incident_event: Any) -> None:
    event = incident_event()
    unknown = await ask(crew, event)
    assert unknown.status_code == 404
    await crew.hear(event)
    assert (await ask(crew, event, "Nobody")).status_code == 422
    await crew.ok("PATCH", "/api/v1/people/Cleo", json={"contact_methods": []})
    refused = await ask(crew, event)
    assert (refused.status_code, refused.json()["reason"]) == (409, "no_contact_method")
    await crew.hear(incident_event("resolved", 3))
    assert (await ask(crew, event, "Ben")).status_code == 409
