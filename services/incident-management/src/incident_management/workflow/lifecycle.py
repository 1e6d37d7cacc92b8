"""Steps in an incident's life, shared by people (actions) and rules (alerts)."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from incident_management import measures, metrics, views
from incident_management.ledger import TO_ALERTS, TO_ONCALL, Happening, Work
from incident_management.tables import IncidentRow
from incident_management.transitions import Life, Reason, step, undo_resolution
from shared.contracts.identity import Actor
from shared.contracts.incidents import Status
from shared.counters import Increments
from shared.urgency import Occasion

# {reason of the step: (kind of the event and of the timeline entry, what the sentence says)}
_STEPS = {
    Reason.ACKNOWLEDGED: ("incident.acknowledged", "acknowledged"),
    Reason.WORK_STARTED: ("incident.in_progress", "started to work on it"),
    Reason.WORK_PAUSED: ("incident.acknowledged", "paused work on it"),
    Reason.RELEASED: ("incident.released", "released it: it is open again, and nobody's"),
    Reason.RESOLVED: ("incident.resolved", "resolved"),
}


def life_of(row: IncidentRow) -> Life:
    """The life so far, as the rules see it."""
    return Life(
        status=row.status,
        acknowledged_at=row.acknowledged_at,
        acknowledged_by=row.acknowledged_by,
        in_progress_at=row.in_progress_at,
        resolved_at=row.resolved_at,
        resolved_by=row.resolved_by,
        resolved_from=row.resolved_from,
    )


def live(row: IncidentRow, life: Life) -> None:
    """Write a life back."""
    row.status = life.status
    row.acknowledged_at = life.acknowledged_at
    row.acknowledged_by = life.acknowledged_by
    row.in_progress_at = life.in_progress_at
    row.resolved_at = life.resolved_at
    row.resolved_by = life.resolved_by
    row.resolved_from = life.resolved_from


def step_by_person(
    work: Work, row: IncidentRow, wanted: Status, reason: Reason, who: Actor
) -> None:
    """An allowed step that somebody asked for."""
    before = life_of(row)
    live(row, step(before, wanted, at=work.now, by=who.name))
    count_step(work.ledger.increments, before, row)
    kind, did = _STEPS[reason]
    resolved = wanted is Status.RESOLVED
    work.ledger.change(
        row,
        Happening(
            kind=kind,
            text=f"{who.name} {did}.",
            at=work.now,
            actor=who,
            reason=reason,
            data=_from_to(before.status, row.status),
        ),
        # alert-ingestion has to know which incidents are over: no alert may join them any more.
        tell=(TO_ONCALL, TO_ALERTS) if resolved else (TO_ONCALL,),
        occasion=Occasion.FIRST_WORD,
    )


def resolve_by_rule(work: Work, row: IncidentRow, *, at: datetime, reason: str) -> None:
    """The end, because nothing fires any more."""
    before = life_of(row)
    at = max(at, row.created_at)
    live(row, step(before, Status.RESOLVED, at=at, by=None))
    row.resolved_by_rule = True
    count_step(work.ledger.increments, before, row)
    work.ledger.change(
        row,
        Happening(
            kind="incident.resolved",
            text="Resolved by itself: none of its alerts fires any more.",
            at=at,
            reason=reason,
            data=_from_to(before.status, row.status),
        ),
        tell=(TO_ONCALL, TO_ALERTS),
        occasion=Occasion.FIRST_WORD,
    )


def revive(work: Work, row: IncidentRow, *, at: datetime, reason: str) -> None:
    """Undo a resolution by rule that was drawn without knowing of an alert."""
    before = life_of(row)
    live(row, undo_resolution(before))
    row.resolved_by_rule = False
    work.ledger.change(
        row,
        Happening(
            kind="incident.reopened",
            text="Not over: an alert that had begun before the resolution arrived after it.",
            at=at,
            reason=reason,
            data=_from_to(before.status, row.status),
        ),
        tell=(TO_ONCALL, TO_ALERTS),
        occasion=Occasion.FIRST_WORD,
    )


def reopen(
    work: Work, row: IncidentRow, *, at: datetime, text: str, data: Mapping[str, Any]
) -> None:
    """Open again an incident that somebody has taken: it got worse than what they took.

    Whose it is stays as it was, and so does the first acknowledgement, which MTTA measures.
    """
    before = life_of(row)
    live(row, step(before, Status.OPEN, at=work.now, by=None))
    work.ledger.change(
        row,
        Happening(
            kind="incident.reopened",
            text=text,
            at=at,
            reason=Reason.WORSE_ALERT_JOINED,
            data={**data, **_from_to(before.status, row.status)},
        ),
        tell=(TO_ONCALL,),
        occasion=Occasion.FIRST_WORD,
    )


def count_step(increments: Increments, before: Life, row: IncidentRow) -> None:
    """Count what this step was the first to reach; each goes into the figures once."""
    span = views.span_of(row)
    severity = row.severity.value
    mtta = measures.time_to_acknowledge(span)
    if before.acknowledged_at is None and mtta is not None:
        increments.inc(metrics.INCIDENTS, status=metrics.REACHED_ACK)
        increments.observe(metrics.MTTA, mtta, severity=severity)
    mttr = measures.time_to_resolve(span)
    if not row.resolution_counted and mttr is not None:
        row.resolution_counted = True
        increments.inc(metrics.INCIDENTS, status=metrics.REACHED_RESOLVED)
        increments.observe(metrics.MTTR, mttr, severity=severity)


def _from_to(before: Status, after: Status) -> Mapping[str, Any]:
    return {"from": before.value, "to": after.value}
