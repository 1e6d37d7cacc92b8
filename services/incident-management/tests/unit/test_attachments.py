from datetime import UTC, datetime, timedelta

import pytest

from incident_management.attachments import (
    TITLE_LENGTH,
    Effect,
    Ends,
    Gravity,
    Holder,
    Placement,
    Standing,
    conclude,
    effect,
    place,
    title_of,
    weigh,
    worth_saying,
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
    conclusion = conclude(Ends(alerts=2, firing=0, last=LATER, agree=True))
    assert (conclusion.standing, conclusion.at) == (Standing.ALL_ALERTS_RESOLVED, LATER)


@pytest.mark.parametrize(
    ("ends", "standing"),
    [
        (Ends(alerts=0, firing=0, last=None, agree=True), Standing.NO_ALERTS),
        (Ends(alerts=2, firing=1, last=T0, agree=True), Standing.STILL_FIRING),
        (Ends(alerts=2, firing=0, last=T0, agree=False), Standing.KEPT_OPEN_BY_POLICY),
    ],
)
def test_otherwise_it_goes_on(ends: Ends, standing: Standing) -> None:
    conclusion = conclude(ends)
    assert (conclusion.standing, conclusion.at) == (standing, None)


CRITICAL, HIGH, LOW = Severity.CRITICAL, Severity.HIGH, Severity.LOW


def test_an_incident_is_as_grave_as_the_gravest_alert_that_fires() -> None:
    assert weigh({LOW: 3, HIGH: 1}, Gravity(LOW, LOW)) == Gravity(HIGH, HIGH)


def test_it_falls_when_the_gravest_ends_and_remembers_its_worst() -> None:
    assert weigh({LOW: 3, HIGH: 0}, Gravity(HIGH, HIGH)) == Gravity(LOW, HIGH)


def test_it_stays_as_it_was_when_nothing_fires() -> None:
    assert weigh({LOW: 0}, Gravity(HIGH, CRITICAL)) == Gravity(HIGH, CRITICAL)


def test_a_choice_stands_until_something_worse_than_anything_before_comes() -> None:
    chosen = Gravity(LOW, HIGH, chosen=True)
    assert weigh({HIGH: 2}, chosen) == chosen
    assert weigh({HIGH: 2, CRITICAL: 1}, chosen) == Gravity(CRITICAL, CRITICAL)


@pytest.mark.parametrize(
    ("status", "after", "is_new", "expected"),
    [
        (Status.OPEN, Gravity(HIGH, HIGH), True, Effect(True, False, False)),
        (Status.ACKNOWLEDGED, Gravity(LOW, LOW), True, Effect(False, True, False)),
        (Status.ACKNOWLEDGED, Gravity(HIGH, HIGH), True, Effect(True, True, True)),
        # An alert that is known already went from low to high.
        (Status.ACKNOWLEDGED, Gravity(HIGH, HIGH), False, Effect(True, True, True)),
        (Status.IN_PROGRESS, Gravity(HIGH, HIGH), False, Effect(True, True, False)),
        (Status.ACKNOWLEDGED, Gravity(LOW, LOW), False, Effect(False, False, False)),
    ],
)
def test_what_a_rise_means_depends_on_who_has_the_incident(
    status: Status, after: Gravity, is_new: bool, expected: Effect
) -> None:
    assert effect(status, Gravity(LOW, LOW), after, is_new=is_new) == expected


def test_a_measured_value_in_a_text_is_not_said_every_minute() -> None:
    assert worth_saying(severity_changed=False, said_at=None, now=T0)
    soon = T0 + timedelta(minutes=1)
    assert not worth_saying(severity_changed=False, said_at=T0, now=soon)
    assert worth_saying(severity_changed=True, said_at=T0, now=soon)
    assert worth_saying(severity_changed=False, said_at=T0, now=T0 + timedelta(minutes=15))


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
