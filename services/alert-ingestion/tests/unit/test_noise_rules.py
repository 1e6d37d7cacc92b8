"""Inhibition, flapping and storms as pure rules."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from alert_ingestion import flapping, storms
from alert_ingestion.inhibition import Rule
from alert_ingestion.matchers import parse
from alert_ingestion.model import Policy
from shared.contracts.wire import Severity
from shared.identifiers import new_id

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
POLICY = Policy(
    auto_resolve=True,
    resolve_timeout_seconds=300,
    correlation_labels=None,
    correlation_window_seconds=300,
    correlation_max_age_seconds=3600,
    service_labels=(),
    severities={},
    flap_openings=4,
    flap_window_seconds=600,
    flap_quiet_seconds=60,
)
LABELS = st.dictionaries(st.sampled_from(["a", "b", "c"]), st.sampled_from(["", "x", "y"]))


def rule(source: str, target: str, *equal: str) -> Rule:
    return Rule(new_id(), "rule", parse(source), parse(target), equal, "Ada", "", NOW)


def inhibits(by: Rule, source: Any, target: Any) -> bool:
    return by.source_key(source) in by.target_keys(target)


def test_a_source_holds_targets_with_equal_labels_back() -> None:
    by = rule("alertname=Down", "severity=low", "region")
    down = {"alertname": "Down", "region": "eu"}
    assert inhibits(by, down, {"severity": "low", "region": "eu"})
    assert not inhibits(by, down, {"severity": "low", "region": "us"})
    assert not inhibits(by, down, {"severity": "high", "region": "eu"})
    # A label that both lack is equal, as at Alertmanager.
    assert inhibits(by, {"alertname": "Down"}, {"severity": "low"})


@given(labels=LABELS, other=LABELS)
def test_no_alert_inhibits_itself_nor_do_two_each_other(labels: Any, other: Any) -> None:
    by = rule('a=~".*"', 'b=~".*"', "c")
    assert not inhibits(by, labels, labels)
    assert not (inhibits(by, labels, other) and inhibits(by, other, labels))


def test_what_matches_both_sides_is_inhibited_by_what_matches_one() -> None:
    by = rule("a=x", "b=x")
    assert inhibits(by, {"a": "x"}, {"a": "x", "b": "x"})
    assert inhibits(by, {"a": "x", "b": "x"}, {"b": "x"})


@given(gaps=st.lists(st.integers(0, 900), max_size=30))
def test_an_alert_flaps_with_so_many_openings_within_the_window(gaps: list[int]) -> None:
    openings: tuple[datetime, ...] = ()
    times: list[datetime] = []
    now = NOW
    for gap in gaps:
        now += timedelta(seconds=gap)
        times.append(now)
        openings = flapping.lately(openings, POLICY, now)
        assert len(openings) <= POLICY.flap_openings
        window = timedelta(seconds=POLICY.flap_window_seconds)
        # What was before a fourth opening cannot make this one flap by itself.
        recent = [at for at in times if now - at <= window]
        assert flapping.flaps(openings, POLICY) is (len(recent) >= POLICY.flap_openings)


def test_nothing_flaps_and_nothing_storms_without_a_limit() -> None:
    calm = replace(POLICY, flap_openings=0)
    assert flapping.lately([NOW] * 50, calm, NOW) == ()
    assert not flapping.flaps([NOW] * 50, calm)
    assert not flapping.group_flaps(1_000, calm)
    assert not storms.is_storm({Severity.LOW: 1_000_000}, Severity.LOW, 0)


def test_a_flood_of_low_ones_is_no_storm_for_a_critical_one() -> None:
    opened = {Severity.LOW: 100, Severity.HIGH: 5}
    assert storms.is_storm(opened, Severity.LOW, 100)
    assert not storms.is_storm(opened, Severity.HIGH, 100)
    assert storms.is_storm({**opened, Severity.CRITICAL: 95}, Severity.HIGH, 100)
    assert not storms.is_storm({**opened, Severity.CRITICAL: 95}, Severity.CRITICAL, 100)


def test_a_storm_says_how_many_and_of_what() -> None:
    extent = storms.Extent(620, [(f"service-{number}", 100 - number) for number in range(7)])
    said = storms.described("Prometheus", extent)
    assert said.startswith("Alert storm from Prometheus: 620 alerts, of service-0 (100), ")
    assert said.endswith("service-4 (96) and 2 more services")
