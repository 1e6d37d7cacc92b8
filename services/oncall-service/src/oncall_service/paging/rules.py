"""When to page, whom, when to stop: the rules of an escalation. Pure, with named reasons.

A run works through its policy's steps. A step pages its target and then waits ``delay_minutes``
for an acknowledgement; after the last step the run starts over ``repeat`` times; then it is
exhausted. Silence is never an outcome: a step that finds nobody pages the policy's fallback, and
without one everybody who administers this installation.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from shared.contracts.incidents import Status


class Target(StrEnum):
    """Whom a step pages."""

    PRIMARY = "primary"
    SECONDARY = "secondary"
    PERSON = "person"
    TEAM = "team"


class Reason(StrEnum):
    """Why a run started, paged, stopped or did nothing: log field, timeline entry, metric label."""

    # starting
    INCIDENT_OPENED = "incident_opened"
    RELEASED = "released"
    WORSE_ALERT_JOINED = "worse_alert_joined"
    SEVERITY_ROSE = "severity_rose"
    MORE_ALERTS = "more_alerts"
    TEAM_CHANGED = "team_changed"
    ESCALATED_BY_HAND = "escalated_by_hand"
    # nothing to do
    ALREADY_PAGING = "already_paging"
    ALREADY_EXHAUSTED = "already_exhausted"
    DUPLICATE_EVENT = "duplicate_event"
    STALE_REVISION = "stale_revision"
    NOTHING_TO_STOP = "nothing_to_stop"
    # stopping
    ACKNOWLEDGED = "acknowledged"
    IN_PROGRESS = "in_progress"
    RESOLVED = "resolved"
    MERGED = "merged"
    EXHAUSTED = "exhausted"
    HELP_CALLED = "help_called"
    # choosing
    PRIMARY_ON_CALL = "primary_on_call"
    SECONDARY_ON_CALL = "secondary_on_call"
    PERSON_OF_STEP = "person_of_step"
    TEAM_MEMBERS = "team_members"
    NOBODY_ON_CALL_FALLBACK = "nobody_on_call_fallback"
    NOBODY_REACHABLE_FALLBACK = "nobody_reachable_fallback"
    LAST_RESORT = "last_resort"
    NOBODY_AT_ALL = "nobody_at_all"


@dataclass(frozen=True, slots=True)
class Step:
    """Page ``target`` (``person`` when it is a person), then wait ``delay_minutes``."""

    target: Target
    delay_minutes: int
    person: UUID | None = None


@dataclass(frozen=True, slots=True)
class Plan:
    """What a run follows to its end, whatever becomes of the policy it was copied from."""

    steps: tuple[Step, ...]
    repeat: int
    fallback: UUID | None = None


@dataclass(frozen=True, slots=True)
class Position:
    """The step a run does next: round 0 is the first pass through the steps."""

    round: int = 0
    step: int = 0


# --- an incident changed: page, stop, or leave it ---------------------------------------------


@dataclass(frozen=True, slots=True)
class Known:
    """What was last heard of an incident.

    ``running_team`` is set while a run is active; ``paged`` are the teams of the runs that ended.
    """

    revision: int = 0
    status: Status | None = None
    team: str | None = None
    running_team: str | None = None
    paged: frozenset[str] = frozenset()

    @property
    def paging(self) -> bool:
        """Whether a run is active."""
        return self.running_team is not None


@dataclass(frozen=True, slots=True)
class Heard:
    """What an event says of it now.

    ``released`` and ``worse`` say why an incident that somebody had taken is open again; ``rises``:
    it is graver than what was last heard of it.
    """

    revision: int
    status: Status
    team: str | None = None
    released: bool = False
    merged: bool = False
    worse: bool = False
    rises: bool = False


class Action(StrEnum):
    """What an event asks of the escalation."""

    START = "start"
    STOP = "stop"
    RESTART = "restart"
    LEAVE = "leave"


@dataclass(frozen=True, slots=True)
class Reaction:
    """The action, and why."""

    action: Action
    reason: Reason


_STOPPED_BY = {
    Status.ACKNOWLEDGED: Reason.ACKNOWLEDGED,
    Status.IN_PROGRESS: Reason.IN_PROGRESS,
    Status.RESOLVED: Reason.RESOLVED,
}


def react(known: Known, heard: Heard) -> Reaction:
    """What an event means.

    Events come twice and out of order; the higher revision is the newer truth.
    """
    if heard.revision <= known.revision:
        repeated = heard.revision == known.revision
        return Reaction(Action.LEAVE, Reason.DUPLICATE_EVENT if repeated else Reason.STALE_REVISION)

    stopped_by = Reason.MERGED if heard.merged else _STOPPED_BY.get(heard.status)
    if stopped_by is None:
        return _still_open_while_paging(known, heard) if known.paging else _open_again(known, heard)
    if known.paging:
        return Reaction(Action.STOP, stopped_by)
    return Reaction(Action.LEAVE, Reason.NOTHING_TO_STOP)


def _open_again(known: Known, heard: Heard) -> Reaction:
    if known.status is None:
        return Reaction(Action.START, Reason.INCIDENT_OPENED)
    if known.status is not Status.OPEN or heard.released or heard.worse:
        reason = Reason.WORSE_ALERT_JOINED if heard.worse else Reason.RELEASED
        return Reaction(Action.START, reason)
    if _handed_over(known, heard):
        return Reaction(Action.START, Reason.TEAM_CHANGED)
    if heard.rises:
        return Reaction(Action.START, Reason.SEVERITY_ROSE)
    # Open before and open now, and its run is over: a new title is no reason to page again.
    return Reaction(Action.LEAVE, Reason.ALREADY_EXHAUSTED)


def _handed_over(known: Known, heard: Heard) -> bool:
    # Nobody in another team has heard of it. But the first team an incident names is no news if it
    # was paged: the incident has that from us.
    if heard.team is None or heard.team == known.team:
        return False
    return known.team is not None or heard.team not in known.paged


def _still_open_while_paging(known: Known, heard: Heard) -> Reaction:
    # The team is news only if it differs from what the incident said before: the run may have been
    # handed to another team by hand, and the incident hears of that later.
    if heard.team is not None and heard.team not in (known.team, known.running_team):
        return Reaction(Action.RESTART, Reason.TEAM_CHANGED)
    if heard.rises:
        # By the policy from its beginning, at the new rank, and out of working hours if need be.
        return Reaction(Action.RESTART, Reason.SEVERITY_ROSE)
    return Reaction(Action.LEAVE, Reason.ALREADY_PAGING)


# --- a step is due ----------------------------------------------------------------------------


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


# --- whom a step pages ------------------------------------------------------------------------


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
    wanted, reason = _wanted(step, roster)
    reached = _reachable(wanted, roster)
    if reached:
        return Choice(reached, reason)

    why = Reason.NOBODY_REACHABLE_FALLBACK if wanted else Reason.NOBODY_ON_CALL_FALLBACK
    fallback = _reachable((roster.fallback,) if roster.fallback else (), roster)
    if fallback:
        return Choice(fallback, why, gap=True)
    last_resort = _reachable(roster.last_resort, roster)
    if last_resort:
        return Choice(last_resort, Reason.LAST_RESORT, gap=True)
    return Choice((), Reason.NOBODY_AT_ALL, gap=True)


def _wanted(step: Step, roster: Roster) -> tuple[tuple[UUID, ...], Reason]:
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


def _reachable(people: tuple[UUID, ...], roster: Roster) -> tuple[UUID, ...]:
    return tuple(dict.fromkeys(person for person in people if person in roster.reachable))
