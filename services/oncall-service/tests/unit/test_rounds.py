"""Whom a round asks when people come on call, change their role or cannot be reached."""

from datetime import UTC, datetime
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oncall_service.paging.reasons import Reason
from oncall_service.paging.rounds import Asked, Missed, Next, came_on_call, next_step
from oncall_service.paging.steps import Page, Position, Roster, advance
from oncall_service.policies.rules import Plan, Step, Target

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
ADA, BEN, CLEO, DAN = (UUID(int=number) for number in range(1, 5))
PRIMARY, SECONDARY, TEAM = (
    Step(Target.PRIMARY, 5),
    Step(Target.SECONDARY, 10),
    Step(Target.TEAM, 15),
)
PLAN = Plan((PRIMARY, SECONDARY), repeat=1, fallback=CLEO)
EVERYBODY = frozenset({ADA, BEN, CLEO, DAN})


def do(plan: Plan, at: Position, roster: Roster, *asked: Asked) -> Next:
    page = advance(plan, at, NOW)
    assert isinstance(page, Page)
    return next_step(plan, page, roster, asked, NOW)


def asked(step: int, person: UUID, reason: Reason = Reason.PRIMARY_ON_CALL, turn: int = 0) -> Asked:
    return Asked(turn, step, person, reason)


def test_whoever_comes_on_call_in_a_role_that_was_asked_is_asked_too() -> None:
    changed = Roster(EVERYBODY, primary=BEN, secondary=CLEO)
    found = came_on_call(PLAN, Position(0, 1), changed, [asked(0, ADA)])
    assert found == [(Position(0, 0), BEN)]


def test_a_role_that_is_still_to_be_asked_is_asked_in_its_time() -> None:
    changed = Roster(EVERYBODY, primary=ADA, secondary=DAN)
    assert came_on_call(PLAN, Position(0, 1), changed, [asked(0, ADA)]) == []


def test_after_the_last_step_both_roles_are_looked_at_until_the_next_round() -> None:
    changed = Roster(EVERYBODY, primary=CLEO, secondary=DAN)
    known = [asked(0, ADA), asked(1, BEN, Reason.SECONDARY_ON_CALL)]
    found = came_on_call(PLAN, Position(1, 0), changed, known)
    assert found == [(Position(0, 0), CLEO), (Position(0, 1), DAN)]


@pytest.mark.parametrize("reason", [Reason.PRIMARY_ON_CALL, Reason.NOBODY_ON_CALL_FALLBACK])
def test_whoever_the_round_has_paged_for_any_reason_is_not_paged_for_coming_on_call(
    reason: Reason,
) -> None:
    changed = Roster(EVERYBODY, primary=BEN)
    assert came_on_call(PLAN, Position(0, 1), changed, [asked(0, BEN, reason)]) == []


def test_the_round_before_does_not_count() -> None:
    changed = Roster(EVERYBODY, primary=BEN)
    known = [asked(0, BEN), asked(0, ADA, turn=1)]
    assert came_on_call(PLAN, Position(1, 1), changed, known) == [(Position(1, 0), BEN)]


def test_nobody_is_asked_twice_by_a_round_for_having_changed_role() -> None:
    swapped = Roster(EVERYBODY, primary=BEN, secondary=ADA)
    known = [asked(0, ADA), asked(0, BEN, Reason.CAME_ON_CALL)]
    following = do(PLAN, Position(0, 1), swapped, *known)
    assert (following.choice.people, following.choice.reason) == ((), Reason.ALREADY_ASKED)
    assert following.page.at == Position(0, 1), "its time passes all the same"


def test_a_policy_that_names_somebody_twice_asks_them_twice() -> None:
    roster = Roster(EVERYBODY, primary=ADA, members=(ADA, BEN))
    for second in (PRIMARY, TEAM, Step(Target.PERSON, 5, ADA)):
        plan = Plan((PRIMARY, second), repeat=0)
        assert ADA in do(plan, Position(0, 1), roster, asked(0, ADA)).choice.people


def test_the_next_round_asks_everybody_again() -> None:
    swapped = Roster(EVERYBODY, primary=BEN, secondary=ADA)
    known = [asked(0, ADA), asked(0, BEN, Reason.CAME_ON_CALL), asked(0, BEN, turn=1)]
    assert do(PLAN, Position(1, 1), swapped, *known).choice.people == (ADA,)


def test_who_cannot_be_reached_is_named_and_the_next_step_is_done_at_once() -> None:
    roster = Roster(frozenset({BEN, CLEO}), primary=ADA, secondary=BEN, fallback=CLEO)
    following = do(PLAN, Position(), roster)
    assert following.choice.people == (BEN,)
    assert (following.page.at, following.page.next) == (Position(0, 1), Position(1, 0))
    assert following.missed == (Missed(0, ADA, Reason.PRIMARY_ON_CALL),)
    assert not following.choice.gap


def test_the_others_of_a_step_are_reached_and_those_who_are_not_are_named() -> None:
    roster = Roster(frozenset({BEN, DAN}), members=(ADA, BEN, DAN, ADA))
    following = do(Plan((TEAM,), 0), Position(), roster)
    assert following.choice.people == (BEN, DAN)
    assert following.missed == (Missed(0, ADA, Reason.TEAM_MEMBERS),)


def test_where_nobody_of_the_rest_can_be_reached_the_fallback_is_asked() -> None:
    roster = Roster(frozenset({CLEO}), primary=ADA, secondary=BEN, fallback=CLEO)
    following = do(PLAN, Position(), roster)
    assert (following.choice.people, following.choice.gap) == ((CLEO,), True)
    assert following.choice.reason is Reason.NOBODY_REACHABLE_FALLBACK
    assert following.page.next == Position(0, 1)
    assert [one.person for one in following.missed] == [ADA, BEN]


def test_a_role_that_nobody_has_is_a_gap_and_no_step_to_pass_over() -> None:
    following = do(PLAN, Position(), Roster(EVERYBODY, secondary=BEN, fallback=CLEO))
    assert following.choice.reason is Reason.NOBODY_ON_CALL_FALLBACK
    assert following.missed == ()


STEPS = st.lists(
    st.sampled_from([PRIMARY, SECONDARY, TEAM, Step(Target.PERSON, 5, DAN)]),
    min_size=1,
    max_size=5,
).map(tuple)
PEOPLE = st.sampled_from([None, ADA, BEN, CLEO, DAN])


@given(
    steps=STEPS,
    reached=st.frozensets(st.sampled_from([ADA, BEN, CLEO, DAN])),
    primary=PEOPLE,
    secondary=PEOPLE,
    at=st.integers(0, 4),
)
def test_silence_is_never_an_outcome_and_a_step_never_goes_backwards(
    steps: tuple[Step, ...],
    reached: frozenset[UUID],
    primary: UUID | None,
    secondary: UUID | None,
    at: int,
) -> None:
    plan = Plan(steps, repeat=0, fallback=CLEO)
    begins = min(at, len(steps) - 1)
    roster = Roster(reached, primary, secondary, members=(ADA, BEN), last_resort=(DAN,))
    following = do(plan, Position(0, begins), roster)
    assert begins <= following.page.at.step < len(steps)
    assert not set(following.choice.people) - reached
    assert not {one.person for one in following.missed} & reached
    if not following.choice.people:
        assert following.choice.reason is Reason.NOBODY_AT_ALL
        assert DAN not in reached
