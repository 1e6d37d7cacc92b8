"""Confirms to Amazon's SNS that its alerts are wanted, where an integration says so.

SNS sends nothing before somebody visits the address in its first message. That address comes from
outside, so it is visited only for an integration whose admin allowed it, and only at SNS itself.
"""

import asyncio
from typing import Final
from uuid import UUID

import httpx
import structlog

from alert_ingestion.formats.sns import is_of_sns
from alert_ingestion.store import integrations
from shared.asking import answer
from shared.auth import hash_token
from shared.clock import Clock
from shared.database import Database
from shared.errors import Unavailable

NOT_CONFIRMED: Final = "subscription_not_confirmed"
TIMEOUT_SECONDS: Final = 10.0

# Whoever has a key can ask for it as often as they like.
_MOST_AT_ONCE: Final = 5

_log: Final = structlog.get_logger(__name__)


class Subscriptions:
    """Visits in the background, after the request was stored and answered.

    SNS repeats what nobody confirmed when its owner asks it to, so what a stop of the process
    leaves out is not lost.
    """

    def __init__(
        self,
        database: Database,
        clock: Clock,
        *,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self._database = database
        self._clock = clock
        self._client = httpx.AsyncClient(
            timeout=TIMEOUT_SECONDS, follow_redirects=False, transport=transport
        )
        self._visits: set[asyncio.Task[None]] = set()

    async def start(self) -> None:
        """Nothing to open: connections are made on first use."""

    async def stop(self) -> None:
        """Give up what is under way."""
        for visit in self._visits:
            visit.cancel()
        await asyncio.gather(*self._visits, return_exceptions=True)
        await self._client.aclose()

    def confirm(self, key: str | None, url: str) -> None:
        """Visit ``url`` soon for the integration of a key, if it is allowed to be."""
        if len(self._visits) >= _MOST_AT_ONCE:
            _log.warning(NOT_CONFIRMED, reason="too many at once")
            return
        visit = asyncio.create_task(self._confirm(hash_token(key or ""), url))
        self._visits.add(visit)
        visit.add_done_callback(self._visits.discard)

    async def _confirm(self, key_hash: str, url: str) -> None:
        try:
            async with self._database.transaction() as connection:
                found = await answer(
                    connection, integrations.by_key_hashes([key_hash], self._clock.now())
                )
            if (integration := found.get(key_hash)) is None:
                return
            if not integration.confirm_subscriptions:
                _log.info("subscription_waits", integration=integration.name)
                return
            failure = await self._visit(url)
            if failure is None:
                _log.info("subscription_confirmed", integration=integration.name)
                return
            _log.warning(NOT_CONFIRMED, integration=integration.name, reason=failure)
            await self._note(integration.id, failure)
        except Unavailable as error:
            _log.warning(NOT_CONFIRMED, reason=error.detail)

    async def _visit(self, url: str) -> str | None:
        """Why the subscription is not confirmed; None when it is."""
        if not is_of_sns(url):
            return "The address to confirm the subscription at is not one of SNS."
        try:
            async with (
                asyncio.timeout(TIMEOUT_SECONDS),
                self._client.stream("GET", url) as answer,
            ):
                if answer.is_success:
                    return None
                return f"SNS answered {answer.status_code} to the confirmation."
        except (httpx.HTTPError, httpx.InvalidURL, TimeoutError) as error:
            # Errors of httpx may repeat the address, which holds a token.
            return f"SNS could not be reached to confirm: {type(error).__name__}."

    async def _note(self, integration_id: UUID, failure: str) -> None:
        async with self._database.transaction() as connection:
            await integrations.note_error(
                connection, integration_id, NOT_CONFIRMED, failure, self._clock.now()
            )
