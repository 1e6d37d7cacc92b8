"""When is a heartbeat missed? Pure rules over (what is expected, when it was heard, now)."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum


class State(StrEnum):
    """How an expected heartbeat is.

    ``new``: it was never heard, so nobody misses it. ``late``: its interval is over, its grace is
    not.
    """

    NEW = "new"
    ALIVE = "alive"
    LATE = "late"
    MISSED = "missed"
    PAUSED = "paused"


@dataclass(frozen=True, slots=True)
class Expected:
    """How often a heartbeat is to be heard, and how much later it may be."""

    interval: timedelta
    grace: timedelta
    paused: bool = False

    def missed_from(self, last_at: datetime) -> datetime:
        """The instant from which it is missed."""
        return last_at + self.interval + self.grace

    def state(self, last_at: datetime | None, now: datetime) -> State:
        """How it is now."""
        if self.paused:
            return State.PAUSED
        if last_at is None:
            return State.NEW
        if now >= self.missed_from(last_at):
            return State.MISSED
        return State.LATE if now >= last_at + self.interval else State.ALIVE


def fingerprint_of(name: str) -> str:
    """The identity of the alert that a heartbeat is missed."""
    return f"heartbeat:{name}"
