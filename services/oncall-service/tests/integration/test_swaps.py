"""Shifts that change hands between the people of a team, without an administrator."""

import asyncio
from typing import Any

import pytest

SWAPS, OVERRIDES = "/api/v1/swaps", "/api/v1/overrides"
TUESDAY = {"start": "2026-03-03T12:00:00Z", "end": "2026-03-03T18:00:00Z"}
PASSWORD = "a long password of theirs"


async def _signed_in(crew: Any, name: str, role: str = "responder") -> str:
    fields = {"role": role, "password": PASSWORD}
    await crew.ok("PATCH", f"/api/v1/people/{name}", json=fields)
    body = {"user": name.lower(), "password": PASSWORD}
    session: dict[str, str] = (await crew.client.post("/api/v1/sessions", json=body)).json()
    return session["token"]


async def _on_call(crew: Any, at: str) -> tuple[str, str]:
    now = await crew.ok("GET", f"/api/v1/oncall/current?team=Payments&at={at}")
    return now["primary"]["name"], now["primary_from"]


@pytest.fixture
async def tokens(crew: Any) -> dict[str, str]:
    """What Ada, Ben and Cleo of Payments act with, and Dan, who is no member."""
    await crew.ok("PUT", "/api/v1/people/Dan", json={"name": "Dan", "login": "dan"})
    return {name: await _signed_in(crew, name) for name in ("Ada", "Ben", "Cleo", "Dan")}


async def _offered(crew: Any, token: str, **fields: Any) -> Any:
    body = {"schedule": "Payments", **TUESDAY, **fields}
    return await crew.ok("POST", SWAPS, token=token, json=body)


async def test_an_accepted_offer_is_a_swap_in_the_calendar(crew: Any, tokens: Any) -> None:
    swap = await _offered(crew, tokens["Ada"], to="Ben", note="dentist")
    assert (swap["status"], swap["giver"]["name"], swap["to"]["name"]) == ("open", "Ada", "Ben")
    assert await _on_call(crew, TUESDAY["start"]) == ("Ada", "Weekly")
    done = await crew.ok("POST", f"{SWAPS}/{swap['id']}/accept", token=tokens["Ben"])
    assert (done["status"], done["taker"]["name"]) == ("accepted", "Ben")
    assert await _on_call(crew, TUESDAY["start"]) == ("Ben", "swap")
    assert await _on_call(crew, TUESDAY["end"]) == ("Ada", "Weekly")
    override = await crew.ok("GET", f"{OVERRIDES}/{done['override_id']}")
    assert (override["kind"], override["note"]) == ("swap", "dentist")


async def test_of_two_who_accept_at_once_one_gets_it(crew: Any, tokens: Any) -> None:
    swap = await _offered(crew, tokens["Ada"])
    answers = await asyncio.gather(
        *(
            crew.call("POST", f"{SWAPS}/{swap['id']}/accept", token=tokens[name])
            for name in ("Ben", "Cleo")
        )
    )
    assert sorted(one.status_code for one in answers) == [200, 409]
    lost = next(one for one in answers if one.status_code == 409)
    assert "accepted" in lost.json()["detail"]
    assert len((await crew.ok("GET", OVERRIDES))["items"]) == 1


async def test_only_whom_it_is_for_may_accept_or_decline_it(crew: Any, tokens: Any) -> None:
    to_ben = await _offered(crew, tokens["Ada"], to="Ben")
    to_all = await _offered(crew, tokens["Ada"])
    for swap, action, name in (
        (to_ben, "accept", "Cleo"),
        (to_ben, "decline", "Cleo"),
        (to_ben, "withdraw", "Ben"),
        (to_all, "accept", "Ada"),
        (to_all, "accept", "Dan"),
        (to_all, "decline", "Ben"),
    ):
        path = f"{SWAPS}/{swap['id']}/{action}"
        assert (await crew.call("POST", path, token=tokens[name])).status_code == 403, (
            action,
            name,
        )
    assert (await crew.call("POST", f"{SWAPS}/{to_all['id']}/accept")).status_code == 403
    declined = await crew.ok("POST", f"{SWAPS}/{to_ben['id']}/decline", token=tokens["Ben"])
    withdrawn = await crew.ok("POST", f"{SWAPS}/{to_all['id']}/withdraw", token=tokens["Ada"])
    assert (declined["status"], withdrawn["status"]) == ("declined", "withdrawn")
    again = await crew.call("POST", f"{SWAPS}/{to_ben['id']}/accept", token=tokens["Ben"])
    assert (again.status_code, again.json()["detail"]) == (409, "This offer is declined.")


async def test_nobody_offers_what_they_do_not_have(crew: Any, tokens: Any) -> None:
    body = {"schedule": "Payments", **TUESDAY}
    assert (await crew.call("POST", SWAPS, token=tokens["Ben"], json=body)).status_code == 409
    beyond = body | {"end": "2026-03-09T08:01:00Z"}
    assert (await crew.call("POST", SWAPS, token=tokens["Ada"], json=beyond)).status_code == 409
    of_ada = body | {"giver": "Ada"}
    assert (await crew.call("POST", SWAPS, token=tokens["Ben"], json=of_ada)).status_code == 403
    assert (await crew.ok("POST", SWAPS, json=of_ada))["giver"]["name"] == "Ada"
    for to in ("Ada", "Dan"):
        answer = await crew.call("POST", SWAPS, token=tokens["Ada"], json=body | {"to": to})
        assert [error["field"] for error in answer.json()["errors"]] == ["to"]
    second = await _offered(crew, tokens["Ben"], role="secondary")
    done = await crew.ok("POST", f"{SWAPS}/{second['id']}/accept", token=tokens["Cleo"])
    now = await crew.ok("GET", f"/api/v1/oncall/current?team=Payments&at={TUESDAY['start']}")
    assert (now["secondary"]["name"], done["role"]) == ("Cleo", "secondary")


async def test_what_was_given_away_meanwhile_cannot_be_accepted(crew: Any, tokens: Any) -> None:
    swap = await _offered(crew, tokens["Ada"])
    override = {"schedule": "Payments", "person": "Cleo", **TUESDAY}
    await crew.ok("POST", OVERRIDES, json=override)
    answer = await crew.call("POST", f"{SWAPS}/{swap['id']}/accept", token=tokens["Ben"])
    assert answer.status_code == 409
    assert await _on_call(crew, TUESDAY["start"]) == ("Cleo", "override")


async def test_an_offer_whose_time_has_passed_says_so_and_the_rest_of_one_can_be_taken(
    crew: Any, tokens: Any
) -> None:
    swap = await _offered(crew, tokens["Ada"])
    late = await _offered(crew, tokens["Ada"], end="2026-03-04T12:00:00Z")
    crew.clock.advance(days=1, hours=11)  # Tuesday 20:00
    assert (await crew.ok("GET", f"{SWAPS}/{swap['id']}"))["status"] == "expired"
    ben = await _signed_in(crew, "Ben")
    answer = await crew.call("POST", f"{SWAPS}/{swap['id']}/accept", token=ben)
    assert (answer.status_code, answer.json()["detail"]) == (409, "This offer is expired.")
    open_ones = await crew.ok("GET", f"{SWAPS}?open_only=true&person=Ada")
    assert [one["id"] for one in open_ones["items"]] == [late["id"]]
    await crew.ok("POST", f"{SWAPS}/{late['id']}/accept", token=ben)
    assert await _on_call(crew, "2026-03-03T19:00:00Z") == ("Ada", "Weekly"), "no past is rewritten"
    assert await _on_call(crew, "2026-03-03T20:00:00Z") == ("Ben", "swap")


async def test_a_responder_takes_a_shift_of_their_team_and_gives_away_their_own(
    crew: Any, tokens: Any
) -> None:
    body = {"schedule": "Payments", **TUESDAY}
    await crew.ok("POST", OVERRIDES, token=tokens["Cleo"], json=body | {"person": "Cleo"})
    assert await _on_call(crew, TUESDAY["start"]) == ("Cleo", "override")
    await crew.ok("POST", OVERRIDES, token=tokens["Cleo"], json=body | {"person": "Ben"})
    assert await _on_call(crew, TUESDAY["start"]) == ("Ben", "override")
    for name, person in (("Cleo", "Ada"), ("Dan", "Dan"), ("Ben", "Dan")):
        answer = await crew.call(
            "POST", OVERRIDES, token=tokens[name], json=body | {"person": person}
        )
        assert answer.status_code == 403, (name, person)
    past = body | {"start": "2026-03-01T12:00:00Z", "person": "Ben"}
    assert (await crew.call("POST", OVERRIDES, token=tokens["Ben"], json=past)).status_code == 403


async def test_viewers_change_nothing(crew: Any) -> None:
    token = await _signed_in(crew, "Ada", "viewer")
    body = {"schedule": "Payments", **TUESDAY}
    assert (await crew.call("POST", SWAPS, token=token, json=body)).status_code == 403
    mine = body | {"person": "Ada"}
    assert (await crew.call("POST", OVERRIDES, token=token, json=mine)).status_code == 403
