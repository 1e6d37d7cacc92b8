"""When a step is due, whom it is for, and what comes after it. Pure, with named reasons.

A run works through its policy's steps. A step pages its targets and then waits ``delay_minutes``
for an acknowledgement; after the last step the run starts over ``repeat`` times; then it is
exhausted. Silence is never an outcome: where nobody can be asked, the policy's fallback is, and
without one everybody who administers this installation.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from oncall_service.paging.reasons import Reason
from oncall_service.people.rules import CAN_WAIT
from oncall_service.policies.rules import Goal, Plan, Step, Target, WorkingTime
from shared.contracts.wire import Severity


@dataclass(frozen=True, slots=True)
class Position:
    """The step a run does next: round 0 is the first pass through the steps."""

    round: int = 0
    step: int = 0


@dataclass(frozen=True, slots=True)
class Page:
    """Do ``step`` now; the run is at ``next`` afterwards, and due at ``due_at``."""

    step: Step
    at: Position
    next: Position
    due_at: datetime


@dataclass(frozen=True, slots=True)
class Exhaust:
    """Every step of every round was done and nobody acknowledged."""

    reason: Reason = Reason.EXHAUSTED


def advance(plan: Plan, position: Position, now: datetime) -> Page | Exhaust:
    """What a run that is due does at ``now``."""
    if not plan.steps or position.round > plan.repeat:
        return Exhaust()
    step = plan.steps[position.step]
    due_at = now + timedelta(minutes=step.delay_minutes)
    return Page(step, position, following(plan, position), due_at)


def following(plan: Plan, position: Position) -> Position:
    """The position after this one: the next step, or the first one of the next round."""
    if position.step + 1 >= len(plan.steps):
        return Position(position.round + 1, 0)
    return Position(position.round, position.step + 1)


@dataclass(frozen=True, slots=True)
class Crew:
    """The members of a team, and who of it is on call."""

    primary: UUID | None = None
    secondary: UUID | None = None
    members: tuple[UUID, ...] = ()

    def holder(self, target: Target) -> UUID | None:
        """Who has a duty."""
        return self.primary if target is Target.PRIMARY else self.secondary


@dataclass(frozen=True, slots=True)
class Roster(Crew):
    """Everybody a step may reach at this instant.

    ``reachable`` are the people with a working contact method; ``last_resort`` the members of the
    catch-all team and the administrators; ``others`` the other teams that the policy asks.
    ``working`` are those within their working hours, and ``not_before`` says until when trouble
    that can wait is kept from a person.
    """

    reachable: frozenset[UUID] = frozenset()
    fallback: UUID | None = None
    last_resort: tuple[UUID, ...] = ()
    others: Mapping[UUID, Crew] = field(default_factory=dict)
    working: frozenset[UUID] = frozenset()
    not_before: Mapping[UUID, datetime] = field(default_factory=dict)

    def crew(self, goal: Goal) -> Crew:
        """The team that a target is about."""
        return self if goal.team is None else self.others.get(goal.team, Crew())

    def told_at(self, person: UUID, severity: Severity, now: datetime) -> datetime:
        """When somebody hears of trouble that may wait for them."""
        if severity not in CAN_WAIT:
            return now
        return max(now, self.not_before.get(person, now))


@dataclass(frozen=True, slots=True)
class Ask:
    """Page a person, for the reason given."""

    person: UUID
    reason: Reason


@dataclass(frozen=True, slots=True)
class Choice:
    """Whom a step asks, which webhooks it calls, and why.

    ``reason`` is that of the first. ``gap`` says that others stand in, because nobody whom the
    steps are for could be asked.
    """

    asks: tuple[Ask, ...]
    reason: Reason
    gap: bool = False
    webhooks: tuple[UUID, ...] = ()

    @property
    def people(self) -> tuple[UUID, ...]:
        """Those to page."""
        return tuple(ask.person for ask in self.asks)


_WHY = {
    Target.PRIMARY: Reason.PRIMARY_ON_CALL,
    Target.SECONDARY: Reason.SECONDARY_ON_CALL,
    Target.PERSON: Reason.PERSON_OF_STEP,
    Target.TEAM: Reason.TEAM_MEMBERS,
}


def wanted(step: Step, roster: Roster) -> tuple[Ask, ...]:
    """Whom a step is for, each once, whether they can be reached or not, and why."""
    found: dict[UUID, Ask] = {}
    for goal in step.goals:
        for person in _people(goal, roster):
            found.setdefault(person, Ask(person, _WHY[goal.target]))
    return tuple(found.values())


def suited(step: Step, asks: tuple[Ask, ...], roster: Roster) -> tuple[Ask, ...]:
    """Those of them whom the step may ask at this hour."""
    if step.hours is None:
        return asks
    within = step.hours is WorkingTime.WITHIN
    return tuple(ask for ask in asks if (ask.person in roster.working) is within)


def is_for(step: Step, severity: Severity) -> bool:
    """Whether a step is for trouble of this severity."""
    return step.severities is None or severity in step.severities


def webhooks(step: Step) -> tuple[UUID, ...]:
    """The webhooks that a step calls."""
    return tuple(goal.method for goal in step.goals if goal.method is not None)


def reached(asks: tuple[Ask, ...], roster: Roster) -> tuple[Ask, ...]:
    """Those of them who have a working contact method."""
    return tuple(ask for ask in asks if ask.person in roster.reachable)


def stand_in(roster: Roster, why: Reason) -> Choice:
    """Who is asked where nobody else can be; never nobody, unless nobody at all can be reached."""
    if roster.fallback is not None and roster.fallback in roster.reachable:
        return Choice((Ask(roster.fallback, why),), why, gap=True)
    last_resort = dict.fromkeys(one for one in roster.last_resort if one in roster.reachable)
    if last_resort:
        asks = tuple(Ask(person, Reason.LAST_RESORT) for person in last_resort)
        return Choice(asks, Reason.LAST_RESORT, gap=True)
    return Choice((), Reason.NOBODY_AT_ALL, gap=True)


def _people(goal: Goal, roster: Roster) -> tuple[UUID, ...]:
    match goal.target:
        case Target.PRIMARY | Target.SECONDARY:
            holder = roster.crew(goal).holder(goal.target)
            return () if holder is None else (holder,)
        case Target.PERSON:
            return () if goal.person is None else (goal.person,)
        case Target.TEAM:
            return roster.crew(goal).members
        case Target.WEBHOOK:
            return ()
