"""How many messages a contact method gets, and what a message that stands for many says. Pure.

A burst goes out as it comes, then one message an interval; what has to wait is bundled, the worst
first. The last of the burst is kept for a first page of the worst severity, so that a storm of
lesser trouble never stands in front of it. However much happens, nobody gets more than the burst
and one message for each interval.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeVar

from shared.contracts.wire import Severity
from shared.urgency import Occasion, urgency

MOST_IN_A_BUNDLE = 2_000

# Rounding must not cost a whole interval.
_ALMOST = 1e-6

MOST_URGENT = urgency(Occasion.FIRST_WORD, Severity.CRITICAL)

Item = TypeVar("Item")


@dataclass(frozen=True, slots=True)
class Rate:
    """``burst`` messages at once, then one an ``interval``."""

    burst: int = 3
    interval: timedelta = timedelta(minutes=1)

    @property
    def kept_back(self) -> int:
        """How much of the burst is kept for what is most urgent."""
        return 1 if self.burst > 1 else 0


@dataclass(frozen=True, slots=True)
class Allowance:
    """What is left of a contact method's burst at an instant."""

    tokens: float
    as_of: datetime

    def at(self, now: datetime, rate: Rate) -> "Allowance":
        """What it has grown to; a clock that was set back makes it no smaller."""
        grown = max(timedelta(), now - self.as_of) / rate.interval
        return Allowance(min(float(rate.burst), self.tokens + grown), now)

    def spendable(self, rate: Rate, *, most_urgent: bool) -> int:
        """How many messages may go out now."""
        kept_back = 0 if most_urgent else rate.kept_back
        return max(0, int(self.tokens + _ALMOST) - kept_back)

    def without(self, messages: int) -> "Allowance":
        """What is left after so many more."""
        return Allowance(self.tokens - messages, self.as_of)


def portions(waiting: Sequence[Item], messages: int) -> list[list[Item]]:
    """What each message carries: one each as long as they suffice, all that is left in the last.

    ``waiting`` is in the order of urgency. At most ``MOST_IN_A_BUNDLE`` travel together.
    """
    if messages <= 0 or not waiting:
        return []
    if len(waiting) <= messages:
        return [[item] for item in waiting]
    alone = [[item] for item in waiting[: messages - 1]]
    return [*alone, list(waiting[messages - 1 :][:MOST_IN_A_BUNDLE])]
