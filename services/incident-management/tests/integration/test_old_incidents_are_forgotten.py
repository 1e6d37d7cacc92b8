"""Incidents that ended long ago are removed with all that hangs on them, and the figures stay."""

from typing import Any
from uuid import uuid4

import pytest

from incident_management.store import forgotten
from shared.contracts.identity import Role
from shared.identifiers import new_id
from vigie_testing.clock import ManualClock

WHAT_NAMES_INCIDENTS = """
SELECT id::text FROM incidents UNION SELECT incident_id::text FROM alerts
UNION SELECT incident_id::text FROM timeline UNION SELECT incident_id::text FROM aliases
"""
PAST = "since=2026-02-01T00:00:00Z&until=2026-03-20T00:00:00Z"


async def answer(service: Any, path: str) -> Any:
    return await service.client.get(path, headers=service.person(role=Role.VIEWER))


async def figures(service: Any) -> Any:
    """What statistics say of the past; sums of fractions may come in another order."""

    def rounded(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: rounded(inner) for key, inner in value.items()}
        if isinstance(value, list):
            return [rounded(inner) for inner in value]
        return round(value, 9) if isinstance(value, float) else value

    return rounded((await answer(service, f"/api/v1/stats?{PAST}")).json())


async def counted(service: Any) -> dict[str, float]:
    return {
        series: value
        for series, value in (await service.metrics()).items()
        if series.startswith("incident") and "oldest_seconds" not in series
    }


def kept(service: Any) -> set[str]:
    return {found for (found,) in service.database.query(WHAT_NAMES_INCIDENTS)}


async def ended(
    installation: Any, clock: ManualClock, *, seconds: float = 60.7, **given: Any
) -> str:
    incident = await installation.opened(**given)
    clock.advance(seconds=seconds)
    await installation.patch(incident["id"], status="acknowledged")
    clock.advance(seconds=3 * seconds)
    await installation.patch(incident["id"], status="resolved")
    return str(incident["id"])


async def test_figures_of_the_past_are_the_same_when_its_incidents_are_gone(
    service: Any, clock: ManualClock
) -> None:
    old = [
        await ended(service, clock, seconds=10.123457 * (n + 1), severity=severity, service=whose)
        for n, (severity, whose) in enumerate(
            (severity, whose)
            for severity in ("critical", "high", "low")
            for whose in ("shop", "search")
        )
    ]
    team = await service.opened(service="shop")
    await service.patch(team["id"], team="Payments", status="resolved")
    source, target = await service.opened(), await service.opened(service="billing")
    await service.client.post(
        f"/api/v1/incidents/{source['id']}/merge",
        json={"into": target["id"]},
        headers=service.person(),
    )
    await service.patch(target["id"], status="resolved")
    old += [team["id"], source["id"], target["id"]]
    clock.advance(days=20)
    recent, still_open = await ended(service, clock), await service.opened()
    clock.advance(days=10, hours=1)
    figures_before, counted_before = await figures(service), await counted(service)
    assert figures_before["total"]["created"] == len(old)

    await service.tidy(days=30)

    assert kept(service) == {recent, still_open["id"]}
    assert await figures(service) == figures_before
    assert await counted(service) == counted_before
    for path in (old[0], "INC-1", f"{old[0]}/timeline", f"{old[0]}/alerts", f"{old[0]}/metrics"):
        assert (await answer(service, f"/api/v1/incidents/{path}")).status_code == 404, path
    await service.tidy(days=30)
    assert await figures(service) == figures_before


async def test_one_with_many_alerts_goes_in_parts(
    service: Any, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(forgotten, "ROWS_AT_ONCE", 10)
    incident, alerts = new_id(), [new_id() for _ in range(35)]
    await service.alert_events(
        *(service.event("alert.opened", incident=incident, alert=alert) for alert in alerts)
    )
    await service.patch(incident, status="resolved")
    clock.advance(days=31)
    left = []
    more = True
    while more:
        async with service.app.state.database.transaction() as connection:
            more = await forgotten.forget(connection, before=clock.now())
        left.append(
            service.database.query(
                "SELECT (SELECT count(*) FROM alerts) + (SELECT count(*) FROM timeline)"
            )[0][0]
        )
    steps = [before - after for before, after in zip([35 + 37, *left], left, strict=False)]
    assert max(steps) <= 20
    assert left[-1] == 0
    assert kept(service) == set()


async def test_what_an_open_incident_goes_on_from_is_kept(service: Any, clock: ManualClock) -> None:
    first = await ended(service, clock)
    clock.advance(minutes=1)
    (recurred,) = await service.alert_events(service.event("alert.opened", incident=first))
    again = recurred["incident_id"]
    source, middle, target = [str((await service.opened())["id"]) for _ in range(3)]
    for one, into in ((source, middle), (middle, target)):
        response = await service.client.post(
            f"/api/v1/incidents/{one}/merge", json={"into": into}, headers=service.person()
        )
        assert response.status_code == 200
    clock.advance(days=31)
    await service.tidy(days=30)
    assert kept(service) == {first, again, source, middle, target}
    # An alert that is sent to the one that was merged finds where it belongs.
    (joined,) = await service.alert_events(service.event("alert.opened", incident=source))
    assert joined["incident_id"] == target

    await service.patch(again, status="resolved")
    await service.patch(target, status="resolved")
    await service.tidy(days=30)
    assert kept(service) == {again, target}
    assert (await service.get(again))["recurrence_of"] == first
    clock.advance(days=31)
    await service.tidy(days=30)
    assert kept(service) == set()


async def test_one_that_somebody_is_at_is_left_for_the_next_time(
    service: Any, clock: ManualClock
) -> None:
    held, free = await ended(service, clock), await ended(service, clock)
    clock.advance(days=31)
    with service.database.connect() as connection:
        connection.execute("SELECT FROM incidents WHERE id = %s FOR UPDATE", (held,))
        await service.tidy(days=30)
        assert kept(service) == {held}
    await service.tidy(days=30)
    assert free not in kept(service)
    assert kept(service) == set()


async def test_what_was_imported_and_forgotten_is_not_imported_again(
    service: Any, clock: ManualClock
) -> None:
    body = {
        "incidents": [
            {
                "id": str(uuid4()),
                "title": "Checkout was down",
                "service": "shop",
                "severity": "high",
                "created_at": "2026-02-27T10:00:00Z",
                "resolved_at": "2026-02-27T11:00:00Z",
                "alert_count": 3,
            }
        ]
    }

    async def imported() -> Any:
        response = await service.client.post(
            "/internal/v1/import", json=body, headers=service.automation("admin")
        )
        return response.json()["results"][0]

    first = await imported()
    clock.advance(days=31)
    await service.tidy(days=30)
    before = await figures(service)
    assert before["total"]["resolved"] == 1
    again = await imported()
    assert (again["outcome"], again["number"]) == ("duplicate", first["number"])
    assert kept(service) == set()
    assert await figures(service) == before
