"""Calendars, what is put over them, and what they make of trouble, as clients read it."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from shared.contracts.oncall_api import OnDuty
from shared.contracts.wire import Ref, Severity, Text, Wire


class Duty(StrEnum):
    """Paged first, or when the first does not answer."""

    PRIMARY = "primary"
    SECONDARY = "secondary"


class Origin(StrEnum):
    """Why somebody is on call: their turn in a layer, or what was put over the layers."""

    LAYER = "layer"
    OVERRIDE = "override"
    SWAP = "swap"
    IMPORT = "import"


class OverrideView(Wire):
    """An override as stored; pages do not find a person who is not ``reachable``."""

    id: UUID
    schedule: Ref
    team: Ref
    person: OnDuty
    role: Duty
    start: datetime
    end: datetime
    note: Text
    kind: Origin
    created_by: Text
    created_at: datetime


class SwapStatus(StrEnum):
    """What became of an offer."""

    OPEN = "open"
    ACCEPTED = "accepted"
    DECLINED = "declined"
    WITHDRAWN = "withdrawn"
    EXPIRED = "expired"


class SwapView(Wire):
    """An offer and what became of it; ``override_id`` is what it was accepted by."""

    id: UUID
    schedule: Ref
    team: Ref
    giver: Ref
    to: Ref | None
    taker: Ref | None
    role: Duty
    start: datetime
    end: datetime
    note: Text
    status: SwapStatus
    override_id: UUID | None
    created_at: datetime
    decided_at: datetime | None


class FeedView(Wire):
    """A calendar to subscribe to; its address is shown only when it is made."""

    id: UUID
    person: Ref | None
    schedule: Ref | None
    created_by: Text
    created_at: datetime
    revoked_at: datetime | None


class FeedCreated(FeedView):
    """``path`` on this service is secret: whoever has it reads the calendar."""

    path: Text


class EntryKind(StrEnum):
    """What a run does at an instant."""

    PAGE = "page"
    CAME_ON_CALL = "came_on_call"
    CALL = "call"
    GAP = "gap"
    NOBODY = "nobody"
    UNREACHABLE = "unreachable"
    SKIPPED = "skipped"
    ENDED = "ended"


class SequenceEntry(Wire):
    """What happens at an instant, by which step (``round`` and ``step`` from 0), and why.

    ``on_call_by`` is the layer, or ``override``, ``swap`` or ``import``, by which the person is on
    call then.
    """

    at: datetime
    kind: EntryKind
    round: int | None = None
    step: int | None = None
    person: Ref | None = None
    reason: Text
    why: Text
    on_call_by: Text | None = None


class MessageView(Wire):
    """A message that would be sent: to whom, by what, when, for which step, after which delay."""

    at: datetime
    person: Ref | None
    channel: Text
    target: Text
    contact_method_id: UUID
    delay_minutes: int
    round: int
    step: int
    reason: Text
    why: Text


class SimulationView(Wire):
    """The sequence of a run, and its messages in the order in which they are sent.

    ``cut``: there is more of it than is told.
    """

    team: Ref
    policy: Text
    severity: Severity
    at: datetime
    until: datetime
    acknowledged_by: Ref | None
    acknowledged_at: datetime | None
    cut: bool
    sequence: list[SequenceEntry]
    messages: list[MessageView]
