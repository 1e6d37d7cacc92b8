import re
from collections.abc import Callable
from typing import Any

from incident_management.measures import BUCKETS
from vigie_testing.clock import ManualClock

SEVERITIES = ("critical", "high", "medium", "low")


async def test_every_series_is_there_from_the_start(service: Any) -> None:
    figures = await service.metrics()
    for status in ("open", "ack", "resolved"):
        assert figures[f'incidents_total{{status="{status}"}}'] == 0
    for severity in SEVERITIES:
        for status in ("open", "acknowledged", "in_progress"):
            assert figures[f'incidents_open{{severity="{severity}",status="{status}"}}'] == 0
        for name in ("incident_mtta_seconds", "incident_mttr_seconds"):
            assert figures[f'{name}_count{{severity="{severity}"}}'] == 0
            assert figures[f'{name}_sum{{severity="{severity}"}}'] == 0
            assert figures[f'{name}_bucket{{le="+Inf",severity="{severity}"}}'] == 0
        name = "incidents_unacknowledged_oldest_seconds"
        assert figures[f'{name}{{severity="{severity}"}}'] == 0
    target = "incident_target_seconds"
    assert figures[f'{target}{{severity="critical",step="acknowledge"}}'] == 300
    assert figures[f'{target}{{severity="low",step="resolve"}}'] == 7 * 86400
    for topic in ("oncall", "alerts"):
        assert figures[f'outbox_depth{{topic="{topic}"}}'] == 0
    assert figures["database_up"] == 1
    assert "postgres_up" not in figures, "without a role for it, no figures of the server"


async def test_mtta_and_mttr_are_exact_and_survive_a_restart(
    start_service: Callable[..., Any], clock: ManualClock
) -> None:
    service = start_service()
    async with service.client:
        for seen, solved in ((45, 600), (200, 86400)):
            incident = await service.opened(severity="critical")
            opened = clock.now()
            clock.advance(seconds=seen)
            await service.patch(incident["id"], status="acknowledged")
            clock.advance(seconds=solved - seen)
            await service.patch(incident["id"], status="resolved")
            clock.set(opened)
        before = await service.metrics()
    again = start_service(service.database)
    async with again.client:
        after = await again.metrics()
    for figures in (before, after):
        label = '{severity="critical"}'
        assert figures[f"incident_mtta_seconds_sum{label}"] == 245
        assert figures[f"incident_mtta_seconds_count{label}"] == 2
        assert figures[f"incident_mttr_seconds_sum{label}"] == 87000
        assert figures[f"incident_mttr_seconds_count{label}"] == 2
        assert figures['incidents_total{status="resolved"}'] == 2
        assert figures['incident_mtta_seconds_bucket{le="60.0",severity="critical"}'] == 1
        assert figures['incident_mtta_seconds_bucket{le="300.0",severity="critical"}'] == 2
        assert figures['incident_mttr_seconds_bucket{le="600.0",severity="critical"}'] == 1
    assert len([name for name in before if name.startswith("incident_mtta_seconds_bucket")]) == len(
        SEVERITIES
    ) * (len(BUCKETS) + 1)


async def test_taking_an_incident_twice_counts_once(service: Any) -> None:
    incident = await service.opened()
    for status in ("acknowledged", "open", "acknowledged", "in_progress", "acknowledged"):
        await service.patch(incident["id"], status=status)
    figures = await service.metrics()
    assert figures['incidents_total{status="ack"}'] == 1
    assert figures['incident_mtta_seconds_count{severity="high"}'] == 1
    assert figures['incidents_open{severity="high",status="acknowledged"}'] == 1


async def test_the_servers_figures_come_through_a_role_of_their_own(
    start_service: Callable[..., Any], make_database: Callable[[str], Any]
) -> None:
    database = make_database("incident-management")
    service = start_service(
        database,
        metrics_database_user="vigie_metrics",
        metrics_database_password=database.cluster.password("metrics_db_password"),
    )
    async with service.client:
        figures = await service.metrics()
    assert figures["postgres_up"] == 1
    assert figures["postgres_database_size_bytes"] > 1_000_000
    assert 0 < figures["postgres_cache_hit_ratio"] <= 1
    assert figures["postgres_connections_max"] > 10
    assert sum(value for name, value in figures.items() if "postgres_connections{" in name) >= 1
    assert figures['postgres_transactions_total{outcome="commit"}'] > 0
    for name in ("deadlocks_total", "longest_transaction_seconds", "lock_waiters"):
        assert figures[f"postgres_{name}"] >= 0


async def test_a_server_that_refuses_the_role_is_said_and_costs_nothing_else(
    start_service: Callable[..., Any],
) -> None:
    service = start_service(metrics_database_user="nobody", metrics_database_password="wrong")
    async with service.client:
        figures = await service.metrics()
    assert figures["postgres_up"] == 0
    assert figures['incidents_total{status="open"}'] == 0
    assert not [name for name in figures if re.match("postgres_(?!up)", name)]


async def test_what_a_release_with_coarser_buckets_counted_stays_where_it_was(
    start_service: Callable[..., Any], make_database: Callable[[str], Any]
) -> None:
    database = make_database("incident-management")
    stored = {"30.0": 1, "600.0": 4, "28800.0": 2, "604800.0": 1, "+Inf": 1}
    for bound, count in stored.items():
        database.query(
            "INSERT INTO counters (name, labels, shard, value) "
            "VALUES (%(name)s, '[\"low\"]', 0, %(count)s)",
            {"name": f"incident_mttr_seconds|{bound}", "count": count},
        )
    service = start_service(database)
    async with service.client:
        figures = await service.metrics()
    seen = {
        bound: figures[f'incident_mttr_seconds_bucket{{le="{bound}",severity="low"}}']
        for bound in ("26.0", "30.0", "581.0", "600.0", "28059.0", "28800.0", "604800.0", "+Inf")
    }
    assert seen == {
        "26.0": 0,
        "30.0": 1,
        "581.0": 1,
        "600.0": 5,
        "28059.0": 5,
        "28800.0": 7,
        "604800.0": 8,
        "+Inf": 9,
    }


def by_whom(figures: dict[str, float], name: str) -> dict[str, float]:
    """What is not zero of a counter by service and team: {labels: value}."""
    return {
        series.removeprefix(name): value
        for series, value in figures.items()
        if series.startswith(f"{name}{{") and value
    }


async def test_times_are_counted_by_service_and_team_and_whether_they_were_in_time(
    start_service: Callable[..., Any], clock: ManualClock
) -> None:
    service = start_service(acknowledge_targets="critical=1m,high=2m,medium=1h,low=1h")
    async with service.client:
        for seen, solved, team in ((120, 600, "Shop"), (121, 28801, "Shop"), (30, 60, None)):
            incident = await service.opened()
            opened = clock.now()
            if team:
                await service.patch(incident["id"], team=team)
            clock.advance(seconds=seen)
            await service.patch(incident["id"], status="acknowledged")
            clock.advance(seconds=solved - seen)
            await service.patch(incident["id"], status="resolved")
            clock.set(opened)
        figures = await service.metrics()
    shop, nobodys = 'service="shop",severity="high",team="Shop"', 'service="shop",severity="high"'
    nobodys += ',team="none"'
    assert by_whom(figures, "incidents_acknowledged_total") == {
        f'{{in_time="yes",{shop}}}': 1,
        f'{{in_time="no",{shop}}}': 1,
        f'{{in_time="yes",{nobodys}}}': 1,
    }
    assert by_whom(figures, "incidents_resolved_total") == {
        f'{{in_time="yes",{shop}}}': 1,
        f'{{in_time="no",{shop}}}': 1,
        f'{{in_time="yes",{nobodys}}}': 1,
    }
    assert by_whom(figures, "incident_acknowledge_seconds_total") == {
        f"{{{shop}}}": 241,
        f"{{{nobodys}}}": 30,
    }
    assert by_whom(figures, "incident_resolve_seconds_total") == {
        f"{{{shop}}}": 29401,
        f"{{{nobodys}}}": 60,
    }
    assert by_whom(figures, "incidents_never_acknowledged_total") == {}
    # A share needs what it is a share of, also where that is nothing.
    for name in ("incidents_never_acknowledged_total", "incident_resolve_seconds_total"):
        assert figures[f'{name}{{service="shop",severity="low",team="Shop"}}'] == 0


async def test_what_ended_without_an_acknowledgement_is_counted_unless_it_was_merged(
    service: Any,
) -> None:
    alone, source, target = [await service.opened() for _ in range(3)]
    await service.patch(alone["id"], status="resolved")
    await service.client.post(
        f"/api/v1/incidents/{source['id']}/merge",
        json={"into": target["id"]},
        headers=service.person(),
    )
    await service.patch(target["id"], status="acknowledged")
    await service.patch(target["id"], status="resolved")
    figures = await service.metrics()
    assert sum(by_whom(figures, "incidents_never_acknowledged_total").values()) == 1
    assert sum(by_whom(figures, "incidents_resolved_total").values()) == 2


async def test_the_oldest_that_nobody_has_acknowledged_has_an_age(
    service: Any, clock: ManualClock
) -> None:
    first = await service.opened()
    clock.advance(minutes=5)
    await service.opened()
    taken = await service.opened(severity="low")
    await service.patch(taken["id"], status="acknowledged")
    await service.patch(taken["id"], status="open")
    clock.advance(minutes=1)
    oldest = "incidents_unacknowledged_oldest_seconds"
    figures = await service.metrics()
    assert figures[f'{oldest}{{severity="high"}}'] == 360
    assert figures[f'{oldest}{{severity="low"}}'] == 0, "released, but somebody has seen it"
    await service.patch(first["id"], status="in_progress")
    assert (await service.metrics())[f'{oldest}{{severity="high"}}'] == 60
