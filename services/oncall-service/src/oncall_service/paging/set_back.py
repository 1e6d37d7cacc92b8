"""A machine's clock that was set back must not delay a page: what was due in five minutes stays so.

Due times are written as instants, so that any replica can act on them. When the clock goes back
they lie further ahead than they should, by as much as it went back.
"""

from datetime import datetime, timedelta

import structlog

from oncall_service.core.core import Core
from oncall_service.core.store import clock_marks
from oncall_service.notifications.store import rows as notifications
from oncall_service.paging import store

# Clocks of replicas differ a little, and are slewed; less than this is nobody's loss.
TOLERANCE = timedelta(seconds=2)
# Before a process has seen the time itself it takes more to believe that the clock was set back,
# and not that another replica's runs ahead.
TOLERANCE_AT_START = timedelta(minutes=1)

_log = structlog.get_logger(__name__)


class SetBack:
    """Notices it, and brings due times along (run by an engine, on every replica)."""

    def __init__(self, core: Core) -> None:
        self._core = core
        self._before: datetime | None = None

    async def mend(self) -> timedelta:
        """By how much due times were brought forward; zero while the clock runs as it should."""
        now = self._core.clock.now()
        before = self._before
        tolerance = TOLERANCE_AT_START if before is None else TOLERANCE
        async with self._core.database.session() as session:
            # The latest instant any replica has seen; the first to notice mends it for all.
            seen = await clock_marks.latest(session, now)
            went_back = before is None or before - now > tolerance
            if not (went_back and seen - now > tolerance):
                by = timedelta()
                await clock_marks.note(session, max(seen, now))
            else:
                by = seen - now
                await store.bring_forward(session, by)
                await notifications.bring_forward(session, by, now)
                await clock_marks.note(session, now)
        # Only now: what could not be mended is noticed again.
        self._before = now
        if not by:
            return by
        _log.warning("clock_was_set_back", seconds=by.total_seconds())
        return by
