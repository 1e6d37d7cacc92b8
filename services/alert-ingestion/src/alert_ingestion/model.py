"""The service's nouns, as values: what a sender said, what is stored, what was decided."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Final, TypeAlias
from uuid import UUID

from shared.contracts.alerts import (
    AGE_REACHED,
    FLAPPING,
    INHIBITION_ENDED,
    SILENCE_ENDED,
    STORM,
)
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
    HEARTBEAT_OF_ANOTHER = "heartbeat_of_another_integration"
    ACKNOWLEDGED = "acknowledged_by_sender"
    NOTED = "noted_by_sender"
    CHANGE = "change_recorded"
    SILENCED = "silenced"
    INHIBITED = "inhibited"
    FLAPPING = FLAPPING
    STORM = STORM
    SILENCE_ENDED = SILENCE_ENDED
    INHIBITION_ENDED = INHIBITION_ENDED
    QUIET = "quiet_after_flapping"
    STORM_OVER = "storm_over"
    NO_ALERT = "no_alert"
    PAUSED = "integration_paused"


class Action(StrEnum):
    """What an alert did, in the words of the reply."""

    NEW_INCIDENT = "new_incident"
    ATTACHED = "attached_to_existing_incident"
    DUPLICATE = "duplicate_suppressed"
    RESOLVED = "resolved"
    NO_OPEN_ALERT = "no_open_alert"
    HEARTBEAT = "heartbeat"
    ACKNOWLEDGED = "acknowledged"
    NOTED = "noted"
    CHANGE = "change_recorded"
    HELD = "held"
    IGNORED = "ignored"


@dataclass(frozen=True, slots=True)
class Sent:
    """A request as far as formats read it.

    ``path`` are the parameters of its path, ``query`` and ``headers`` those that its format named.
    """

    body: bytes
    path: Mapping[str, str] = field(default_factory=dict)
    query: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)


class InboxState(StrEnum):
    """What became of a request.

    ``dead``: some of it, or all, could not be interpreted. ``paused``: its integration was paused.
    Both can be replayed; then it is ``replayed``.
    """

    TAKEN = "taken"
    DEAD = "dead"
    PAUSED = "paused"
    REPLAYED = "replayed"


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
        sender: the integration's name: the service of what names none, where a key stands for one.
        storm_incidents: new incidents within a minute beyond which it is a storm; 0: never.
        flap_openings: openings within ``flap_window_seconds`` with which an alert flaps; 0: never.
        flap_quiet_seconds: how long one that flaps has to be quiet to be over.
        requests_per_minute: beyond which its requests are refused; 0: never.
        mapping: what its generic JSON says (formats.mapping), as the JSON text of a document; None
            for the default one.
    """

    auto_resolve: bool
    resolve_timeout_seconds: int
    correlation_labels: tuple[str, ...] | None
    correlation_window_seconds: int
    correlation_max_age_seconds: int
    service_labels: tuple[str, ...]
    severities: Mapping[str, Severity]
    sender: str = ""
    storm_incidents: int = 0
    flap_openings: int = 0
    flap_window_seconds: int = 0
    flap_quiet_seconds: int = 0
    requests_per_minute: int = 0
    mapping: str | None = None


@dataclass(frozen=True, slots=True)
class Integration:
    """A sender we know by its key, with the policy in force (its own, else the settings')."""

    id: UUID
    name: str
    policy: Policy
    paused: bool = False

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


class FollowUpKind(StrEnum):
    """What a sender can say about an alert beside that it fires, or that it is over."""

    ACKNOWLEDGED = "acknowledged"
    NOTE = "note"


@dataclass(frozen=True, slots=True)
class FollowUp:
    """What a sender says about an alert that it has sent before.

    Attributes:
        fingerprint: the alert's; nothing happens when none of that identity is open.
        author: who said it at the sender, where it tells; else empty.
        text: a note's.
    """

    fingerprint: str
    kind: FollowUpKind
    author: str = ""
    text: str = ""


@dataclass(frozen=True, slots=True)
class Ending:
    """The sender says that an alert is over, and nothing else about it."""

    fingerprint: str
    ends_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Change:
    """A change of a service (a deployment, a setting): context for what goes wrong afterwards."""

    service: str
    summary: str
    at: datetime
    details: dict[str, str] = field(default_factory=dict)
    links: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Ping:
    """A heartbeat of that name was heard."""

    name: str


@dataclass(frozen=True, slots=True)
class Nothing:
    """A part of a request that is about no alert (a sender's test, a subscription)."""

    detail: str = ""


Said: TypeAlias = ReceivedAlert | Ending | FollowUp | Change | Ping | Nothing
"""One thing that a request says."""


@dataclass(frozen=True, slots=True)
class Batch:
    """What was read from one accepted request, which the inbox holds under ``inbox_id``.

    None where nobody sent it: a test, a heartbeat that is missed.

    ``truncated`` is how many more alerts the sender says it left out; ``context`` the request id
    and trace that it came with.
    """

    integration: Integration
    inbox_id: UUID | None
    said: tuple[Said, ...]
    truncated: int = 0
    context: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Alert:
    """One occurrence of a problem, as stored.

    Attributes:
        occurrences: the starts the sender has given for it (pairs of senders disagree on them).
        count: how often it was received.
        suppressed: a person resolved it, and its sender still says that it fires.
        incident_id: None while it is held back and has belonged to none.
        held: why it pages nobody now (silenced, inhibited), or does not end yet (flapping);
            ``held_by`` are the silences or rules that hold it back, ``held_until`` is when it is to
            be looked at again at the latest.
        openings: when alerts of its identity began, within the window in which flapping is seen.
        flapping: it opens and closes too often, so a message that it is over waits for quiet.
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
    incident_id: UUID | None
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
    held: Reason | None = None
    held_by: tuple[UUID, ...] = ()
    held_since: datetime | None = None
    held_until: datetime | None = None
    openings: tuple[datetime, ...] = ()
    flapping: bool = False

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
    fingerprint; ``integration_id`` and ``severity`` are of the alert that opened it. ``storm`` of
    what comes in a storm is how many alerts (``told``) people were told of last.
    """

    id: UUID
    correlation_key: str
    incident_id: UUID
    opened_at: datetime
    last_new_at: datetime
    integration_id: UUID | None = None
    severity: Severity | None = None
    storm: dict[str, int] | None = None


@dataclass(frozen=True, slots=True)
class Receipt:
    """What became of one thing that was said; the ids are None where nothing has them.

    ``fingerprint`` is the identity of the alert it was about, ``held_by`` the silences or rules
    that hold it back.
    """

    action: Action
    reason: Reason
    status: AlertStatus
    alert_id: UUID | None = None
    incident_id: UUID | None = None
    fingerprint: str = ""
    held_by: tuple[UUID, ...] = ()
