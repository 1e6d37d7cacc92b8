"""Rows as the wire shows them."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Literal

from incident_management import measures
from incident_management.tables import AlertRow, IncidentRow, TimelineRow
from shared.contracts.identity import Actor
from shared.contracts.incident_api import IncidentAlert, IncidentMeasures, TimelineEntry
from shared.contracts.incidents import Incident
from shared.contracts.wire import Ref
from shared.words import timeline
from shared.words.catalogues import speaking


def number_of(row: IncidentRow) -> int:
    """The number the database gave it."""
    if row.number is None:
        raise TypeError("an incident has its number once it is stored")
    return row.number


def label(row: IncidentRow) -> str:
    """How people call it."""
    return f"INC-{number_of(row)}"


def span_of(row: IncidentRow) -> measures.Span:
    """What its measures come from."""
    return measures.Span(
        created_at=row.created_at,
        acknowledged_at=row.acknowledged_at,
        resolved_at=row.resolved_at,
        merged=row.merged_into is not None,
    )


def assignee_of(row: IncidentRow) -> Ref | None:
    """Whose it is."""
    if row.assignee_id is None or row.assignee_name is None:
        return None
    return Ref(id=row.assignee_id, name=row.assignee_name)


def incident(row: IncidentRow) -> Incident:
    """The incident on the wire."""
    span = span_of(row)
    return Incident(
        id=row.id,
        number=number_of(row),
        title=row.title,
        service=row.service,
        severity=row.severity,
        status=row.status,
        team=row.team,
        assignee=assignee_of(row),
        created_at=row.created_at,
        acknowledged_at=row.acknowledged_at,
        acknowledged_by=row.acknowledged_by,
        in_progress_at=row.in_progress_at,
        resolved_at=row.resolved_at,
        resolved_by=row.resolved_by,
        snoozed_until=row.snoozed_until,
        alert_count=row.alert_count,
        mtta_seconds=measures.time_to_acknowledge(span),
        mttr_seconds=measures.time_to_resolve(span),
        correlation_key=row.correlation_key,
        recurrence_of=row.recurrence_of,
        merged_into=row.merged_into,
        revision=row.revision,
    )


def entry(row: TimelineRow, language: str) -> TimelineEntry:
    """One entry of the timeline, worded in a language."""
    actor = Actor.model_validate(row.actor) if row.actor else None
    happening = timeline.Happening(row.kind, actor.name if actor else None, row.reason, row.data)
    return TimelineEntry(
        id=row.seq or 0,
        incident_id=row.incident_id,
        at=row.at,
        recorded_at=row.recorded_at,
        kind=row.kind,
        actor=actor,
        text=row.text or timeline.sentence(speaking(language), happening),
        reason=row.reason,
        data=row.data,
    )


def alert(row: AlertRow) -> IncidentAlert:
    """One alert of an incident."""
    if row.incident_id is None or row.attached_at is None:
        raise TypeError("an alert without an incident is not shown")
    state: Literal["firing", "resolved"] = "firing" if row.resolved_at is None else "resolved"
    return IncidentAlert(
        id=row.id,
        incident_id=row.incident_id,
        integration=row.integration,
        fingerprint=row.fingerprint,
        service=row.service,
        severity=row.severity,
        message=row.message,
        labels=_in_order(row.labels, row.label_order),
        annotations=row.annotations,
        links=row.links,
        state=state,
        starts_at=row.starts_at,
        attached_at=row.attached_at,
        resolved_at=row.resolved_at,
        resolved_reason=row.resolved_reason,
    )


def _in_order(labels: Mapping[str, str], order: Sequence[str]) -> dict[str, str]:
    """As the sender wrote them; what the order does not name comes last."""
    known = [name for name in order if name in labels]
    return {name: labels[name] for name in dict.fromkeys([*known, *labels])}


def measured(row: IncidentRow, *, now: datetime) -> IncidentMeasures:
    """The measures of one incident."""
    span = span_of(row)
    return IncidentMeasures(
        incident_id=row.id,
        number=number_of(row),
        severity=row.severity,
        status=row.status,
        created_at=row.created_at,
        acknowledged_at=row.acknowledged_at,
        resolved_at=row.resolved_at,
        mtta_seconds=measures.time_to_acknowledge(span),
        mttr_seconds=measures.time_to_resolve(span),
        open_seconds=max(0.0, ((row.resolved_at or now) - row.created_at).total_seconds()),
    )
