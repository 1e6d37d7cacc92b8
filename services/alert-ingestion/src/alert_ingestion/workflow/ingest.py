"""One request: whose key, which alerts, stored."""

from collections import OrderedDict
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

import structlog

from alert_ingestion.formats.format import Format
from alert_ingestion.formats.reading import Envelope
from alert_ingestion.integrations import authenticate
from alert_ingestion.model import Batch, Integration, Policy, Receipt
from alert_ingestion.store import inbox
from alert_ingestion.workflow.receive import receive
from alert_ingestion.workflow.work import transaction
from shared.auth import hash_token
from shared.clock import Clock
from shared.database import Database
from shared.errors import FieldError
from shared.identifiers import new_id

Body = Callable[[], Awaitable[bytes]]
"""Reads the body of a request whose sender is known."""

# So many alerts a transaction: what ten thousand of them need at once would not fit.
ALERTS_AT_ONCE: Final = 500

# How long a key that was good opens the way to our memory; what is stored is decided by the
# transaction that stores it, so a revocation takes effect at once.
_ADMITTED_FOR: Final = timedelta(seconds=60)
_MOST_ADMITTED: Final = 1000

_log: Final = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Taken:
    """What became of a request: its alerts in their order, and the parts that were no alerts."""

    envelope: Envelope
    receipts: tuple[Receipt, ...]
    errors: tuple[FieldError, ...]


@dataclass(frozen=True)
class Ingestion:
    """Takes in requests; ``defaults`` is the policy where an integration has none of its own."""

    database: Database
    clock: Clock
    defaults: Policy
    _admitted: OrderedDict[str, tuple[datetime, Integration]] = field(
        default_factory=OrderedDict, init=False
    )

    async def __call__(self, key: str | None, form: Format, body: Body) -> Taken:
        """Store what a request says, and answer it after the last commit.

        Whose key it is comes first: nothing of the body is read for a sender who is not known, and
        no connection is held while it comes and is taken apart. A large request is stored in parts,
        a transaction each: what is stored of one that fails is found again when it is repeated.

        Raises:
            Unauthorized: no key, or one that is unknown or revoked.
            Problem: what the format refuses.
            Unavailable: the database does not answer; the request has to be repeated.
        """
        integration = await self._admit(key)
        content = await body()
        now = self.clock.now()
        envelope = form.open(content)
        receipts: list[Receipt] = []
        errors: list[FieldError] = []
        inbox_id: UUID | None = None
        for first in range(0, len(envelope.items), ALERTS_AT_ONCE):
            items = envelope.items[first : first + ALERTS_AT_ONCE]
            reading = form.read(envelope, items, first, now, integration.policy)
            errors += reading.errors
            if not reading.alerts:
                continue
            async with transaction(self.database, now) as work:
                current = await authenticate(work.connection, key, self.defaults)
                if current.policy != integration.policy:
                    integration = current
                    reading = form.read(envelope, items, first, now, current.policy)
                if inbox_id is None:
                    inbox_id = new_id()
                    request = inbox.Request(inbox_id, current, form.name, content)
                    await inbox.insert(work.connection, request, now)
                    left_out = envelope.truncated
                else:
                    left_out = 0
                batch = Batch(current, inbox_id, reading.alerts, left_out)
                [received] = await receive(work, [batch])
            receipts += received
        _tell(integration, form, envelope, receipts, errors)
        return Taken(envelope, tuple(receipts), tuple(errors))

    async def _admit(self, key: str | None) -> Integration:
        """The integration of a key, as it was at most a minute ago.

        Raises Unauthorized for a key that is not good.
        """
        key_hash = hash_token(key or "")
        now = self.clock.now()
        known = self._admitted.get(key_hash)
        if known is not None and timedelta() <= now - known[0] < _ADMITTED_FOR:
            return known[1]
        async with self.database.transaction() as connection:
            integration = await authenticate(connection, key, self.defaults)
        # Only good keys come this far, so made-up ones push nobody out.
        self._admitted[key_hash] = now, integration
        self._admitted.move_to_end(key_hash)
        while len(self._admitted) > _MOST_ADMITTED:
            self._admitted.popitem(last=False)
        return integration


def _tell(
    integration: Integration,
    form: Format,
    envelope: Envelope,
    receipts: Sequence[Receipt],
    errors: Sequence[FieldError],
) -> None:
    decisions: dict[str, int] = {}
    for receipt in receipts:
        decisions[receipt.reason.value] = decisions.get(receipt.reason.value, 0) + 1
    _log.info(
        "alerts_received",
        integration=integration.name,
        format=form.name,
        decisions=decisions,
        refused=len(errors),
    )
    if envelope.truncated:
        _log.warning(
            "alerts_truncated_by_sender", integration=integration.name, left_out=envelope.truncated
        )
