"""What senders are refused is counted and kept: most of them lose the alerts of such a request."""

from typing import Final

import structlog

from alert_ingestion import metrics
from alert_ingestion.formats.bounds import LONGEST_VALUE, cut
from alert_ingestion.formats.reading import storable
from alert_ingestion.store import integrations
from shared.auth import hash_token
from shared.clock import Clock
from shared.counters import Increments, add
from shared.database import Connection, Database
from shared.errors import Unavailable

UNKNOWN: Final = "unknown"
"""Stands for the integration of a key that nobody knows."""

_log: Final = structlog.get_logger(__name__)


class Refusals:
    """Counts every 4xx to a sender, and keeps the last one on its integration.

    A stranger costs no transaction: what is refused to keys that nobody knows is counted in memory
    and written with the next scrape.
    """

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        self._strangers: dict[str, int] = {}

    async def note(self, key: str | None, reason: str, detail: str) -> None:
        """Count one refusal; trouble of the database is logged, for the answer is out already."""
        try:
            async with self._database.transaction() as connection:
                known = await integrations.named_by_key_hash(connection, hash_token(key or ""))
                if known is None:
                    self._strangers[reason] = self._strangers.get(reason, 0) + 1
                    return
                integration_id, name = known
                said = cut(storable(detail), LONGEST_VALUE)
                now = self._clock.now()
                await integrations.note_error(connection, integration_id, reason, said, now)
                counted = Increments()
                counted.inc(metrics.REFUSED, integration=name, reason=reason)
                await add(connection, counted)
        except Unavailable as error:
            _log.warning("refusal_not_counted", reason=reason, error=error.detail)

    async def write_strangers(self, connection: Connection) -> None:
        """Write what was counted in memory, in a transaction that ends with this."""
        counted, self._strangers = self._strangers, {}
        increments = Increments()
        for reason, times in counted.items():
            increments.inc(metrics.REFUSED, times, integration=UNKNOWN, reason=reason)
        try:
            await add(connection, increments)
        except BaseException:
            for reason, times in counted.items():
                self._strangers[reason] = self._strangers.get(reason, 0) + times
            raise
