"""Tells somebody outside that this installation is alive, who calls when that stops.

Nobody can page about their own death. While Prometheus says that it evaluates its rules (the
heartbeat of its always-firing alert) and the canary walks and comes back, a URL is asked every
minute; a service for dead man's switches listens there.
"""

import asyncio
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

import httpx
import structlog

from alert_ingestion import metrics
from alert_ingestion.metrics import Ping
from alert_ingestion.store import canary, heartbeats
from shared.clock import Clock
from shared.counters import Increments, add
from shared.database import Database

HEARTBEAT_FRESH_FOR: Final = timedelta(minutes=5)
TIMEOUT_SECONDS: Final = 10.0

_log: Final = structlog.get_logger(__name__)


@dataclass(frozen=True)
class DeadMan:
    """Asks ``url``, which is a secret: whoever knows it can say that we live.

    ``canary_within`` is how old the last good walk of the canary may be; zero where none walks.
    """

    database: Database
    clock: Clock
    url: str
    canary_within: timedelta

    async def ping(self) -> None:
        """Ask, unless there is something that somebody outside has to know (run by an engine)."""
        reason = await self._ailment()
        if reason is not None:
            _log.warning("deadman_withheld", reason=reason)
        outcome = await self._ask() if reason is None else Ping.WITHHELD
        counted = Increments()
        counted.inc(metrics.PINGS, outcome=outcome)
        async with self.database.transaction() as connection:
            await add(connection, counted)

    async def _ailment(self) -> str | None:
        async with self.database.transaction() as connection:
            heard = (await heartbeats.last(connection)).get(heartbeats.PROMETHEUS)
            walk = await canary.last_over(connection) if self.canary_within else None
        if heard is None or self.clock.now() - heard >= HEARTBEAT_FRESH_FOR:
            return "heartbeat_missing"
        if walk is None:
            return None
        if walk.resolved_at is None:
            return "canary_failed"
        if walk.resolved_at < self.clock.now() - self.canary_within:
            return "canary_silent"
        return None

    async def _ask(self) -> Ping:
        # Errors of httpx and answers may repeat the URL: their kind says enough.
        host = httpx.URL(self.url).host
        try:
            async with (
                asyncio.timeout(TIMEOUT_SECONDS),
                httpx.AsyncClient(timeout=TIMEOUT_SECONDS, follow_redirects=False) as client,
                client.stream("GET", self.url) as answer,
            ):
                if answer.is_success:
                    return Ping.SENT
                _log.warning("deadman_unheard", host=host, status=answer.status_code)
        except (httpx.HTTPError, TimeoutError) as error:
            _log.warning("deadman_unheard", host=host, error=type(error).__name__)
        return Ping.FAILED
