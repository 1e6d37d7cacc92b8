"""Steps in an incident's life, shared by people (actions) and rules (alerts)."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from incident_management import measures, metrics, views
from incident_management.attachments import Ends, Standing, conclude
from incident_management.tables import IncidentRow
from incident_management.transitions import Life, Reason, step, undo_resolution
from incident_management.workflow.work import TO_ALERTS, TO_ONCALL, Happening, IncidentWork
from shared.contracts.identity import Actor
from shared.contracts.incidents import (
    IncidentKind,
    JoinedAlerts,
    Status,
)
from shared.contracts.wire import Severity, is_worse
from shared.urgency import Occasion

_KINDS = {
    Reason.ACKNOWLEDGED: IncidentKind.ACKNOWLEDGED,
    Reason.WORK_STARTED: IncidentKind.IN_PROGRESS,
    Reason.WORK_PAUSED: IncidentKind.ACKNOWLEDGED,
    Reason.RELEASED: IncidentKind.RELEASED,
    Reason.RESOLVED: IncidentKind.RESOLVED,
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
    """Write a life back; whoever does something about an incident has ended its snooze."""
    row.snoozed_until = None
    row.status = life.status
    row.acknowledged_at = life.acknowledged_at
    row.acknowledged_by = life.acknowledged_by
    row.in_progress_at = life.in_progress_at
    row.resolved_at = life.resolved_at
    row.resolved_by = life.resolved_by
    row.resolved_from = life.resolved_from


def step_by_person(
    work: IncidentWork,
    row: IncidentRow,
    wanted: Status,
    reason: Reason,
    who: Actor,
    *,
    by_link: str | None = None,
) -> None:
    """An allowed step that somebody asked for; ``by_link``: the channel of the link they used."""
    before = life_of(row)
    live(row, step(before, wanted, at=work.now, by=who.name))
    count_step(work, before, row)
    resolved = wanted is Status.RESOLVED
    work.change(
        row,
        Happening(
            _KINDS[reason],
            at=work.now,
            actor=who,
            reason=reason,
            data={
                **_from_to(before.status, row.status),
                **({"by_link": by_link} if by_link is not None else {}),
            },
        ),
        # alert-ingestion has to know which incidents are over: no alert may join them any more.
        tell=(TO_ONCALL, TO_ALERTS) if resolved else (TO_ONCALL,),
        occasion=Occasion.FIRST_WORD,
    )


def resolve_by_rule(work: IncidentWork, row: IncidentRow, *, at: datetime, reason: str) -> None:
    """The end, because nothing fires any more."""
    before = life_of(row)
    at = max(at, row.created_at)
    live(row, step(before, Status.RESOLVED, at=at, by=None))
    row.resolved_by_rule = True
    count_step(work, before, row)
    work.change(
        row,
        Happening(
            IncidentKind.RESOLVED,
            at=at,
            reason=reason,
            data=_from_to(before.status, row.status),
        ),
        tell=(TO_ONCALL, TO_ALERTS),
        occasion=Occasion.FIRST_WORD,
    )


def conclude_by_alerts(work: IncidentWork, row: IncidentRow) -> Standing:
    """Resolve an incident none of whose alerts fires, or date its end by the last of them."""
    conclusion = conclude(
        Ends(
            alerts=row.alert_count,
            firing=sum(row.firing.values()),
            last=row.last_alert_end,
            agree=row.disagreeing == 0,
        )
    )
    if conclusion.at is None:
        return conclusion.standing
    if row.resolved_at is None:
        resolve_by_rule(work, row, at=conclusion.at, reason=conclusion.standing)
    elif row.resolved_by_rule:
        row.resolved_at = max(conclusion.at, row.created_at)
    return conclusion.standing


def revive(
    work: IncidentWork,
    row: IncidentRow,
    *,
    at: datetime,
    reason: str,
    actor: Actor | None = None,
) -> None:
    """Undo a resolution: by rule, drawn without knowing of an alert, or by a slip of the hand."""
    before = life_of(row)
    live(row, undo_resolution(before))
    row.resolved_by_rule = False
    work.change(
        row,
        Happening(
            IncidentKind.REOPENED,
            at=at,
            actor=actor,
            reason=reason,
            data=_from_to(before.status, row.status),
        ),
        tell=(TO_ONCALL, TO_ALERTS),
        occasion=Occasion.FIRST_WORD,
    )


def reopen(
    work: IncidentWork, row: IncidentRow, *, at: datetime, reason: str, data: Mapping[str, Any]
) -> None:
    """Open again an incident that somebody has taken.

    It got worse than what they took, nothing followed, or it was left alone until now.

    Whose it is stays as it was, and so does the first acknowledgement, which MTTA measures.
    """
    before = life_of(row)
    live(row, step(before, Status.OPEN, at=work.now, by=None))
    work.change(
        row,
        Happening(
            IncidentKind.REOPENED,
            at=at,
            reason=reason,
            data={**data, **_from_to(before.status, row.status)},
        ),
        tell=(TO_ONCALL,),
        occasion=Occasion.FIRST_WORD,
    )


def regrade(
    work: IncidentWork,
    row: IncidentRow,
    before: Severity,
    *,
    at: datetime,
    joined: JoinedAlerts | None = None,
) -> None:
    """Say that an incident has become as grave as its alerts are now; a fall pages nobody."""
    if before is row.severity:
        return
    rises = is_worse(row.severity, before)
    work.change(
        row,
        Happening(
            IncidentKind.SEVERITY_CHANGED,
            at=at,
            reason="gravest_of_its_alerts",
            data={"from": before.value, "to": row.severity.value},
        ),
        tell=(TO_ONCALL,),
        occasion=Occasion.FIRST_WORD if rises else Occasion.MORE,
        joined=joined,
    )


def count_step(work: IncidentWork, before: Life, row: IncidentRow) -> None:
    """Count what this step was the first to reach; each goes into the figures once."""
    if row.canary:
        return
    span = views.span_of(row)
    whose = metrics.Whose(row.service, row.team, row.severity)
    mtta = measures.time_to_acknowledge(span)
    if before.acknowledged_at is None and mtta is not None:
        metrics.count_acknowledged(work.increments, whose, mtta, work.targets)
    mttr = measures.time_to_resolve(span)
    if not row.resolution_counted and mttr is not None:
        row.resolution_counted = True
        metrics.count_resolved(
            work.increments, whose, mttr, work.targets, acknowledged=mtta is not None
        )


def _from_to(before: Status, after: Status) -> Mapping[str, Any]:
    return {"from": before.value, "to": after.value}
