"""What an event means for the pages of an incident: page, stop, or leave it. Pure."""

from dataclasses import dataclass
from enum import StrEnum

from oncall_service.paging.reasons import Reason
from shared.contracts.incidents import Status


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

    ``released``, ``worse`` and ``again`` say why an incident that somebody had taken is open again;
    ``rises``: it is graver than what was last heard of it.
    """

    revision: int
    status: Status
    team: str | None = None
    released: bool = False
    merged: bool = False
    worse: bool = False
    again: Reason | None = None
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
    if known.status is not Status.OPEN or heard.released or heard.worse or heard.again:
        reason = Reason.WORSE_ALERT_JOINED if heard.worse else heard.again or Reason.RELEASED
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
