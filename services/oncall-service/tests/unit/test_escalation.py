"""The rules of an escalation, each with its named reason."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oncall_service.paging.reasons import Reason
from oncall_service.paging.rules import Action, Heard, Known, Reaction, react
from oncall_service.paging.steps import (
    Ask,
    Exhaust,
    Page,
    Position,
    Roster,
    advance,
    stand_in,
    wanted,
)
from oncall_service.policies.rules import Goal, Plan, Step, Target
from shared.contracts.incidents import Status

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
ADA, BEN, CLEO = UUID(int=1), UUID(int=2), UUID(int=3)
EVERYBODY = frozenset({ADA, BEN, CLEO})
PRIMARY = Step((Goal(Target.PRIMARY),), 5)
PAGING = Known(revision=1, status=Status.OPEN, running_team="Payments")


@pytest.mark.parametrize(
    ("known", "heard", "expected"),
    [
        (Known(), Heard(1, Status.OPEN), (Action.START, Reason.INCIDENT_OPENED)),
        (PAGING, Heard(1, Status.OPEN), (Action.LEAVE, Reason.DUPLICATE_EVENT)),
        (PAGING, Heard(0, Status.RESOLVED), (Action.LEAVE, Reason.STALE_REVISION)),
        (PAGING, Heard(2, Status.ACKNOWLEDGED), (Action.STOP, Reason.ACKNOWLEDGED)),
        (PAGING, Heard(2, Status.IN_PROGRESS), (Action.STOP, Reason.IN_PROGRESS)),
        (PAGING, Heard(2, Status.RESOLVED), (Action.STOP, Reason.RESOLVED)),
        (PAGING, Heard(2, Status.OPEN, merged=True), (Action.STOP, Reason.MERGED)),
        (PAGING, Heard(2, Status.OPEN), (Action.LEAVE, Reason.ALREADY_PAGING)),
        (PAGING, Heard(2, Status.OPEN, "Payments"), (Action.LEAVE, Reason.ALREADY_PAGING)),
        (PAGING, Heard(2, Status.OPEN, "Web"), (Action.RESTART, Reason.TEAM_CHANGED)),
        (
            Known(1, Status.OPEN, "Web", "Payments"),
            Heard(2, Status.OPEN, "Web"),
            (Action.LEAVE, Reason.ALREADY_PAGING),
        ),
        (
            Known(2, Status.ACKNOWLEDGED),
            Heard(3, Status.OPEN),
            (Action.START, Reason.RELEASED),
        ),
        (
            Known(1, Status.OPEN),
            Heard(3, Status.OPEN, released=True),
            (Action.START, Reason.RELEASED),
        ),
        (Known(1, Status.OPEN), Heard(2, Status.OPEN), (Action.LEAVE, Reason.ALREADY_EXHAUSTED)),
        (
            Known(1, Status.OPEN, "Payments", paged=frozenset({"Payments"})),
            Heard(2, Status.OPEN, "Web"),
            (Action.START, Reason.TEAM_CHANGED),
        ),
        (
            Known(1, Status.OPEN, "Web", paged=frozenset({"Payments", "Web"})),
            Heard(2, Status.OPEN, "Payments"),
            (Action.START, Reason.TEAM_CHANGED),
        ),
        (
            Known(1, Status.OPEN, paged=frozenset({"Payments"})),
            Heard(2, Status.OPEN, "Payments"),
            (Action.LEAVE, Reason.ALREADY_EXHAUSTED),
        ),
        (Known(), Heard(4, Status.RESOLVED), (Action.LEAVE, Reason.NOTHING_TO_STOP)),
    ],
)
def test_what_an_event_asks_of_the_escalation(
    known: Known, heard: Heard, expected: tuple[Action, Reason]
) -> None:
    assert react(known, heard) == Reaction(*expected)


def test_a_step_waits_its_delay_before_the_next_one_is_due() -> None:
    plan = Plan((PRIMARY, Step((Goal(Target.SECONDARY),), 10)), repeat=1)
    first = advance(plan, Position(), NOW)
    assert first == Page(PRIMARY, Position(0, 0), Position(0, 1), NOW + timedelta(minutes=5))
    second = advance(plan, Position(0, 1), NOW)
    assert isinstance(second, Page)
    assert (second.next, second.due_at) == (Position(1, 0), NOW + timedelta(minutes=10))


@given(st.integers(0, 5), st.integers(1, 6))
def test_every_step_is_done_once_a_round_and_then_the_run_is_exhausted(
    repeat: int, count: int
) -> None:
    plan = Plan(tuple(Step((Goal(Target.TEAM),), minute) for minute in range(1, count + 1)), repeat)
    position, done = Position(), []
    while isinstance(decision := advance(plan, position, NOW), Page):
        done.append(decision.at)
        position = decision.next
    assert decision == Exhaust(Reason.EXHAUSTED)
    assert done == [Position(turn, step) for turn in range(repeat + 1) for step in range(count)]


def test_a_policy_without_steps_is_exhausted_at_once() -> None:
    assert advance(Plan((), 3), Position(), NOW) == Exhaust()


@pytest.mark.parametrize(
    ("goal", "people", "reason"),
    [
        (Goal(Target.PRIMARY), (ADA,), Reason.PRIMARY_ON_CALL),
        (Goal(Target.SECONDARY), (BEN,), Reason.SECONDARY_ON_CALL),
        (Goal(Target.PERSON, CLEO), (CLEO,), Reason.PERSON_OF_STEP),
        (Goal(Target.TEAM), (BEN, ADA), Reason.TEAM_MEMBERS),
    ],
)
def test_whom_a_step_pages(goal: Goal, people: tuple[UUID, ...], reason: Reason) -> None:
    roster = Roster(primary=ADA, secondary=BEN, members=(BEN, ADA, BEN), reachable=EVERYBODY)
    assert wanted(Step((goal,), 5), roster) == tuple(Ask(person, reason) for person in people)


@pytest.mark.parametrize(
    ("roster", "people", "reason"),
    [
        (
            Roster(reachable=frozenset({CLEO}), fallback=CLEO),
            (CLEO,),
            Reason.NOBODY_ON_CALL_FALLBACK,
        ),
        (
            Roster(reachable=frozenset({BEN}), fallback=CLEO, last_resort=(CLEO, BEN, BEN)),
            (BEN,),
            Reason.LAST_RESORT,
        ),
        (Roster(primary=ADA, last_resort=(ADA,)), (), Reason.NOBODY_AT_ALL),
    ],
)
def test_silence_is_never_an_outcome(
    roster: Roster, people: tuple[UUID, ...], reason: Reason
) -> None:
    choice = stand_in(roster, Reason.NOBODY_ON_CALL_FALLBACK)
    assert (choice.people, choice.reason, choice.gap) == (people, reason, True)
