"""What was over has come again, and somebody noticed before any alert did."""

from incident_management import views
from incident_management.attachments import Placement
from incident_management.store import incidents
from incident_management.tables import IncidentRow
from incident_management.transitions import Reason
from incident_management.workflow.opening import new_row, open_incident
from incident_management.workflow.work import Happening, IncidentWork
from shared.contracts.identity import Actor
from shared.contracts.incidents import RECURRED_BY_HAND, IncidentKind, Status
from shared.errors import Conflict
from shared.identifiers import new_id


async def recur(work: IncidentWork, ended: IncidentRow, actor: Actor) -> IncidentRow:
    """A new incident that is the recurrence of one that is over, locked; paged like any other.

    Raises:
        Conflict: it is not over, or has come again already.
    """
    if ended.status is not Status.RESOLVED:
        raise Conflict(
            f"{views.label(ended)} is {ended.status}: what is not over cannot come again.",
            reason=Reason.NOT_OVER,
        )
    again = await incidents.open_recurrence(work.held, ended.id)
    if again is not None:
        raise Conflict(
            f"{views.label(ended)} has come again already, as {views.label(again)}.",
            reason=Reason.CAME_AGAIN,
            incident=str(again.id),
            number=again.number,
        )
    row = new_row(
        id=new_id(),
        title=ended.title,
        service=ended.service,
        severity=ended.severity,
        team=ended.team,
        created_at=work.now,
        origin="manual",
        recurrence_of=ended.id,
    )
    await open_incident(
        work,
        row,
        reason=RECURRED_BY_HAND,
        actor=actor,
        data={"recurrence_of": str(ended.id), "number": ended.number},
    )
    work.remark(
        ended,
        Happening(
            IncidentKind.RECURRED,
            at=work.now,
            actor=actor,
            reason=Placement.RECURS,
            data={"recurrence": str(row.id), "number": row.number},
        ),
    )
    return row
