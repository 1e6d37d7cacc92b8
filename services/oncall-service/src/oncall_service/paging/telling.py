"""What incident-management, and the log, are told of a run."""

from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Any

from oncall_service.paging.reasons import Reason
from oncall_service.tables import EscalationRow
from shared.contracts.oncall import PageEvent, PageKind
from shared.contracts.wire import Ref
from shared.identifiers import new_id

NO_FACTS: Mapping[str, Any] = MappingProxyType({})


def told(
    run: EscalationRow,
    kind: PageKind,
    *,
    now: datetime,
    reason: Reason,
    team: Ref | None = None,
    person: Ref | None = None,
    assign: bool = False,
    step: int | None = None,
    data: Mapping[str, Any] = NO_FACTS,
) -> PageEvent:
    """An event about a run; ``assign``: the incident becomes this person's if it is nobody's."""
    return PageEvent(
        event_id=new_id(),
        type=kind,
        occurred_at=now,
        incident_id=run.incident_id,
        team=team,
        person=person,
        assign=assign,
        step=step,
        data=dict(data),
        reason=reason,
    )


def about(run: EscalationRow) -> dict[str, str]:
    """The fields that name a run in the log."""
    return {
        "incident_id": str(run.incident_id),
        "escalation_id": str(run.id),
        "team": run.team_name,
    }
