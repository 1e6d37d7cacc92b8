"""Where, in the days ahead, a page would find nobody. Pure.

A policy is walked through as a run would: at every instant at which somebody else comes on call,
for each severity. What is found has the stretch in which it holds.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from itertools import pairwise
from typing import Protocol
from uuid import UUID

from oncall_service.paging.rounds import ROLES
from oncall_service.paging.steps import Roster, is_for, reached, wanted, webhooks
from oncall_service.policies.rules import Goal, Plan, Step, Target, WorkingTime
from shared.contracts.wire import Severity


class Level(StrEnum):
    """How bad it is: nobody of the policy can be asked, or a part of it leads nowhere."""

    BROKEN = "broken"
    WEAK = "weak"


class Lack(StrEnum):
    """What is missing."""

    NOBODY_ON_CALL = "nobody_on_call"
    EMPTY_TEAM = "empty_team"
    NO_CONTACT_METHOD = "no_contact_method"
    FALLBACK_UNREACHABLE = "fallback_unreachable"
    NO_STEP_FOR_SEVERITY = "no_step_for_severity"
    ONLY_IN_WORKING_HOURS = "only_in_working_hours"
    NOBODY_OF_THE_POLICY = "nobody_of_the_policy"


@dataclass(frozen=True, slots=True)
class Hole:
    """Something that leads nowhere in [start, end).

    ``step`` (from 0), ``target``, ``team`` and ``person`` say where in the policy, ``severities``
    for which trouble; None and empty: all of it.
    """

    lack: Lack
    level: Level
    start: datetime
    end: datetime
    step: int | None = None
    target: Target | None = None
    team: UUID | None = None
    person: UUID | None = None
    severities: tuple[Severity, ...] = ()


class Ahead(Protocol):
    """What is known of the days ahead."""

    def roster(self, at: datetime) -> Roster:
        """Everybody a step may reach at an instant."""
        ...

    def changes(self, start: datetime, end: datetime) -> Iterable[datetime]:
        """When who is on call changes, in the schedules that the policy asks."""
        ...

    def intended(self, at: datetime) -> bool:
        """Whether nobody needs to be on call for the policy's team at an instant."""
        ...

    @property
    def has_schedule(self) -> bool:
        """Whether the policy's team has a rotation at all; else it lives by its fallback."""
        ...


def holes(plan: Plan, ahead: Ahead, start: datetime, end: datetime) -> list[Hole]:
    """What leads nowhere in [start, end), in the order in which it begins."""
    instants = sorted({start, *(at for at in ahead.changes(start, end) if start < at < end)})
    open_: dict[Hole, Hole] = {}
    done: list[Hole] = []
    for begins, ends in pairwise([*instants, end]):
        roster = ahead.roster(begins)
        meant = ahead.intended(begins) or _lives_by_its_fallback(ahead, roster)
        found = list(_at(plan, roster, begins, ends, meant=meant))
        going_on: dict[Hole, Hole] = {}
        for hole in found:
            # The same one as just before goes on: only its instants differ.
            kind = replace(hole, start=start, end=end)
            before = open_.pop(kind, None)
            going_on[kind] = replace(before, end=ends) if before else hole
        done += open_.values()
        open_ = going_on
    return sorted([*done, *open_.values()], key=_order)


def _lives_by_its_fallback(ahead: Ahead, roster: Roster) -> bool:
    """No rotation was ever made, and somebody stands in for it, as after a fresh installation."""
    return not ahead.has_schedule and roster.fallback in roster.reachable


def _order(hole: Hole) -> tuple[datetime, bool, int]:
    return hole.start, hole.level is Level.WEAK, -1 if hole.step is None else hole.step


def _at(
    plan: Plan, roster: Roster, start: datetime, end: datetime, *, meant: bool
) -> Iterator[Hole]:
    """What leads nowhere while the same people are on call."""
    whole = Hole(Lack.NOBODY_OF_THE_POLICY, Level.BROKEN, start, end)
    for index, step in enumerate(plan.steps):
        for goal in step.goals:
            found = _of_goal(goal, roster, meant=meant)
            if found is not None:
                lack, person = found
                yield replace(
                    whole,
                    lack=lack,
                    level=Level.WEAK,
                    step=index,
                    target=goal.target,
                    team=goal.team,
                    person=person,
                )
    if plan.fallback is not None and plan.fallback not in roster.reachable:
        yield replace(whole, lack=Lack.FALLBACK_UNREACHABLE, level=Level.WEAK, person=plan.fallback)
    yield from _of_severities(plan, roster, whole, meant=meant)


def _of_goal(goal: Goal, roster: Roster, *, meant: bool) -> tuple[Lack, UUID | None] | None:
    if goal.target is Target.WEBHOOK:
        return None
    asks = wanted(Step((goal,), 1), roster)
    there = reached(asks, roster)
    if there:
        return None
    if asks:
        return Lack.NO_CONTACT_METHOD, asks[0].person
    if goal.target in ROLES:
        return None if meant and goal.team is None else (Lack.NOBODY_ON_CALL, None)
    return Lack.EMPTY_TEAM, None


def _of_severities(plan: Plan, roster: Roster, whole: Hole, *, meant: bool) -> Iterator[Hole]:
    lacking: dict[Lack, list[Severity]] = {}
    for severity in Severity:
        steps = [step for step in plan.steps if is_for(step, severity)]
        lack = _of_steps(steps, roster)
        if lack is Lack.NOBODY_OF_THE_POLICY and meant:
            continue
        if lack is not None:
            lacking.setdefault(lack, []).append(severity)
    for lack, severities in lacking.items():
        weak = lack is Lack.ONLY_IN_WORKING_HOURS
        yield replace(
            whole,
            lack=lack,
            level=Level.WEAK if weak else Level.BROKEN,
            severities=() if len(severities) == len(Severity) else tuple(severities),
        )


def _of_steps(steps: Sequence[Step], roster: Roster) -> Lack | None:
    if not steps:
        return Lack.NO_STEP_FOR_SEVERITY
    asking = [step for step in steps if webhooks(step) or reached(wanted(step, roster), roster)]
    if not asking:
        return Lack.NOBODY_OF_THE_POLICY
    if all(step.hours is WorkingTime.WITHIN for step in asking):
        return Lack.ONLY_IN_WORKING_HOURS
    return None
