"""The tables of schema ``incidents``, as SQLModel sees them; migrations/ makes them.

A row is a value that whoever changes it carries about (store.held writes what became of it, many
at once); lists are read through the table of the same columns.
"""

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, Column, DateTime, Enum, Identity, Text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
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


class IncidentRow(SQLModel):
    """An incident.

    ``origin`` is alert, manual or import. ``canary`` marks the incident of the platform's test of
    itself (docs/adr/0032), which no person and no figure sees.
    ``opening_alert_id`` is the alert the title came from.
    ``resolved_from`` is the state before the end, ``resolved_by_rule`` whether a rule drew it, and
    ``resolution_counted`` whether the end is in the counters (it goes in once, and
    that of an imported incident never). ``severity_chosen``: a person chose it, not its alerts.

    Its alerts are counted here, so that another one costs no more than the first: how many fire,
    by severity; how many ``disagree`` with ending it by rule; when the last of those that ended
    did. The counts are those of ``counted_revision``; a release that does not know them leaves
    another number behind, and whoever locks the incident next counts anew. ``snoozed_until``: it is
    to be left alone until then, and open again from then on.
    """

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
    firing: dict[Severity, int] = Field(default_factory=dict, sa_type=JSONB)
    disagreeing: int = 0
    last_alert_end: datetime | None = Field(default=None, sa_type=_INSTANT)
    counted_revision: int | None = Field(default=None, sa_type=BigInteger)
    snoozed_until: datetime | None = Field(default=None, sa_type=_INSTANT)


class IncidentTable(IncidentRow, table=True):
    """Where incidents are."""

    __tablename__ = "incidents"


class AlertRow(SQLModel):
    """An alert of an incident. One whose end arrived before its beginning has no incident yet.

    ``updated_at`` is when its sender last said something else about it, ``update_said_at`` when the
    timeline last did. ``label_order`` are the names of its labels as the sender wrote them (empty:
    of an older release). ``sender_ended``: it had been resolved by hand before its sender ended it.
    """

    id: UUID = Field(primary_key=True)
    incident_id: UUID | None = Field(default=None, foreign_key="incidents.id")
    integration: str = Field(sa_type=Text)
    fingerprint: str = Field(sa_type=Text)
    service: str = Field(sa_type=Text)
    severity: Severity = Field(sa_type=_SEVERITY)
    message: str = Field(sa_type=Text)
    labels: dict[str, Any] = Field(sa_type=JSONB)
    label_order: list[str] = Field(default_factory=list, sa_type=ARRAY(Text))
    annotations: dict[str, Any] = Field(sa_type=JSONB)
    links: dict[str, Any] = Field(sa_type=JSONB)
    starts_at: datetime = Field(sa_type=_INSTANT)
    attached_at: datetime | None = Field(default=None, sa_type=_INSTANT)
    resolved_at: datetime | None = Field(default=None, sa_type=_INSTANT)
    resolved_reason: str = Field(default="", sa_type=Text)
    auto_resolve: bool = True
    updated_at: datetime | None = Field(default=None, sa_type=_INSTANT)
    update_said_at: datetime | None = Field(default=None, sa_type=_INSTANT)
    sender_ended: bool = False


class AlertTable(AlertRow, table=True):
    """Where alerts are."""

    __tablename__ = "alerts"


class TimelineRow(SQLModel):
    """One thing that happened to an incident: a kind and its facts (docs/timeline.md).

    ``text`` is somebody's own words, a person's or those of a release that stored sentences; for
    everything else it is empty, and the sentence is made where it is read.
    """

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


class TimelineTable(TimelineRow, table=True):
    """Where timelines are."""

    __tablename__ = "timeline"
