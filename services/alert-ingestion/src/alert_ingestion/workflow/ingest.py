"""One request: whose key, which alerts, stored."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import structlog

from alert_ingestion.formats.reading import Reading
from alert_ingestion.integrations import authenticate
from alert_ingestion.model import Delivery, Integration, Policy, Receipt
from alert_ingestion.workflow.receive import receive
from shared.clock import Clock
from shared.database import Database

Read = Callable[[bytes, datetime, Policy], Reading]
"""A format: reads a body received at an instant, under its integration's policy."""

_log: Final = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Ingestion:
    """Takes in requests; ``defaults`` is the policy where an integration has none of its own."""

    database: Database
    clock: Clock
    defaults: Policy

    async def __call__(
        self, key: str | None, format_name: str, body: bytes, read: Read
    ) -> tuple[Reading, list[Receipt]]:
        """Store what a request says, and answer it after the commit.

        Raises:
            Unauthorized: no key, or one that is unknown or revoked.
            Problem: what the format refuses; then nothing is stored.
            Unavailable: the database does not answer; then nothing is stored.
        """
        now = self.clock.now()
        async with self.database.transaction() as connection:
            integration = await authenticate(connection, key, self.defaults)
            reading = read(body, now, integration.policy)
            receipts: list[Receipt] = []
            if reading.alerts:
                delivery = Delivery(
                    integration, format_name, body, reading.alerts, reading.truncated
                )
                [receipts] = await receive(connection, [delivery], now)
        _tell(integration, format_name, reading, receipts)
        return reading, receipts


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
