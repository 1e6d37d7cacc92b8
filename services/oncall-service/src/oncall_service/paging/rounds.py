"""Whom a round of a run has asked, and whom it has to ask besides. Pure, with named reasons.

A round works through the steps of a policy. While it does, people come on call, change their role,
or turn out to be out of reach:

- Whoever comes on call in a role that the round has asked already is asked at once.
- Nobody is asked again by the same round because their role has changed.
- A step that can ask nobody is passed over at once, and said: its people have no working contact
  method, nobody is on call, or its conditions leave it out. In a gap a policy's fallback stands in.
- Where nobody of the rest of the round can be asked, the fallback is, else the last resort; but not
  because of the severities alone that the steps are for: that is what somebody wanted.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from oncall_service.paging.reasons import Reason
from oncall_service.paging.steps import (
    Ask,
    Choice,
    Exhaust,
    Page,
    Position,
    Roster,
    advance,
    is_for,
    reached,
    stand_in,
    suited,
    wanted,
    webhooks,
)
from oncall_service.policies.rules import Goal, Plan, Target
from shared.contracts.wire import Severity

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

    at: Position
    person: UUID
    reason: Reason


@dataclass(frozen=True, slots=True)
class Skipped:
    """A step that was passed over, and why."""

    at: Position
    reason: Reason


@dataclass(frozen=True, slots=True)
class Standing:
    """What a round goes by: who is there, whom the run has asked, and how grave the trouble is."""

    roster: Roster
    asked: Collection[Asked]
    severity: Severity


@dataclass(frozen=True, slots=True)
class Next:
    """The step that is done, whom it asks, and what was passed over before it.

    ``page`` is None when no step is left that is for this trouble.
    """

    page: Page | None
    choice: Choice
    missed: tuple[Missed, ...] = ()
    skipped: tuple[Skipped, ...] = ()


def next_step(plan: Plan, page: Page, standing: Standing, now: datetime) -> Next:
    """What a run does that is due to do ``page``."""
    missed: list[Missed] = []
    skipped: list[Skipped] = []
    first = at = page
    while True:
        choice = _choice(plan, at, standing, missed, skipped)
        if choice is not None:
            return Next(at, choice, tuple(missed), tuple(skipped))
        following = advance(plan, at.next, now)
        if isinstance(following, Page) and at.next.round == at.at.round:
            at = following
            continue
        why = _nobody(missed, skipped, standing.asked)
        if why is not None:
            return Next(first, stand_in(standing.roster, why), tuple(missed), tuple(skipped))
        if isinstance(following, Exhaust):
            none = Choice((), Reason.NO_STEP_FOR_SEVERITY)
            return Next(None, none, tuple(missed), tuple(skipped))
        first = at = following


def came_on_call(
    plan: Plan, following: Position, standing: Standing
) -> list[tuple[Position, UUID]]:
    """Who is on call by now in a role that the round has asked, and was not asked by it.

    ``following`` is what the run does next; each with the place of the step that asked for them.
    """
    roster = standing.roster
    turn, done = _going_on(plan, following)
    already = {one.person for one in standing.asked if one.round == turn}
    last: dict[tuple[UUID | None, Target], int] = {}
    for index, step in enumerate(plan.steps[:done]):
        if is_for(step, standing.severity):
            last |= {(goal.team, goal.target): index for goal in step.goals if _is_role(goal)}
    found: list[tuple[Position, UUID]] = []
    for (team, role), index in sorted(last.items(), key=lambda one: ROLES.index(one[0][1])):
        holder = roster.crew(Goal(role, team=team)).holder(role)
        if holder is None or holder in already:
            continue
        if suited(plan.steps[index], (Ask(holder, Reason.CAME_ON_CALL),), roster):
            already.add(holder)
            found.append((Position(turn, index), holder))
    return found


def _choice(
    plan: Plan,
    page: Page,
    standing: Standing,
    missed: list[Missed],
    skipped: list[Skipped],
) -> Choice | None:
    """Whom a step asks; None for one that is passed over, which is noted."""
    step, roster, called = page.step, standing.roster, webhooks(page.step)
    if not is_for(step, standing.severity):
        skipped.append(Skipped(page.at, Reason.OTHER_SEVERITIES))
        return None
    everybody = wanted(step, roster)
    asks = suited(step, everybody, roster)
    there = reached(asks, roster)
    missed += [Missed(page.at, ask.person, ask.reason) for ask in asks if ask not in there]
    fresh = tuple(
        ask for ask in there if not _asked_in_another_role(plan, page, ask, standing.asked)
    )
    if fresh or called:
        return Choice(fresh, fresh[0].reason if fresh else Reason.WEBHOOK, webhooks=called)
    if there:
        return Choice((), Reason.ALREADY_ASKED)
    if not everybody and roster.fallback is not None and roster.fallback in roster.reachable:
        return stand_in(roster, Reason.NOBODY_ON_CALL_FALLBACK)
    if not asks:
        reason = Reason.NOT_AT_THIS_HOUR if everybody else Reason.NOBODY_ON_CALL
        skipped.append(Skipped(page.at, reason))
    return None


def _nobody(
    missed: list[Missed], skipped: list[Skipped], asked: Collection[Asked]
) -> Reason | None:
    """Why others have to stand in for the rest of a round; None when it was not to ask anybody."""
    if missed:
        return Reason.NOBODY_REACHABLE_FALLBACK
    if any(one.reason is Reason.NOBODY_ON_CALL for one in skipped):
        return Reason.NOBODY_ON_CALL_FALLBACK
    if not asked and any(one.reason is Reason.NOT_AT_THIS_HOUR for one in skipped):
        return Reason.NOBODY_AT_THIS_HOUR_FALLBACK
    return None


def _going_on(plan: Plan, following: Position) -> tuple[int, int]:
    """The round that is going on, and how many of its steps are done."""
    if following.step == 0:
        return following.round - 1, len(plan.steps)
    return following.round, following.step


def _asked_in_another_role(plan: Plan, page: Page, ask: Ask, asked: Collection[Asked]) -> bool:
    roles = _roles(plan, page.at.step)
    return ask.reason in _FOR_A_ROLE and any(
        one.round == page.at.round
        and one.person == ask.person
        and one.reason in _FOR_A_ROLE
        and not roles & _roles(plan, one.step)
        for one in asked
    )


def _roles(plan: Plan, step: int) -> frozenset[tuple[UUID | None, Target]]:
    return frozenset((goal.team, goal.target) for goal in plan.steps[step].goals if _is_role(goal))


def _is_role(goal: Goal) -> bool:
    return goal.target in ROLES
