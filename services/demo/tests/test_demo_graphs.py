"""The demonstration's week as Prometheus would have measured it."""

import json
from bisect import bisect_right
from datetime import UTC, datetime, timedelta
from types import ModuleType
from typing import Any

import pytest
import yaml
from past import INSTANCE, NOW, Series, named, parsed

from alert_ingestion import metrics as alert_metrics
from checks import dashboards
from incident_management import measures, targets
from incident_management import metrics as incident_metrics
from incident_management.targets import Targets, parse_targets
from oncall_service import metrics as oncall_metrics
from shared.counters import CounterDef, HistogramDef

WEEK = 7 * 86400
PLACED_BY_PROMETHEUS = {"job", "instance", "service"}
_DEFINITIONS: list[CounterDef | HistogramDef] = [
    *incident_metrics.COUNTED,
    *alert_metrics.COUNTED,
    *oncall_metrics.DEFINITIONS,
]
DEFINED = {definition.name: definition for definition in _DEFINITIONS}
# What is read and not counted, with its labels.
GAUGES = {
    "incidents_open": {"severity", "status"},
    "incidents_unacknowledged_oldest_seconds": {"severity"},
    "incident_target_seconds": {"severity", "step"},
    "oncall_person_info": {"person_id", "person"},
}


@pytest.fixture(scope="module")
def measured(demo: dict[str, ModuleType], incidents: list[dict[str, Any]]) -> list[Series]:
    grid = demo["samples"].Grid.between(NOW - timedelta(days=7), NOW)
    return parsed(demo["samples"].lines(incidents, grid, INSTANCE))


def _total(measured: list[Series], name: str, **labels: str) -> float:
    found = named(measured, name, **labels)
    assert found, f"nothing is called {name} {labels}"
    return sum(series.last for series in found)


def _at(series: Series, at: int) -> float:
    """Its value at a time, as Prometheus has it: that of the last sample."""
    times = list(series.values)
    return series.values[times[bisect_right(times, at) - 1]]


def _seconds(incidents: list[dict[str, Any]], field: str) -> list[float]:
    at = datetime.fromisoformat
    return [
        (at(incident[field]) - at(incident["created_at"])).total_seconds()
        for incident in incidents
        if field in incident
    ]


def test_every_incident_is_counted_by_the_end(
    measured: list[Series], incidents: list[dict[str, Any]]
) -> None:
    acknowledged = sum("acknowledged_at" in incident for incident in incidents)
    assert 0 < acknowledged < len(incidents)
    assert _total(measured, "incidents_created_total") == len(incidents)
    assert _total(measured, "incidents_total", status="open") == len(incidents)
    assert _total(measured, "incidents_total", status="ack") == acknowledged
    assert _total(measured, "incidents_total", status="resolved") == len(incidents)
    assert _total(measured, "escalations_total") == len(incidents)
    for service in {incident["service"] for incident in incidents}:
        of_it = [incident for incident in incidents if incident["service"] == service]
        assert _total(measured, "incidents_created_total", service=service) == len(of_it)


@pytest.mark.parametrize(
    ("name", "field", "buckets"),
    [
        ("incident_mtta_seconds", "acknowledged_at", measures.BUCKETS),
        ("incident_mttr_seconds", "resolved_at", measures.BUCKETS),
    ],
)
def test_the_histograms_hold_the_times_of_the_incidents(
    measured: list[Series],
    incidents: list[dict[str, Any]],
    name: str,
    field: str,
    buckets: tuple[float, ...],
) -> None:
    taken = _seconds(incidents, field)
    assert _total(measured, f"{name}_count") == len(taken)
    assert _total(measured, f"{name}_sum") == pytest.approx(sum(taken), abs=1e-4)
    assert _total(measured, f"{name}_bucket", le="+Inf") == len(taken)
    for bound in buckets:
        within = sum(seconds <= bound for seconds in taken)
        assert _total(measured, f"{name}_bucket", le=str(bound)) == within


def test_alerts_and_pages_are_those_the_incidents_tell_of(
    measured: list[Series], incidents: list[dict[str, Any]]
) -> None:
    alerts = sum(incident["alert_count"] for incident in incidents)
    assert _total(measured, "alerts_correlated_total") == alerts
    assert _total(measured, "alerts_correlated_total", result="new_incident") == len(incidents)
    assert _total(measured, "alerts_received_total") >= alerts
    pages = [
        (incident["assignee"]["id"], entry)
        for incident in incidents
        for entry in incident["timeline"]
        if entry.get("kind") == "page.target"
    ]
    assert _total(measured, "oncall_pages_total") == len(pages)
    assert _total(measured, "oncall_notifications_sent_total", outcome="sent") == len(pages)
    assert _total(measured, "oncall_paged_total") == len(pages)
    assert _total(measured, "oncall_notification_seconds_count") == len(pages)
    assert 0 < _total(measured, "oncall_notification_seconds_sum") < 3 * len(pages)
    for person in {identity for identity, _ in pages}:
        theirs = [entry for identity, entry in pages if identity == person]
        assert _total(measured, "oncall_pages_total", person_id=person) == len(theirs)
        (info,) = named(measured, "oncall_person_info", person_id=person)
        assert set(info.values.values()) == {1}
    daytime = sum(
        at.weekday() < 5 and 9 <= at.hour < 18
        for at in (datetime.fromisoformat(entry["at"]) for _, entry in pages)
    )
    assert 0 < daytime < len(pages)
    assert _total(measured, "oncall_pages_total", hours="in") == daytime


def test_what_was_in_time_and_what_nobody_acknowledged_is_counted_by_whose_it_is(
    measured: list[Series], incidents: list[dict[str, Any]]
) -> None:
    given = Targets(parse_targets(targets.ACKNOWLEDGE), parse_targets(targets.RESOLVE))
    for team in ("Payments", "Platform"):
        theirs = [incident for incident in incidents if incident["team"] == team]
        seen = [incident for incident in theirs if "acknowledged_at" in incident]
        assert _total(measured, "incidents_acknowledged_total", team=team) == len(seen)
        in_time = sum(
            given.acknowledged_in_time(incident["severity"], seconds)
            for incident, seconds in zip(seen, _seconds(seen, "acknowledged_at"), strict=True)
        )
        assert 0 < in_time <= len(seen)
        counted = _total(measured, "incidents_acknowledged_total", team=team, in_time="yes")
        assert counted == in_time
        assert _total(measured, "incidents_resolved_total", team=team) == len(theirs)
        unseen = len(theirs) - len(seen)
        assert _total(measured, "incidents_never_acknowledged_total", team=team) == unseen
        for name, field in (
            ("incident_acknowledge_seconds_total", "acknowledged_at"),
            ("incident_resolve_seconds_total", "resolved_at"),
        ):
            taken = sum(_seconds(theirs, field))
            assert _total(measured, name, team=team) == pytest.approx(taken, abs=1e-4)


def test_the_oldest_that_waits_grows_older_until_somebody_takes_it(
    measured: list[Series], incidents: list[dict[str, Any]]
) -> None:
    oldest = named(measured, "incidents_unacknowledged_oldest_seconds")
    assert len(oldest) == 4
    for series in oldest:
        waits = [
            (incident["created_at"], incident.get("acknowledged_at", incident["resolved_at"]))
            for incident in incidents
            if incident["severity"] == series.labels["severity"]
        ]
        for at, age in list(series.values.items())[::20]:
            now = datetime.fromtimestamp(at, UTC)
            began = [
                datetime.fromisoformat(since)
                for since, until in waits
                if datetime.fromisoformat(since) <= now < datetime.fromisoformat(until)
            ]
            expected = (now - min(began)).total_seconds() if began else 0
            assert age == pytest.approx(expected, abs=1e-5)
        assert series.last == 0
    assert max(max(series.values.values()) for series in oldest) > 60


def test_counters_begin_at_zero_a_week_ago_and_never_fall(measured: list[Series]) -> None:
    for series in measured:
        if series.name in GAUGES:
            continue
        values = list(series.values.values())
        assert values[0] == 0, series.name
        assert values == sorted(values), series.name


def test_open_incidents_come_and_go_and_none_is_left_to_be_added_to_the_living(
    measured: list[Series], incidents: list[dict[str, Any]]
) -> None:
    open_ones = named(measured, "incidents_open")
    assert len(open_ones) == 4 * 3
    assert all(min(series.values.values()) == 0 for series in open_ones)
    assert max(max(series.values.values()) for series in open_ones) >= 1
    assert _total(measured, "incidents_open") == 0
    # At any time as many as had begun and were not over.
    for at in list(open_ones[0].values)[::7]:
        going_on = sum(
            incident["created_at"] <= datetime.fromtimestamp(at, UTC).isoformat()
            and datetime.fromtimestamp(at, UTC).isoformat() < incident["resolved_at"]
            for incident in incidents
        )
        assert sum(_at(series, at) for series in open_ones) == going_on


def test_samples_lie_a_few_minutes_apart_and_end_before_now(measured: list[Series]) -> None:
    for series in measured:
        times = list(series.values)
        assert times == sorted(set(times))
        assert all(at % 15 == 0 for at in times)
        # Of a gauge the present value is asked for, of a counter the one up to an hour before.
        counts = series.name.endswith(("_total", "_bucket", "_sum", "_count"))
        every = 1800 if counts else 300
        assert {*range(times[0], times[-1] + 1, every)} <= set(times)
        assert NOW - timedelta(days=7, minutes=5) < datetime.fromtimestamp(times[0], UTC)
        assert datetime.fromtimestamp(times[0], UTC) <= NOW - timedelta(days=7)
        assert NOW - timedelta(minutes=5) < datetime.fromtimestamp(times[-1], UTC) <= NOW


def test_a_window_cut_at_any_scrape_holds_what_happened_in_it(
    measured: list[Series], incidents: list[dict[str, Any]]
) -> None:
    """The last sample up to an instant is what had happened by then."""
    (opened,) = named(measured, "incidents_total", status="open")
    created = [datetime.fromisoformat(one["created_at"]).timestamp() for one in incidents]
    times = list(opened.values)
    for at in {int(one) // 15 * 15 + shift for one in created for shift in (-15, 0, 15, 30)}:
        if not times[0] < at <= times[-1]:
            continue
        assert _at(opened, at) == sum(one <= at for one in created)
    for one in created:
        just_after = -int(-one // 15) * 15
        if times[0] + 15 < just_after <= times[-1]:
            assert {just_after - 15, just_after} <= set(times)


def test_the_wait_for_prometheus_knows_how_many_samples_there_are(
    demo: dict[str, ModuleType], measured: list[Series], incidents: list[dict[str, Any]]
) -> None:
    grid = demo["samples"].Grid.between(NOW - timedelta(days=7), NOW)
    (opened,) = named(measured, "incidents_total", status="open")
    assert demo["samples"].number_of_opened(incidents, grid) == len(opened.values)


def test_the_buckets_and_targets_are_those_of_the_services(
    demo: dict[str, ModuleType], measured: list[Series]
) -> None:
    for definition in _DEFINITIONS:
        found = named(measured, f"{definition.name}_bucket")
        if isinstance(definition, HistogramDef) and found:
            bounds = {series.labels["le"] for series in found}
            assert bounds == {*map(str, definition.buckets), "+Inf"}, definition.name
    for step, text in (("acknowledge", targets.ACKNOWLEDGE), ("resolve", targets.RESOLVE)):
        told = {
            severity.value: target.total_seconds()
            for severity, target in parse_targets(text).items()
        }
        assert demo["samples"].TARGETS[step] == told
        for severity, seconds in told.items():
            assert _total(measured, "incident_target_seconds", severity=severity, step=step) == (
                seconds
            )


def test_a_week_cut_short_still_counts_everything_once(
    demo: dict[str, ModuleType], incidents: list[dict[str, Any]]
) -> None:
    """Where Prometheus has measured for some hours, the samples end before that."""
    grid = demo["samples"].Grid.between(NOW - timedelta(days=7), NOW - timedelta(hours=3))
    measured = parsed(demo["samples"].lines(incidents, grid, INSTANCE))
    assert _total(measured, "incidents_total", status="resolved") == len(incidents)
    assert _total(measured, "incidents_open") == 0


def test_labels_are_those_of_the_services(measured: list[Series]) -> None:
    for series in measured:
        assert series.labels["instance"] == INSTANCE
        assert series.labels["job"] == "vigie"
        if series.name in GAUGES:
            own = GAUGES[series.name]
        else:
            definition = DEFINED[dashboards.family(series.name, set(DEFINED))]
            own = {*definition.labels, *({"le"} if series.name.endswith("_bucket") else ())}
        assert set(series.labels) == own | PLACED_BY_PROMETHEUS, series.name


def test_every_series_that_exists_from_the_start_is_among_them(measured: list[Series]) -> None:
    for name in ("incidents_total", "alerts_received_total", "alerts_correlated_total"):
        for zero in DEFINED[name].zeros:
            assert named(measured, name, **zero), f"{name} {zero}"


def test_every_business_metric_of_the_dashboards_about_incidents_is_among_them(
    measured: list[Series],
) -> None:
    asked = {
        name
        for query in dashboards.queries()
        if query.dashboard in {"incident-overview", "sre-metrics"}
        for name in dashboards.metric_names(query.as_prometheus_sees_it(WEEK))
        if ":" not in name
    }
    # Who is on call is a question about now.
    assert asked - {"oncall_current"} <= {series.name for series in measured}


def test_the_recorded_series_that_dashboards_show_are_computed_for_the_past(
    demo: dict[str, ModuleType],
) -> None:
    groups = json.loads(demo["recorded"].rules())["groups"]
    recorded = [rule for group in groups for rule in group["rules"]]
    written = {rule["record"]: rule["expr"] for rule in dashboards.rules() if "record" in rule}
    shown = {
        name
        for query in dashboards.queries()
        for name in dashboards.metric_names(query.as_prometheus_sees_it(WEEK))
        if name.startswith(("severity:", "counted:"))
    }
    assert shown
    assert {rule["record"] for rule in recorded} == shown
    assert len(recorded) == len(shown)
    for rule in recorded:
        assert rule["expr"] == written[rule["record"]]
    # promtool reads it as YAML, and follows the interval of a group.
    assert yaml.safe_load(demo["recorded"].rules())["groups"] == groups


def test_recorded_means_are_there_at_any_time_and_between_two_notes_nothing_lies(
    demo: dict[str, ModuleType],
) -> None:
    groups = json.loads(demo["recorded"].rules())["groups"]
    every = {rule["record"]: group["interval"] for group in groups for rule in group["rules"]}
    for record, interval in every.items():
        if record.startswith("counted:"):
            assert record.endswith("_10m")
            assert dashboards.seconds(interval) <= dashboards.seconds("10m"), record
        else:
            # Prometheus takes a value that is up to five minutes old.
            assert dashboards.seconds(interval) <= dashboards.seconds("5m"), record
