"""The course of a run: what it does at an instant, and when it has to be looked at again. Pure.

The engine follows it against the database, and a simulation against the calendar: one code decides
for both.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TypeAlias

from oncall_service.paging.reasons import Reason
from oncall_service.paging.rounds import (
    Asked,
    Missed,
    Skipped,
    Standing,
    came_on_call,
    next_step,
)
from oncall_service.paging.steps import (
    Ask,
    Choice,
    Exhaust,
    Page,
    Position,
    Roster,
    advance,
)
from oncall_service.policies.rules import Plan
from shared.contracts.wire import Severity


@dataclass(frozen=True, slots=True)
class State:
    """Where a run is: what it does next, when, and whom it has asked; without ``due_at``, over."""

    position: Position
    due_at: datetime | None
    asked: tuple[Asked, ...] = ()


@dataclass(frozen=True, slots=True)
class Asking:
    """People are paged by the step at ``at``; ``first``: the run has paged nobody before.

    ``also``: they came on call after the step was done.
    """

    at: Position
    choice: Choice
    first: bool = False
    also: bool = False


@dataclass(frozen=True, slots=True)
class Ending:
    """The run is over: nobody acknowledged."""

    reason: Reason


Deed: TypeAlias = Asking | Missed | Skipped | Ending


@dataclass(frozen=True, slots=True)
class Circumstances:
    """What a run meets at an instant.

    ``waits`` False: it pages at once, whatever people's working and quiet hours are.
    """

    roster: Roster
    severity: Severity
    now: datetime
    waits: bool = True

    def standing(self, state: State) -> Standing:
        """What the round of a run goes by."""
        return Standing(self.roster, state.asked, self.severity)

    def wait(self, choice: Choice) -> timedelta:
        """How long the first of those who are asked waits until it may reach them."""
        if not self.waits:
            return timedelta()
        at = (self.roster.told_at(one, self.severity, self.now) for one in choice.people)
        return min(at, default=self.now) - self.now


def look(plan: Plan, state: State, met: Circumstances) -> tuple[State, list[Deed]]:
    """Ask whoever came on call in the meantime, and do the step that is due, if one is."""
    deeds: list[Deed] = []
    for place, person in came_on_call(plan, state.position, met.standing(state)):
        if person in met.roster.reachable:
            choice = Choice((Ask(person, Reason.CAME_ON_CALL),), Reason.CAME_ON_CALL)
            state = _ask_also(plan, state, place, choice, met)
            deeds.append(Asking(place, choice, also=True))
        else:
            deeds.append(Missed(place, person, Reason.CAME_ON_CALL))
            state = _hurry(plan, state, met.now)
    if state.due_at is None or state.due_at > met.now:
        return state, deeds
    state, done = step(plan, state, met)
    return state, [*deeds, *done]


def step(plan: Plan, state: State, met: Circumstances) -> tuple[State, list[Deed]]:
    """Do what the run does next."""
    decision = advance(plan, state.position, met.now)
    if isinstance(decision, Exhaust):
        return replace(state, due_at=None), [Ending(decision.reason)]
    following = next_step(plan, decision, met.standing(state), met.now)
    passed_over: list[Deed] = [*following.missed, *following.skipped]
    page, choice = following.page, following.choice
    if page is None:
        return replace(state, due_at=None), [*passed_over, Ending(choice.reason)]
    asking = Asking(page.at, choice, first=not state.asked)
    # A step whose people are only told in the morning gives them its time from then on.
    due_at = page.due_at + met.wait(choice)
    return State(page.next, due_at, _and(state.asked, page.at, choice)), [*passed_over, asking]


def _ask_also(
    plan: Plan, state: State, place: Position, choice: Choice, met: Circumstances
) -> State:
    due_at = state.due_at
    page = advance(plan, place, met.now)
    if _is_last(plan, state) and due_at is not None and isinstance(page, Page):
        # Nobody comes after them: they have the time of the step before the run ends.
        due_at = max(due_at, page.due_at + met.wait(choice))
    return State(state.position, due_at, _and(state.asked, place, choice))


def _hurry(plan: Plan, state: State, now: datetime) -> State:
    """On to the next step at once: whoever is on call now cannot be reached."""
    if _is_last(plan, state) or state.due_at is None:
        return state
    return replace(state, due_at=min(state.due_at, now))


def _is_last(plan: Plan, state: State) -> bool:
    return state.position.round > plan.repeat


def _and(asked: Sequence[Asked], at: Position, choice: Choice) -> tuple[Asked, ...]:
    return (*asked, *(Asked(at.round, at.step, ask.person, ask.reason) for ask in choice.asks))
