"""What is done to an integration: keys overlap, it pauses, is tested, counted, and on record."""

from datetime import timedelta
from typing import Any

from shared.contracts.identity import Role


async def act(service: Any, mine: Any, verb: str, body: Any = None, status: int = 200) -> Any:
    path = f"/api/v1/integrations/{mine['id']}/{verb}"
    answer = await service.post(path, body, key=service.tokens[Role.ADMIN])
    assert answer.status_code == status, answer.text
    return answer.json()


async def view(service: Any, mine: Any) -> Any:
    path = f"/api/v1/integrations/{mine['id']}"
    return await service.get(path, token=service.tokens[Role.ADMIN])


async def codes(service: Any, *keys: str) -> list[int]:
    return [(await service.send(key=key)).status_code for key in keys]


async def test_the_old_key_is_good_until_the_overlap_is_over(service: Any) -> None:
    mine = await service.create_integration("robot")
    rotated = await act(service, mine, "rotate", {"overlap_seconds": 3600})
    assert rotated["previous_key_until"] is not None
    assert await codes(service, mine["key"], rotated["key"]) == [201, 201]
    service.clock.advance(timedelta(hours=1))
    assert await codes(service, mine["key"], rotated["key"]) == [401, 201]
    again = await act(service, mine, "rotate")
    assert again["previous_key_until"] is None
    assert await codes(service, rotated["key"], again["key"]) == [401, 201]


async def test_a_revocation_ends_both_keys(service: Any) -> None:
    mine = await service.create_integration("robot")
    rotated = await act(service, mine, "rotate", {"overlap_seconds": 3600})
    await act(service, mine, "revoke")
    assert await codes(service, mine["key"], rotated["key"]) == [401, 401]
    await act(service, mine, "pause", status=409)


async def test_what_it_sent_is_counted(service: Any) -> None:
    mine = await service.create_integration("robot")
    await service.send(key=mine["key"])
    await service.post("/api/v1/alerts", {"service": 7}, key=mine["key"])
    shown = await view(service, mine)
    assert (shown["requests"], shown["alerts"], shown["dead"]) == (2, 1, 1)
    assert shown["last_seen"] is not None
    listed = await service.get("/api/v1/integrations", token=service.tokens[Role.ADMIN])
    assert [one["requests"] for one in listed["items"] if one["id"] == mine["id"]] == [2]


async def test_a_test_alert_goes_the_whole_way_and_ends_by_itself(service: Any) -> None:
    mine = await service.create_integration("robot")
    body = {"severity": "high", "service": "checkout"}
    sent = await act(service, mine, "test", body, 201)
    assert sent["action"] == "new_incident"
    [event] = service.owed()
    assert (event.alert.service, event.alert.severity) == ("checkout", "high")
    assert event.alert.message == "Test alert of robot, sent by the admin"
    service.clock.advance(minutes=10)
    assert await service.let_time_out() == 1
    await act(service, mine, "pause")
    await act(service, mine, "test", {}, 409)


async def test_every_change_is_on_record_and_no_key(service: Any) -> None:
    mine = await service.create_integration("robot")
    await service.client.patch(
        f"/api/v1/integrations/{mine['id']}",
        json={"flap_openings": 3},
        headers={"Authorization": f"Bearer {service.tokens[Role.ADMIN]}"},
    )
    rotated = await act(service, mine, "rotate", {"overlap_seconds": 60})
    for verb in ("pause", "pause", "resume", "revoke", "revoke"):
        await act(service, mine, verb)
    rows = service.database.query(
        "SELECT action, actor->>'name', before, after FROM audit ORDER BY seq"
    )
    assert [row[0].partition(".")[2] for row in rows] == [
        *("created", "changed", "key_rotated", "paused", "resumed", "revoked"),
    ]
    assert {row[1] for row in rows} == {"the admin"}
    assert rows[1][2:] == ({"flap_openings": None}, {"flap_openings": 3})
    text = str(rows)
    assert mine["key"] not in text
    assert rotated["key"] not in text
