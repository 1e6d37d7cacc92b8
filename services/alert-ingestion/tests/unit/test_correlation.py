"""Which incident a new alert belongs to: pure rules, time is an argument."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from alert_ingestion.correlation import correlate, correlation_key
from alert_ingestion.formats import labelled
from alert_ingestion.model import (
    Group,
    IncidentState,
    Integration,
    KnownIncident,
    Policy,
    Reason,
    ReceivedAlert,
)
from shared.contracts.wire import Severity
from shared.identifiers import new_id

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
POLICY = Policy(
    auto_resolve=True,
    resolve_timeout_seconds=300,
    correlation_labels=None,
    correlation_window_seconds=300,
    correlation_max_age_seconds=14_400,
    service_labels=("service",),
    severities={},
)
SENDER = Integration(new_id(), "prometheus", POLICY)


def choosing(*labels: str) -> Integration:
    return Integration(SENDER.id, SENDER.name, replace(POLICY, correlation_labels=labels))


def received(**changes: Any) -> ReceivedAlert:
    values = {
        "fingerprint": "f",
        "service": "checkout",
        "severity": Severity.CRITICAL,
        "message": "it burns",
        "starts_at": NOW,
        **changes,
    }
    return ReceivedAlert(**values)


def group(age_seconds: float, *, opened_seconds_ago: float | None = None) -> Group:
    last_new_at = NOW - timedelta(seconds=age_seconds)
    opened = age_seconds if opened_seconds_ago is None else opened_seconds_ago
    return Group(
        new_id(),
        "k",
        new_id(),
        opened_at=NOW - timedelta(seconds=opened),
        last_new_at=last_new_at,
    )


def test_without_an_open_group_an_alert_opens_an_incident() -> None:
    decision = correlate(POLICY, None, None, group_has_fingerprint=False, now=NOW)
    assert (decision.reason, decision.group) == (Reason.NEW_INCIDENT, None)


@pytest.mark.parametrize("age", [0, 299.999, 300])
def test_within_the_window_an_alert_joins_and_the_window_starts_anew(age: float) -> None:
    open_group = group(age)
    decision = correlate(POLICY, open_group, None, group_has_fingerprint=False, now=NOW)
    assert (decision.reason, decision.group) == (Reason.ATTACHED, open_group)
    assert decision.slides_window


def test_an_incident_takes_no_new_fingerprint_past_its_age_and_the_next_one_is_linked_to_it() -> (
    None
):
    old = group(10, opened_seconds_ago=14_401)
    decision = correlate(POLICY, old, None, group_has_fingerprint=False, now=NOW)
    assert (decision.reason, decision.group) == (Reason.AGE_REACHED, None)
    assert decision.recurrence_of is not None
    assert decision.recurrence_of.id == old.incident_id
    young = group(10, opened_seconds_ago=14_400)
    assert correlate(POLICY, young, None, group_has_fingerprint=False, now=NOW).group == young


def test_a_fingerprint_that_an_old_incident_has_had_still_belongs_to_it() -> None:
    old = group(10, opened_seconds_ago=90_000)
    decision = correlate(POLICY, old, None, group_has_fingerprint=True, now=NOW)
    assert (decision.reason, decision.group) == (Reason.ATTACHED, old)


def test_after_the_window_an_alert_opens_an_incident_although_the_group_is_open() -> None:
    decision = correlate(POLICY, group(300.001), None, group_has_fingerprint=False, now=NOW)
    assert (decision.reason, decision.group) == (Reason.WINDOW_PASSED, None)


def test_a_flapping_alert_joins_without_holding_the_window_open() -> None:
    decision = correlate(POLICY, group(10), None, group_has_fingerprint=True, now=NOW)
    assert decision.reason is Reason.ATTACHED
    assert not decision.slides_window


@pytest.mark.parametrize("state", [IncidentState.RESOLVED, IncidentState.RESOLVING])
def test_what_comes_again_after_its_incident_is_a_recurrence_of_it(state: IncidentState) -> None:
    before = KnownIncident(new_id(), state)
    decision = correlate(POLICY, None, before, group_has_fingerprint=False, now=NOW)
    assert (decision.reason, decision.recurrence_of) == (Reason.RECURRENCE, before)


def test_an_incident_that_is_open_is_not_repeated_by_another_one() -> None:
    before = KnownIncident(new_id(), IncidentState.OPEN)
    decision = correlate(POLICY, None, before, group_has_fingerprint=False, now=NOW)
    assert (decision.reason, decision.recurrence_of) == (Reason.NEW_INCIDENT, None)


def test_an_open_group_takes_a_recurring_alert_too() -> None:
    before = KnownIncident(new_id(), IncidentState.RESOLVED)
    open_group = group(10)
    decision = correlate(POLICY, open_group, before, group_has_fingerprint=False, now=NOW)
    assert decision.group is open_group


def test_a_window_of_nothing_correlates_only_what_comes_in_the_same_instant() -> None:
    policy = replace(POLICY, correlation_window_seconds=0)
    assert correlate(policy, group(0.001), None, group_has_fingerprint=False, now=NOW).group is None
    assert correlate(policy, group(0), None, group_has_fingerprint=False, now=NOW).group is not None


def test_the_key_is_the_alerts_own_service_and_severity_whatever_its_labels_say() -> None:
    alert = received(labels={"service": "other", "severity": "page", "region": "eu"})
    assert correlation_key(alert, SENDER) == 'service="checkout",severity="critical"'


def test_an_integration_can_correlate_by_other_labels() -> None:
    alert = received(labels={"region": "eu"})
    assert correlation_key(alert, choosing("region", "cluster")) == 'region="eu",cluster=""'


def test_labelled_alerts_of_two_alertnames_are_two_incidents() -> None:
    usual = labelled.DEFAULT_CORRELATION
    one = received(labels={"alertname": "Slow"}, default_labels=usual)
    other = received(labels={"alertname": "Down"}, default_labels=usual)
    assert correlation_key(one, SENDER) != correlation_key(other, SENDER)


def test_the_senders_own_group_is_the_key_whatever_the_labels_say() -> None:
    one = received(group="{}:{a}", service="checkout")
    other = received(group="{}:{a}", service="search", severity=Severity.LOW)
    assert correlation_key(one, SENDER) == correlation_key(other, SENDER)
    elsewhere = Integration(new_id(), "another", POLICY)
    assert correlation_key(one, SENDER) != correlation_key(one, elsewhere)


def test_labels_that_an_integration_chose_win_over_the_senders_group() -> None:
    alert = received(group="{}:{a}", labels={"region": "eu"})
    assert correlation_key(alert, choosing("region")) == 'region="eu"'


def test_a_senders_group_has_no_window_but_an_age() -> None:
    late = group(3_600)
    joined = correlate(POLICY, late, None, group_has_fingerprint=False, now=NOW, senders_group=True)
    assert (joined.reason, joined.group) == (Reason.SAME_GROUP, late)
    old = group(3_600, opened_seconds_ago=20_000)
    decision = correlate(
        POLICY, old, None, group_has_fingerprint=False, now=NOW, senders_group=True
    )
    assert decision.reason is Reason.AGE_REACHED


def test_no_two_label_values_make_the_same_key_by_their_punctuation() -> None:
    one = received(service='a",severity="critical', severity=Severity.CRITICAL)
    other = received(service="a", severity=Severity.CRITICAL)
    assert correlation_key(one, SENDER) != correlation_key(other, SENDER)


def test_a_key_too_long_for_an_index_is_cut_and_stays_unique() -> None:
    long = correlation_key(received(labels={"path": "é" * 5000 + "a"}), choosing("path"))
    other = correlation_key(received(labels={"path": "é" * 5000 + "b"}), choosing("path"))
    assert len(long.encode()) <= 1000
    assert long != other
