"""Messages to people and what became of them, as the API shows them."""

from enum import StrEnum

from shared.contracts.wire import Text, Wire


class NotificationOutcome(StrEnum):
    """What became of a notification."""

    PENDING = "pending"
    SENT = "sent"
    FAILED = "failed"
    CANCELLED = "cancelled"


class PushKey(Wire):
    """The public half of the key for Web Push: an uncompressed point of P-256 in base64url.

    null: this installation has none, and no browser can subscribe.
    """

    public_key: Text | None
