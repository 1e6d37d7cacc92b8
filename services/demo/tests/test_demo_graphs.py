"""The demonstration's week as Prometheus would have measured it."""

import importlib
import json
import sys
from collections import defaultdict
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

import pytest
import yaml

from alert_ingestion import metrics as alert_metrics
from checks import dashboards
from incident_management import measures
from incident_management import metrics as incident_metrics
from oncall_service import metrics as oncall_metrics
from shared.counters import CounterDef, HistogramDef

NOW = datetime(2026, 3, 4, 15, 31, tzinfo=UTC)
INSTANCE = "demonstration-7"
PLACED_BY_PROMETHEUS = {"job", "instance", "service"}
_DEFINITIONS: list[CounterDef | HistogramDef] = [
    *(incident_metrics.INCIDENTS, incident_metrics.CREATED),
    *alert_metrics.COUNTERS,
    *oncall_metrics.DEFINITIONS,
    *(incident_metrics.MTTA, incident_metrics.MTTR),
]
DEFINED = {definition.name: definition for definition in _DEFINITIONS}


class Series(NamedTuple):
    """A name with its labels, and the values over the week by their time."""

    name: str
    labels: dict[str, str]
    values: dict[int, float]

    @property
    def last(self) -> float:
        """The value at the end."""
        return list(self.values.values())[-1]


@pytest.fixture(scope="module")
def demo() -> dict[str, ModuleType]:
    """services/demo is run as a folder or an archive, so its modules are top-level names there."""
    folder = str(Path(__file__).parents[1])
    sys.path.insert(0, folder)
    try:
        return {name: importlib.import_module(name) for name in ("week", "samples", "recorded")}
    finally:
        sys.path.remove(folder)


@pytest.fixture(scope="module")
def incidents(demo: dict[str, ModuleType]) -> list[dict[str, Any]]:
    people = demo["week"].people
    persons = {
        name: {"id": f"00000000-0000-7000-8000-{number:012}", "name": name}
        for number, name in enumerate(name for team in people.TEAMS for name in team.members)
    }
    made: list[dict[str, Any]] = demo["week"].past_incidents(7, NOW, persons)
    return made


@pytest.fixture(scope="module")
def measured(demo: dict[str, ModuleType], incidents: list[dict[str, Any]]) -> list[Series]:
    grid = demo["samples"].Grid.between(NOW - timedelta(days=7), NOW)
    return _parsed(demo["samples"].text(incidents, grid, INSTANCE))


def _parsed(lines: Iterable[str]) -> list[Series]:
    values: defaultdict[str, dict[int, float]] = defaultdict(dict)
    *samples, end = [line for line in lines if not line.startswith("# TYPE ")]
    assert end == "# EOF\n"
    for line in samples:
        series, value, at = line.rsplit(" ", 2)
        assert int(at) not in values[series], f"{series} has two values at {at}"
        values[series][int(at)] = float(value)
    return [_series(text, found) for text, found in values.items()]


def _series(text: str, values: dict[int, float]) -> Series:
    name, _, labels = text.rstrip("}").partition("{")
    pairs = (label.split("=", 1) for label in labels.split('",'))
    return Series(name, {key: value.strip('"') for key, value in pairs}, values)


def _named(measured: list[Series], name: str, **labels: str) -> list[Series]:
    return [
        series
        for series in measured
        if series.name == name and labels.items() <= series.labels.items()
    ]


def _total(measured: list[Series], name: str, **labels: str) -> float:
    found = _named(measured, name, **labels)
    assert found, f"nothing is called {name} {labels}"
    return sum(series.last for series in found)


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
        ("incident_mtta_seconds", "acknowledged_at", measures.MTTA_BUCKETS),
        ("incident_mttr_seconds", "resolved_at", measures.MTTR_BUCKETS),
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
        (incident["assignee"]["name"], entry)
        for incident in incidents
        for entry in incident["timeline"]
        if entry.get("kind") == "page.target"
    ]
    assert _total(measured, "oncall_pages_total") == len(pages)
    assert _total(measured, "oncall_notifications_sent_total", outcome="sent") == len(pages)
    for person in {name for name, _ in pages}:
        theirs = [entry for name, entry in pages if name == person]
        assert _total(measured, "oncall_pages_total", person=person) == len(theirs)


def test_counters_begin_at_zero_a_week_ago_and_never_fall(measured: list[Series]) -> None:
    for series in measured:
        if series.name == "incidents_open":
            continue
        values = list(series.values.values())
        assert values[0] == 0, series.name
        assert values == sorted(values), series.name


def test_open_incidents_come_and_go_and_none_is_left_to_be_added_to_the_living(
    measured: list[Series], incidents: list[dict[str, Any]]
) -> None:
    open_ones = _named(measured, "incidents_open")
    assert len(open_ones) == 4 * 3
    assert all(min(series.values.values()) == 0 for series in open_ones)
    assert max(max(series.values.values()) for series in open_ones) >= 1
    assert _total(measured, "incidents_open") == 0
    # At any time as many as had begun and were not over.
    for at in list(open_ones[0].values)[::50]:
        going_on = sum(
            incident["created_at"] <= datetime.fromtimestamp(at, UTC).isoformat()
            and datetime.fromtimestamp(at, UTC).isoformat() < incident["resolved_at"]
            for incident in incidents
        )
        assert sum(series.values[at] for series in open_ones) == going_on


def test_samples_lie_a_few_minutes_apart_and_end_before_now(measured: list[Series]) -> None:
    for series in measured:
        times = list(series.values)
        assert {later - earlier for earlier, later in pairwise(times)} == {300}
        assert NOW - timedelta(days=7, minutes=5) < datetime.fromtimestamp(times[0], UTC)
        assert datetime.fromtimestamp(times[0], UTC) <= NOW - timedelta(days=7)
        assert NOW - timedelta(minutes=5) < datetime.fromtimestamp(times[-1], UTC) <= NOW


def test_a_week_cut_short_still_counts_everything_once(
    demo: dict[str, ModuleType], incidents: list[dict[str, Any]]
) -> None:
    """Where Prometheus has measured for some hours, the samples end before that."""
    grid = demo["samples"].Grid.between(NOW - timedelta(days=7), NOW - timedelta(hours=3))
    measured = _parsed(demo["samples"].text(incidents, grid, INSTANCE))
    assert _total(measured, "incidents_total", status="resolved") == len(incidents)
    assert _total(measured, "incidents_open") == 0


def test_labels_and_buckets_are_those_of_the_services(measured: list[Series]) -> None:
    for series in measured:
        assert series.labels["instance"] == INSTANCE
        assert series.labels["job"] == "vigie"
        if series.name == "incidents_open":
            own = {"severity", "status"}
        else:
            definition = DEFINED[dashboards.family(series.name, set(DEFINED))]
            own = {*definition.labels, *({"le"} if series.name.endswith("_bucket") else ())}
            if isinstance(definition, HistogramDef) and "le" in own:
                assert series.labels["le"] in {*map(str, definition.buckets), "+Inf"}
        assert set(series.labels) == own | PLACED_BY_PROMETHEUS, series.name


def test_every_series_that_exists_from_the_start_is_among_them(measured: list[Series]) -> None:
    for name in ("incidents_total", "alerts_received_total", "alerts_correlated_total"):
        for zero in DEFINED[name].zeros:
            assert _named(measured, name, **zero), f"{name} {zero}"


def test_every_business_metric_of_the_dashboards_about_incidents_is_among_them(
    measured: list[Series],
) -> None:
    asked = {
        name
        for query in dashboards.queries()
        if query.dashboard in {"incident-overview", "sre-metrics"}
        for name in dashboards.metric_names(query.as_prometheus_sees_it())
        if ":" not in name
    }
    # Who is on call is a question about now.
    assert asked - {"oncall_current"} <= {series.name for series in measured}


def test_the_recorded_series_that_dashboards_show_are_computed_for_the_past(
    demo: dict[str, ModuleType],
) -> None:
    (group,) = json.loads(demo["recorded"].rules())["groups"]
    written = {
        rule["record"]: rule["expr"] for rule in dashboards.rule_groups() if "record" in rule
    }
    shown = {
        name
        for query in dashboards.queries()
        for name in dashboards.metric_names(query.as_prometheus_sees_it())
        if ":incident_" in name
    }
    assert len(shown) > 10
    assert {rule["record"] for rule in group["rules"]} == shown
    for rule in group["rules"]:
        assert rule["expr"] == written[rule["record"]]
    # promtool reads it as YAML, and an interval of the group would win over the one it is given.
    assert yaml.safe_load(demo["recorded"].rules())["groups"] == [group]
    assert "interval" not in group
