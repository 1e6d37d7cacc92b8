"""When a step is due, whom it pages, and what comes after it. Pure, with named reasons.

A run works through its policy's steps. A step pages its target and then waits ``delay_minutes``
for an acknowledgement; after the last step the run starts over ``repeat`` times; then it is
exhausted. Silence is never an outcome: a step that finds nobody pages the policy's fallback, and
without one everybody who administers this installation.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from oncall_service.paging.reasons import Reason
from oncall_service.policies.rules import Plan, Step, Target


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
class Roster:
    """Everybody a step may reach at this instant.

    ``reachable`` are the people with an enabled contact method; ``last_resort`` the members of the
    catch-all team and the administrators.
    """

    reachable: frozenset[UUID]
    primary: UUID | None = None
    secondary: UUID | None = None
    members: tuple[UUID, ...] = ()
    fallback: UUID | None = None
    last_resort: tuple[UUID, ...] = ()


@dataclass(frozen=True, slots=True)
class Choice:
    """The people to page and why. ``gap`` says that the step's own target could not be paged."""

    people: tuple[UUID, ...]
    reason: Reason
    gap: bool = False


def choose(step: Step, roster: Roster) -> Choice:
    """Whom a step pages; never nobody, unless nobody in the whole installation can be reached."""
    people, reason = wanted(step, roster)
    reached = reachable(people, roster)
    if reached:
        return Choice(reached, reason)

    why = Reason.NOBODY_REACHABLE_FALLBACK if people else Reason.NOBODY_ON_CALL_FALLBACK
    fallback = reachable((roster.fallback,) if roster.fallback else (), roster)
    if fallback:
        return Choice(fallback, why, gap=True)
    last_resort = reachable(roster.last_resort, roster)
    if last_resort:
        return Choice(last_resort, Reason.LAST_RESORT, gap=True)
    return Choice((), Reason.NOBODY_AT_ALL, gap=True)


def wanted(step: Step, roster: Roster) -> tuple[tuple[UUID, ...], Reason]:
    """Whom a step is for, whether they can be reached or not, and why."""
    match step.target:
        case Target.PRIMARY:
            return _one(roster.primary), Reason.PRIMARY_ON_CALL
        case Target.SECONDARY:
            return _one(roster.secondary), Reason.SECONDARY_ON_CALL
        case Target.PERSON:
            return _one(step.person), Reason.PERSON_OF_STEP
        case Target.TEAM:
            return roster.members, Reason.TEAM_MEMBERS


def _one(person: UUID | None) -> tuple[UUID, ...]:
    return () if person is None else (person,)


def reachable(people: tuple[UUID, ...], roster: Roster) -> tuple[UUID, ...]:
    """Those of these people who have a working contact method, each once."""
    return tuple(dict.fromkeys(person for person in people if person in roster.reachable))
