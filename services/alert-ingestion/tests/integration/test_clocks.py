"""Replicas whose clocks disagree: ids are then not in the order of what happened."""

from typing import Any


async def test_an_alert_that_is_over_never_hides_the_live_one_of_its_identity(
    service: Any,
) -> None:
    before = (await service.send()).json()
    await service.send(status="resolved")
    # The replica that took it in was ahead of everybody else.
    service.database.query(
        "UPDATE alerts SET id = 'ffffffff-0000-7000-8000-000000000000' WHERE id = %(id)s",
        {"id": before["alert_id"]},
    )
    live = (await service.send()).json()
    again = await service.send()
    assert again.status_code == 201, again.text
    assert again.json() == {**live, "action": "duplicate_suppressed", "reason": "still_firing"}
    assert (await service.send(status="resolved")).json()["alert_id"] == live["alert_id"]
