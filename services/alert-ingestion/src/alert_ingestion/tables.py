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


class SeededKeyRow(Table, table=True):
    """A bootstrap key that was registered once; never again, whatever became of it since."""

    __tablename__ = "seeded_keys"

    key_hash: str = Field(sa_type=sa.Text, primary_key=True)
    seeded_at: datetime = _instant()


class InboxRow(Table, table=True):
    """The raw body of an accepted request, as it came."""

    __tablename__ = "inbox"
    __table_args__ = (sa.Index("inbox_received", "received_at"),)

    id: UUID = Field(primary_key=True)
    integration_id: UUID = Field(foreign_key="integrations.id")
    format: str = Field(sa_type=sa.Text)
    received_at: datetime = _instant()
    body: bytes
    request_id: str | None = Field(sa_type=sa.Text)


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
    incident_id: UUID
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
    )

    integration_id: UUID = Field(foreign_key="integrations.id")


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
    )

    id: UUID = Field(primary_key=True)
    correlation_key: str = Field(sa_type=sa.Text)
    incident_id: UUID
    opened_at: datetime = _instant()
    last_new_at: datetime = _instant()
    closed_at: datetime | None = _instant(nullable=True)
    closed_reason: str | None = Field(sa_type=sa.Text)


class IncidentRow(Table, table=True):
    """What this service knows of an incident; incident-management owns the truth.

    ``revision`` is the newest of its events seen, 0 before the first.
    """

    __tablename__ = "incidents"

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
    """A heartbeat by its name: when it was last heard, and from whom."""

    __tablename__ = "heartbeats"

    name: str = Field(sa_type=sa.Text, primary_key=True)
    integration_id: UUID = Field(foreign_key="integrations.id")
    last_at: datetime = _instant()
