"""What the time machine answers."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from shared.contracts.wire import Ref, Severity, Text, Wire


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
