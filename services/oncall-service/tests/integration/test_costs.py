"""What a request or a step may ask of the database: no more in a larger installation."""

import json
from pathlib import Path
from typing import Any

from shared.identifiers import new_id

OPENAPI = json.loads((Path(__file__).parents[2] / "openapi.json").read_text())


async def _hire_bystanders(crew: Any, count: int) -> None:
    """People who can be paged, and whom no team, rotation or policy knows."""
    for number in range(count):
        name = f"Bystander {number}"
        body = {"name": name, "contact_methods": [{"channel": "log"}]}
        await crew.ok("PUT", f"/api/v1/people/{name}", json=body)


async def _add_teams(crew: Any, count: int) -> None:
    """More teams, each with a rotation and a policy of its own."""
    for number in range(count):
        name = f"Team {number}"
        layer = {"participants": ["Ada", "Ben"], "start": "2026-03-02T09:00:00"}
        step = {"target": "primary", "delay_minutes": 5}
        owned = {"name": name, "team": name}
        await crew.ok("PUT", f"/api/v1/teams/{name}", json={"name": name})
        await crew.ok("PUT", f"/api/v1/schedules/{name}", json={**owned, "layers": [layer]})
        await crew.ok(
            "PUT", f"/api/v1/policies/{name}", json={**owned, "steps": [step], "fallback": "Cleo"}
        )


async def test_a_step_reads_only_the_contact_methods_of_those_it_could_page(
    crew: Any, incident_event: Any, asked: Any
) -> None:
    with asked(crew) as few:
        await crew.hear(incident_event(id=str(new_id())))
    await _hire_bystanders(crew, 30)
    with asked(crew) as many:
        await crew.hear(incident_event(id=str(new_id())))
    assert many.about("contact_methods")
    assert (len(many.statements), many.rows) == (len(few.statements), few.rows)


async def test_whoever_only_a_step_of_the_policy_names_is_reached(
    crew: Any, incident_event: Any
) -> None:
    """Those whose contact methods are read are those of every target there is."""
    await _hire_bystanders(crew, 1)
    step = {"target": "person", "person": "Bystander 0", "delay_minutes": 5}
    await crew.ok("PATCH", "/api/v1/policies/Payments", json={"steps": [step]})
    await crew.hear(incident_event())
    assert await crew.tick() == ["Bystander 0"]


async def test_who_is_on_call_is_asked_once_for_all_teams(crew: Any, asked: Any) -> None:
    paths = ("/api/v1/oncall/current", "/api/v1/oncall/calendar")
    with asked(crew) as few:
        for path in paths:
            assert len((await crew.ok("GET", path))["items"]) == 2
    await _add_teams(crew, 8)
    with asked(crew) as many:
        for path in paths:
            assert len((await crew.ok("GET", path))["items"]) == 10
    assert len(many.statements) == len(few.statements)


async def test_the_calendar_of_all_teams_is_that_of_each(crew: Any) -> None:
    await _add_teams(crew, 2)
    first = await crew.ok("GET", "/api/v1/oncall/calendar?limit=3")
    rest = await crew.ok("GET", f"/api/v1/oncall/calendar?cursor={first['next_cursor']}")
    alone = [
        await crew.ok("GET", f"/api/v1/oncall/calendar?team={name}")
        for name in ("Catch-all", "Payments", "Team 0", "Team 1")
    ]
    assert [*first["items"], *rest["items"]] == alone
    assert rest["next_cursor"] is None
    assert (await crew.call("GET", "/api/v1/oncall/calendar?from=never")).status_code == 422


async def test_reading_locks_nothing(crew: Any, incident_event: Any, asked: Any) -> None:
    override = await crew.ok(
        "POST",
        "/api/v1/overrides",
        json={
            "schedule": "Payments",
            "person": "Cleo",
            "start": "2026-03-03T12:00:00Z",
            "end": "2026-03-03T14:00:00Z",
        },
    )
    opened = incident_event()
    await crew.hear(opened)
    [run] = (await crew.ok("GET", "/api/v1/escalations"))["items"]
    offered = {"start": "2026-03-04T12:00:00Z", "end": "2026-03-04T14:00:00Z", "giver": "Ada"}
    swap = await crew.ok("POST", "/api/v1/swaps", json=offered | {"schedule": "Payments"})
    feed = await crew.ok("POST", "/api/v1/calendar-feeds", json={"person": "Ada"})
    named = {"people": "ada", "policies": "Payments", "schedules": "Payments", "teams": "Payments"}
    read = set()
    for path, operations in OPENAPI["paths"].items():
        if "get" not in operations or not path.startswith("/api/v1/"):
            continue
        kind = path.split("/")[3]
        address = path.format(
            reference=named.get(kind, "checkout"),
            override_id=override["id"],
            escalation_id=run["id"],
            incident_id=opened["incident"]["id"],
            swap_id=swap["id"],
            file=feed["path"].rpartition("/")[2],
        )
        query = "?team=Payments" if path.endswith(("/schedule", "/simulate")) else ""
        with asked(crew) as seen:
            answer = await crew.call("GET", address + query)
        assert answer.is_success, (path, answer.text)
        assert seen.statements, path
        assert [one for one in seen.statements if " FOR " in one.replace("\n", " ")] == [], path
        read.add(path)
    assert len(read) >= 20
