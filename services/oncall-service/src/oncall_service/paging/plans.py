"""The copy of a policy that a run follows, as JSON and back."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from oncall_service.paging.steps import Position
from oncall_service.policies.rules import Goal, Plan, Step, Target, WorkingTime
from oncall_service.tables import EscalationRow
from shared.contracts.wire import Severity


def plan_of(row: EscalationRow) -> Plan:
    """The plan a run copied when it started."""
    stored = row.plan
    return Plan(
        steps=tuple(_step(step) for step in stored["steps"]),
        repeat=stored["repeat"],
        fallback=_id(stored["fallback"]),
        acknowledge_timeout_minutes=stored.get("acknowledge_timeout_minutes"),
    )


def stored_plan(plan: Plan) -> dict[str, Any]:
    """A plan as JSON.

    A step's ``target`` and ``person`` are of its first target: the release before reads no more.
    """
    return {
        "steps": [
            {
                "target": step.goals[0].target,
                "delay_minutes": step.delay_minutes,
                "person": _text(step.goals[0].person),
                "targets": [
                    {
                        "kind": goal.target,
                        "person": _text(goal.person),
                        "team": _text(goal.team),
                        "method": _text(goal.method),
                    }
                    for goal in step.goals
                ],
                "severities": sorted(step.severities) if step.severities else None,
                "hours": step.hours,
            }
            for step in plan.steps
        ],
        "repeat": plan.repeat,
        "fallback": _text(plan.fallback),
        "acknowledge_timeout_minutes": plan.acknowledge_timeout_minutes,
    }


def position_of(row: EscalationRow) -> Position:
    """What a run does next."""
    return Position(row.next_round, row.next_step)


def _step(stored: Mapping[str, Any]) -> Step:
    # Runs that the release before started have a single target.
    targets = stored.get("targets") or [{"kind": stored["target"], "person": stored["person"]}]
    severities = stored.get("severities")
    hours = stored.get("hours")
    return Step(
        goals=tuple(
            Goal(
                Target(one["kind"]),
                _id(one["person"]),
                _id(one.get("team")),
                _id(one.get("method")),
            )
            for one in targets
        ),
        delay_minutes=stored["delay_minutes"],
        severities=frozenset(map(Severity, severities)) if severities else None,
        hours=WorkingTime(hours) if hours else None,
    )


def _text(identifier: UUID | None) -> str | None:
    return str(identifier) if identifier else None


def _id(text: str | None) -> UUID | None:
    return UUID(text) if text else None
