"""Subscriptions of Amazon's SNS: what it sends before it sends alerts.

A topic asks its subscriber to confirm by visiting an address. We visit none but SNS's own.
"""

import re
from typing import Any, Final
from urllib.parse import urlsplit

import msgspec

_MARK: Final = b"SubscribeURL"
_HOST: Final = re.compile(r"sns\.[a-z0-9-]{1,40}\.amazonaws\.com(\.cn)?")


def is_about_subscription(value: Any) -> bool:
    """Whether a body asks to confirm that alerts are wanted, or wanted no more."""
    return (
        isinstance(value, dict)
        and value.get("Type") in ("SubscriptionConfirmation", "UnsubscribeConfirmation")
        and "SubscribeURL" in value
    )


def address_to_confirm(body: bytes) -> str | None:
    """The address that a body asks to visit so that alerts come; None for any other body."""
    if _MARK not in body:
        return None
    try:
        value = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    if not is_about_subscription(value) or value["Type"] != "SubscriptionConfirmation":
        return None
    url = value["SubscribeURL"]
    return url if isinstance(url, str) else None


def is_of_sns(url: str) -> bool:
    """Whether an address is SNS's own: https, the exact host of a region, no port, no user."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    if not url.isascii() or not url.isprintable():
        return False
    # The whole of what stands before the path, so that neither a user nor a port is part of it.
    return parts.scheme == "https" and _HOST.fullmatch(parts.netloc) is not None
