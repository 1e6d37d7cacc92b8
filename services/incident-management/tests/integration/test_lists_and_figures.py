import base64
import math
import statistics
from collections.abc import AsyncIterator
from datetime import timedelta
from itertools import combinations
from typing import Any
from uuid import UUID, uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from shared.contracts.incident_api import Durations
from shared.paging import Keyset
from vigie_testing.clock import ManualClock

BOB = {"id": str(UUID(int=2)), "name": "Bob"}
PLACE = ("2026-03-02T09:00:00+00:00", BOB["id"])
INFINITE = Keyset("severity").cursor(float("inf"), *PLACE)
FAR = Keyset("severity").cursor(2**80, *PLACE)
NESTED = base64.urlsafe_b64encode(b"[" * 3000).decode().rstrip("=")


async def listed(service: Any, query: str = "", expect: int = 200) -> Any:
    response = await service.client.get(f"/api/v1/incidents?{query}", headers=service.person())
    assert response.status_code == expect, response.text
    return response.json()


async def numbers(service: Any, query: str = "") -> list[int]:
    return [incident["number"] for incident in (await listed(service, query))["items"]]


def summarise(seconds: list[float]) -> Durations:
    """Mean, and the durations of the nearest rank, as textbooks define them."""
    if not seconds:
        return Durations(count=0)
    ascending = sorted(seconds)
    p50, p95 = (ascending[math.ceil(share * len(seconds)) - 1] for share in (0.5, 0.95))
    return Durations(
        count=len(seconds),
        mean_seconds=statistics.fmean(seconds),
        p50_seconds=p50,
        p95_seconds=p95,
    )


@pytest.fixture
async def four(service: Any, clock: ManualClock) -> None:
    """INC-1 high shop open, INC-2 critical db acknowledged, INC-3 low shop resolved, INC-4 high."""
    for given_fields in (
        {"severity": "high", "service": "shop"},
        {"severity": "critical", "service": "db", "message": "Disk 100% full"},
        {"severity": "low", "service": "shop"},
        {"severity": "high", "service": "mail, old"},
    ):
        await service.opened(**given_fields)
        clock.advance(minutes=1)
    await service.patch(2, status="acknowledged", team="Data")
    await service.patch(3, status="resolved")
    await service.patch(4, assignee_id=BOB["id"])


FOUND: list[tuple[str, list[int]]] = [
    ("", [4, 3, 2, 1]),
    ("sort=oldest", [1, 2, 3, 4]),
    ("sort=severity", [2, 4, 1, 3]),
    ("status=open", [4, 1]),
    ("status=open,acknowledged", [4, 2, 1]),
    ("status=resolved&status=acknowledged", [3, 2]),
    ("severity=high", [4, 1]),
    ("service=shop", [3, 1]),
    ("team=Data", [2]),
    (f"assignee={BOB['id']}", [4]),
    ("q=disk", [2]),
    ("q=100%25", [2]),
    ("q=%25", [2]),
    ("q=_", []),
    ("q=INC-3", [3]),
    ("q=3&status=open&service=db", [3]),
    ("q=inc-3&assignee=none&severity=critical", [3]),
    ("q=INC-77", []),
    ("severity=critical,low", [3, 2]),
    ("service=HO", [3, 1]),
    ("service=ho&service=OLD", [4, 3, 1]),
    ("service=%25", []),
    ("assignee=none", [3, 1]),
    ("assignee=none&status=open", [1]),
    ("q=SHOP", [3, 1]),
    ("since=2026-03-02T09:01:00Z&until=2026-03-02T09:03:00Z", [3, 2]),
    ("since=2026-03-02T10:02:00+01:00", [4, 3]),
    ("status=open&severity=high&service=shop", [1]),
]


@pytest.mark.usefixtures("four")
async def test_incidents_are_found_by_every_filter_in_every_order(service: Any) -> None:
    assert [(query, await numbers(service, query)) for query, _ in FOUND] == FOUND


@pytest.mark.usefixtures("four")
@pytest.mark.parametrize("sort", ["newest", "severity"])
async def test_pages_hold_every_incident_once_even_when_more_come(service: Any, sort: str) -> None:
    whole = await numbers(service, f"sort={sort}")
    seen: list[int] = []
    cursor = ""
    while True:
        page = await listed(service, f"sort={sort}&limit=1{cursor}")
        seen += [incident["number"] for incident in page["items"]]
        await service.opened(severity="critical", at=service.clock.now() - timedelta(days=1))
        if page["next_cursor"] is None or len(seen) > 20:
            break
        cursor = f"&cursor={page['next_cursor']}"
    assert [number for number in seen if number in whole] == whole


SENSELESS: list[tuple[str, str]] = [
    ("status=closed", "status"),
    ("severity=sev1", "severity"),
    ("assignee=bob", "assignee"),
    ("since=yesterday", "since"),
    ("since=2026-03-02T09:00:00", "since"),
    ("q=%00", "q"),
    ("status=%00", "status"),
    ("team=%00", "team"),
    ("limit=0", "limit"),
    ("limit=201", "limit"),
    ("limit=many", "limit"),
    ("sort=random", "sort"),
]


async def test_a_query_that_makes_no_sense_is_explained(service: Any) -> None:
    for query, field in SENSELESS:
        problem = await listed(service, query, expect=422)
        assert [error["field"] for error in problem["errors"]] == [field]
        assert problem["errors"][0]["message"]


NO_CURSORS = (
    "cursor=nonsense",
    "cursor=WzFd",
    "cursor=%00",
    f"sort=severity&cursor={INFINITE}",
    f"sort=severity&cursor={FAR}",
    f"cursor={NESTED}",
)


async def test_what_was_never_a_cursor_is_refused(service: Any) -> None:
    for query in NO_CURSORS:
        assert "cursor" in (await listed(service, query, expect=400))["detail"]


async def test_a_place_that_no_timeline_has_is_refused(service: Any) -> None:
    incident = await service.opened()
    for number in (2**63, -(10**30), "1 OR 1=1"):
        cursor = Keyset("timeline").cursor(PLACE[0], number)
        response = await service.client.get(
            f"/api/v1/incidents/{incident['id']}/timeline?cursor={cursor}",
            headers=service.person(),
        )
        assert response.status_code == 400, response.text


async def test_a_cursor_belongs_to_its_order(service: Any) -> None:
    for _ in range(2):
        await service.opened()
    cursor = (await listed(service, "limit=1"))["next_cursor"]
    await listed(service, f"limit=1&sort=severity&cursor={cursor}", expect=400)


async def test_merged_incidents_are_listed_only_when_asked_for(service: Any) -> None:
    source, target = await service.opened(), await service.opened()
    await service.client.post(
        f"/api/v1/incidents/{source['id']}/merge",
        json={"into": target["id"]},
        headers=service.person(),
    )
    assert await numbers(service) == [2]
    assert await numbers(service, "include_merged=true") == [2, 1]


async def test_timeline_and_alerts_are_paged_in_the_order_they_happened(
    service: Any, seconds_after: Any
) -> None:
    incident = uuid4()
    for second in (0, 2, 1):
        await service.alert_events(
            service.event(
                "alert.opened", incident=incident, message=f"at {second}", at=seconds_after(second)
            )
        )
    for path, key, expected in (
        (
            "timeline",
            "text",
            [
                "Opened by an alert: at 0",
                "Another alert belongs to it: at 1.",
                "Another alert belongs to it: at 2.",
            ],
        ),
        ("alerts", "message", ["at 0", "at 1", "at 2"]),
    ):
        seen, cursor = [], ""
        while cursor is not None:
            query = f"limit=2&cursor={cursor}" if cursor else "limit=2"
            response = await service.client.get(
                f"/api/v1/incidents/{incident}/{path}?{query}", headers=service.person()
            )
            seen += [item[key] for item in response.json()["items"]]
            cursor = response.json()["next_cursor"]
        assert seen == expected


async def test_one_incident_is_measured_while_it_lasts_and_afterwards(
    service: Any, clock: ManualClock
) -> None:
    incident = await service.opened()

    async def measured() -> tuple[Any, ...]:
        response = await service.client.get(
            f"/api/v1/incidents/{incident['id']}/metrics", headers=service.person()
        )
        shown = response.json()
        return shown["mtta_seconds"], shown["mttr_seconds"], shown["open_seconds"]

    clock.advance(seconds=10)
    assert await measured() == (None, None, 10)
    await service.patch(incident["id"], status="acknowledged")
    clock.advance(seconds=10)
    assert await measured() == (10, None, 20)
    await service.patch(incident["id"], status="resolved")
    clock.advance(days=1)
    assert await measured() == (10, 20, 20)


async def stats(service: Any, query: str = "", expect: int = 200) -> Any:
    response = await service.client.get(f"/api/v1/stats?{query}", headers=service.person())
    assert response.status_code == expect, response.text
    return response.json()


async def test_figures_of_an_empty_installation_are_zero_and_not_errors(service: Any) -> None:
    figures = await stats(service)
    assert figures["open"] == {
        "total": 0,
        "by_severity": {"critical": 0, "high": 0, "medium": 0, "low": 0},
        "by_status": {"open": 0, "acknowledged": 0, "in_progress": 0},
    }
    assert figures["total"]["created"] == 0
    assert figures["total"]["mtta"] == {
        "count": 0,
        "mean_seconds": None,
        "p50_seconds": None,
        "p95_seconds": None,
    }
    assert [tally["severity"] for tally in figures["by_severity"]] == [
        "critical",
        "high",
        "medium",
        "low",
    ]
    assert (figures["by_service"], figures["by_team"], figures["by_day"]) == ([], [], [])
    assert figures["until"].startswith("2026-03-02T09:00:00")
    assert figures["since"].startswith("2026-02-23T09:00:00")


@settings(
    max_examples=10,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    times=st.lists(
        st.tuples(
            st.sampled_from(["shop", "db"]),
            st.one_of(st.none(), st.integers(0, 10**6)),
            st.one_of(st.none(), st.integers(0, 10**6)),
        ),
        min_size=1,
        max_size=6,
    )
)
async def test_figures_are_exactly_those_of_the_incidents(
    service: Any, clock: ManualClock, times: list[tuple[str, int | None, int | None]]
) -> None:
    clock.advance(days=60)
    begin = clock.now()
    for name, acknowledged_after, resolved_after in times:
        clock.set(begin)
        incident = await service.opened(service=name)
        steps = [("acknowledged", acknowledged_after), ("resolved", resolved_after)]
        known = [(after, status) for status, after in steps if after is not None]
        # An incident that is resolved first is never acknowledged.
        for after, status in sorted(known, key=lambda step: step[0]):
            clock.set(begin + timedelta(seconds=after))
            if (await service.get(incident["id"]))["status"] != "resolved":
                await service.patch(incident["id"], status=status)
    clock.set(begin)
    figures = await stats(service, f"since={begin:%Y-%m-%dT%H:%M:%SZ}&until=2099-01-01T00:00:00Z")

    def expected(name: str | None) -> tuple[Any, Any]:
        mine = [(a, r) for service_, a, r in times if name in {None, service_}]
        seen = [a for a, r in mine if a is not None and (r is None or a <= r)]
        solved = [r for _, r in mine if r is not None]
        return summarise(seen), summarise(solved)

    def approximately(figures_: Any) -> Any:
        known = figures_.model_dump().items()
        return {
            name: value if value is None else pytest.approx(value, rel=1e-9)
            for name, value in known
        }

    mtta, mttr = expected(None)
    assert figures["total"]["created"] == len(times)
    assert figures["total"]["mtta"] == approximately(mtta)
    assert figures["total"]["mttr"] == approximately(mttr)
    for tally in figures["by_service"]:
        mtta, mttr = expected(tally["service"])
        if tally["created"]:
            assert tally["mtta"] == approximately(mtta)
            assert tally["mttr"] == approximately(mttr)
    assert figures["by_day"] == [{"day": f"{begin:%Y-%m-%d}", "created": len(times)}]


@pytest.mark.usefixtures("four")
async def test_services_with_most_incidents_come_first_and_open_ones_are_counted(
    service: Any, clock: ManualClock
) -> None:
    figures = await stats(service, "window=1h")
    shop = figures["by_service"][0]
    assert (shop["service"], shop["created"], shop["open"]) == ("shop", 2, 1)
    assert figures["open"]["total"] == 3
    assert figures["open"]["by_status"]["acknowledged"] == 1
    clock.advance(days=2)
    later = await stats(service, "window=1h")
    assert later["total"]["created"] == 0
    assert [(tally["service"], tally["open"]) for tally in later["by_service"]] == [
        ("db", 1),
        ("mail, old", 1),
        ("shop", 1),
    ]


async def test_each_figure_is_of_the_window_in_which_it_happened(
    service: Any, clock: ManualClock
) -> None:
    incident = await service.opened(severity="low")
    clock.advance(hours=2)
    await service.patch(incident["id"], status="acknowledged", team="Shop")
    clock.advance(hours=2)
    await service.patch(incident["id"], status="resolved")

    async def happened(hour: int) -> tuple[Any, ...]:
        figures = await stats(
            service, f"since=2026-03-02T{hour:02}:00:00Z&until=2026-03-02T{hour + 1:02}:00:00Z"
        )
        (tally,) = figures["by_team"] or [figures["total"]]
        low = figures["by_severity"][3]
        for one in (tally, low):
            for name in ("created", "acknowledged", "resolved", "mtta", "mttr"):
                assert one[name] == figures["total"][name]
        days = sum(day["created"] for day in figures["by_day"])
        assert days == tally["created"]
        means = (tally["mtta"]["mean_seconds"], tally["mttr"]["mean_seconds"])
        return tally["created"], tally["acknowledged"], tally["resolved"], *means

    assert await happened(9) == (1, 0, 0, None, None)
    assert await happened(10) == (0, 0, 0, None, None)
    assert await happened(11) == (0, 1, 0, 7200, None)
    assert await happened(13) == (0, 0, 1, None, 14400)


async def test_what_was_in_time_and_what_nobody_acknowledged_is_said_by_team_and_service(
    service: Any, clock: ManualClock
) -> None:
    for seen, team in ((300, "Shop"), (301, "Shop"), (None, None)):
        incident = await service.opened(severity="critical")
        begin = clock.now()
        if team:
            await service.patch(incident["id"], team=team)
        if seen is not None:
            clock.advance(seconds=seen)
            await service.patch(incident["id"], status="acknowledged")
        clock.set(begin + timedelta(hours=4, seconds=1 if seen == 301 else 0))
        await service.patch(incident["id"], status="resolved")
        clock.set(begin)
    still_open = await service.opened(service="db")
    await service.patch(still_open["id"], team="Data")
    clock.advance(days=1)
    figures = await stats(service, "window=24h")
    names = ("acknowledged", "acknowledged_in_time", "resolved", "resolved_in_time")
    names += ("never_acknowledged", "open")

    def told(tally: dict[str, Any]) -> tuple[int, ...]:
        return tuple(tally[name] for name in names if name in tally)

    assert told(figures["total"]) == (2, 1, 3, 2, 1)
    assert {tally["team"]: told(tally) for tally in figures["by_team"]} == {
        "Shop": (2, 1, 2, 1, 0, 0),
        None: (0, 0, 1, 1, 1, 0),
        "Data": (0, 0, 0, 0, 0, 1),
    }
    assert {tally["service"]: told(tally) for tally in figures["by_service"]} == {
        "shop": (2, 1, 3, 2, 1, 0),
        "db": (0, 0, 0, 0, 0, 1),
    }


COUNTED_AS = {
    "created": "incidents_created_total{",
    "acknowledged": "incidents_acknowledged_total{",
    "acknowledged_in_time": 'incidents_acknowledged_total{in_time="yes"',
    "resolved": "incidents_resolved_total{",
    "resolved_in_time": 'incidents_resolved_total{in_time="yes"',
    "never_acknowledged": "incidents_never_acknowledged_total{",
}


async def test_statistics_and_counters_agree_about_every_window(
    service: Any, clock: ManualClock
) -> None:
    """The counters' rise between two instants is what the statistics say of the time between."""

    async def counted() -> dict[str, float]:
        figures = await service.metrics()
        return {
            name: sum(value for series, value in figures.items() if series.startswith(prefix))
            for name, prefix in COUNTED_AS.items()
        }

    async def steps() -> AsyncIterator[None]:
        incidents = [await service.opened(severity=one) for one in ("critical", "low", "high")]
        yield
        await service.patch(incidents[0]["id"], status="acknowledged")
        await service.patch(incidents[2]["id"], status="acknowledged")
        yield
        # What was acknowledged before it was merged was acknowledged; it is not resolved.
        await service.client.post(
            f"/api/v1/incidents/{incidents[2]['id']}/merge",
            json={"into": incidents[0]["id"]},
            headers=service.person(),
        )
        yield
        await service.patch(incidents[1]["id"], status="resolved")
        incidents.append(await service.opened())
        yield
        await service.patch(incidents[0]["id"], status="resolved")
        await service.patch(incidents[3]["id"], status="resolved")
        yield

    marks = [(clock.now(), await counted())]
    async for _ in steps():
        clock.advance(minutes=7)
        marks.append((clock.now(), await counted()))
    for (since, before), (until, after) in combinations(marks, 2):
        window = f"since={since:%Y-%m-%dT%H:%M:%SZ}&until={until:%Y-%m-%dT%H:%M:%SZ}"
        total = (await stats(service, window))["total"]
        assert {name: total[name] for name in COUNTED_AS} == {
            name: after[name] - before[name] for name in COUNTED_AS
        }, window
    assert marks[-1][1]["created"] == 4


async def test_a_window_that_makes_no_sense_is_explained(service: Any) -> None:
    for query in (
        "window=forever",
        "window=1d&since=2026-01-01T00:00:00Z",
        "since=2027-01-01T00:00:00Z",
        "until=soon",
    ):
        assert (await stats(service, query, expect=422))["errors"], query
