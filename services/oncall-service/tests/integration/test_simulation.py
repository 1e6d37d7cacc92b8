"""The time machine says what the engine then does; and the ledger says why it did."""

import json
import random
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from shared.identifiers import new_id

# Around the change of the clocks in Europe, and a quiet week.
BEGINNINGS = (datetime(2026, 3, 27, 6, tzinfo=UTC), datetime(2026, 4, 15, 6, tzinfo=UTC))
ZONES = ("Europe/Paris", "America/New_York", "Australia/Lord_Howe", "UTC")
DAYS = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
PEOPLE = [f"P{number}" for number in range(8)]
# Five hundred in all: each of these worlds is asked about so many times.
WORLDS, QUESTIONS = 10, 50


async def people(oncall: Any, dice: random.Random) -> None:
    for name in PEOPLE:
        methods = [{"channel": "log"}] if dice.random() < 0.9 else []
        if dice.random() < 0.5:
            methods.append({"channel": "webhook", "target": f"https://chat.example/{name}"})
        body: dict[str, Any] = {
            "name": name,
            "time_zone": dice.choice(ZONES),
            "contact_methods": methods,
        }
        if dice.random() < 0.4:
            body["working_hours"] = [{"days": DAYS[:5], "start": "08:00", "end": "17:30"}]
        if dice.random() < 0.3:
            body["quiet_hours"] = [{"days": DAYS, "start": "21:00", "end": "07:00"}]
        view = await oncall.ok("PUT", f"/api/v1/people/{name}", json=body)
        rules = [
            {
                "contact_method_id": method["id"],
                "delay_minutes": dice.choice([0, 0, 1, 4]),
                "severities": dice.choice([None, ["critical", "high"], ["low"]]),
            }
            for method in view["contact_methods"]
            if dice.random() < 0.6
        ]
        await oncall.ok(
            "PATCH", f"/api/v1/people/{name}/preferences", json={"notification_rules": rules}
        )


async def team(oncall: Any, dice: random.Random, name: str, others: list[str]) -> None:
    members = dice.sample(PEOPLE, 3)
    await oncall.ok("PUT", f"/api/v1/teams/{name}", json={"name": name, "members": members})
    if dice.random() < 0.9:
        layers = [
            {
                "name": f"Layer {number}",
                "role": dice.choice(["primary", "primary", "secondary"]),
                "kind": dice.choice(["daily", "weekly"]),
                "participants": dice.sample(PEOPLE, dice.randint(1, 3)),
                "start": f"2026-03-0{dice.randint(1, 9)}T{dice.randint(0, 23):02}:30:00",
                "hours": dice.choice([[], [{"days": DAYS, "start": "20:00", "end": "08:00"}]]),
            }
            for number in range(dice.randint(1, 3))
        ]
        body = {"name": name, "team": name, "time_zone": dice.choice(ZONES), "layers": layers}
        await oncall.ok("PUT", f"/api/v1/schedules/{name}", json=body)
        for _ in range(dice.randint(0, 2)):
            start = dice.choice(BEGINNINGS) + timedelta(minutes=dice.randint(0, 4000))
            body = {
                "schedule": name,
                "person": dice.choice(PEOPLE),
                "start": start.isoformat(),
                "end": (start + timedelta(minutes=dice.randint(30, 900))).isoformat(),
                "role": dice.choice(["primary", "secondary"]),
            }
            await oncall.ok("POST", "/api/v1/overrides", json=body)
    steps = [step(dice, others) for _ in range(dice.randint(1, 3))]
    body = {
        "name": name,
        "team": name,
        "repeat": dice.randint(0, 2),
        "steps": steps,
        "fallback": dice.choice([None, *PEOPLE[:2]]),
    }
    await oncall.ok("PUT", f"/api/v1/policies/{name}", json=body)


def step(dice: random.Random, others: list[str]) -> dict[str, Any]:
    targets: list[dict[str, Any]] = []
    for kind in dice.sample(["primary", "secondary", "team", "person", "webhook"], 2):
        target: dict[str, Any] = {"kind": kind}
        if kind == "person":
            target["person"] = dice.choice(PEOPLE)
        elif kind == "webhook":
            target["url"] = "https://chat.example/all"
        elif others and dice.random() < 0.3:
            target["team"] = dice.choice(others)
        targets.append(target)
    return {
        "targets": targets[: dice.randint(1, 2)],
        "delay_minutes": dice.choice([1, 5, 15, 45]),
        "severities": dice.choice([None, None, None, ["critical", "high"], ["low"]]),
        "hours": dice.choice([None, None, None, "within", "outside"]),
    }


Sent = tuple[str, str, str, int, int, str]


def foreseen(answer: dict[str, Any]) -> list[Sent]:
    return sorted(
        (
            datetime.fromisoformat(one["at"]).isoformat(),
            one["person"]["name"] if one["person"] else "",
            one["contact_method_id"],
            one["round"],
            one["step"],
            one["reason"],
        )
        for one in answer["messages"]
    )


def owed(oncall: Any, incident: str, until: datetime) -> list[Sent]:
    """What the engine owed people before an instant, whatever became of it since."""
    rows = oncall.database.query(
        "SELECT due_at, person_name, contact_method_id::text, round, step, reason "
        "FROM notifications WHERE incident_id = %(incident)s::uuid AND kind = 'page' "
        "AND channel <> 'none' AND due_at < %(until)s",
        {"incident": incident, "until": until},
    )
    return sorted((row[0].astimezone(UTC).isoformat(), *row[1:]) for row in rows)


def next_look(oncall: Any) -> datetime | None:
    [[at]] = oncall.database.query(
        "SELECT min(least(due_at, hand_off_at)) FROM escalations WHERE status = 'running'"
    )
    return at


async def run_until(oncall: Any, end: datetime) -> None:
    """Let the engine look exactly when it wants to."""
    while (at := next_look(oncall)) is not None and at < end:
        oncall.clock.set(max(at, oncall.clock.now()))
        assert await oncall.app.state.engines["escalation"].cycle()
    oncall.clock.set(end)


@pytest.mark.parametrize("number", range(WORLDS))
async def test_what_is_foreseen_is_what_the_engine_then_does(start: Any, number: int) -> None:
    dice = random.Random(number)  # noqa: S311 - a test that can be repeated
    async with start() as oncall:
        oncall.clock.set(BEGINNINGS[number % 2] - timedelta(hours=1))
        await people(oncall, dice)
        teams: list[str] = []
        for name in ("Red", "Green", "Blue"):
            await team(oncall, dice, name, teams)
            teams.append(name)
        begins = sorted(
            BEGINNINGS[number % 2] + timedelta(minutes=dice.randint(0, 4000))
            for _ in range(QUESTIONS)
        )
        expected: dict[str, tuple[list[Sent], datetime]] = {}
        changes: list[tuple[datetime, dict[str, Any]]] = []
        for at in begins:
            incident, answered = str(new_id()), dice.random() < 0.5
            after = dice.randint(1, 90)
            question: dict[str, Any] = {
                "team": dice.choice(teams),
                "severity": dice.choice(["critical", "high", "medium", "low"]),
                "at": at.isoformat(),
                "horizon_minutes": 180,
            }
            end = at + timedelta(minutes=180)
            changes.append((at, happened(incident, question, "open", 1)))
            if answered:
                question |= {"answered_by": dice.choice(PEOPLE), "answered_after_minutes": after}
                end = at + timedelta(minutes=after)
            changes.append((end, happened(incident, question, "acknowledged", 2)))
            answer = await oncall.ok("GET", "/api/v1/simulate", params=question)
            assert not answer["cut"]
            expected[incident] = foreseen(answer), end
        for at, event in sorted(changes, key=lambda change: change[0]):
            await run_until(oncall, at)
            await oncall.hear(event)
        assert any(sent for sent, _ in expected.values())
        for incident, (sent, end) in expected.items():
            assert owed(oncall, incident, end) == sent


def happened(incident: str, question: dict[str, Any], status: str, revision: int) -> dict[str, Any]:
    at = question["at"]
    return {
        "event_id": str(new_id()),
        "type": "incident.opened" if status == "open" else f"incident.{status}",
        "occurred_at": at,
        "incident": {
            "id": incident,
            "number": 1,
            "title": "Something is down",
            "service": "",
            "team": question["team"],
            "severity": question["severity"],
            "status": status,
            "created_at": at,
            "revision": revision,
        },
    }


async def test_what_is_asked_stores_and_sends_nothing(crew: Any) -> None:
    tables = ("notifications", "escalations", "escalation_decisions", "outbox")
    before = [crew.database.query(f"SELECT count(*) FROM {one}") for one in tables]  # noqa: S608
    await crew.ok("GET", "/api/v1/simulate", params={"service": "checkout"})
    after = [crew.database.query(f"SELECT count(*) FROM {one}") for one in tables]  # noqa: S608
    assert after == before
    assert await crew.tick() == []


async def test_the_answer_says_who_how_when_by_which_step_and_why(crew: Any) -> None:
    answer = await crew.ok(
        "GET", "/api/v1/simulate", params={"service": "checkout", "severity": "critical"}
    )
    first, second = answer["messages"][:2]
    assert (first["person"]["name"], first["channel"], first["step"]) == ("Ada", "log", 0)
    assert (first["reason"], first["why"]) == ("primary_on_call", "primary on call")
    assert (second["person"]["name"], second["step"]) == ("Ben", 1)
    assert answer["sequence"][0]["on_call_by"] == "Weekly"
    assert [one["kind"] for one in answer["sequence"]] == ["page"] * 4 + ["ended"]


async def test_a_question_without_a_team_or_a_service_is_refused(crew: Any) -> None:
    refused = await crew.call("GET", "/api/v1/simulate")
    assert refused.status_code == 422
    unknown = await crew.call("GET", "/api/v1/simulate", params={"team": "Nobody"})
    assert unknown.json()["errors"][0]["field"] == "team"


async def why(crew: Any, event: dict[str, Any], person: str | None = None) -> dict[str, Any]:
    path = f"/api/v1/incidents/{event['incident']['id']}/why"
    params = {"person": person} if person else {}
    answer: dict[str, Any] = await crew.ok("GET", path, params=params)
    return answer


async def test_the_ledger_goes_from_the_reason_of_a_run_to_the_receipt_of_a_message(
    crew: Any, incident_event: Any
) -> None:
    event = incident_event()
    await crew.hear(event)
    await crew.tick()
    await crew.tick(minutes=5)
    await crew.hear(incident_event("acknowledged", 2))
    answer = await why(crew, event)
    [run] = answer["runs"]
    assert (run["started_reason"], run["ended_reason"]) == ("incident_opened", "acknowledged")
    first, second = run["decisions"]
    assert (first["asked"][0]["person"]["name"], first["reason"]) == ("Ada", "primary_on_call")
    assert (first["primary"]["name"], first["primary_by"]) == ("Ada", "Weekly")
    [message] = first["messages"]
    assert (message["outcome"], message["attempts"][0]["detail"]) == ("sent", "ok")
    assert second["asked"][0]["person"]["name"] == "Ben"


async def test_why_somebody_was_paged_and_why_somebody_was_not(
    crew: Any, incident_event: Any
) -> None:
    event = incident_event()
    await crew.hear(event)
    await crew.tick()
    await crew.hear(incident_event("acknowledged", 2))
    ada = (await why(crew, event, "Ada"))["person"]
    assert (ada["paged"], ada["reasons"]) == (True, ["primary_on_call"])
    cleo = (await why(crew, event, "Cleo"))["person"]
    assert (cleo["paged"], cleo["reasons"], cleo["why"]) == (
        False,
        ["not_on_call"],
        ["not on call"],
    )


async def test_somebody_without_a_contact_method_and_one_of_a_later_step_are_told_why(
    crew: Any, incident_event: Any
) -> None:
    await crew.ok("PATCH", "/api/v1/people/Ada", json={"contact_methods": []})
    steps = [{"target": "primary"}, {"target": "secondary"}, {"target": "person", "person": "Cleo"}]
    body = {"name": "Payments", "team": "Payments", "steps": steps}
    await crew.ok("PUT", "/api/v1/policies/Payments", json=body)
    event = incident_event()
    await crew.hear(event)
    await crew.hear(incident_event("acknowledged", 2))
    assert (await why(crew, event, "Ada"))["person"]["reasons"] == ["no_contact_method"]
    later = (await why(crew, event, "Cleo"))["person"]["reasons"]
    assert later == ["stopped_before_their_step"]


async def test_an_incident_that_is_unknown_has_no_ledger(crew: Any) -> None:
    missing = await crew.call("GET", f"/api/v1/incidents/{new_id()}/why")
    assert missing.status_code == 404
    assert json.loads(missing.content)["title"] == "Not found"
