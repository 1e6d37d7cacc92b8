"""One transaction about pages and messages: what it owes incident-management, and people.

Use cases say what happened; it is written when the block is left (shared.work).
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlmodel.ext.asyncio.session import AsyncSession

from oncall_service.notifications.nowhere import Nowhere
from oncall_service.tables import NotificationRow
from shared import context
from shared.contracts.oncall import PageEvent, PageKind
from shared.contracts.wire import Ref
from shared.identifiers import new_id
from shared.outbox import Message
from shared.urgency import Occasion
from shared.work import Work

PAGE_EVENTS_TOPIC = "page-events"
NOTIFICATIONS_CHANNEL = "notifications"

# What becomes of a message is for the record; everything else, people wait to read. A canary waits
# for what became of its page, and must not fail because people have a lot to read.
_FOR_THE_RECORD = frozenset({PageKind.NOTIFICATION_SENT, PageKind.NOTIFICATION_FAILED})


@dataclass(frozen=True, slots=True)
class _Told:
    event: PageEvent
    context: Mapping[str, str]


class MessageWork(Work):
    """Collects what happens in one transaction on ``session``."""

    def __init__(self, session: AsyncSession, now: datetime) -> None:
        super().__init__(now)
        self.session = session
        self._told: list[_Told] = []

    def tell(self, event: PageEvent) -> int:
        """Owe incident-management an event; its place, for :meth:`add_facts`."""
        self._told.append(_Told(event, context.current()))
        return len(self._told) - 1

    def add_facts(self, place: int, **facts: Any) -> None:
        """Say more in an event: more is known by now."""
        told = self._told[place]
        event = told.event.model_copy(update={"data": {**told.event.data, **facts}})
        self._told[place] = replace(told, event=event)

    def report(self, row: NotificationRow, kind: PageKind, **facts: Any) -> None:
        """Tell incident-management what became of a notification about an incident."""
        if row.incident_id is None:
            return
        self.tell(
            PageEvent(
                event_id=new_id(),
                type=kind,
                occurred_at=self.now,
                incident_id=row.incident_id,
                person=Ref(id=row.person_id, name=row.person_name) if row.person_id else None,
                step=row.step,
                channel=row.channel,
                data=facts,
                reason=row.reason,
            )
        )

    def owe_message(self) -> None:
        """Wake whoever sends messages at the commit."""
        self.wake(NOTIFICATIONS_CHANNEL)

    async def write_rows(self) -> None:
        """The rows, and then what incident-management is owed."""
        await self.session.flush()
        self.owe(*map(_message, self._told))


def _message(told: _Told) -> Message:
    event = told.event
    record = event.type in _FOR_THE_RECORD and event.channel != Nowhere.name
    return Message(
        topic=PAGE_EVENTS_TOPIC,
        key=str(event.incident_id),
        payload=event.model_dump(mode="json"),
        id=event.event_id,
        urgency=int(Occasion.RECORD if record else Occasion.MORE),
        context=told.context,
    )
