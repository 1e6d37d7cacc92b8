"""Alerts and what they come through, as far as web-ui reads what alert-ingestion answers."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from shared.contracts.wire import Ref, Severity, Text, Wire


class LastError(Wire):
    """Why a sender was refused last."""

    reason: Text
    detail: Text


class Integration(Wire):
    """A sender, its policy (null: as the service's settings say), and what it sent."""

    id: UUID
    name: Text
    kind: Text
    key_hint: Text
    auto_resolve: bool
    resolve_timeout_seconds: int | None
    correlation_labels: Sequence[Text] | None
    correlation_window_seconds: int | None
    correlation_max_age_seconds: int | None
    service_labels: Sequence[Text] | None
    severities: Mapping[str, Severity] | None
    storm_incidents: int | None
    flap_openings: int | None
    requests_per_minute: int | None
    mapping: Mapping[str, Any] | None
    confirm_subscriptions: bool
    created_at: datetime
    paused_at: datetime | None
    revoked_at: datetime | None
    previous_key_until: datetime | None
    last_seen: datetime | None
    requests: int
    alerts: int
    dead: int
    last_error: LastError | None
    last_error_at: datetime | None
    unknown_severity: Text | None
    unknown_severity_at: datetime | None

    @property
    def state(self) -> str:
        """``active``, ``paused`` or ``revoked``."""
        if self.revoked_at is not None:
            return "revoked"
        return "active" if self.paused_at is None else "paused"

    @property
    def ready(self) -> str:
        """The ready mapping that its own starts from; empty: none."""
        return str((self.mapping or {}).get("ready", ""))


class IntegrationWithKey(Integration):
    """The only answer that holds the key."""

    key: Text


class Became(Wire):
    """What became of something that was sent."""

    alert_id: UUID | None
    incident_id: UUID | None
    status: Text
    action: Text
    reason: Text


class MappingExample(Wire):
    """A body as the sender makes it."""

    title: Text
    payload: Any


class ReadyMapping(Wire):
    """A mapping that is ready for a sender."""

    name: Text
    title: Text
    mapping: Mapping[str, Any]
    examples: Sequence[MappingExample]


class ReadyMappings(Wire):
    """All of them, by name."""

    items: Sequence[ReadyMapping]


class Fault(Wire):
    """What a mapping could not read."""

    field: Text
    message: Text


class WouldSay(Wire):
    """One thing that a body would say; of what is ``ignored`` nothing more."""

    status: Text
    fingerprint: Text
    service: Text
    severity: Severity | None
    severity_unknown: bool
    message: Text
    group: Text | None
    starts_at: datetime | None
    ends_at: datetime | None
    labels: Mapping[str, str]
    annotations: Mapping[str, str]
    links: Mapping[str, str]


class Tried(Wire):
    """What one body would say, and what of it cannot be read."""

    inbox_id: UUID | None
    received_at: datetime | None
    says: Sequence[WouldSay]
    errors: Sequence[Fault]


class TrialResult(Wire):
    """What each body would say, the newest first."""

    results: Sequence[Tried]


class Alert(Wire):
    """An alert; ``held`` (and by what) where it pages nobody."""

    id: UUID
    incident_id: UUID | None
    integration: Ref
    fingerprint: Text
    service: Text
    severity: Severity
    severity_original: Text | None
    message: Text
    labels: Mapping[str, str]
    annotations: Mapping[str, str]
    links: Mapping[str, str]
    status: Text
    suppressed: bool
    count: int
    starts_at: datetime
    first_seen: datetime
    last_seen: datetime
    ends_at: datetime | None
    ends_at_is_timeout: bool
    resolved_at: datetime | None
    resolved_reason: Text | None
    held: Text | None
    held_by: Sequence[UUID]
    held_until: datetime | None
    flapping: bool


class Decision(Wire):
    """Something that was decided about an alert beside its incident."""

    at: datetime
    reason: Text
    data: Mapping[str, Any]


class KeptRequest(Wire):
    """A request as it came; ``failed``: which of its items could not be read, null: all."""

    id: UUID
    integration: Ref
    format: Text
    received_at: datetime
    request_id: Text | None
    size: int
    state: Text
    reason: Text | None
    detail: Text | None
    failed: Sequence[int] | None
    settled_at: datetime | None


class WholeRequest(KeptRequest):
    """One with its body: text, or base64 of what is none."""

    body: str
    encoding: Text
    is_cut: bool
    path: Mapping[str, str]
    query: Mapping[str, str]
    headers: Mapping[str, str]


class Replayed(Wire):
    """What became of a request that was replayed."""

    id: UUID
    state: Text
    results: Sequence[Became]
    reason: Text | None
    detail: Text | None


class ReplaySummary(Wire):
    """Of many; ``last`` is set where there may be more."""

    replayed: int
    alerts: int
    dead: int
    paused: int
    last: UUID | None


class Matcher(Wire):
    """A condition on one label, with the names of Alertmanager's API."""

    name: Text
    value: Text
    isRegex: bool = False  # noqa: N815 - Alertmanager's name
    isEqual: bool = True  # noqa: N815 - Alertmanager's name


class Recurrence(Wire):
    """Windows by a rule of RFC 5545, on the wall clock of a zone."""

    rrule: Text
    zone: Text
    duration_seconds: int


class Span(Wire):
    """One stretch of time."""

    starts_at: datetime
    ends_at: datetime


class Silence(Wire):
    """A silence; ``holds`` is how many alerts that fire it holds back now."""

    id: UUID
    state: Text
    matchers: Sequence[Matcher]
    text: Text
    starts_at: datetime
    ends_at: datetime
    recurrence: Recurrence | None
    window: Span | None
    next_starts_at: datetime | None
    integration_id: UUID | None
    author: Text
    comment: Text
    created_at: datetime
    updated_at: datetime
    holds: int


class Preview(Wire):
    """Open alerts that a silence would be about, and its first windows."""

    count: int
    alerts: Sequence[Alert]
    windows: Sequence[Span]


class InhibitionRule(Wire):
    """While what matches ``source`` fires, what matches ``target`` pages nobody."""

    id: UUID
    name: Text
    source: Sequence[Matcher]
    target: Sequence[Matcher]
    equal: Sequence[Text]
    author: Text
    comment: Text
    created_at: datetime
    holds: int


class Heartbeat(Wire):
    """An expected heartbeat."""

    name: Text
    state: Text
    integration: Ref
    interval_seconds: int
    grace_seconds: int
    service: Text
    severity: Severity
    description: Text
    paused: bool
    last_at: datetime | None
    missed_from: datetime | None
