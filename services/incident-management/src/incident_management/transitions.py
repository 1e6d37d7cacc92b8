"""The life of an incident: which state may follow which, and what each step stamps.

Pure: the incident's present in, a decision with a named reason out. The reason becomes the
timeline's entry, the log field and, for a refusal, the problem's ``reason``.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from shared.contracts.incidents import Status

ALLOWED: Mapping[Status, tuple[Status, ...]] = {
    Status.OPEN: (Status.ACKNOWLEDGED, Status.IN_PROGRESS, Status.RESOLVED),
    Status.ACKNOWLEDGED: (Status.IN_PROGRESS, Status.RESOLVED, Status.OPEN),
    Status.IN_PROGRESS: (Status.ACKNOWLEDGED, Status.RESOLVED),
    Status.RESOLVED: (),
}
"""What may follow. Resolved is final: what comes again is a recurrence with an id of its own."""

UNDO_WITHIN = timedelta(seconds=15)
"""So soon whoever resolved an incident by a slip of the hand can take that back."""


class Verdict(StrEnum):
    """What is to happen with a request for a state."""

    CHANGE = "change"
    KEEP = "keep"
    REFUSE = "refuse"


class Reason(StrEnum):
    """Why."""

    ACKNOWLEDGED = "acknowledged"
    WORK_STARTED = "work_started"
    WORK_PAUSED = "work_paused"
    RELEASED = "released"
    RESOLVED = "resolved"
    ALREADY_THERE = "already_there"
    RESOLVED_IS_FINAL = "resolved_is_final"
    MERGED_IS_FINAL = "merged_is_final"
    WORK_HAS_STARTED = "work_has_started"
    WORSE_ALERT_JOINED = "worse_alert_joined"
    NOT_OVER = "not_over"
    RESOLVED_BY_RULE = "resolved_by_rule"
    RESOLVED_BY_ANOTHER = "resolved_by_another"
    TOO_LATE = "too_late"
    CAME_AGAIN = "came_again"


@dataclass(frozen=True)
class Decision:
    """The verdict on one request; ``allowed`` are the states that would have been accepted."""

    verdict: Verdict
    reason: Reason
    allowed: tuple[Status, ...]


@dataclass(frozen=True)
class Life:
    """Where an incident is and when it got there.

    ``acknowledged_at`` and ``in_progress_at`` are the first times, so that releasing an incident
    and taking it again leaves MTTA as it was. ``resolved_from`` is the state before the end.
    """

    status: Status
    acknowledged_at: datetime | None = None
    acknowledged_by: str | None = None
    in_progress_at: datetime | None = None
    resolved_at: datetime | None = None
    resolved_by: str | None = None
    resolved_from: Status | None = None


def decide(current: Status, wanted: Status, *, merged: bool = False) -> Decision:
    """Whether an incident in ``current`` may go to ``wanted``.

    Asking for the state it is in is no error (two people press the same button): nothing changes.
    A merged incident has no life of its own any more.
    """
    if merged:
        return Decision(Verdict.REFUSE, Reason.MERGED_IS_FINAL, ())
    allowed = ALLOWED[current]
    if wanted is current:
        return Decision(Verdict.KEEP, Reason.ALREADY_THERE, allowed)
    if wanted in allowed:
        return Decision(Verdict.CHANGE, _reason(current, wanted), allowed)
    refusal = Reason.RESOLVED_IS_FINAL if current is Status.RESOLVED else Reason.WORK_HAS_STARTED
    return Decision(Verdict.REFUSE, refusal, allowed)


def _reason(current: Status, wanted: Status) -> Reason:
    match wanted:
        case Status.OPEN:
            return Reason.RELEASED
        case Status.ACKNOWLEDGED:
            return Reason.WORK_PAUSED if current is Status.IN_PROGRESS else Reason.ACKNOWLEDGED
        case Status.IN_PROGRESS:
            return Reason.WORK_STARTED
        case Status.RESOLVED:
            return Reason.RESOLVED


def step(life: Life, wanted: Status, *, at: datetime, by: str | None) -> Life:
    """The life after an allowed step; ``by`` names who did it, None when a rule did.

    Starting to work on an open incident acknowledges it: somebody has seen it, and MTTA measures
    exactly that.
    """
    match wanted:
        case Status.OPEN:
            return replace(life, status=wanted)
        case Status.ACKNOWLEDGED:
            return replace(_acknowledge(life, at, by), status=wanted)
        case Status.IN_PROGRESS:
            seen = _acknowledge(life, at, by)
            return replace(seen, status=wanted, in_progress_at=life.in_progress_at or at)
        case Status.RESOLVED:
            return replace(
                life, status=wanted, resolved_at=at, resolved_by=by, resolved_from=life.status
            )


def refusal_to_undo(
    life: Life, *, by_rule: bool, same_hand: bool, again: bool, now: datetime
) -> Reason | None:
    """Why a resolution cannot be taken back; None when it can.

    ``same_hand``: whoever asks is who resolved it; ``again``: what was resolved has come again, or
    another recurrence has its place.
    """
    if life.resolved_at is None:
        return Reason.NOT_OVER
    if by_rule:
        return Reason.RESOLVED_BY_RULE
    if not same_hand:
        return Reason.RESOLVED_BY_ANOTHER
    if now - life.resolved_at > UNDO_WITHIN:
        return Reason.TOO_LATE
    return Reason.CAME_AGAIN if again else None


def undo_resolution(life: Life) -> Life:
    """The life of an incident whose resolution was drawn too early.

    By rule, when an alert that had begun before it is delivered after it (see ``attachments``); by
    a slip of the hand, when it is taken back at once (``refusal_to_undo``).
    """
    return replace(
        life,
        status=life.resolved_from or Status.OPEN,
        resolved_at=None,
        resolved_by=None,
        resolved_from=None,
    )


def _acknowledge(life: Life, at: datetime, by: str | None) -> Life:
    if life.acknowledged_at is not None:
        return life
    return replace(life, acknowledged_at=at, acknowledged_by=by)
