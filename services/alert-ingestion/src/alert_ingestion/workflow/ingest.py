"""One request: whose key, which alerts, stored."""

from collections import OrderedDict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

import structlog

from alert_ingestion.formats.reading import Reading
from alert_ingestion.integrations import authenticate
from alert_ingestion.model import Delivery, Integration, Policy, Receipt
from alert_ingestion.workflow.receive import receive
from shared.auth import hash_token
from shared.clock import Clock
from shared.database import Database

Read = Callable[[bytes, datetime, Policy], Reading]
"""A format: reads a body received at an instant, under its integration's policy."""

Body = Callable[[], Awaitable[bytes]]
"""Reads the body of a request whose sender is known."""

# How long a key that was good opens the way to our memory; what is stored is decided by the
# transaction that stores it, so a revocation takes effect at once.
_ADMITTED_FOR: Final = timedelta(seconds=60)
_MOST_ADMITTED: Final = 1000

_log: Final = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Ingestion:
    """Takes in requests; ``defaults`` is the policy where an integration has none of its own."""

    database: Database
    clock: Clock
    defaults: Policy
    _admitted: OrderedDict[str, datetime] = field(default_factory=OrderedDict, init=False)

    async def __call__(
        self, key: str | None, format_name: str, body: Body, read: Read
    ) -> tuple[Reading, list[Receipt]]:
        """Store what a request says, and answer it after the commit.

        Whose key it is comes first: nothing of the body is read for a sender who is not known, and
        no connection is held while it comes.

        Raises:
            Unauthorized: no key, or one that is unknown or revoked.
            Problem: what the format refuses; then nothing is stored.
            Unavailable: the database does not answer; then nothing is stored.
        """
        await self._admit(key)
        content = await body()
        now = self.clock.now()
        async with self.database.transaction() as connection:
            integration = await authenticate(connection, key, self.defaults)
            reading = read(content, now, integration.policy)
            receipts: list[Receipt] = []
            if reading.alerts:
                delivery = Delivery(
                    integration, format_name, content, reading.alerts, reading.truncated
                )
                [receipts] = await receive(connection, [delivery], now)
        _tell(integration, format_name, reading, receipts)
        return reading, receipts

    async def _admit(self, key: str | None) -> None:
        """Raises Unauthorized for a key that is not good; good ones are remembered for a while."""
        key_hash = hash_token(key or "")
        admitted_at, now = self._admitted.get(key_hash), self.clock.now()
        if admitted_at is not None and timedelta() <= now - admitted_at < _ADMITTED_FOR:
            return
        async with self.database.transaction() as connection:
            await authenticate(connection, key, self.defaults)
        # Only good keys come this far, so made-up ones push nobody out.
        self._admitted[key_hash] = now
        self._admitted.move_to_end(key_hash)
        while len(self._admitted) > _MOST_ADMITTED:
            self._admitted.popitem(last=False)


def _tell(
    integration: Integration, format_name: str, reading: Reading, receipts: list[Receipt]
) -> None:
    decisions: dict[str, int] = {}
    for receipt in receipts:
        decisions[receipt.reason.value] = decisions.get(receipt.reason.value, 0) + 1
    _log.info(
        "alerts_received",
        integration=integration.name,
        format=format_name,
        decisions=decisions,
        refused=len(reading.errors),
    )
    if reading.truncated:
        _log.warning(
            "alerts_truncated_by_sender", integration=integration.name, left_out=reading.truncated
        )
