"""A clock that moves when a test says so."""

from datetime import UTC, datetime, timedelta

# A Monday morning, outside of any daylight-saving change.
DEFAULT_START = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


class ManualClock:
    """Implements ``shared.clock.Clock``: stands still until it is moved."""

    def __init__(self, start: datetime = DEFAULT_START) -> None:
        if start.tzinfo is None:
            raise ValueError("a clock needs an aware datetime")
        self._now = start.astimezone(UTC)

    def now(self) -> datetime:
        """The current instant, aware, in UTC."""
        return self._now

    def advance(self, by: timedelta | None = None, **parts: float) -> datetime:
        """Move forward, ``advance(minutes=5)`` or ``advance(timedelta(...))``; the new instant."""
        step = (by or timedelta()) + timedelta(**parts)
        if step < timedelta():
            raise ValueError("time does not go back: use set() if a test really needs that")
        self._now += step
        return self._now

    def set(self, instant: datetime) -> None:
        """Jump to an instant, also into the past (a machine whose clock was corrected)."""
        if instant.tzinfo is None:
            raise ValueError("a clock needs an aware datetime")
        self._now = instant.astimezone(UTC)
