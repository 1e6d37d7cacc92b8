"""One transaction of a use case: what happened, for the timeline, the neighbours and the feed.

Use cases change rows and say why; the rest follows when the block is left (shared.work), the feed
last, whose position is locked until the commit.
"""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

import structlog

from incident_management import views
from incident_management.store import events, feed, writing
from incident_management.store.held import Held
from incident_management.tables import IncidentRow, TimelineRow
from incident_management.targets import Targets
from shared import context
from shared.contracts.identity import Actor
from shared.contracts.incident_api import FeedEvent
from shared.contracts.incidents import IncidentEvent, JoinedAlerts
from shared.contracts.wire import rank
from shared.database import Connection, Database
from shared.identifiers import new_id
from shared.outbox import Message
from shared.urgency import Occasion, urgency
from shared.work import Work, made_once, on_connection

TO_ONCALL = "oncall"
TO_ALERTS = "alerts"
TOPICS = (TO_ONCALL, TO_ALERTS)

# So many events a transaction: what was applied stays so when time runs out for the rest.
EVENTS_AT_ONCE = 100

_log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Happening:
    """One thing that happened to an incident; ``actor`` is None when a rule acted.

    ``kind`` is one of IncidentKind or PageKind and ``data`` its facts (docs/timeline.md); ``text``
    is for somebody's own words.
    """

    kind: str
    at: datetime
    actor: Actor | None = None
    reason: str = ""
    data: Mapping[str, Any] = field(default_factory=dict)
    text: str = ""


class IncidentWork(Work):
    """Collects what happens in one transaction on ``connection``."""

    def __init__(self, connection: Connection, now: datetime, targets: Targets) -> None:
        super().__init__(now)
        self.held = Held(connection)
        self.targets = targets
        self._applied: dict[UUID, UUID | None] = {}
        self._feed: dict[tuple[UUID, str], tuple[IncidentRow, Happening]] = {}
        self._news: dict[tuple[str, UUID], _News] = {}

    def goes_on_from(self, row: IncidentRow) -> None:
        """Let nothing be earlier than the last change of an incident that was locked just now.

        The clock was read before the wait for the lock, and perhaps on another machine than the
        clock of the change that was waited for.
        """
        self.now = max(self.now, row.updated_at)

    def processed(self, event_id: UUID, incident_id: UUID | None) -> None:
        """Remember that an event was applied."""
        self._applied[event_id] = incident_id

    def remark(self, row: IncidentRow, happening: Happening) -> None:
        """Say something about an incident that does not change it.

        Of a canary's the feed, which is for people, says nothing.
        """
        self.held.entries.append(
            TimelineRow(
                incident_id=row.id,
                at=happening.at,
                recorded_at=self.now,
                kind=happening.kind,
                actor=happening.actor.model_dump(mode="json") if happening.actor else None,
                text=happening.text,
                reason=happening.reason,
                data=dict(happening.data),
            )
        )
        if not row.canary:
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
        # Whoever changes an alert keeps the counts of its incident, so they are of this revision.
        row.counted_revision = row.revision
        # Never back: whoever waits for this row goes on from it.
        row.updated_at = max(row.updated_at, self.now)
        self.remark(row, happening)
        for topic in tell:
            self.tell(topic, row, happening, occasion=occasion, joined=joined)

    def tell(
        self,
        topic: str,
        row: IncidentRow,
        happening: Happening,
        *,
        occasion: Occasion = Occasion.MORE,
        joined: JoinedAlerts | None = None,
    ) -> None:
        """Owe a neighbour the news of an incident; see ``change``."""
        before = self._news.pop((topic, row.id), None)
        self._news[topic, row.id] = _News(
            row,
            happening,
            occasion if before is None else min(occasion, before.occasion),
            _together(before.joined if before else None, joined),
            context.current(),
        )

    async def write_rows(self) -> None:
        """The rows, and then what the neighbours are owed: it shows them as they are in the end."""
        await writing.write(self.held)
        await events.remember(self.held.connection, self._applied, now=self.now)
        self.owe(*(_message(topic, news) for (topic, _), news in self._news.items()))

    async def write_last(self, connection: Connection) -> None:
        """The feed."""
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
class _News:
    row: IncidentRow
    happening: Happening
    occasion: Occasion
    joined: JoinedAlerts | None
    context: Mapping[str, str]


def _together(before: JoinedAlerts | None, more: JoinedAlerts | None) -> JoinedAlerts | None:
    if before is None or more is None:
        return before or more
    worst = min(before, more, key=lambda one: rank(one.severity))
    return JoinedAlerts(
        count=before.count + more.count, severity=worst.severity, message=worst.message
    )


def _message(topic: str, news: _News) -> Message:
    row, happening = news.row, news.happening
    event = IncidentEvent(
        event_id=new_id(),
        type=happening.kind,
        occurred_at=happening.at,
        incident=views.incident(row),
        actor=happening.actor,
        reason=happening.reason,
        joined=news.joined,
        canary=row.canary,
    )
    return Message(
        topic,
        str(row.id),
        event.model_dump(mode="json"),
        id=event.event_id,
        urgency=urgency(news.occasion, row.severity),
        context=news.context,
    )


@asynccontextmanager
async def transaction(
    database: Database, now: datetime, targets: Targets
) -> AsyncIterator[IncidentWork]:
    """A unit of work that happens at ``now``; its figures say what was in time by ``targets``.

    Raises:
        Unavailable: the database is in trouble, or another transaction made the same thing first;
            the same request will find it made.
    """
    with made_once():
        async with on_connection(
            database, lambda connection: IncidentWork(connection, now, targets)
        ) as work:
            yield work
