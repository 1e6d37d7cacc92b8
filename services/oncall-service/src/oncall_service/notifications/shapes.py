"""Messages to people and what became of them, as the API shows them."""

from enum import StrEnum


class NotificationOutcome(StrEnum):
    """What became of a notification."""

    PENDING = "pending"
    SENT = "sent"
    FAILED = "failed"
    CANCELLED = "cancelled"
