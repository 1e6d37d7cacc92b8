"""The copy of a policy that a run follows, as JSON and back."""

from typing import Any
from uuid import UUID

from oncall_service.paging.steps import Position
from oncall_service.policies.rules import Plan, Step, Target
from oncall_service.tables import EscalationRow


def plan_of(row: EscalationRow) -> Plan:
    """The plan a run copied when it started."""
    stored = row.plan
    return Plan(
        steps=tuple(
            Step(
                Target(step["target"]),
                step["delay_minutes"],
                UUID(step["person"]) if step["person"] else None,
            )
            for step in stored["steps"]
        ),
        repeat=stored["repeat"],
        fallback=UUID(stored["fallback"]) if stored["fallback"] else None,
    )


def stored_plan(plan: Plan) -> dict[str, Any]:
    """A plan as JSON."""
    return {
        "steps": [
            {
                "target": step.target.value,
                "delay_minutes": step.delay_minutes,
                "person": str(step.person) if step.person else None,
            }
            for step in plan.steps
        ],
        "repeat": plan.repeat,
        "fallback": str(plan.fallback) if plan.fallback else None,
    }


def position_of(row: EscalationRow) -> Position:
    """What a run does next."""
    return Position(row.next_round, row.next_step)
