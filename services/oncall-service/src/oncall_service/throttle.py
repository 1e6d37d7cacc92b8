"""How many attempts to sign in are too many. Pure."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

WINDOW = timedelta(minutes=15)


@dataclass(frozen=True, slots=True)
class Limits:
    """Failed attempts within the window that are let through.

    A user from one address gets few; an address more, for the office behind one router; a user
    from everywhere many, so that a stranger cannot easily lock somebody out.
    """

    pair: int = 5
    address: int = 30
    user: int = 60


def wait_seconds(
    now: datetime,
    limits: Limits,
    *,
    pair: Sequence[datetime],
    address: Sequence[datetime],
    user: Sequence[datetime],
) -> int:
    """Seconds until another attempt is let through; 0 means now.

    Each sequence holds the instants of earlier failed attempts, in any order.
    """
    waits = (
        _wait(now, pair, limits.pair),
        _wait(now, address, limits.address),
        _wait(now, user, limits.user),
    )
    return max(waits)


def _wait(now: datetime, attempts: Sequence[datetime], limit: int) -> int:
    recent = sorted(at for at in attempts if at > now - WINDOW)
    if len(recent) < limit:
        return 0
    # The attempt whose leaving of the window brings the count under the limit.
    frees = recent[len(recent) - limit] + WINDOW
    return max(1, math.ceil((frees - now).total_seconds()))
