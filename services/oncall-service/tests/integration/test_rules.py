"""By what and when people are paged, as they settle it themselves; and verified contact methods."""

import re
from typing import Any

PREFERENCES = "/api/v1/people/Ada/preferences"
METHODS = "/api/v1/people/Ada/contact-methods"


async def add(crew: Any, channel: str = "webhook", **fields: Any) -> dict[str, Any]:
    target = {"webhook": "https://chat.example/ada", "email": "ada@example.org"}.get(channel, "")
    body = {"channel": channel, "target": target, **fields}
    made: dict[str, Any] = await crew.ok("POST", METHODS, json=body)
    return made


async def log_of(crew: Any, person: str = "Ada") -> str:
    view = await crew.ok("GET", f"/api/v1/people/{person}")
    identifier: str = view["contact_methods"][0]["id"]
    return identifier


async def rung(crew: Any) -> list[str]:
    await crew.app.state.engines["escalation"].cycle()
    await crew.app.state.engines["sending"].cycle()
    targets = [outgoing.target or "log" for outgoing in crew.phones.rang]
    crew.phones.rang.clear()
    return targets


async def test_rules_say_by_what_and_when_by_severity(crew: Any, incident_event: Any) -> None:
    log, hook, mail = await log_of(crew), (await add(crew))["id"], (await add(crew, "email"))["id"]
    rules = [
        {"contact_method_id": hook, "severities": ["critical", "high"]},
        {"contact_method_id": mail, "delay_minutes": 2, "severities": ["critical", "high"]},
        {"contact_method_id": hook, "delay_minutes": 3, "severities": ["critical", "high"]},
        {"contact_method_id": log, "severities": ["low"]},
    ]
    await crew.ok("PATCH", PREFERENCES, json={"notification_rules": rules})
    await crew.hear(incident_event())
    assert await rung(crew) == ["https://chat.example/ada"]
    crew.clock.advance(minutes=2)
    assert await rung(crew) == ["ada@example.org"]
    crew.clock.advance(minutes=1)
    assert await rung(crew) == ["https://chat.example/ada"]
    other = "01900000-0000-7000-8000-0000000000aa"
    await crew.hear(incident_event(id=other, severity="low"))
    assert await rung(crew) == ["log"]
    third = "01900000-0000-7000-8000-0000000000ab"
    crew.clock.advance(hours=2)
    await crew.hear(incident_event("resolved", 2), incident_event("resolved", 2, id=other))
    crew.clock.advance(seconds=10)
    await rung(crew)
    crew.clock.advance(hours=2)
    await crew.hear(incident_event(id=third, severity="medium"))
    assert sorted(await rung(crew)) == ["ada@example.org", "https://chat.example/ada", "log"]


async def test_what_a_rule_would_send_later_is_not_sent_once_somebody_has_it(
    crew: Any, incident_event: Any
) -> None:
    log, mail = await log_of(crew), (await add(crew, "email"))["id"]
    rules = [{"contact_method_id": log}, {"contact_method_id": mail, "delay_minutes": 10}]
    await crew.ok("PATCH", PREFERENCES, json={"notification_rules": rules})
    await policy_of_one_step(crew)
    await crew.hear(incident_event())
    assert await rung(crew) == ["log"]
    crew.clock.advance(minutes=2)
    assert await rung(crew) == [], "the run is exhausted by now"
    await crew.hear(incident_event("acknowledged", 2))
    crew.clock.advance(minutes=20)
    assert await rung(crew) == []


async def policy_of_one_step(crew: Any) -> None:
    step = {"target": "primary", "delay_minutes": 1}
    body = {"name": "Payments", "team": "Payments", "steps": [step]}
    await crew.ok("PUT", "/api/v1/policies/Payments", json=body)


async def test_a_rule_whose_method_is_off_loses_no_page(crew: Any, incident_event: Any) -> None:
    hook = (await add(crew))["id"]
    await crew.ok("PATCH", PREFERENCES, json={"notification_rules": [{"contact_method_id": hook}]})
    await crew.ok("PATCH", f"{METHODS}/{hook}", json={"enabled": False})
    await crew.hear(incident_event())
    assert await rung(crew) == ["log"]


async def test_low_trouble_waits_for_the_end_of_quiet_hours(crew: Any, incident_event: Any) -> None:
    days = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
    now = crew.clock.now()
    hours = {"days": days, "start": now.strftime("%H:00"), "end": f"{(now.hour + 3) % 24:02}:00"}
    body = {"time_zone": "UTC", "quiet_hours": [hours]}
    view = await crew.ok("PATCH", PREFERENCES, json=body)
    assert view["quiet_hours"] == [
        {**hours, "start": f"{hours['start']}:00", "end": f"{hours['end']}:00"}
    ]
    await crew.hear(incident_event(severity="low"))
    assert await rung(crew) == []
    crew.clock.advance(hours=3)
    assert await rung(crew) == ["log"]
    urgent = incident_event(id="01900000-0000-7000-8000-0000000000ac", severity="high")
    await crew.hear(urgent)
    crew.clock.advance(seconds=5)
    assert await rung(crew) == ["log"]


async def test_a_rule_for_somebody_elses_method_is_refused(crew: Any) -> None:
    rule = {"contact_method_id": await log_of(crew, "Ben")}
    refused = await crew.call("PATCH", PREFERENCES, json={"notification_rules": [rule]})
    assert refused.status_code == 422
    assert refused.json()["errors"][0]["field"] == "notification_rules.0.contact_method_id"


async def signed_in(crew: Any, login: str) -> str:
    password = "correct horse battery staple"
    await crew.ok("PATCH", f"/api/v1/people/{login}", json={"password": password})
    body = {"user": login, "password": password}
    token: str = (await crew.ok("POST", "/api/v1/sessions", json=body))["token"]
    return token


def code_of(crew: Any) -> str:
    [sent] = crew.phones.rang
    crew.phones.rang.clear()
    found = re.search(r"\b\d{6}\b", sent.message.text)
    assert found, sent.message.text
    assert found[0] not in sent.message.title
    return found[0]


async def test_a_method_of_ones_own_is_used_once_its_code_was_typed_in(
    crew: Any, incident_event: Any
) -> None:
    ada = await signed_in(crew, "ada")
    body = {"channel": "webhook", "target": "https://chat.example/ada"}
    made = await crew.ok("POST", METHODS, json=body, token=ada)
    assert made["verified_at"] is None
    await crew.app.state.engines["sending"].cycle()
    code = code_of(crew)
    await crew.hear(incident_event())
    assert await rung(crew) == ["log"], "nothing goes to what nobody has verified"
    confirm = f"{METHODS}/{made['id']}/verification/confirm"
    wrong = f"{(int(code) + 1) % 10**6:06}"
    refused = await crew.call("POST", confirm, json={"code": wrong}, token=ada)
    assert (refused.status_code, refused.json()["errors"][0]["field"]) == (422, "code")
    verified = await crew.ok("POST", confirm, json={"code": f" {code[:3]} {code[3:]} "}, token=ada)
    assert verified["verified_at"] is not None
    assert verified["verified_by"] is None
    await crew.ok(
        "POST", "/api/v1/escalate", json={"incident_id": incident_event()["incident"]["id"]}
    )
    await crew.hear(incident_event(id="01900000-0000-7000-8000-0000000000ad"))
    assert "https://chat.example/ada" in await rung(crew)


async def test_a_code_is_of_no_use_after_five_guesses_or_a_quarter_of_an_hour(crew: Any) -> None:
    ada = await signed_in(crew, "ada")
    body = {"channel": "webhook", "target": "https://chat.example/ada"}
    made = await crew.ok("POST", METHODS, json=body, token=ada)
    await crew.app.state.engines["sending"].cycle()
    code = code_of(crew)
    address = f"{METHODS}/{made['id']}/verification"
    wrong = f"{(int(code) + 1) % 10**6:06}"
    for _ in range(5):
        await crew.call("POST", f"{address}/confirm", json={"code": wrong}, token=ada)
    refused = await crew.call("POST", f"{address}/confirm", json={"code": code}, token=ada)
    assert refused.status_code == 422
    again = await crew.call("POST", address, token=ada)
    assert again.status_code == 409, "a minute has not passed"
    crew.clock.advance(minutes=1)
    await crew.ok("POST", address, token=ada)
    await crew.app.state.engines["sending"].cycle()
    fresh = code_of(crew)
    crew.clock.advance(minutes=15)
    late = await crew.call("POST", f"{address}/confirm", json={"code": fresh}, token=ada)
    assert late.status_code == 422


async def test_an_administrator_vouches_unless_they_say_otherwise(crew: Any) -> None:
    vouched = await add(crew)
    assert vouched["verified_at"] is not None
    body = {"channel": "email", "target": "ada@example.org", "verified": False}
    asked = await crew.ok("POST", METHODS, json=body)
    assert asked["verified_at"] is None


async def test_nobody_settles_what_is_somebody_elses(crew: Any) -> None:
    ben = await signed_in(crew, "ben")
    refused = await crew.call("PATCH", PREFERENCES, json={"status_updates": False}, token=ben)
    assert refused.status_code == 403
    made = await add(crew, "email", verified=False)
    for path in ("verification", "verification/confirm"):
        address = f"{METHODS}/{made['id']}/{path}"
        refused = await crew.call("POST", address, json={"code": "123456"}, token=ben)
        assert refused.status_code == 403


async def test_people_are_written_to_in_the_language_they_chose(
    crew: Any, incident_event: Any
) -> None:
    await crew.hear(incident_event())
    await crew.tick()
    await crew.ok("PATCH", PREFERENCES, json={"language": "fr", "clock": "24"})
    other = "01900000-0000-7000-8000-0000000000aa"
    await crew.hear(incident_event(id=other))
    await crew.app.state.engines["escalation"].cycle()
    await crew.app.state.engines["sending"].cycle()
    [page] = crew.phones.rang
    assert (page.person, "Gravité" in page.message.text) == ("Ada", True), page.message.text
    view = await crew.ok("GET", "/api/v1/people/Ada")
    assert (view["language"], view["clock"]) == ("fr", "24")


async def test_a_language_or_a_clock_that_there_is_not_is_refused(crew: Any) -> None:
    for wrong in ({"language": "tlh"}, {"clock": "13"}):
        answer = await crew.call("PATCH", PREFERENCES, json=wrong)
        assert (answer.status_code, [one["field"] for one in answer.json()["errors"]]) == (
            422,
            list(wrong),
        )
