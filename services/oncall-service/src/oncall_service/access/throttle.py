"""How guessing a password is slowed down without keeping out who knows it. Pure.

Nobody is locked out: after a few failures each further attempt waits, the longer the more there
were, and never longer than ``LONGEST_SECONDS``. From a place (an address, a browser) where the
person has signed in before, only what failed at that very place counts, so that nobody elsewhere
can make them wait; and short waits are waited out by the server instead of being refused.
"""

import ipaddress
import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

WINDOW = timedelta(minutes=15)
LONGEST_SECONDS = 30
# At a known place: what the server waits out. Well below web-ui's own patience with this service.
HELD_SECONDS = 2


@dataclass(frozen=True, slots=True)
class Limits:
    """Failed attempts within the window that cost nothing.

    A user from one address gets few; an address more, for the office behind one router; a user
    from everywhere more still. At a known place, up to ``known_held`` cost a few seconds each.
    """

    pair: int = 5
    address: int = 30
    user: int = 60
    known: int = 10
    known_held: int = 60


def wait_seconds(
    now: datetime,
    limits: Limits,
    *,
    pair: Sequence[datetime],
    address: Sequence[datetime] = (),
    user: Sequence[datetime] = (),
) -> int:
    """Seconds until another attempt is let through; 0 means now.

    Each sequence holds the instants of earlier failed attempts, in any order.
    """
    return max(
        _wait(now, times, growing(_recent(now, times), limit))
        for times, limit in (
            (pair, limits.pair),
            (address, limits.address),
            (user, limits.user),
        )
    )


def known_wait_seconds(now: datetime, limits: Limits, attempts: Sequence[datetime]) -> int:
    """The same at a known place; up to ``HELD_SECONDS`` are for the server to wait."""
    recent = _recent(now, attempts)
    if recent < limits.known_held:
        pause = min(max(0, recent - limits.known + 1), HELD_SECONDS)
    else:
        pause = growing(recent + 2, limits.known_held)
    return _wait(now, attempts, pause)


def growing(failures: int, free: int) -> int:
    """The pause after the last of so many failures, in seconds: 1, 2, 4 ... ``LONGEST_SECONDS``."""
    if failures < free:
        return 0
    return min(1 << min(failures - free, 10), LONGEST_SECONDS)


def network_of(address: str) -> str:
    """What counts as one address: whoever has an IPv6 address has 2**64 of them."""
    try:
        parsed = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if isinstance(parsed, ipaddress.IPv6Address):
        if parsed.ipv4_mapped is not None:
            return str(parsed.ipv4_mapped)
        return str(ipaddress.ip_network((parsed, 64), strict=False))
    return str(parsed)


def _recent(now: datetime, attempts: Sequence[datetime]) -> int:
    return sum(at > now - WINDOW for at in attempts)


def _wait(now: datetime, attempts: Sequence[datetime], pause: int) -> int:
    if not pause:
        return 0
    return max(0, math.ceil((max(attempts) - now).total_seconds() + pause))
