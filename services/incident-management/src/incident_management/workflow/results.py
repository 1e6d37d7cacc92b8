"""What is answered to an event of an alert."""

from uuid import UUID

from shared.contracts.alerts import AlertEvent
from shared.contracts.wire import EventResult, Outcome


def result(
    event: AlertEvent, outcome: Outcome, incident_id: UUID | None, reason: str
) -> EventResult:
    """What became of it, and which incident holds its alert."""
    return EventResult(
        event_id=event.event_id, outcome=outcome, incident_id=incident_id, reason=reason
    )
