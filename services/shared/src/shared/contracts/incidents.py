"""What incident-management owns on the wire: incidents, and the events it owes its neighbours.

Sent as ``POST /internal/v1/incident-events`` to oncall-service (page or stop) and to
alert-ingestion (close the group, repoint it).
"""

from enum import StrEnum
from uuid import UUID

from shared.contracts.identity import Actor
from shared.contracts.wire import Instant, Ref, Severity, Text, Wire

INCIDENT_EVENT_VERSION = 1

INCIDENT_EVENTS_PATH = "/internal/v1/incident-events"


class Status(StrEnum):
    """Where an incident is in its life; resolved is final, but for a slip of the hand."""

    OPEN = "open"
    ACKNOWLEDGED = "acknowledged"
    IN_PROGRESS = "in_progress"
    RESOLVED = "resolved"


class IncidentKind(StrEnum):
    """What happened to an incident: the kind of a timeline entry, and the type of an event.

    docs/timeline.md says what each means and which facts come with it.
    """

    OPENED = "incident.opened"
    ACKNOWLEDGED = "incident.acknowledged"
    IN_PROGRESS = "incident.in_progress"
    RELEASED = "incident.released"
    SNOOZED = "incident.snoozed"
    RESOLVED = "incident.resolved"
    REOPENED = "incident.reopened"
    RETITLED = "incident.retitled"
    SEVERITY_CHANGED = "incident.severity_changed"
    TEAM_CHANGED = "incident.team_changed"
    ASSIGNED = "incident.assigned"
    UNCHANGED = "incident.unchanged"
    MERGED = "incident.merged"
    ABSORBED = "incident.absorbed"
    RECURRED = "incident.recurred"
    IMPORTED = "incident.imported"
    ALERT_ATTACHED = "alert.attached"
    ALERT_UPDATED = "alert.updated"
    ALERT_RESOLVED = "alert.resolved"
    SERVICE_CHANGED = "service.changed"
    NOTE = "note"
    LEGACY = "legacy"
    """A sentence of a release that stored sentences, which could not be taken apart."""


OWN_WORDS = frozenset({IncidentKind.NOTE, IncidentKind.LEGACY})
"""Kinds whose text is somebody's own, and is not made from facts."""

WORSE_ALERT_JOINED = "worse_alert_joined"
"""The reason of an incident that is open again: worse came than what somebody had taken."""

ACKNOWLEDGEMENT_FORGOTTEN = "acknowledgement_forgotten"
"""The reason of an incident that is open again: nothing followed on the acknowledgement."""

SNOOZE_ENDED = "snooze_ended"
"""The reason of an incident that is open again: it was to be left alone until now."""

RECURRED_BY_HAND = "recurred_by_hand"
"""The reason of an incident that somebody opened because one that was over has come again."""

RESOLUTION_UNDONE = "resolution_undone"
"""The reason of an incident that is not over: whoever resolved it took that back at once."""

CANARY_PAGED = "canary.paged"
"""The type of an event, and no kind of a timeline: the page of a canary's incident was sent."""

WORK_PAUSED = "work_paused"
"""The reason of an incident that went from being worked on back to being acknowledged."""

TAKEN = frozenset({Status.ACKNOWLEDGED, Status.IN_PROGRESS})
"""States in which somebody has the incident, and nobody is being paged for it."""


class Incident(Wire):
    """An incident as the API shows it; every duration is in seconds."""

    id: UUID
    number: int
    title: Text
    service: Text
    severity: Severity
    status: Status
    team: Text | None = None
    assignee: Ref | None = None
    created_at: Instant
    acknowledged_at: Instant | None = None
    acknowledged_by: Text | None = None
    in_progress_at: Instant | None = None
    resolved_at: Instant | None = None
    resolved_by: Text | None = None
    snoozed_until: Instant | None = None
    alert_count: int = 0
    mtta_seconds: float | None = None
    mttr_seconds: float | None = None
    correlation_key: Text | None = None
    recurrence_of: UUID | None = None
    merged_into: UUID | None = None
    revision: int = 1


class JoinedAlerts(Wire):
    """Alerts new to an incident that somebody has taken: how many, and the worst of them."""

    count: int
    severity: Severity
    message: Text


class IncidentEvent(Wire):
    """An incident changed; the snapshot is its state afterwards.

    ``type`` names the change (one of ``IncidentKind``), but consumers decide from the snapshot: of
    two events of one incident the one with the higher ``incident.revision`` is the newer truth.
    ``actor`` is null when a rule acted; ``reason`` is its named reason. ``joined`` is set when
    alerts came that the person who has taken the incident does not know of. ``canary`` marks the
    incident of the platform's test of itself (docs/adr/0032); of such a one alert-ingestion also
    hears that its page went out (``CANARY_PAGED``).
    """

    event_id: UUID
    version: int = INCIDENT_EVENT_VERSION
    type: str
    occurred_at: Instant
    incident: Incident
    actor: Actor | None = None
    reason: str = ""
    joined: JoinedAlerts | None = None
    canary: bool = False
    context: dict[Text, Text] = {}


class IncidentEvents(Wire):
    """A batch, applied in order."""

    events: list[IncidentEvent]
