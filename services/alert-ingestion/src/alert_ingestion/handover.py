"""What is owed to incident-management: events when an alert joins, changes, and ends."""

from datetime import datetime
from typing import Final
from uuid import UUID

from alert_ingestion.model import Alert, Reason
from shared.contracts.alerts import AlertEvent, AlertKind, AlertSnapshot
from shared.contracts.wire import Severity, is_worse
from shared.identifiers import new_id
from shared.outbox import Message
from shared.urgency import Occasion, urgency

TOPIC: Final = "alert-events"


def opened(alert: Alert, *, recurrence_of: UUID | None, reason: Reason, now: datetime) -> Message:
    """The alert belongs to its incident from now on."""
    joins = reason in (Reason.ATTACHED, Reason.SAME_GROUP)
    occasion = Occasion.MORE if joins else Occasion.FIRST_WORD
    return _message(
        AlertKind.OPENED, alert, recurrence_of, reason=reason, now=now, occasion=occasion
    )


def updated(
    alert: Alert, *, before: Severity, recurrence_of: UUID | None, now: datetime
) -> Message:
    """The alert says something else than before; ``before`` is how grave it was."""
    rises = is_worse(alert.severity, before)
    occasion = Occasion.FIRST_WORD if rises else Occasion.RECORD
    return _message(
        AlertKind.UPDATED, alert, recurrence_of, reason=Reason.UPDATED, now=now, occasion=occasion
    )


def resolved(alert: Alert, *, recurrence_of: UUID | None, reason: Reason, now: datetime) -> Message:
    """The alert stopped firing."""
    # A walk is measured: it must not fail because much else is to be put on record.
    occasion = Occasion.MORE if alert.is_canary else Occasion.RECORD
    return _message(
        AlertKind.RESOLVED, alert, recurrence_of, reason=reason, now=now, occasion=occasion
    )


def _message(
    kind: AlertKind,
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
        canary=alert.is_canary,
    )
    return Message(
        topic=TOPIC,
        key=str(alert.incident_id),
        payload=event.model_dump(mode="json"),
        id=event.event_id,
        urgency=urgency(occasion, alert.severity),
    )


def _snapshot(alert: Alert) -> AlertSnapshot:
    return AlertSnapshot(**{name: getattr(alert, name) for name in AlertSnapshot.model_fields})
