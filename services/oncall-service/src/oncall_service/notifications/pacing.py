"""How many messages a contact method gets, and what a message that stands for many says. Pure.

A burst goes out as it comes, then one message an interval; what has to wait is bundled, the worst
first. Where trouble comes in company the last of the burst is kept for a first page of the worst
severity, so that a storm of lesser trouble never stands in front of it. A storm takes seconds to
come in: the last message that may go out waits a moment after the one before it, and then says all
that has come by then. However much happens, nobody gets more than the burst and one message for
each interval.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeVar

from shared.contracts.wire import Severity
from shared.urgency import Occasion, urgency

MOST_IN_A_BUNDLE = 2_000

# So soon after the last message more is taken for the beginning of a storm.
COMPANY = timedelta(seconds=5)
# A storm that still comes in is waited for, but nobody is to hear of its first trouble later than
# ten seconds after it came.
LONGEST_COMPANY = timedelta(seconds=8)
COMES_STILL = timedelta(seconds=1)

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
    """What is left of a contact method's burst at an instant: that of its last message."""

    tokens: float
    as_of: datetime

    def at(self, now: datetime, rate: Rate) -> "Allowance":
        """What it has grown to; a clock that was set back makes it no smaller."""
        grown = max(timedelta(), now - self.as_of) / rate.interval
        return Allowance(min(float(rate.burst), self.tokens + grown), now)

    def without(self, messages: int) -> "Allowance":
        """What is left after so many more."""
        return Allowance(self.tokens - messages, self.as_of)


def spendable(
    left: Allowance, rate: Rate, now: datetime, *, waiting: int, most_urgent: bool
) -> int:
    """How many messages may go out now, with so many waiting to be said.

    The last of the burst goes to what is most urgent, or to what stands alone: one thing more than
    fits without it, and nothing was said just before.
    """
    messages = int(left.at(now, rate).tokens + _ALMOST)
    lesser = max(0, messages - rate.kept_back)
    alone = lesser < waiting <= messages and now - left.as_of >= COMPANY
    return messages if most_urgent or alone else lesser


@dataclass(frozen=True, slots=True)
class Queue:
    """What waits to be said, without what is only news.

    ``newest`` is when the last of it was owed, ``most_urgent`` how many of it are first pages of
    the worst severity.
    """

    count: int
    most_urgent: int
    newest: datetime


def last_waits(left: Allowance, rate: Rate, now: datetime, queue: Queue, messages: int) -> bool:
    """Whether the last of so many messages is not sent yet, for more may come that it has to say.

    It is what the rest of a storm has for an interval. Who gets it has heard a moment ago. While
    more comes in it is waited for a little longer; not by one page of the worst severity alone.
    """
    if messages == 0 or queue.count < messages:
        return False
    since = now - left.as_of
    comes_still = (
        queue.most_urgent != 1 and since < LONGEST_COMPANY and now - queue.newest < COMES_STILL
    )
    just_now = timedelta() <= since and (since < COMPANY or comes_still)
    return messages > 1 or (left.tokens < rate.burst and just_now)


def portions(
    waiting: Sequence[Item], messages: int, *, last_waits: bool = False
) -> list[list[Item]]:
    """What each message carries: one each as long as they suffice, all that is left in the last.

    ``waiting`` is in the order of urgency. At most ``MOST_IN_A_BUNDLE`` travel together.
    """
    if messages <= 0 or not waiting:
        return []
    if last_waits:
        return [[item] for item in waiting[: messages - 1]]
    if len(waiting) <= messages:
        return [[item] for item in waiting]
    alone = [[item] for item in waiting[: messages - 1]]
    return [*alone, list(waiting[messages - 1 :][:MOST_IN_A_BUNDLE])]
