"""The demonstration's week as the platform would have measured itself."""

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from past import INSTANCE, NOW, Series, named, parsed
from prometheus_client import CollectorRegistry

from alert_ingestion import handover
from alert_ingestion import metrics as alert_metrics
from checks import dashboards
from incident_management.workflow import work
from oncall_service.notifications import metrics as notified
from oncall_service.notifications.work import PAGE_EVENTS_TOPIC
from shared import outbox, postgres_vitals
from shared.metrics import ServiceMetrics
from shared.periodic import EngineMetrics
from web_ui.pages import dashboard, incident

WEEK = 7 * 86400
SERVICES = Path(__file__).parents[2]
TOPICS = {handover.TOPIC, *work.TOPICS, PAGE_EVENTS_TOPIC}
# Read by queries of their own, without labels, or by topic.
GAUGES: dict[str, tuple[str, ...]] = {
    "notifications_pending": (),
    "notifications_waiting": (),
    "outbox_depth": ("topic",),
    "outbox_oldest_age_seconds": ("topic",),
}
COUNTED = {
    it.name: it.labels
    for it in (
        alert_metrics.CANARY_WALKS,
        alert_metrics.CANARY_SECONDS,
        notified.BUNDLED,
        outbox.DELIVERED,
    )
}


@pytest.fixture(scope="module")
def measured(demo: dict[str, ModuleType], incidents: list[dict[str, Any]]) -> list[Series]:
    return parsed(_lines(demo, incidents))


def _lines(
    demo: dict[str, ModuleType], incidents: list[dict[str, Any]], instance: str = INSTANCE
) -> Iterator[str]:
    lines: Iterator[str] = demo["health"].lines(incidents, _grid(demo), instance)
    return lines


def _grid(demo: dict[str, ModuleType]) -> Any:
    return demo["samples"].Grid.between(NOW - timedelta(days=7), NOW)


def _counts(series: Series) -> bool:
    return series.name.endswith(("_total", "_bucket", "_sum", "_count"))


def _gained(measured: list[Series], name: str, **labels: str) -> float:
    return sum(series.last for series in named(measured, name, **labels))


def _processes() -> dict[str, tuple[str, ...]]:
    """What a process measures of itself: its families with their labels."""
    registry = CollectorRegistry()
    service = ServiceMetrics(registry, service="web-ui", version="1", revision="r")
    service.observe("GET", "/", 200, 0.1)
    EngineMetrics(registry).age.labels("neighbours").set(1)
    return {
        sample.name: tuple(sample.labels)
        for family in registry.collect()
        for sample in family.samples
        if sample.name != "build_info"
    }


def _postgres() -> dict[str, tuple[str, ...]]:
    columns = [it[2] for it in (*postgres_vitals._COUNTERS, *postgres_vitals._GAUGES)]
    vitals = dict.fromkeys([*columns, "xact_commit", "xact_rollback"], 1)
    return {
        sample.name: tuple(sample.labels)
        for family in postgres_vitals._families(vitals, {})
        for sample in family.samples
    }


def test_labels_and_the_job_are_those_of_the_services(measured: list[Series]) -> None:
    own = {"vigie-replicas": _processes(), "vigie": {**_postgres(), **GAUGES, **COUNTED}}
    for series in measured:
        known = own[series.labels["job"]]
        labels = {*known[dashboards.family(series.name, set(known))]}
        if series.name.endswith("_bucket"):
            labels.add("le")
        assert set(series.labels) == labels | {"job", "instance", "service"}, series.name
        assert series.labels["instance"] == INSTANCE
        assert series.labels.get("topic", handover.TOPIC) in TOPICS


def test_routes_are_those_that_the_services_answer(demo: dict[str, ModuleType]) -> None:
    pages = {path.replace(":str", "") for it in (dashboard, incident) for path in it.show.paths}
    for route in demo["health"].traffic.ROUTES:
        if route.service == "web-ui":
            assert (route.method, route.path in pages) == ("GET", True)
            continue
        described = json.loads((SERVICES / route.service / "openapi.json").read_text("utf-8"))
        assert route.method.lower() in described["paths"][route.path]


def test_buckets_are_some_of_those_of_the_services(measured: list[Series]) -> None:
    registry = CollectorRegistry()
    own = ServiceMetrics(registry, service="web-ui", version="1", revision="r")
    own.declare("GET", "/")
    bounds = {
        "http_request_duration_seconds": {
            sample.labels["le"]
            for family in registry.collect()
            for sample in family.samples
            if sample.name == "http_request_duration_seconds_bucket"
        },
        "canary_seconds": {*map(str, alert_metrics.CANARY_SECONDS.buckets), "+Inf"},
    }
    for name, known in bounds.items():
        assert {it.labels["le"] for it in named(measured, f"{name}_bucket")} <= known
    # What the promise of latency is measured by.
    assert named(measured, "http_request_duration_seconds_bucket", le="0.5")


def test_whatever_platform_health_draws_over_time_is_among_them(measured: list[Series]) -> None:
    asked = {
        name
        for query in dashboards.queries()
        if query.dashboard == "platform-health" and query.kind == "timeseries"
        for name in dashboards.metric_names(query.as_prometheus_sees_it(WEEK))
        if ":" not in name
    }
    # Pages are those of the incidents, and nothing was refused.
    elsewhere = {
        "oncall_notification_seconds_bucket",
        "oncall_notifications_sent_total",
        "alerts_refused_total",
    }
    assert asked - elsewhere <= {series.name for series in measured}


def test_what_is_asked_for_now_alone_is_not_made_up(measured: list[Series]) -> None:
    made_up = {series.name for series in measured}
    assert not made_up & {
        "up",
        "database_up",
        "postgres_up",
        "outbox_dead",
        "alerts_refused_total",
        "canary_last_success_timestamp_seconds",
        "canary_interval_seconds",
        "engine_interval_seconds",
    }


def test_the_same_week_is_the_same_and_another_seed_is_another(
    demo: dict[str, ModuleType], incidents: list[dict[str, Any]]
) -> None:
    once = list(_lines(demo, incidents))
    assert once == list(_lines(demo, incidents))
    values = [line.split("} ")[-1] for line in once]
    assert values != [line.split("} ")[-1] for line in _lines(demo, incidents, "demonstration-8")]


def test_a_week_is_no_more_than_promtool_reads_in_seconds(measured: list[Series]) -> None:
    assert 100_000 < sum(len(series.values) for series in measured) < 180_000


def test_all_of_it_ends_minutes_before_what_is_really_measured(
    demo: dict[str, ModuleType], measured: list[Series]
) -> None:
    """Prometheus takes a sample of five minutes ago for the present value."""
    grid = _grid(demo)
    for series in measured:
        times = list(series.values)
        every = 600 if _counts(series) else 300
        assert all(at % every == 0 for at in times), series.name
        assert times == list(range(times[0], times[-1] + 1, every)), series.name
        assert grid.first <= times[0] < grid.first + every
        assert grid.last - 600 - every < times[-1] <= grid.last - 600


def test_counters_never_fall_and_buckets_hold_what_those_below_them_do(
    measured: list[Series],
) -> None:
    for series in filter(_counts, measured):
        values = list(series.values.values())
        assert values == sorted(values), series.name
        if series.name.endswith("_bucket"):
            counted = {**series.labels}
            bound = float(counted.pop("le"))
            for other in named(measured, series.name, **counted):
                if float(other.labels["le"]) > bound:
                    pairs = zip(values, other.values.values(), strict=True)
                    assert all(less <= more for less, more in pairs)


def test_every_request_has_a_duration(measured: list[Series]) -> None:
    for count in named(measured, "http_request_duration_seconds_count"):
        route = {it: count.labels[it] for it in ("service", "method", "route")}
        assert count.last == _gained(measured, "http_requests_total", **route) > 10_000
        bounds = {"le": "+Inf"}
        assert _gained(measured, "http_request_duration_seconds_bucket", **route, **bounds) == (
            count.last
        )


def test_no_promise_was_broken(measured: list[Series]) -> None:
    """Far below a thousandth that failed, and a hundredth that took more than half a second."""
    for service in ("alert-ingestion", "incident-management", "oncall-service", "web-ui"):
        all_of_them = _gained(measured, "http_requests_total", service=service)
        assert _gained(measured, "http_requests_total", service=service, status="5xx") < 6
        refused = _gained(measured, "http_requests_total", service=service, status="4xx")
        assert 5 < refused < 0.01 * all_of_them
        name = "http_request_duration_seconds"
        quick = _gained(measured, f"{name}_bucket", service=service, le="0.5")
        assert quick > 0.999 * all_of_them
        mean = _gained(measured, f"{name}_sum", service=service) / all_of_them
        assert 0.005 < mean < 0.05


def test_nothing_is_what_an_alert_waits_for(
    demo: dict[str, ModuleType], measured: list[Series]
) -> None:
    def most(name: str, **labels: str) -> float:
        return max(max(series.values.values()) for series in named(measured, name, **labels))

    assert most("outbox_oldest_age_seconds") < 5
    assert most("canary_walks_total", outcome="failed") == 0
    assert most("postgres_deadlocks_total") == 0
    assert most("postgres_longest_transaction_seconds") < 1
    held = sum(most("postgres_connections", state=it) for it in ("idle", "active"))
    assert 10 < held < 0.3 * most("postgres_connections_max")
    assert most("disk_free_bytes") < 0.8 * most("disk_size_bytes")
    free, *_ = named(measured, "disk_free_bytes")
    assert min(free.values.values()) > 0.4 * most("disk_size_bytes")
    for engine, (_, interval) in demo["health"].ENGINES.items():
        assert most("engine_cycle_age_seconds", engine=engine) < interval


def test_days_are_busier_than_nights(measured: list[Series]) -> None:
    (series,) = named(measured, "http_requests_total", service="web-ui", route="/", status="2xx")

    def gained(first: int, last: int) -> float:
        hours = [at for at in series.values if first <= at % 86400 // 3600 < last]
        return sum(series.values[at] - series.values.get(at - 600, 0) for at in hours)

    assert gained(10, 14) > 1.5 * gained(0, 4)


def test_the_file_has_incidents_and_platform_each_family_once_and_one_end(
    demo: dict[str, ModuleType], incidents: list[dict[str, Any]]
) -> None:
    lines = list(demo["backfill"].text(incidents, _grid(demo), INSTANCE))
    types = [line.split()[2] for line in lines if line.startswith("# TYPE ")]
    assert len(types) == len(set(types))
    assert {"incidents", "http_requests", "canary_seconds"} <= set(types)
    assert [line for line in lines if line.startswith("# EOF")] == lines[-1:]
