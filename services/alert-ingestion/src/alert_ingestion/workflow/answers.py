"""Acting on what incident-management answers to the events it is sent."""

from collections.abc import Sequence

from alert_ingestion.workflow.incidents import follow_answers
from shared.clock import Clock
from shared.contracts.alerts import AlertEvent
from shared.contracts.wire import EventResult
from shared.database import Database
from shared.outbox import Row


class Answers:
    """Follows the answers that differ from what was sent; see shared.delivery.event_sender."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def __call__(self, rows: Sequence[Row], results: Sequence[EventResult]) -> None:
        """Rows of one delivery, and one result an event."""
        by_event = {str(result.event_id): result for result in results}
        differing = [
            (AlertEvent.model_validate(row.payload), result)
            for row in rows
            if (result := by_event.get(row.payload["event_id"])) is not None
            and str(result.incident_id) != row.payload["incident_id"]
        ]
        if differing:
            async with self._database.transaction() as connection:
                await follow_answers(connection, differing, self._clock.now())
