"""What a run will do, played forward from an instant while nobody, or somebody, answers. Pure.

The decisions are those of ``course``, which the engine follows; only the clock and the calendar are
played here.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from oncall_service.paging import course
from oncall_service.paging.course import Circumstances, Deed, State
from oncall_service.paging.steps import Position, Roster
from oncall_service.policies.rules import Plan
from shared.contracts.wire import Severity

# However a schedule and a policy are written, an answer has an end.
MOST_MOMENTS = 2_000


class World(Protocol):
    """The calendar that a run is played against."""

    def roster(self, at: datetime) -> Roster:
        """Everybody a step may reach at an instant."""
        ...

    def hand_off(self, at: datetime, until: datetime) -> datetime | None:
        """When who is on call changes next, before ``until``."""
        ...


@dataclass(frozen=True, slots=True)
class Moment:
    """What a run does at an instant, and who is there to be asked."""

    at: datetime
    deeds: Sequence[Deed]
    roster: Roster


@dataclass(frozen=True, slots=True)
class Played:
    """The moments of a run, and whether there are more than are told."""

    moments: tuple[Moment, ...]
    cut: bool = False


def play(
    plan: Plan, severity: Severity, world: World, *, start: datetime, until: datetime
) -> Played:
    """What a run that starts at an instant does before ``until``."""
    at, state = start, State(Position(), start)
    moments: list[Moment] = []
    while len(moments) < MOST_MOMENTS:
        roster = world.roster(at)
        met = Circumstances(roster, severity, at)
        follow = course.look if moments else course.step
        state, deeds = follow(plan, state, met)
        moments.append(Moment(at, deeds, roster))
        if state.due_at is None:
            return Played(tuple(moments))
        change = world.hand_off(at, state.due_at)
        at = state.due_at if change is None else min(change, state.due_at)
        if at >= until:
            return Played(tuple(moments))
    return Played(tuple(moments), cut=True)
