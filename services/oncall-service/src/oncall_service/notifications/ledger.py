"""What a transaction about messages and pages owes and has counted, written down at its end."""

from datetime import datetime

from sqlmodel.ext.asyncio.session import AsyncSession

from oncall_service.tables import NotificationRow
from shared import counters, outbox
from shared.contracts.oncall import PageEvent
from shared.contracts.wire import Ref
from shared.database import driver_connection
from shared.identifiers import new_id
from shared.urgency import Occasion
from shared.wakeups import notify

PAGE_EVENTS_TOPIC = "page-events"
NOTIFICATIONS_CHANNEL = "notifications"


class Ledger:
    """Of one transaction; :meth:`settle` comes last."""

    def __init__(self, session: AsyncSession, now: datetime) -> None:
        self.session = session
        self.now = now
        self.counted = counters.Increments()
        self._events: list[PageEvent] = []
        self._owes_messages = False

    def tell(self, event: PageEvent) -> int:
        """Owe incident-management an event; its place, for :meth:`reword`."""
        self._events.append(event)
        return len(self._events) - 1

    def reword(self, place: int, detail: str) -> None:
        """Say something else in an event: more is known by now."""
        self._events[place] = self._events[place].model_copy(update={"detail": detail})

    def report(self, row: NotificationRow, event_type: str, detail: str) -> None:
        """Tell incident-management what became of a notification."""
        if row.incident_id is None:
            return
        self.tell(
            PageEvent(
                event_id=new_id(),
                type=event_type,
                occurred_at=self.now,
                incident_id=row.incident_id,
                person=Ref(id=row.person_id, name=row.person_name) if row.person_id else None,
                step=row.step,
                channel=row.channel,
                detail=detail,
                reason=row.reason,
            )
        )

    def owe_message(self) -> None:
        """Wake whoever sends messages at the commit."""
        self._owes_messages = True

    async def settle(self) -> None:
        """Write what this transaction owes and counted; nothing may follow but the commit."""
        await self.session.flush()
        async with driver_connection(self.session) as connection:
            await outbox.enqueue(
                connection,
                [
                    outbox.Message(
                        topic=PAGE_EVENTS_TOPIC,
                        key=str(event.incident_id),
                        payload=event.model_dump(mode="json"),
                        id=event.event_id,
                        urgency=int(
                            Occasion.RECORD
                            if event.type.startswith("notification.")
                            else Occasion.MORE
                        ),
                    )
                    for event in self._events
                ],
                now=self.now,
            )
            if self._owes_messages:
                await notify(connection, NOTIFICATIONS_CHANNEL)
            await counters.add(connection, self.counted)
