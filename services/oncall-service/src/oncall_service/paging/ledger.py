"""What a run decided, written down: the ledger behind "why was I (not) paged"."""

from datetime import datetime
from enum import StrEnum
from typing import Any

from oncall_service.paging.course import Asking, Deed, Ending
from oncall_service.paging.rounds import Missed, Skipped
from oncall_service.policies.rules import Plan
from oncall_service.schedules.rules import OnCall
from oncall_service.tables import DecisionRow, EscalationRow
from shared.identifiers import new_id


class Decided(StrEnum):
    """What a run did about a step."""

    ASKED = "asked"
    ASKED_ALSO = "asked_also"
    MISSED = "missed"
    SKIPPED = "skipped"
    ENDED = "ended"


def written(
    run: EscalationRow, deed: Deed, plan: Plan, on: OnCall, *, now: datetime
) -> DecisionRow:
    """A deed as a row; ``on`` is who is on call for the run's team as it is decided."""
    kind, reason, facts = _said(deed)
    at = None if isinstance(deed, Ending) else deed.at
    if at is not None:
        facts["targets"] = [goal.target for goal in plan.steps[at.step].goals]
    return DecisionRow(
        id=new_id(),
        escalation_id=run.id,
        at=now,
        kind=kind,
        round=at.round if at else run.next_round,
        step=at.step if at else run.next_step,
        reason=reason,
        facts={**facts, "on_call": _on_call(on)},
    )


def _said(deed: Deed) -> tuple[Decided, str, dict[str, Any]]:
    match deed:
        case Asking():
            choice = deed.choice
            asks = [{"person": str(one.person), "reason": one.reason} for one in choice.asks]
            facts = {"asks": asks, "gap": choice.gap, "webhooks": len(choice.webhooks)}
            return (Decided.ASKED_ALSO if deed.also else Decided.ASKED), choice.reason, facts
        case Missed():
            return Decided.MISSED, deed.reason, {"person": str(deed.person)}
        case Skipped():
            return Decided.SKIPPED, deed.reason, {}
        case Ending():
            return Decided.ENDED, deed.reason, {}


def _on_call(on: OnCall) -> dict[str, Any]:
    return {
        "primary": str(on.primary) if on.primary else None,
        "primary_from": on.primary_from,
        "secondary": str(on.secondary) if on.secondary else None,
        "secondary_from": on.secondary_from,
    }
