"""The tables of schema ``incidents``, as SQLModel sees them; migrations/ makes them."""

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, Column, DateTime, Enum, Identity, Text
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field, SQLModel

from shared.contracts.incidents import Status
from shared.contracts.wire import Severity

_INSTANT: Any = DateTime(timezone=True)


def _words(enum: type[StrEnum]) -> Any:
    # Text in the database (its checks live in the migration), the enumeration in Python.
    return Enum(
        enum,
        native_enum=False,
        create_constraint=False,
        values_callable=lambda members: [*map(str, members)],
    )


_SEVERITY, _STATUS = _words(Severity), _words(Status)


class IncidentRow(SQLModel, table=True):
    """An incident.

    ``origin`` is alert, manual or import. ``canary`` marks the incident of the platform's test of
    itself (docs/adr/0032), which no person and no figure sees.
    ``opening_alert_id`` is the alert the title came from.
    ``resolved_from`` is the state before the end, ``resolved_by_rule`` whether a rule drew it, and
    ``resolution_counted`` whether the end is in the counters (it goes in once, and
    that of an imported incident never). ``severity_chosen``: a person chose it, not its alerts.
    """

    __tablename__ = "incidents"

    id: UUID = Field(primary_key=True)
    number: int | None = Field(
        default=None, sa_column=Column(BigInteger, Identity(), nullable=False, unique=True)
    )
    title: str = Field(sa_type=Text)
    service: str = Field(sa_type=Text)
    severity: Severity = Field(sa_type=_SEVERITY)
    status: Status = Field(sa_type=_STATUS)
    team: str | None = Field(default=None, sa_type=Text)
    assignee_id: UUID | None = None
    assignee_name: str | None = Field(default=None, sa_type=Text)
    created_at: datetime = Field(sa_type=_INSTANT)
    acknowledged_at: datetime | None = Field(default=None, sa_type=_INSTANT)
    acknowledged_by: str | None = Field(default=None, sa_type=Text)
    in_progress_at: datetime | None = Field(default=None, sa_type=_INSTANT)
    resolved_at: datetime | None = Field(default=None, sa_type=_INSTANT)
    resolved_by: str | None = Field(default=None, sa_type=Text)
    resolved_from: Status | None = Field(default=None, sa_type=_STATUS)
    resolved_by_rule: bool = False
    resolution_counted: bool = False
    alert_count: int = 0
    worst_severity: Severity | None = Field(default=None, sa_type=_SEVERITY)
    severity_chosen: bool = False
    canary: bool = False
    correlation_key: str | None = Field(default=None, sa_type=Text)
    recurrence_of: UUID | None = None
    merged_into: UUID | None = Field(default=None, foreign_key="incidents.id")
    revision: int = Field(default=1, sa_type=BigInteger)
    origin: str = Field(sa_type=Text)
    opening_alert_id: UUID | None = None
    updated_at: datetime = Field(sa_type=_INSTANT)


class AlertRow(SQLModel, table=True):
    """An alert of an incident. One whose end arrived before its beginning has no incident yet.

    ``updated_at`` is when its sender last said something else about it, ``update_said_at`` when the
    timeline last did.
    """

    __tablename__ = "alerts"

    id: UUID = Field(primary_key=True)
    incident_id: UUID | None = Field(default=None, foreign_key="incidents.id")
    integration: str = Field(sa_type=Text)
    fingerprint: str = Field(sa_type=Text)
    service: str = Field(sa_type=Text)
    severity: Severity = Field(sa_type=_SEVERITY)
    message: str = Field(sa_type=Text)
    labels: dict[str, Any] = Field(sa_type=JSONB)
    annotations: dict[str, Any] = Field(sa_type=JSONB)
    links: dict[str, Any] = Field(sa_type=JSONB)
    starts_at: datetime = Field(sa_type=_INSTANT)
    attached_at: datetime | None = Field(default=None, sa_type=_INSTANT)
    resolved_at: datetime | None = Field(default=None, sa_type=_INSTANT)
    resolved_reason: str = Field(default="", sa_type=Text)
    auto_resolve: bool = True
    updated_at: datetime | None = Field(default=None, sa_type=_INSTANT)
    update_said_at: datetime | None = Field(default=None, sa_type=_INSTANT)


class AliasRow(SQLModel, table=True):
    """An incident id that alert-ingestion allocated and that was folded into an open incident."""

    __tablename__ = "aliases"

    alias_id: UUID = Field(primary_key=True)
    incident_id: UUID = Field(foreign_key="incidents.id")


class TimelineRow(SQLModel, table=True):
    """One thing that happened to an incident: a kind and its facts (docs/timeline.md).

    ``text`` is somebody's own words, a person's or those of a release that stored sentences; for
    everything else it is empty, and the sentence is made where it is read.
    """

    __tablename__ = "timeline"

    seq: int | None = Field(
        default=None, sa_column=Column(BigInteger, Identity(always=True), primary_key=True)
    )
    incident_id: UUID = Field(foreign_key="incidents.id")
    at: datetime = Field(sa_type=_INSTANT)
    recorded_at: datetime = Field(sa_type=_INSTANT)
    kind: str = Field(sa_type=Text)
    actor: dict[str, Any] | None = Field(default=None, sa_type=JSONB(none_as_null=True))
    text: str = Field(default="", sa_type=Text)
    reason: str = Field(default="", sa_type=Text)
    data: dict[str, Any] = Field(sa_type=JSONB)


class ProcessedRow(SQLModel, table=True):
    """An event that was applied; its repetition changes nothing."""

    __tablename__ = "processed_events"

    event_id: UUID = Field(primary_key=True)
    processed_at: datetime = Field(sa_type=_INSTANT)
    incident_id: UUID | None = None


class PersonRow(SQLModel, table=True):
    """A person's name as it was last heard of, for when oncall-service cannot be asked."""

    __tablename__ = "people"

    id: UUID = Field(primary_key=True)
    name: str = Field(sa_type=Text)
