"""What is owed to incident-management: events when an alert joins, changes, and ends.

Each carries the context that is bound when it is made (shared.context).
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from alert_ingestion.model import Alert, FollowUp, FollowUpKind, Reason
from shared.contracts.alerts import AlertEvent, AlertKind, AlertSnapshot, ServiceChange
from shared.contracts.wire import Severity, is_worse
from shared.identifiers import new_id
from shared.outbox import Message
from shared.urgency import Occasion, urgency

TOPIC: Final = "alert-events"

_SNAPSHOT: Final = tuple(name for name in AlertSnapshot.model_fields if name != "label_order")


def opened(
    alert: Alert, *, recurrence_of: UUID | None, reason: Reason, joins: bool, now: datetime
) -> Message:
    """The alert belongs to its incident from now on; ``joins``: others do already."""
    occasion = Occasion.MORE if joins else Occasion.FIRST_WORD
    return _message(
        AlertKind.OPENED,
        alert,
        recurrence_of,
        reason=reason,
        now=now,
        occasion=occasion,
    )


def updated(
    alert: Alert, *, before: Severity, recurrence_of: UUID | None, now: datetime
) -> Message:
    """The alert says something else than before; ``before`` is how grave it was."""
    rises = is_worse(alert.severity, before)
    occasion = Occasion.FIRST_WORD if rises else Occasion.RECORD
    return _message(
        AlertKind.UPDATED,
        alert,
        recurrence_of,
        reason=Reason.UPDATED,
        now=now,
        occasion=occasion,
    )


def resolved(alert: Alert, *, recurrence_of: UUID | None, reason: Reason, now: datetime) -> Message:
    """The alert stopped firing."""
    # A walk is measured: it must not fail because much else is to be put on record.
    occasion = Occasion.MORE if alert.is_canary else Occasion.RECORD
    return _message(
        AlertKind.RESOLVED,
        alert,
        recurrence_of,
        reason=reason,
        now=now,
        occasion=occasion,
    )


def passed_on(
    alert: Alert, said: FollowUp, *, recurrence_of: UUID | None, now: datetime
) -> Message:
    """Somebody acknowledged the alert at its sender, or said something about it there."""
    kind, reason = _FOLLOW_UPS[said.kind]
    return _message(
        kind,
        alert,
        recurrence_of,
        reason=reason,
        now=now,
        occasion=Occasion.MORE,
        author=said.author,
        text=said.text,
    )


def changed(alert: Alert, changes: Sequence[ServiceChange], *, now: datetime) -> Message:
    """The alert's service was changed, before the alert came or since."""
    return _message(
        AlertKind.SERVICE_CHANGED,
        alert,
        # Nothing is opened for it, so it need not say what would be opened.
        None,
        reason=Reason.CHANGE,
        now=now,
        occasion=Occasion.RECORD,
        changes=changes,
    )


_FOLLOW_UPS: Final = {
    FollowUpKind.ACKNOWLEDGED: (AlertKind.ACKNOWLEDGED, Reason.ACKNOWLEDGED),
    FollowUpKind.NOTE: (AlertKind.NOTED, Reason.NOTED),
}


def _message(
    kind: AlertKind,
    alert: Alert,
    recurrence_of: UUID | None,
    *,
    reason: Reason,
    now: datetime,
    occasion: Occasion,
    author: str = "",
    text: str = "",
    changes: Sequence[ServiceChange] = (),
) -> Message:
    if alert.incident_id is None:
        raise ValueError(f"alert {alert.id} belongs to no incident of which to tell")
    # What is stored was read by a format already; to check it again costs as much as all the rest.
    event = AlertEvent.model_construct(
        event_id=new_id(),
        type=kind.value,
        occurred_at=now,
        incident_id=alert.incident_id,
        # On every event of the incident, so that whichever comes first can create it.
        recurrence_of=recurrence_of,
        correlation_key=alert.correlation_key,
        auto_resolve=alert.auto_resolve,
        alert=_snapshot(alert),
        reason=reason.value,
        canary=alert.is_canary,
        author=author,
        text=text,
        changes=list(changes),
    )
    return Message(
        topic=TOPIC,
        key=str(alert.incident_id),
        payload=event.model_dump(mode="json"),
        id=event.event_id,
        urgency=urgency(occasion, alert.severity),
    )


def _snapshot(alert: Alert) -> AlertSnapshot:
    fields = {name: getattr(alert, name) for name in _SNAPSHOT}
    return AlertSnapshot.model_construct(**fields, label_order=list(alert.labels))
