"""The beginning of an incident, whoever noticed."""

from datetime import datetime
from typing import Any

from incident_management import metrics
from incident_management.store import incidents
from incident_management.tables import IncidentRow
from incident_management.workflow.work import TO_ONCALL, Happening, IncidentWork
from shared.contracts.identity import Actor
from shared.contracts.incidents import IncidentKind, Status
from shared.contracts.wire import Severity
from shared.urgency import Occasion


async def open_incident(
    work: IncidentWork,
    row: IncidentRow,
    *,
    reason: str,
    actor: Actor | None,
    data: dict[str, Any],
    of: int = 1,
) -> IncidentRow:
    """Store a new incident, count it, and ask for a page; one ``of`` about so many.

    That of a canary is in no figure, and takes none of the numbers that people count by.
    """
    if row.canary:
        row.number = await incidents.next_canary_number(work.held)
    else:
        row.number = await incidents.next_number(work.held, expecting=of)
        metrics.count_opened(work.increments, row.service, row.severity)
    work.held.begin(row)
    work.change(
        row,
        Happening(
            IncidentKind.OPENED,
            at=row.created_at,
            actor=actor,
            reason=reason,
            data={"title": row.title, **data},
        ),
        tell=(TO_ONCALL,),
        occasion=Occasion.FIRST_WORD,
    )
    return row


def new_row(
    *, title: str, service: str, severity: Severity, created_at: datetime, origin: str, **rest: Any
) -> IncidentRow:
    """A row of an open incident; telling of its opening makes it revision 1."""
    return IncidentRow(
        title=title,
        service=service,
        severity=severity,
        worst_severity=severity,
        status=Status.OPEN,
        created_at=created_at,
        updated_at=created_at,
        origin=origin,
        revision=0,
        counted_revision=0,
        **rest,
    )
