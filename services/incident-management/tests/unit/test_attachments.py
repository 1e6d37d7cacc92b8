from datetime import UTC, datetime, timedelta

import pytest

from incident_management.attachments import (
    TITLE_LENGTH,
    AlertState,
    Holder,
    Placement,
    Standing,
    conclude,
    place,
    title_of,
)
from shared.contracts.incidents import Status
from shared.contracts.wire import Severity, is_worse

T0 = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
LATER = T0 + timedelta(minutes=1)


def placed(holder: Holder | None, *, at: datetime = T0, has_ended: bool = False) -> Placement:
    return place(holder, occurred_at=at, has_ended=has_ended)


def test_the_first_alert_opens_the_incident() -> None:
    assert placed(None) is Placement.OPENS_INCIDENT
    assert placed(None, has_ended=True) is Placement.OPENS_INCIDENT


@pytest.mark.parametrize("status", [Status.OPEN, Status.ACKNOWLEDGED, Status.IN_PROGRESS])
def test_another_alert_joins_while_the_incident_is_not_over(status: Status) -> None:
    assert placed(Holder(status)) is Placement.JOINS


def test_an_alert_that_begins_after_the_resolution_is_a_recurrence() -> None:
    ended = Holder(Status.RESOLVED, T0, resolved_by_rule=True)
    assert placed(ended, at=LATER) is Placement.RECURS
    assert placed(ended, at=T0) is Placement.RECURS


def test_an_alert_that_had_begun_before_the_rule_resolved_undoes_that() -> None:
    ended = Holder(Status.RESOLVED, LATER, resolved_by_rule=True)
    assert placed(ended, at=T0) is Placement.REVIVES


def test_what_a_person_resolved_is_not_undone_by_an_alert_on_its_way() -> None:
    assert placed(Holder(Status.RESOLVED, LATER), at=T0) is Placement.RECURS


def test_an_alert_that_is_over_does_not_bring_back_what_is_over() -> None:
    ended = Holder(Status.RESOLVED, T0)
    assert placed(ended, at=LATER, has_ended=True) is Placement.JOINS_ENDED


def test_an_incident_ends_with_the_last_of_its_alerts() -> None:
    conclusion = conclude([AlertState(LATER), AlertState(T0)])
    assert (conclusion.standing, conclusion.at) == (Standing.ALL_ALERTS_RESOLVED, LATER)


@pytest.mark.parametrize(
    ("alerts", "standing"),
    [
        ([], Standing.NO_ALERTS),
        ([AlertState(T0), AlertState(None)], Standing.STILL_FIRING),
        ([AlertState(T0), AlertState(T0, auto_resolve=False)], Standing.KEPT_OPEN_BY_POLICY),
    ],
)
def test_otherwise_it_goes_on(alerts: list[AlertState], standing: Standing) -> None:
    conclusion = conclude(alerts)
    assert (conclusion.standing, conclusion.at) == (standing, None)


def test_critical_is_worse_than_low() -> None:
    assert is_worse(Severity.CRITICAL, Severity.LOW)
    assert not is_worse(Severity.LOW, Severity.CRITICAL)
    assert not is_worse(Severity.HIGH, Severity.HIGH)


def test_the_title_is_the_first_line_that_says_something() -> None:
    title = title_of("\n  Disk full  \non db-1", service="db", severity=Severity.HIGH)
    assert title == "Disk full"


def test_an_alert_without_words_is_named_by_its_service() -> None:
    assert title_of(" \n", service="db", severity=Severity.HIGH) == "high alert for db"


def test_a_long_title_is_cut_and_says_so() -> None:
    title = title_of("x" * 1000, service="db", severity=Severity.HIGH)
    assert len(title) == TITLE_LENGTH
    assert title.endswith("…")
