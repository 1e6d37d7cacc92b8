"""A resolution by a slip of the hand is taken back, as if it had not been."""

from typing import Any

from incident_management import views
from incident_management.store import alerts, incidents
from incident_management.store.timeline import who_resolved
from incident_management.tables import IncidentRow
from incident_management.transitions import UNDO_WITHIN, Reason, refusal_to_undo
from incident_management.workflow.lifecycle import conclude_by_alerts, life_of, revive
from incident_management.workflow.work import IncidentWork
from shared.contracts.identity import Actor
from shared.contracts.incidents import RESOLUTION_UNDONE
from shared.errors import Conflict


async def undo_resolution(work: IncidentWork, row: IncidentRow, actor: Actor) -> None:
    """Make an incident, locked, what it was before ``actor`` resolved it a moment ago.

    Its alerts fire again, but for those that their senders have ended since; where that leaves
    none, it ends by rule.

    Raises:
        Conflict: it was not, or not by them, or too long ago, or it has come again since.
    """
    again = await _come_again(work, row)
    by = await who_resolved(work.held, row.id)
    refusal = refusal_to_undo(
        life_of(row),
        by_rule=row.resolved_by_rule,
        same_hand=by is not None and (by.kind, by.id) == (actor.kind, actor.id),
        again=again is not None,
        now=work.now,
    )
    if refusal is not None:
        raise Conflict(_why(refusal, row, again), reason=refusal, **_other(again))
    row.firing = await alerts.undo_end_by_hand(work.held, row.id)
    revive(work, row, at=work.now, reason=RESOLUTION_UNDONE, actor=actor)
    conclude_by_alerts(work, row)


async def _come_again(work: IncidentWork, row: IncidentRow) -> IncidentRow | None:
    """The open incident that stands for this one by now, if there is one."""
    again = await incidents.open_recurrence(work.held, row.id)
    if again is None and row.recurrence_of is not None and row.resolved_at is not None:
        # There may be only one open recurrence of what this one is a recurrence of.
        again = await incidents.open_recurrence(work.held, row.recurrence_of)
    return again


def _why(refusal: Reason, row: IncidentRow, again: IncidentRow | None) -> str:
    name = views.label(row)
    if refusal is Reason.CAME_AGAIN and again is not None:
        return f"{name} has come again since, as {views.label(again)}."
    return {
        Reason.NOT_OVER: f"{name} is {row.status}: there is no resolution to undo.",
        Reason.RESOLVED_BY_RULE: f"{name} resolved itself: none of its alerts fires any more.",
        Reason.RESOLVED_BY_ANOTHER: f"{name} was resolved by {row.resolved_by}, not by you.",
    }.get(
        refusal,
        f"{name} was resolved more than {UNDO_WITHIN.seconds} seconds ago, and that is final.",
    )


def _other(again: IncidentRow | None) -> dict[str, Any]:
    return {} if again is None else {"incident": str(again.id), "number": again.number}
