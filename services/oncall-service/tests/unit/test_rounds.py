"""Whom a round asks when people come on call, change their role or cannot be reached."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oncall_service.paging.reasons import Reason
from oncall_service.paging.rounds import (
    Asked,
    Missed,
    Next,
    Skipped,
    Standing,
    came_on_call,
    next_step,
)
from oncall_service.paging.steps import Crew, Page, Position, Roster, advance
from oncall_service.policies.rules import Goal, Plan, Step, Target, WorkingTime
from shared.contracts.wire import Severity

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
ADA, BEN, CLEO, DAN = (UUID(int=number) for number in range(1, 5))


def step(target: Target, minutes: int, person: UUID | None = None, **conditions: Any) -> Step:
    return Step((Goal(target, person),), minutes, **conditions)


PRIMARY, SECONDARY, TEAM = (
    step(Target.PRIMARY, 5),
    step(Target.SECONDARY, 10),
    step(Target.TEAM, 15),
)
PLAN = Plan((PRIMARY, SECONDARY), repeat=1, fallback=CLEO)
EVERYBODY = frozenset({ADA, BEN, CLEO, DAN})


def do(
    plan: Plan, at: Position, roster: Roster, *asked: Asked, severity: Severity = Severity.HIGH
) -> Next:
    page = advance(plan, at, NOW)
    assert isinstance(page, Page)
    return next_step(plan, page, Standing(roster, asked, severity), NOW)


def came(
    plan: Plan, at: Position, roster: Roster, asked: Sequence[Asked]
) -> list[tuple[Position, UUID]]:
    return came_on_call(plan, at, Standing(roster, asked, Severity.HIGH))


def crew(reachable: frozenset[UUID], **who: Any) -> Roster:
    return Roster(reachable=reachable, **who)


def asked(step: int, person: UUID, reason: Reason = Reason.PRIMARY_ON_CALL, turn: int = 0) -> Asked:
    return Asked(turn, step, person, reason)


def test_whoever_comes_on_call_in_a_role_that_was_asked_is_asked_too() -> None:
    changed = crew(EVERYBODY, primary=BEN, secondary=CLEO)
    found = came(PLAN, Position(0, 1), changed, [asked(0, ADA)])
    assert found == [(Position(0, 0), BEN)]


def test_a_role_that_is_still_to_be_asked_is_asked_in_its_time() -> None:
    changed = crew(EVERYBODY, primary=ADA, secondary=DAN)
    assert came(PLAN, Position(0, 1), changed, [asked(0, ADA)]) == []


def test_after_the_last_step_both_roles_are_looked_at_until_the_next_round() -> None:
    changed = crew(EVERYBODY, primary=CLEO, secondary=DAN)
    known = [asked(0, ADA), asked(1, BEN, Reason.SECONDARY_ON_CALL)]
    found = came(PLAN, Position(1, 0), changed, known)
    assert found == [(Position(0, 0), CLEO), (Position(0, 1), DAN)]


@pytest.mark.parametrize("reason", [Reason.PRIMARY_ON_CALL, Reason.NOBODY_ON_CALL_FALLBACK])
def test_whoever_the_round_has_paged_for_any_reason_is_not_paged_for_coming_on_call(
    reason: Reason,
) -> None:
    changed = crew(EVERYBODY, primary=BEN)
    assert came(PLAN, Position(0, 1), changed, [asked(0, BEN, reason)]) == []


def test_the_round_before_does_not_count() -> None:
    changed = crew(EVERYBODY, primary=BEN)
    known = [asked(0, BEN), asked(0, ADA, turn=1)]
    assert came(PLAN, Position(1, 1), changed, known) == [(Position(1, 0), BEN)]


def test_nobody_is_asked_twice_by_a_round_for_having_changed_role() -> None:
    swapped = crew(EVERYBODY, primary=BEN, secondary=ADA)
    known = [asked(0, ADA), asked(0, BEN, Reason.CAME_ON_CALL)]
    following = do(PLAN, Position(0, 1), swapped, *known)
    assert (following.choice.people, following.choice.reason) == ((), Reason.ALREADY_ASKED)
    assert following.page is not None
    assert following.page.at == Position(0, 1), "its time passes all the same"


def test_a_policy_that_names_somebody_twice_asks_them_twice() -> None:
    roster = crew(EVERYBODY, primary=ADA, members=(ADA, BEN))
    for second in (PRIMARY, TEAM, step(Target.PERSON, 5, ADA)):
        plan = Plan((PRIMARY, second), repeat=0)
        assert ADA in do(plan, Position(0, 1), roster, asked(0, ADA)).choice.people


def test_the_next_round_asks_everybody_again() -> None:
    swapped = crew(EVERYBODY, primary=BEN, secondary=ADA)
    known = [asked(0, ADA), asked(0, BEN, Reason.CAME_ON_CALL), asked(0, BEN, turn=1)]
    assert do(PLAN, Position(1, 1), swapped, *known).choice.people == (ADA,)


def test_who_cannot_be_reached_is_named_and_the_next_step_is_done_at_once() -> None:
    roster = crew(frozenset({BEN, CLEO}), primary=ADA, secondary=BEN, fallback=CLEO)
    following = do(PLAN, Position(), roster)
    assert following.choice.people == (BEN,)
    assert following.page is not None
    assert (following.page.at, following.page.next) == (Position(0, 1), Position(1, 0))
    assert following.missed == (Missed(Position(), ADA, Reason.PRIMARY_ON_CALL),)
    assert not following.choice.gap


def test_the_others_of_a_step_are_reached_and_those_who_are_not_are_named() -> None:
    roster = crew(frozenset({BEN, DAN}), members=(ADA, BEN, DAN, ADA))
    following = do(Plan((TEAM,), 0), Position(), roster)
    assert following.choice.people == (BEN, DAN)
    assert following.missed == (Missed(Position(), ADA, Reason.TEAM_MEMBERS),)


def test_where_nobody_of_the_rest_can_be_reached_the_fallback_is_asked() -> None:
    roster = crew(frozenset({CLEO}), primary=ADA, secondary=BEN, fallback=CLEO)
    following = do(PLAN, Position(), roster)
    assert (following.choice.people, following.choice.gap) == ((CLEO,), True)
    assert following.choice.reason is Reason.NOBODY_REACHABLE_FALLBACK
    assert following.page is not None
    assert following.page.next == Position(0, 1)
    assert [one.person for one in following.missed] == [ADA, BEN]


def test_a_role_that_nobody_has_is_a_gap_and_no_step_to_pass_over() -> None:
    following = do(PLAN, Position(), crew(EVERYBODY, secondary=BEN, fallback=CLEO))
    assert following.choice.reason is Reason.NOBODY_ON_CALL_FALLBACK
    assert following.missed == ()


def test_a_step_that_nobody_has_the_duty_of_is_passed_over_where_no_fallback_stands_in() -> None:
    plan = Plan((PRIMARY, SECONDARY), repeat=0)
    following = do(plan, Position(), crew(EVERYBODY, secondary=BEN, last_resort=(DAN,)))
    assert following.choice.people == (BEN,)
    assert following.skipped == (Skipped(Position(0, 0), Reason.NOBODY_ON_CALL),)
    nobody = do(plan, Position(), crew(EVERYBODY, last_resort=(DAN,)))
    assert (nobody.choice.people, nobody.choice.reason) == ((DAN,), Reason.LAST_RESORT)


def test_a_step_asks_all_its_targets_at_once_each_person_once() -> None:
    several = Step((Goal(Target.PRIMARY), Goal(Target.PERSON, DAN), Goal(Target.TEAM)), 5)
    roster = crew(EVERYBODY, primary=ADA, members=(ADA, BEN))
    asks = do(Plan((several,), 0), Position(), roster).choice.asks
    assert [(ask.person, ask.reason) for ask in asks] == [
        (ADA, Reason.PRIMARY_ON_CALL),
        (DAN, Reason.PERSON_OF_STEP),
        (BEN, Reason.TEAM_MEMBERS),
    ]


def test_a_target_may_be_on_call_for_another_team() -> None:
    web = UUID(int=90)
    plan = Plan((Step((Goal(Target.PRIMARY, team=web), Goal(Target.TEAM, team=web)), 5),), 0)
    roster = crew(EVERYBODY, primary=ADA, others={web: Crew(primary=BEN, members=(BEN, CLEO))})
    assert do(plan, Position(), roster).choice.people == (BEN, CLEO)
    changed = crew(EVERYBODY, primary=ADA, others={web: Crew(primary=DAN)})
    assert came(plan, Position(1, 0), changed, [asked(0, BEN)]) == [(Position(0, 0), DAN)]


def test_a_webhook_is_a_target_and_needs_nobody() -> None:
    hook = UUID(int=91)
    plan = Plan((Step((Goal(Target.WEBHOOK, method=hook), Goal(Target.PRIMARY)), 5),), 0)
    following = do(plan, Position(), crew(frozenset()))
    assert (following.choice.webhooks, following.choice.asks) == ((hook,), ())


def test_a_step_for_other_severities_is_passed_over() -> None:
    urgent = step(Target.PERSON, 5, DAN, severities=frozenset({Severity.CRITICAL}))
    plan = Plan((urgent, PRIMARY), repeat=0)
    roster = crew(EVERYBODY, primary=ADA)
    lesser = do(plan, Position(), roster, severity=Severity.LOW)
    assert lesser.choice.people == (ADA,)
    assert lesser.skipped == (Skipped(Position(0, 0), Reason.OTHER_SEVERITIES),)
    assert do(plan, Position(), roster, severity=Severity.CRITICAL).choice.people == (DAN,)


def test_a_policy_with_no_step_for_a_severity_ends_and_says_so() -> None:
    plan = Plan((step(Target.PRIMARY, 5, severities=frozenset({Severity.CRITICAL})),), repeat=2)
    following = do(plan, Position(), crew(EVERYBODY, primary=ADA), severity=Severity.LOW)
    assert (following.page, following.choice.reason) == (None, Reason.NO_STEP_FOR_SEVERITY)
    assert len(following.skipped) == 3, "of every round"


def test_working_hours_leave_people_out_but_never_everybody_for_good() -> None:
    within = step(Target.PRIMARY, 5, hours=WorkingTime.WITHIN)
    outside = step(Target.SECONDARY, 5, hours=WorkingTime.OUTSIDE)
    roster = crew(
        EVERYBODY, primary=ADA, secondary=BEN, working=frozenset({ADA, BEN}), fallback=DAN
    )
    plan = Plan((within, outside), repeat=0)
    assert do(plan, Position(), roster).choice.people == (ADA,)
    asleep = crew(EVERYBODY, primary=ADA, secondary=BEN)
    night = do(plan, Position(), asleep)
    assert night.choice.people == (BEN,)
    assert night.skipped == (Skipped(Position(0, 0), Reason.NOT_AT_THIS_HOUR),)
    alone = do(Plan((within,), 0), Position(), crew(EVERYBODY, primary=ADA, fallback=DAN))
    assert alone.choice.people == (DAN,)
    assert alone.choice.reason is Reason.NOBODY_AT_THIS_HOUR_FALLBACK
    again = do(Plan((within,), 1), Position(1, 0), crew(EVERYBODY, primary=ADA), asked(0, ADA))
    assert again.page is None, "somebody was asked before: the round is over"


STEPS = st.lists(
    st.sampled_from([PRIMARY, SECONDARY, TEAM, step(Target.PERSON, 5, DAN)]),
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
    roster = crew(
        reached, primary=primary, secondary=secondary, members=(ADA, BEN), last_resort=(DAN,)
    )
    following = do(plan, Position(0, begins), roster)
    assert following.page is not None
    assert begins <= following.page.at.step < len(steps)
    assert not set(following.choice.people) - reached
    assert not {one.person for one in following.missed} & reached
    if not following.choice.people:
        assert following.choice.reason is Reason.NOBODY_AT_ALL
        assert DAN not in reached
