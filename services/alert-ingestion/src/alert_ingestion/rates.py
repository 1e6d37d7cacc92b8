"""How many requests of one integration are taken: so many a minute, some of them at once.

Counted by each process for itself, so that nobody waits for anybody: with several workers or
replicas each takes as many.
"""

import math
from collections import OrderedDict
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

_AT_ONCE: Final = 6
"""The part of a minute's requests that may come at once: a sixth."""

_MOST_KNOWN: Final = 10_000


@dataclass(slots=True)
class _Bucket:
    left: float
    at: datetime


class Rates:
    """Counts requests of integrations."""

    def __init__(self) -> None:
        self._buckets: OrderedDict[UUID, _Bucket] = OrderedDict()

    def wait(self, integration_id: UUID, a_minute: int, now: datetime) -> int:
        """Take one request in, and answer 0; or the seconds until there is room for one more."""
        if a_minute == 0:
            return 0
        most = max(1.0, a_minute / _AT_ONCE)
        bucket = self._buckets.get(integration_id)
        if bucket is None:
            bucket = self._buckets[integration_id] = _Bucket(most, now)
            if len(self._buckets) > _MOST_KNOWN:
                self._buckets.popitem(last=False)
        a_second = a_minute / 60
        # A clock that was set back gives nothing.
        came = max(0.0, (now - bucket.at).total_seconds()) * a_second
        bucket.left, bucket.at = min(most, bucket.left + came), now
        if bucket.left >= 1:
            bucket.left -= 1
            return 0
        return max(1, math.ceil((1 - bucket.left) / a_second))
