from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from incident_management.transitions import (
    ALLOWED,
    Life,
    Reason,
    Verdict,
    decide,
    refusal_to_undo,
    step,
    undo_resolution,
)
from shared.contracts.incidents import Status

OPEN, ACKNOWLEDGED, IN_PROGRESS, RESOLVED = Status
T0 = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


def after(minutes: float) -> datetime:
    return T0 + timedelta(minutes=minutes)


ACCEPTED = {
    (OPEN, ACKNOWLEDGED): Reason.ACKNOWLEDGED,
    (OPEN, IN_PROGRESS): Reason.WORK_STARTED,
    (OPEN, RESOLVED): Reason.RESOLVED,
    (ACKNOWLEDGED, IN_PROGRESS): Reason.WORK_STARTED,
    (ACKNOWLEDGED, RESOLVED): Reason.RESOLVED,
    (ACKNOWLEDGED, OPEN): Reason.RELEASED,
    (IN_PROGRESS, ACKNOWLEDGED): Reason.WORK_PAUSED,
    (IN_PROGRESS, RESOLVED): Reason.RESOLVED,
}


@pytest.mark.parametrize("current", Status)
@pytest.mark.parametrize("wanted", Status)
def test_every_pair_of_states_is_decided_with_a_named_reason(
    current: Status, wanted: Status
) -> None:
    decision = decide(current, wanted)
    assert decision.allowed == ALLOWED[current]
    if current is wanted:
        assert (decision.verdict, decision.reason) == (Verdict.KEEP, Reason.ALREADY_THERE)
    elif (current, wanted) in ACCEPTED:
        assert (decision.verdict, decision.reason) == (Verdict.CHANGE, ACCEPTED[current, wanted])
    else:
        assert decision.verdict is Verdict.REFUSE
        assert wanted not in decision.allowed


def test_nothing_follows_resolved() -> None:
    decision = decide(RESOLVED, OPEN)
    assert (decision.reason, decision.allowed) == (Reason.RESOLVED_IS_FINAL, ())


def test_work_that_started_is_paused_before_it_is_released() -> None:
    decision = decide(IN_PROGRESS, OPEN)
    assert decision.reason is Reason.WORK_HAS_STARTED
    assert decision.allowed == (ACKNOWLEDGED, RESOLVED)


@pytest.mark.parametrize("wanted", Status)
def test_a_merged_incident_goes_nowhere(wanted: Status) -> None:
    decision = decide(RESOLVED, wanted, merged=True)
    assert (decision.verdict, decision.reason) == (Verdict.REFUSE, Reason.MERGED_IS_FINAL)


def test_the_first_acknowledgement_stays_through_a_release() -> None:
    first = step(Life(OPEN), ACKNOWLEDGED, at=after(1), by="Alice")
    released = step(first, OPEN, at=after(2), by="Alice")
    second = step(released, ACKNOWLEDGED, at=after(3), by="Bob")
    assert released.status is OPEN
    assert (second.acknowledged_at, second.acknowledged_by) == (after(1), "Alice")


def test_starting_to_work_on_an_open_incident_acknowledges_it() -> None:
    life = step(Life(OPEN), IN_PROGRESS, at=after(1), by="Alice")
    assert (life.acknowledged_at, life.acknowledged_by) == (after(1), "Alice")
    assert life.in_progress_at == after(1)


def test_pausing_and_going_on_keeps_the_first_start_of_work() -> None:
    life = Life(OPEN)
    for minute, wanted in enumerate((IN_PROGRESS, ACKNOWLEDGED, IN_PROGRESS)):
        life = step(life, wanted, at=after(minute), by="Alice")
    assert life.in_progress_at == after(0)


def test_resolving_an_open_incident_acknowledges_nothing() -> None:
    life = step(Life(OPEN), RESOLVED, at=after(1), by=None)
    assert life.acknowledged_at is None
    assert (life.resolved_at, life.resolved_by, life.resolved_from) == (after(1), None, OPEN)


@pytest.mark.parametrize("before", [OPEN, ACKNOWLEDGED, IN_PROGRESS])
def test_undoing_a_resolution_leads_back_to_the_state_before(before: Status) -> None:
    life = Life(before)
    assert undo_resolution(step(life, RESOLVED, at=after(1), by=None)) == life


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({}, None),
        ({"now": after(15 / 60)}, None),
        ({"now": after(15.1 / 60)}, Reason.TOO_LATE),
        ({"by_rule": True}, Reason.RESOLVED_BY_RULE),
        ({"same_hand": False}, Reason.RESOLVED_BY_ANOTHER),
        ({"again": True}, Reason.CAME_AGAIN),
    ],
    ids=str,
)
def test_a_resolution_can_be_taken_back_at_once_by_whoever_drew_it(
    changed: dict[str, Any], reason: Reason | None
) -> None:
    life = step(Life(OPEN), RESOLVED, at=T0, by="Ada")
    asked = {"by_rule": False, "same_hand": True, "again": False, "now": T0, **changed}
    assert refusal_to_undo(life, **asked) is reason
    if reason is None:
        assert undo_resolution(life) == Life(OPEN)


def test_what_is_not_over_has_no_resolution_to_take_back() -> None:
    refusal = refusal_to_undo(Life(OPEN), by_rule=False, same_hand=True, again=False, now=T0)
    assert refusal is Reason.NOT_OVER
