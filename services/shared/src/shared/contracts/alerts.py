"""What alert-ingestion owns on the wire: the events it owes incident-management.

Sent as ``POST /internal/v1/alert-events``. An event carries enough to create the incident it
speaks of, so any order and any repetition end in the same state. An alert fires once and is
resolved once, hence no revision is needed: resolved wins.
"""

from enum import StrEnum
from uuid import UUID

from shared.contracts.wire import Instant, Severity, Text, Wire

ALERT_EVENT_VERSION = 1

ALERT_EVENTS_PATH = "/internal/v1/alert-events"

AGE_REACHED = "incident_age_reached"
"""The reason of an incident that goes on from one which has taken new alerts for long enough."""

SILENCE_ENDED = "silence_ended"
"""The reason of an alert that fires still when nothing silences it any more."""

INHIBITION_ENDED = "inhibition_ended"
"""The reason of one that fires still when what made it uninteresting is over."""

FLAPPING = "flapping"
"""The reason of one that opened too often, and stays open now until it has been quiet."""

STORM = "storm"
"""The reason of what came with too many new incidents to page for each."""


class AlertKind(StrEnum):
    """What an alert did, or what was done about it, as the ``type`` of an event."""

    OPENED = "alert.opened"
    UPDATED = "alert.updated"
    RESOLVED = "alert.resolved"
    ACKNOWLEDGED = "alert.acknowledged"
    NOTED = "alert.noted"
    SERVICE_CHANGED = "service.changed"


class AlertSnapshot(Wire):
    """An alert as alert-ingestion knew it when the event was written.

    ``label_order`` are the names of its labels as the sender wrote them: an event waits as jsonb,
    which keeps objects in an order of its own.
    """

    id: UUID
    integration: Text
    fingerprint: Text
    service: Text
    severity: Severity
    message: Text
    labels: dict[Text, Text] = {}
    label_order: list[Text] = []
    annotations: dict[Text, Text] = {}
    links: dict[Text, Text] = {}
    starts_at: Instant
    ends_at: Instant | None = None


class ServiceChange(Wire):
    """A change of a service (a deployment, a setting); ``url`` leads to it."""

    service: Text
    summary: Text
    at: Instant
    integration: Text
    url: Text = ""


class AlertEvent(Wire):
    """Something became of one alert, or was done with it at its sender.

    It began to belong to an incident, says something else than before, or stopped firing; or
    somebody acknowledged it there, or said something about it; or its service was changed.

    ``type`` is one of ``AlertKind`` (those of newer versions are ignored).
    ``auto_resolve`` is the integration's policy: an incident all of whose alerts are resolved
    resolves itself when every one of its integrations agrees. ``reason`` is the named reason of
    the decision (``new_incident``, ``incident_age_reached``, ``attached_within_window``,
    ``resolved_by_sender``, ``timed_out``). ``canary`` marks the platform's test of itself
    (docs/adr/0032): it goes the way of every alert, and no person and no figure sees it.
    ``author`` and ``text`` are of what somebody did at the sender, where that tells them,
    ``changes`` those of the alert's service, oldest first.
    """

    event_id: UUID
    version: int = ALERT_EVENT_VERSION
    type: str
    occurred_at: Instant
    incident_id: UUID
    recurrence_of: UUID | None = None
    correlation_key: Text
    auto_resolve: bool = True
    alert: AlertSnapshot
    reason: str = ""
    canary: bool = False
    author: Text = ""
    text: Text = ""
    changes: list[ServiceChange] = []
    context: dict[Text, Text] = {}


class AlertEvents(Wire):
    """A batch, applied in order."""

    events: list[AlertEvent]
