"""What alert-ingestion's public API answers, as its clients read it."""

from datetime import datetime

from shared.contracts.wire import Wire


class MinuteCount(Wire):
    """Alerts received in the minute that begins at ``at``."""

    at: datetime
    received: int


class AlertRate(Wire):
    """``GET /api/v1/alerts/rate``: the minutes up to this one, oldest first, none left out.

    The last one is not over yet. Received are alerts, with repetitions and resolutions. ``firing``
    and ``silenced`` are so many now, and at most ``COUNTED_AT_MOST``.
    """

    minutes: list[MinuteCount]
    firing: int
    silenced: int


COUNTED_AT_MOST = 100_000
"""More than so many alerts are not counted for a page."""
