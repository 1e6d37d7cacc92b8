"""The schema ``alerts``: for Alembic, and for reading. Statements are in alert_ingestion.store."""

from datetime import datetime
from typing import Any, ClassVar
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlmodel import Field, SQLModel

_LIVE = "status = 'firing' OR suppressed"


class Table(SQLModel):
    """The base of this service's tables, with metadata of its own."""

    metadata: ClassVar[sa.MetaData] = sa.MetaData()


def _instant(*, nullable: bool = False) -> Any:
    return Field(sa_type=sa.DateTime(timezone=True), nullable=nullable)


def _texts() -> Any:
    return Field(sa_type=JSONB, nullable=False)


def _sequence() -> Any:
    return Field(sa_column=sa.Column(sa.BigInteger, sa.Identity(always=True), primary_key=True))


class IntegrationRow(Table, table=True):
    """A sender with a key. Of the key only a hash and its last characters are kept.

    A null in the policy means: whatever the settings say.
    """

    __tablename__ = "integrations"

    id: UUID = Field(primary_key=True)
    name: str = Field(sa_type=sa.Text, unique=True)
    kind: str = Field(sa_type=sa.Text)
    key_hash: str = Field(sa_type=sa.Text, unique=True)
    key_hint: str = Field(sa_type=sa.Text)
    auto_resolve: bool
    resolve_timeout_seconds: int | None
    correlation_labels: list[str] | None = Field(sa_type=ARRAY(sa.Text))
    correlation_window_seconds: int | None
    correlation_max_age_seconds: int | None
    service_labels: list[str] | None = Field(sa_type=ARRAY(sa.Text))
    severities: dict[str, str] | None = Field(sa_type=JSONB)
    created_at: datetime = _instant()
    revoked_at: datetime | None = _instant(nullable=True)
    last_error: dict[str, str] | None = Field(sa_type=JSONB)
    last_error_at: datetime | None = _instant(nullable=True)
    unknown_severity: str | None = Field(sa_type=sa.Text)
    unknown_severity_at: datetime | None = _instant(nullable=True)
    previous_key_hash: str | None = Field(sa_type=sa.Text, unique=True)
    previous_key_until: datetime | None = _instant(nullable=True)
    paused_at: datetime | None = _instant(nullable=True)
    mapping: dict[str, Any] | None = Field(sa_type=JSONB)
    confirm_subscriptions: bool
    requests_per_minute: int | None
    storm_incidents: int | None
    flap_openings: int | None


class ActivityRow(Table, table=True):
    """What an integration has sent, in parts that nobody waits for each other about."""

    __tablename__ = "integration_activity"

    integration_id: UUID = Field(primary_key=True)
    shard: int = Field(primary_key=True, sa_type=sa.Integer)
    requests: int = Field(sa_type=sa.BigInteger)
    alerts: int = Field(sa_type=sa.BigInteger)
    dead: int = Field(sa_type=sa.BigInteger)
    last_at: datetime = _instant()


class MinuteRow(Table, table=True):
    """How many alerts were received in a minute, in parts as above."""

    __tablename__ = "received_minutes"

    minute: datetime = Field(primary_key=True, sa_type=sa.DateTime(timezone=True))
    shard: int = Field(primary_key=True, sa_type=sa.Integer)
    received: int = Field(sa_type=sa.BigInteger)


class AuditRow(Table, table=True):
    """Who changed what; a trigger refuses to change or remove it."""

    __tablename__ = "audit"
    __table_args__ = (sa.Index("audit_subject", "subject_kind", "subject_id", "seq"),)

    seq: int | None = _sequence()
    at: datetime = _instant()
    actor: dict[str, Any] = _texts()
    action: str = Field(sa_type=sa.Text)
    subject_kind: str = Field(sa_type=sa.Text)
    subject_id: str = Field(sa_type=sa.Text)
    before: dict[str, Any] | None = Field(sa_type=JSONB)
    after: dict[str, Any] | None = Field(sa_type=JSONB)


class SeededKeyRow(Table, table=True):
    """A bootstrap key that was registered once; never again, whatever became of it since."""

    __tablename__ = "seeded_keys"

    key_hash: str = Field(sa_type=sa.Text, primary_key=True)
    seeded_at: datetime = _instant()


class InboxRow(Table, table=True):
    """An authentic request, as it came.

    ``beside`` is what its format reads beside the body. ``state`` is one of
    alert_ingestion.model.InboxState, ``reason`` and ``detail`` say why it is dead, ``failed`` which
    of its items are (null: all). ``outcome`` is what became of it, for a sender that asks later.
    """

    __tablename__ = "inbox"
    __table_args__ = (
        sa.Index("inbox_received", "received_at"),
        sa.Index("inbox_kept", "id", postgresql_where=sa.text("state <> 'taken'")),
        sa.Index("inbox_integration", "integration_id", "id"),
    )

    id: UUID = Field(primary_key=True)
    integration_id: UUID
    format: str = Field(sa_type=sa.Text)
    received_at: datetime = _instant()
    body: bytes
    request_id: str | None = Field(sa_type=sa.Text)
    beside: dict[str, Any] | None = Field(sa_type=JSONB)
    state: str = Field(sa_type=sa.Text)
    reason: str | None = Field(sa_type=sa.Text)
    detail: str | None = Field(sa_type=sa.Text)
    failed: list[int] | None = Field(sa_type=ARRAY(sa.Integer))
    outcome: dict[str, Any] | None = Field(sa_type=JSONB)
    settled_at: datetime | None = _instant(nullable=True)


class _AlertColumns(Table):
    """One occurrence of a problem; the columns are explained at alert_ingestion.model.Alert."""

    id: UUID = Field(primary_key=True)
    integration_id: UUID
    # No foreign key: the inbox is emptied long before the alerts are.
    inbox_id: UUID | None
    fingerprint: str = Field(sa_type=sa.Text)
    service: str = Field(sa_type=sa.Text)
    severity: str = Field(sa_type=sa.Text)
    severity_original: str | None = Field(sa_type=sa.Text)
    message: str = Field(sa_type=sa.Text)
    labels: dict[str, str] = _texts()
    annotations: dict[str, str] = _texts()
    links: dict[str, str] = _texts()
    correlation_key: str = Field(sa_type=sa.Text)
    incident_id: UUID | None
    status: str = Field(sa_type=sa.Text)
    suppressed: bool
    count: int
    starts_at: datetime = _instant()
    starts_at_given: bool
    occurrences: list[datetime] = Field(sa_type=ARRAY(sa.DateTime(timezone=True)))
    first_seen: datetime = _instant()
    last_seen: datetime = _instant()
    ends_at: datetime | None = _instant(nullable=True)
    ends_at_is_timeout: bool
    resolved_at: datetime | None = _instant(nullable=True)
    resolved_reason: str | None = Field(sa_type=sa.Text)
    held: str | None = Field(sa_type=sa.Text)
    held_by: list[UUID] = Field(sa_type=ARRAY(sa.Uuid), nullable=False)
    held_since: datetime | None = _instant(nullable=True)
    held_until: datetime | None = _instant(nullable=True)
    openings: list[datetime] = Field(sa_type=ARRAY(sa.DateTime(timezone=True)), nullable=False)
    flapping: bool


class AlertRow(_AlertColumns, table=True):
    """An alert that is live (it fires, or is suppressed), or that ended a short while ago."""

    __tablename__ = "alerts"
    __table_args__ = (
        # Whatever races: an identity has one live alert.
        sa.Index(
            "alerts_live",
            "integration_id",
            "fingerprint",
            unique=True,
            postgresql_where=sa.text(_LIVE),
        ),
        sa.Index("alerts_identity", "integration_id", "fingerprint", "id"),
        sa.Index("alerts_incident", "incident_id"),
        sa.Index("alerts_service", "service", "id"),
        sa.Index(
            "alerts_ending",
            "ends_at",
            postgresql_where=sa.text(f"ends_at IS NOT NULL AND ({_LIVE})"),
        ),
        sa.Index(
            "alerts_over",
            "resolved_at",
            postgresql_where=sa.text("status = 'resolved' AND NOT suppressed"),
        ),
        sa.Index("alerts_firing", "incident_id", postgresql_where=sa.text("status = 'firing'")),
        sa.Index("alerts_held", "held_until", postgresql_where=sa.text("held IS NOT NULL")),
    )


class PastAlertRow(_AlertColumns, table=True):
    """An alert that is over, in a partition for the month of its end, which can go as a whole."""

    __tablename__ = "past_alerts"
    __table_args__ = (
        sa.Index("past_alerts_id", "id"),
        sa.Index("past_alerts_identity", "integration_id", "fingerprint", "id"),
        sa.Index("past_alerts_incident", "incident_id"),
        sa.Index("past_alerts_service", "service", "id"),
        {"postgresql_partition_by": "RANGE (resolved_at)"},
    )

    resolved_at: datetime = Field(sa_type=sa.DateTime(timezone=True), primary_key=True)


class GroupRow(Table, table=True):
    """A correlation group: open while new alerts with its key join its incident."""

    __tablename__ = "groups"
    __table_args__ = (
        # The decision "which incident" is made under this index, in the transaction of the alert.
        sa.Index(
            "groups_open",
            "correlation_key",
            unique=True,
            postgresql_where=sa.text("closed_at IS NULL"),
        ),
        sa.Index("groups_incident", "incident_id"),
        sa.Index("groups_opened", "integration_id", "opened_at"),
        sa.Index("groups_key", "correlation_key", "opened_at"),
        sa.Index("groups_closed", "closed_at", postgresql_where=sa.text("closed_at IS NOT NULL")),
        sa.Index(
            "groups_storms",
            "id",
            postgresql_where=sa.text("storm IS NOT NULL AND closed_at IS NULL"),
        ),
    )

    id: UUID = Field(primary_key=True)
    correlation_key: str = Field(sa_type=sa.Text)
    incident_id: UUID
    opened_at: datetime = _instant()
    last_new_at: datetime = _instant()
    closed_at: datetime | None = _instant(nullable=True)
    closed_reason: str | None = Field(sa_type=sa.Text)
    integration_id: UUID | None
    severity: str | None = Field(sa_type=sa.Text)
    storm: dict[str, Any] | None = Field(sa_type=JSONB)


class IncidentRow(Table, table=True):
    """What this service knows of an incident; incident-management owns the truth.

    ``revision`` is the newest of its events seen, 0 before the first.
    """

    __tablename__ = "incidents"
    __table_args__ = (
        sa.Index(
            "incidents_over", "resolved_at", postgresql_where=sa.text("resolved_at IS NOT NULL")
        ),
    )

    id: UUID = Field(primary_key=True)
    state: str = Field(sa_type=sa.Text)
    revision: int = Field(sa_type=sa.BigInteger)
    recurrence_of: UUID | None
    resolved_at: datetime | None = _instant(nullable=True)
    resolved_by_hand: bool
    merged_into: UUID | None


class ProcessedEventRow(Table, table=True):
    """An event of incident-management that was applied."""

    __tablename__ = "processed_events"
    __table_args__ = (sa.Index("processed_events_age", "processed_at"),)

    event_id: UUID = Field(primary_key=True)
    processed_at: datetime = _instant()


class CanaryWalkRow(Table, table=True):
    """A walk of the canary: its alert, its page and its end; or the step that it did not get to."""

    __tablename__ = "canary_walks"

    id: UUID = Field(primary_key=True)
    incident_id: UUID | None
    started_at: datetime = _instant()
    paged_at: datetime | None = _instant(nullable=True)
    resolved_at: datetime | None = _instant(nullable=True)
    failed_at: datetime | None = _instant(nullable=True)
    failed_step: str | None = Field(sa_type=sa.Text)


class HeartbeatRow(Table, table=True):
    """A heartbeat by its name: when it was last heard, and from whom.

    One with an interval is expected: ``missed_at`` is since when it is missed.
    """

    __tablename__ = "heartbeats"
    __table_args__ = (
        sa.Index(
            "heartbeats_expected",
            "last_at",
            postgresql_where=sa.text("interval_seconds IS NOT NULL"),
        ),
    )

    name: str = Field(sa_type=sa.Text, primary_key=True)
    integration_id: UUID = Field(foreign_key="integrations.id")
    last_at: datetime | None = _instant(nullable=True)
    interval_seconds: int | None
    grace_seconds: int
    service: str | None = Field(sa_type=sa.Text)
    severity: str | None = Field(sa_type=sa.Text)
    description: str = Field(sa_type=sa.Text)
    paused: bool
    missed_at: datetime | None = _instant(nullable=True)
    created_at: datetime | None = _instant(nullable=True)


class AlertEntryRow(Table, table=True):
    """One decision about an alert that is on no incident's timeline: it was held back, let go."""

    __tablename__ = "alert_entries"
    __table_args__ = (
        sa.Index("alert_entries_alert", "alert_id", "seq"),
        sa.Index("alert_entries_at", "at"),
    )

    seq: int | None = _sequence()
    alert_id: UUID
    at: datetime = _instant()
    reason: str = Field(sa_type=sa.Text)
    data: dict[str, Any] = _texts()


class SilenceRow(Table, table=True):
    """Alerts that match page nobody, from its start to its end or in each of its windows.

    With ``integration_id`` only those of one integration; ``ends_at`` of one that recurs is when
    its last window is over.
    """

    __tablename__ = "silences"
    __table_args__ = (sa.Index("silences_ends", "ends_at"),)

    id: UUID = Field(primary_key=True)
    integration_id: UUID | None
    matchers: list[dict[str, Any]] = _texts()
    starts_at: datetime = _instant()
    ends_at: datetime = _instant()
    rrule: str | None = Field(sa_type=sa.Text)
    zone: str | None = Field(sa_type=sa.Text)
    duration_seconds: int | None
    author: str = Field(sa_type=sa.Text)
    comment: str = Field(sa_type=sa.Text)
    created_at: datetime = _instant()
    updated_at: datetime = _instant()


class InhibitionRuleRow(Table, table=True):
    """While an alert matching ``source`` fires, those matching ``target`` page nobody."""

    __tablename__ = "inhibition_rules"

    id: UUID = Field(primary_key=True)
    name: str = Field(sa_type=sa.Text)
    source: list[dict[str, Any]] = _texts()
    target: list[dict[str, Any]] = _texts()
    equal: list[str] = Field(sa_type=ARRAY(sa.Text), nullable=False)
    author: str = Field(sa_type=sa.Text)
    comment: str = Field(sa_type=sa.Text)
    created_at: datetime = _instant()
    ended_at: datetime | None = _instant(nullable=True)


class InhibitorRow(Table, table=True):
    """An alert that fires and inhibits others by a rule: those with the same ``key``."""

    __tablename__ = "inhibitors"
    __table_args__ = (
        sa.Index("inhibitors_key", "rule_id", "key"),
        sa.Index("inhibitors_alert", "alert_id"),
    )

    rule_id: UUID = Field(primary_key=True)
    alert_id: UUID = Field(primary_key=True)
    key: str = Field(sa_type=sa.Text)


class ChangeRow(Table, table=True):
    """A change of a service that somebody told of."""

    __tablename__ = "changes"
    __table_args__ = (
        sa.Index("changes_service", "service", "id"),
        sa.Index("changes_received", "received_at"),
    )

    id: UUID = Field(primary_key=True)
    integration_id: UUID
    service: str = Field(sa_type=sa.Text)
    summary: str = Field(sa_type=sa.Text)
    at: datetime = _instant()
    received_at: datetime = _instant()
    details: dict[str, Any] = _texts()
    links: dict[str, str] = _texts()
