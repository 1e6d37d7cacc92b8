"""The service's nouns, as values: what a sender said, what is stored, what was decided."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Final
from uuid import UUID

from shared.contracts.alerts import AGE_REACHED
from shared.contracts.wire import Severity

CANARY: Final = UUID("00000000-0000-7000-8000-0000000ca9a7")
"""The integration of the platform's test of itself (docs/adr/0032), which nobody sees."""


HEARTBEAT_LABEL: Final = "vigie_heartbeat"
"""The label of an alert that always fires, and says with its value who is alive."""


class Step(StrEnum):
    """How far a walk of the canary has come."""

    OPENED = "opened"
    PAGED = "paged"
    RESOLVED = "resolved"


class AlertStatus(StrEnum):
    """Whether an alert counts as happening."""

    FIRING = "firing"
    RESOLVED = "resolved"


class Reason(StrEnum):
    """Why something was decided: the log field, the event's ``reason`` and the reply's."""

    NEW_INCIDENT = "new_incident"
    WINDOW_PASSED = "window_passed"
    RECURRENCE = "recurrence"
    AGE_REACHED = AGE_REACHED
    ATTACHED = "attached_within_window"
    SAME_GROUP = "attached_by_senders_group"
    UPDATED = "updated_by_sender"
    STILL_FIRING = "still_firing"
    RESOLVED_BY_HAND = "resolved_by_hand"
    RESOLVED_BY_SENDER = "resolved_by_sender"
    TIMED_OUT = "timed_out"
    NEW_OCCURRENCE = "new_occurrence"
    ALREADY_RESOLVED = "already_resolved"
    NO_OPEN_ALERT = "no_open_alert"
    OLDER_OCCURRENCE = "older_occurrence"
    HEARTBEAT = "heartbeat"


class Action(StrEnum):
    """What an alert did, in the words of the reply."""

    NEW_INCIDENT = "new_incident"
    ATTACHED = "attached_to_existing_incident"
    DUPLICATE = "duplicate_suppressed"
    RESOLVED = "resolved"
    NO_OPEN_ALERT = "no_open_alert"
    HEARTBEAT = "heartbeat"


@dataclass(frozen=True, slots=True)
class Policy:
    """How an integration's alerts are treated.

    Attributes:
        auto_resolve: whether its resolved alerts may resolve an incident by themselves.
        resolve_timeout_seconds: how long an Alertmanager alert without an end lives unrepeated.
        correlation_labels: labels that form the correlation key, if the integration chose any.
        correlation_window_seconds: how long after its last new fingerprint a group takes another.
        correlation_max_age_seconds: how long after its first alert a group takes no new ones.
        service_labels: labels that can name the service, the first that is there wins.
        severities: the sender's own words for severities, beside those that everybody knows.
    """

    auto_resolve: bool
    resolve_timeout_seconds: int
    correlation_labels: tuple[str, ...] | None
    correlation_window_seconds: int
    correlation_max_age_seconds: int
    service_labels: tuple[str, ...]
    severities: Mapping[str, Severity]


@dataclass(frozen=True, slots=True)
class Integration:
    """A sender we know by its key, with the policy in force (its own, else the settings')."""

    id: UUID
    name: str
    policy: Policy

    @property
    def is_canary(self) -> bool:
        """Whether it is the platform's own, of which no figure tells."""
        return self.id == CANARY


@dataclass(frozen=True, slots=True)
class ReceivedAlert:
    """One alert as its format read it, before any decision of ours.

    Attributes:
        fingerprint: its identity within its integration.
        severity_original: the sender's own word, kept when it had to be mapped.
        severity_unknown: that word is in no map of ours.
        group: the sender's own grouping of it, where its format has one.
        default_labels: what its correlation key is made of where nobody chose anything else.
        resolved: the sender says that it is over.
        starts_at: when the sender says it began, else the time of receipt.
        starts_at_given: whether the sender said so; only then can two messages be known to speak
            of the same occurrence.
        ends_at: when it ended or will be taken as ended; None where the format has no end.
        ends_at_is_timeout: ``ends_at`` is our patience, not the sender's word.
    """

    fingerprint: str
    service: str
    severity: Severity
    message: str
    starts_at: datetime
    starts_at_given: bool = False
    resolved: bool = False
    ends_at: datetime | None = None
    ends_at_is_timeout: bool = False
    severity_original: str | None = None
    severity_unknown: bool = False
    group: str | None = None
    default_labels: tuple[str, ...] = ("service", "severity")
    labels: dict[str, str] = field(default_factory=dict)
    annotations: dict[str, str] = field(default_factory=dict)
    links: dict[str, str] = field(default_factory=dict)

    @property
    def heartbeat(self) -> str | None:
        """The name of the heartbeat that this is instead of an alert; None for an alert."""
        return self.labels.get(HEARTBEAT_LABEL) or None


@dataclass(frozen=True, slots=True)
class Batch:
    """Alerts that were read from one accepted request, which the inbox holds under ``inbox_id``.

    ``truncated`` is how many more alerts the sender says it left out.
    """

    integration: Integration
    inbox_id: UUID
    alerts: tuple[ReceivedAlert, ...]
    truncated: int = 0


@dataclass(frozen=True, slots=True)
class Alert:
    """One occurrence of a problem, as stored.

    Attributes:
        occurrences: the starts the sender has given for it (pairs of senders disagree on them).
        count: how often it was received.
        suppressed: a person resolved it, and its sender still says that it fires.
    """

    id: UUID
    integration_id: UUID
    integration: str
    auto_resolve: bool
    fingerprint: str
    service: str
    severity: Severity
    message: str
    correlation_key: str
    incident_id: UUID
    status: AlertStatus
    starts_at: datetime
    first_seen: datetime
    last_seen: datetime
    starts_at_given: bool = False
    occurrences: tuple[datetime, ...] = ()
    count: int = 1
    suppressed: bool = False
    ends_at: datetime | None = None
    ends_at_is_timeout: bool = False
    resolved_at: datetime | None = None
    resolved_reason: str | None = None
    severity_original: str | None = None
    labels: dict[str, str] = field(default_factory=dict)
    annotations: dict[str, str] = field(default_factory=dict)
    links: dict[str, str] = field(default_factory=dict)
    inbox_id: UUID | None = None

    @property
    def identity(self) -> tuple[UUID, str]:
        """What makes two messages speak of the same problem."""
        return self.integration_id, self.fingerprint

    @property
    def is_canary(self) -> bool:
        """Whether it is the platform's own, of which no figure tells."""
        return self.integration_id == CANARY


class IncidentState(StrEnum):
    """What this service knows of an incident.

    ``resolving``: none of its alerts fires and every policy lets it resolve itself, so nothing new
    is attached to it; incident-management has the last word and will say ``resolved``.
    """

    OPEN = "open"
    RESOLVING = "resolving"
    RESOLVED = "resolved"
    MERGED = "merged"


@dataclass(frozen=True, slots=True)
class KnownIncident:
    """An incident as far as correlation needs it."""

    id: UUID
    state: IncidentState = IncidentState.OPEN
    recurrence_of: UUID | None = None

    @property
    def is_over(self) -> bool:
        """What comes again after this incident is a recurrence of it."""
        return self.state in (IncidentState.RESOLVED, IncidentState.RESOLVING)


@dataclass(frozen=True, slots=True)
class Group:
    """An open correlation group: alerts with its key join its incident while the window lasts.

    ``opened_at`` and ``last_new_at`` are the server's times of its first alert and of its last new
    fingerprint.
    """

    id: UUID
    correlation_key: str
    incident_id: UUID
    opened_at: datetime
    last_new_at: datetime


@dataclass(frozen=True, slots=True)
class Receipt:
    """What became of one received alert; the ids are None when nothing of that name was open."""

    action: Action
    reason: Reason
    status: AlertStatus
    alert_id: UUID | None = None
    incident_id: UUID | None = None
