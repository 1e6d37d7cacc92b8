"""Points in time as senders write them."""

from datetime import UTC, datetime
from typing import Any, Final

from pydantic import TypeAdapter, ValidationError

from shared.contracts.wire import Instant

_INSTANT: Final[TypeAdapter[datetime]] = TypeAdapter(Instant)


def lenient(value: Any) -> datetime | None:
    """The instant that a text names, in UTC; without a zone it is taken for UTC.

    None for what names none, or an absurd one: a sender's clock decides nothing that would be worth
    losing an alert for.
    """
    if not isinstance(value, str):
        return None
    # PagerDuty's own client writes two zones: "+00:00Z".
    text = value.strip()
    if text.endswith("+00:00Z"):
        text = text.removesuffix("Z")
    try:
        read = datetime.fromisoformat(text)
        return _INSTANT.validate_python(read if read.tzinfo else read.replace(tzinfo=UTC))
    except (ValueError, OverflowError, ValidationError):
        return None


# Beyond this many seconds since 1970 (the year 5138) a number is one of milliseconds.
_MOST_SECONDS: Final = 100_000_000_000


def of_any(value: Any) -> datetime | None:
    """The instant that a text names, or a number of seconds or milliseconds since 1970."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return lenient(value)
    try:
        seconds = value / 1000 if abs(value) > _MOST_SECONDS else value
        return _INSTANT.validate_python(datetime.fromtimestamp(seconds, UTC))
    except (ValueError, OverflowError, OSError, ValidationError):
        return None
