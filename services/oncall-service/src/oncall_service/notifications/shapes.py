"""Messages to people and what became of them, as the API shows them."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from shared.contracts.wire import Ref, Text, Wire


class NotificationOutcome(StrEnum):
    """What became of a notification."""

    PENDING = "pending"
    SENT = "sent"
    FAILED = "failed"
    CANCELLED = "cancelled"


class AttemptView(Wire):
    """One try to deliver."""

    at: datetime
    outcome: Text
    detail: Text


class NotificationView(Wire):
    """A message to a person and what became of it.

    ``outcome`` is pending, sent, failed or cancelled; ``reason`` is why this person was chosen.
    ``kind`` is page, more_alerts or test. Those with the same ``bundle_id`` are one message;
    null: a message of its own, or none yet.
    """

    id: UUID
    kind: Text
    incident_id: UUID | None
    escalation_id: UUID | None
    round: int | None
    step: int | None
    person: Ref | None
    channel: Text
    target: Text
    reason: Text
    title: Text
    outcome: Text
    detail: Text
    idempotency_key: Text
    bundle_id: UUID | None
    created_at: datetime
    finished_at: datetime | None
    attempts: list[AttemptView]
