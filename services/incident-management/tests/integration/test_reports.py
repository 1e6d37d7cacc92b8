"""What the report over a window says, and the totals of the window before."""

from datetime import timedelta
from typing import Any

import pytest

from vigie_testing.clock import ManualClock


async def report(service: Any, query: str = "", expect: int = 200) -> Any:
    response = await service.client.get(
        f"/api/v1/reports/incidents?{query}", headers=service.person()
    )
    assert response.status_code == expect, response.text
    return response.json()


@pytest.fixture
async def weekend(service: Any, clock: ManualClock) -> None:
    """Two of shop and one of db on Monday 09:00 UTC, one of shop the week before."""
    await service.opened(service="shop", fingerprint="before")
    await service.patch(1, status="resolved")
    clock.advance(days=7)
    for name, message, taken, over in (
        ("shop", "Checkout is slow", 60, 600),
        ("shop", "Checkout is down", 120, 1200),
        ("db", "Disk is full", None, 60),
    ):
        begin = clock.now()
        incident = await service.opened(service=name, message=message)
        if taken is not None:
            clock.advance(seconds=taken)
            await service.patch(incident["id"], status="acknowledged", team="Web")
        clock.set(begin + timedelta(seconds=over))
        await service.patch(incident["id"], status="resolved")
        clock.set(begin)
    clock.advance(hours=1)


WEEK = "from=2026-03-04T00:00:00Z&until=2026-03-11T00:00:00Z"


@pytest.mark.usefixtures("weekend")
async def test_it_tells_what_happened_by_day_service_and_hour(service: Any) -> None:
    found = await report(service, f"{WEEK}&zone=Asia/Tokyo")
    assert (found["total"]["created"], found["total"]["resolved"]) == (3, 3)
    assert found["previous"]["created"] == 1
    days = {day["day"]: day for day in found["by_day"]}
    assert list(days) == [f"2026-03-{day:02}" for day in range(4, 12)]
    monday = days.pop("2026-03-09")
    assert (monday["created"], monday["resolved"]) == (3, 3)
    assert (monday["mtta"]["mean_seconds"], monday["mttr"]["p50_seconds"]) == (90, 600)
    assert {day["created"] for day in days.values()} == {0}
    assert [(one["service"], one["created"]) for one in found["by_service"]] == [
        ("shop", 2),
        ("db", 1),
    ]
    assert found["by_hour"][0][18] == 3, "09:00 UTC is 18:00 there"
    assert sum(map(sum, found["by_hour"])) == 3


@pytest.mark.usefixtures("weekend")
async def test_a_bucket_holds_what_is_at_most_its_bound(service: Any) -> None:
    found = await report(service, WEEK)
    for name, expected in (("mtta", {60: 1, 120: 1}), ("mttr", {60: 1, 600: 1, 1200: 1})):
        counts = [(one["up_to"], one["count"]) for one in found[name] if one["count"]]
        bounds = [one["up_to"] for one in found[name]]
        assert bounds[-1] is None
        assert bounds[:-1] == sorted(bounds[:-1])
        assert dict(counts) == {
            min(bound for bound in bounds[:-1] if bound >= seconds): count
            for seconds, count in expected.items()
        }


@pytest.mark.usefixtures("weekend")
async def test_the_noisiest_are_those_about_the_same(service: Any) -> None:
    found = await report(service, WEEK)
    assert [
        (one["service"], one["incidents"], one["alerts"], one["title"], one["number"])
        for one in found["noisiest"]
    ] == [("shop", 2, 2, "Checkout is down", 3), ("db", 1, 1, "Disk is full", 4)]


@pytest.mark.usefixtures("weekend")
async def test_it_is_of_the_services_and_teams_asked_for(service: Any) -> None:
    for query, created in (("service=shop", 2), ("team=Web&service=db", 0), ("team=Web", 2)):
        found = await report(service, f"{WEEK}&{query}")
        assert found["total"]["created"] == created, query
        assert sum(map(sum, found["by_hour"])) == created
        assert sum(one["incidents"] for one in found["noisiest"]) == created


async def test_of_an_empty_installation_it_is_zero_on_every_day(service: Any) -> None:
    found = await report(service)
    assert (len(found["by_day"]), found["by_service"], found["noisiest"]) == (31, [], [])
    assert found["total"] == found["previous"]
    assert found["zone"] == "UTC"


async def test_a_window_or_a_zone_that_makes_no_sense_is_explained(service: Any) -> None:
    for query, field in (
        ("zone=Mars/Olympus", "zone"),
        ("from=2026-03-02T09:00:00Z&until=2026-03-02T09:00:00Z", "from"),
        ("from=2024-01-01T00:00:00Z", "from"),
        ("from=yesterday", "from"),
    ):
        problem = await report(service, query, expect=422)
        assert [error["field"] for error in problem["errors"]] == [field]


@pytest.mark.usefixtures("weekend")
async def test_statistics_compare_with_the_window_before_when_asked(
    service: Any, clock: ManualClock
) -> None:
    since = (clock.now() - timedelta(days=5)).strftime("%Y-%m-%dT%H:%M:%SZ")
    for query, previous in (("", None), ("&compare=true", 1)):
        answer = await service.client.get(
            f"/api/v1/stats?since={since}{query}", headers=service.person()
        )
        told = answer.json()["previous"]
        assert (told and told["created"]) == previous
        assert answer.json()["total"]["created"] == 3
