"""What is owed to incident-management: an event when an alert joins an incident, one at its end."""

from datetime import datetime
from typing import Final
from uuid import UUID

from alert_ingestion.model import Alert, Reason
from shared.contracts.alerts import AlertEvent, AlertSnapshot
from shared.identifiers import new_id
from shared.outbox import Message
from shared.urgency import Occasion, urgency

TOPIC: Final = "alert-events"


def opened(alert: Alert, *, recurrence_of: UUID | None, reason: Reason, now: datetime) -> Message:
    """The alert belongs to its incident from now on."""
    joins = reason is Reason.ATTACHED
    occasion = Occasion.MORE if joins else Occasion.FIRST_WORD
    return _message("alert.opened", alert, recurrence_of, reason=reason, now=now, occasion=occasion)


def resolved(alert: Alert, *, recurrence_of: UUID | None, reason: Reason, now: datetime) -> Message:
    """The alert stopped firing."""
    return _message(
        "alert.resolved", alert, recurrence_of, reason=reason, now=now, occasion=Occasion.RECORD
    )


def _message(
    kind: str,
    alert: Alert,
    recurrence_of: UUID | None,
    *,
    reason: Reason,
    now: datetime,
    occasion: Occasion,
) -> Message:
    event = AlertEvent(
        event_id=new_id(),
        type=kind,
        occurred_at=now,
        incident_id=alert.incident_id,
        # On every event of the incident, so that whichever comes first can create it.
        recurrence_of=recurrence_of,
        correlation_key=alert.correlation_key,
        auto_resolve=alert.auto_resolve,
        alert=_snapshot(alert),
        reason=reason,
    )
    return Message(
        topic=TOPIC,
        key=str(alert.incident_id),
        payload=event.model_dump(mode="json"),
        id=event.event_id,
        urgency=urgency(occasion, alert.severity),
    )


def _snapshot(alert: Alert) -> AlertSnapshot:
    return AlertSnapshot(
        id=alert.id,
        integration=alert.integration,
        fingerprint=alert.fingerprint,
        service=alert.service,
        severity=alert.severity,
        message=alert.message,
        labels=alert.labels,
        annotations=alert.annotations,
        links=alert.links,
        starts_at=alert.starts_at,
        ends_at=alert.ends_at,
    )
