"""What incident-management, and the log, are told of a run."""

from datetime import datetime

from oncall_service.paging.reasons import Reason
from oncall_service.tables import EscalationRow
from shared.contracts.oncall import PageEvent
from shared.contracts.wire import Ref
from shared.identifiers import new_id


def told(
    run: EscalationRow,
    event_type: str,
    *,
    now: datetime,
    reason: Reason,
    detail: str,
    team: Ref | None = None,
    person: Ref | None = None,
    assign: bool = False,
    step: int | None = None,
) -> PageEvent:
    """An event about a run; ``assign``: the incident becomes this person's if it is nobody's."""
    return PageEvent(
        event_id=new_id(),
        type=event_type,
        occurred_at=now,
        incident_id=run.incident_id,
        team=team,
        person=person,
        assign=assign,
        step=step,
        detail=detail,
        reason=reason,
    )


def about(run: EscalationRow) -> dict[str, str]:
    """The fields that name a run in the log."""
    return {
        "incident_id": str(run.incident_id),
        "escalation_id": str(run.id),
        "team": run.team_name,
    }
