"""Whom a round of a run has asked, and whom it has to ask besides. Pure, with named reasons.

A round works through the steps of a policy. While it does, people come on call, change their role,
or turn out to be out of reach:

- Whoever comes on call in a role that the round has asked already is asked at once.
- Nobody is asked again by the same round because their role has changed.
- Whoever has no working contact method was not asked: the round goes on to the next of the step,
  then to the next step, at once. Where nobody of the rest can be reached, the fallback is asked.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from oncall_service.paging.reasons import Reason
from oncall_service.paging.steps import (
    Choice,
    Page,
    Position,
    Roster,
    advance,
    choose,
    reachable,
    wanted,
)
from oncall_service.policies.rules import Plan, Target

ROLES = (Target.PRIMARY, Target.SECONDARY)

_FOR_A_ROLE = frozenset({Reason.PRIMARY_ON_CALL, Reason.SECONDARY_ON_CALL, Reason.CAME_ON_CALL})


@dataclass(frozen=True, slots=True)
class Asked:
    """Somebody was paged by a step of a round, for the reason given."""

    round: int
    step: int
    person: UUID
    reason: str


@dataclass(frozen=True, slots=True)
class Missed:
    """Somebody whom a step wanted, for the reason given, and who cannot be reached."""

    step: int
    person: UUID
    reason: Reason


@dataclass(frozen=True, slots=True)
class Next:
    """The step that is done, whom it asks, and whom it or those before it could not."""

    page: Page
    choice: Choice
    missed: tuple[Missed, ...] = ()


def next_step(
    plan: Plan, page: Page, roster: Roster, asked: Collection[Asked], now: datetime
) -> Next:
    """What a run does that is due to do ``page``."""
    missed: list[Missed] = []
    at = page
    while True:
        people, reason = wanted(at.step, roster)
        reached = reachable(people, roster)
        missed += [
            Missed(at.at.step, person, reason)
            for person in dict.fromkeys(people)
            if person not in reached
        ]
        if reached and _asked_in_another_role(plan, at, reached, asked):
            return Next(at, Choice((), Reason.ALREADY_ASKED), tuple(missed))
        if reached or not people:
            return Next(at, choose(at.step, roster), tuple(missed))
        following = advance(plan, at.next, now)
        if at.next.round != at.at.round or not isinstance(following, Page):
            return Next(page, choose(page.step, roster), tuple(missed))
        at = following


def came_on_call(
    plan: Plan, following: Position, roster: Roster, asked: Collection[Asked]
) -> list[tuple[Position, UUID]]:
    """Who is on call by now in a role that the round has asked, and was not asked by it.

    ``following`` is what the run does next; each with the place of the step that asked for them.
    """
    turn, done = _going_on(plan, following)
    already = {one.person for one in asked if one.round == turn}
    found: list[tuple[Position, UUID]] = []
    for role, holder in ((Target.PRIMARY, roster.primary), (Target.SECONDARY, roster.secondary)):
        steps = [step for step in range(done) if plan.steps[step].target is role]
        if steps and holder is not None and holder not in already:
            found.append((Position(turn, steps[-1]), holder))
    return found


def _going_on(plan: Plan, following: Position) -> tuple[int, int]:
    """The round that is going on, and how many of its steps are done."""
    if following.step == 0:
        return following.round - 1, len(plan.steps)
    return following.round, following.step


def _asked_in_another_role(
    plan: Plan, page: Page, people: tuple[UUID, ...], asked: Collection[Asked]
) -> bool:
    target = page.step.target
    return target in ROLES and any(
        one.round == page.at.round
        and one.person in people
        and one.reason in _FOR_A_ROLE
        and plan.steps[one.step].target is not target
        for one in asked
    )
