"""What one transaction has to say about what it changed: timeline, neighbours, figures, feed.

Use cases change rows and tell the ledger why; at the end it writes all of it in the transaction of
the change, in the one order that keeps two transactions from waiting for each other: outbox,
counters, and last the feed, whose position is locked until the commit.
"""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import psycopg
import structlog
from sqlalchemy.exc import IntegrityError
from sqlmodel import SQLModel
from sqlmodel.ext.asyncio.session import AsyncSession

from incident_management import feed, views
from incident_management.tables import IncidentRow, ProcessedRow, TimelineRow
from shared import counters
from shared.contracts.identity import Actor
from shared.contracts.incident_api import FeedEvent
from shared.contracts.incidents import IncidentEvent, JoinedAlerts
from shared.contracts.wire import rank
from shared.counters import Increments
from shared.database import Database, driver_connection
from shared.errors import Unavailable
from shared.identifiers import new_id
from shared.outbox import Message, enqueue
from shared.urgency import Occasion, urgency

TO_ONCALL = "oncall"
TO_ALERTS = "alerts"
TOPICS = (TO_ONCALL, TO_ALERTS)

# So many events a transaction: what was applied stays so when time runs out for the rest.
EVENTS_AT_ONCE = 100

_log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Happening:
    """One thing that happened to an incident; ``actor`` is None when a rule acted."""

    kind: str
    text: str
    at: datetime
    actor: Actor | None = None
    reason: str = ""
    data: Mapping[str, Any] | None = None


class Ledger:
    """Collects the happenings of one transaction."""

    def __init__(self, session: AsyncSession, now: datetime) -> None:
        self.increments = Increments()
        self._session = session
        self.now = now
        self._later: list[SQLModel] = []
        self._feed: dict[tuple[UUID, str], tuple[IncidentRow, Happening]] = {}
        self._owed: dict[tuple[str, UUID], _Owed] = {}

    def goes_on_from(self, row: IncidentRow) -> None:
        """Let nothing be earlier than the last change of an incident that was locked just now.

        The clock was read before the wait for the lock, and perhaps on another machine than the
        clock of the change that was waited for.
        """
        self.now = max(self.now, row.updated_at)

    def add(self, row: SQLModel) -> None:
        """Store a row that may point at an incident, in one go with the others."""
        self._later.append(row)

    def processed(self, event_id: UUID, incident_id: UUID | None) -> None:
        """Remember that an event was applied."""
        self.add(ProcessedRow(event_id=event_id, processed_at=self.now, incident_id=incident_id))

    async def flush(self) -> None:
        """Write what was changed and added so far: incidents first, for the others name them."""
        await self._session.flush()
        self._session.add_all(self._later)
        self._later.clear()
        await self._session.flush()

    def remark(self, row: IncidentRow, happening: Happening) -> None:
        """Say something about an incident that does not change it."""
        self.add(
            TimelineRow(
                incident_id=row.id,
                at=happening.at,
                recorded_at=self.now,
                kind=happening.kind,
                actor=happening.actor.model_dump(mode="json") if happening.actor else None,
                text=happening.text,
                reason=happening.reason,
                data=dict(happening.data or {}),
            )
        )
        self._feed[row.id, happening.kind] = (row, happening)
        _log.info(
            happening.kind,
            incident_id=str(row.id),
            reason=happening.reason,
            actor=happening.actor.name if happening.actor else None,
        )

    def change(
        self,
        row: IncidentRow,
        happening: Happening,
        *,
        tell: tuple[str, ...] = (),
        occasion: Occasion = Occasion.MORE,
        joined: JoinedAlerts | None = None,
    ) -> None:
        """Say what changed an incident, and which neighbours are owed the news.

        ``occasion`` says how urgent the news is. ``joined`` are alerts that somebody who has taken
        the incident does not know of.

        What happens to one incident in one transaction is told once, as it is in the end: an
        incident that opened and ended in the same batch wakes nobody.
        """
        row.revision += 1
        # Never back: whoever waits for this row goes on from it.
        row.updated_at = max(row.updated_at, self.now)
        self.remark(row, happening)
        for topic in tell:
            before = self._owed.pop((topic, row.id), None)
            self._owed[topic, row.id] = _Owed(
                row,
                happening,
                occasion if before is None else min(occasion, before.occasion),
                _together(before.joined if before else None, joined),
            )

    async def settle(self) -> None:
        """Write everything. The last statements of the transaction."""
        await self.flush()
        async with driver_connection(self._session) as connection:
            await enqueue(
                connection,
                [_message(topic, owed) for (topic, _), owed in self._owed.items()],
                now=self.now,
            )
            await counters.add(connection, self.increments)
            await feed.append(
                connection,
                [
                    FeedEvent(
                        type=happening.kind,
                        # The feed is in the order of its ids and is kept by the age of its rows.
                        occurred_at=self.now,
                        incident=views.incident(row),
                        actor=happening.actor,
                        reason=happening.reason,
                    )
                    for row, happening in self._feed.values()
                ],
            )


@dataclass(frozen=True)
class _Owed:
    row: IncidentRow
    happening: Happening
    occasion: Occasion
    joined: JoinedAlerts | None


def _together(before: JoinedAlerts | None, more: JoinedAlerts | None) -> JoinedAlerts | None:
    if before is None or more is None:
        return before or more
    worst = min(before, more, key=lambda one: rank(one.severity))
    return JoinedAlerts(
        count=before.count + more.count, severity=worst.severity, message=worst.message
    )


def _message(topic: str, owed: _Owed) -> Message:
    row, happening = owed.row, owed.happening
    event = IncidentEvent(
        event_id=new_id(),
        type=happening.kind,
        occurred_at=happening.at,
        incident=views.incident(row),
        actor=happening.actor,
        reason=happening.reason,
        joined=owed.joined,
    )
    return Message(
        topic,
        str(row.id),
        event.model_dump(mode="json"),
        id=event.event_id,
        urgency=urgency(owed.occasion, row.severity),
    )


@dataclass(frozen=True)
class Work:
    """One transaction of a use case."""

    session: AsyncSession
    ledger: Ledger

    @property
    def now(self) -> datetime:
        """When what it does happens."""
        return self.ledger.now


@asynccontextmanager
async def transaction(database: Database, now: datetime) -> AsyncIterator[Work]:
    """A transaction whose ledger is settled at its end.

    Raises:
        Unavailable: the database is in trouble, or another transaction made the same thing first;
            the same request will find it made.
    """
    try:
        async with database.session() as session:
            work = Work(session, Ledger(session, now))
            yield work
            await work.ledger.settle()
    except IntegrityError as error:
        if not isinstance(error.orig, psycopg.errors.UniqueViolation):
            raise
        _log.warning("made_twice_at_once", error=str(error.orig).strip())
        raise Unavailable(
            "Somebody else did the same at this moment; nothing was changed."
        ) from error
