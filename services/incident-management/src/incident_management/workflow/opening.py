"""The beginning of an incident, whoever noticed."""

from datetime import datetime
from typing import Any

from incident_management import metrics, store
from incident_management.ledger import TO_ONCALL, Happening, Work
from incident_management.tables import IncidentRow
from shared.contracts.identity import Actor
from shared.contracts.incidents import Status
from shared.contracts.wire import Severity
from shared.urgency import Occasion


async def open_incident(
    work: Work,
    row: IncidentRow,
    *,
    text: str,
    reason: str,
    actor: Actor | None,
    data: dict[str, Any],
    of: int = 1,
) -> IncidentRow:
    """Store a new incident, count it, and ask for a page; one ``of`` about so many."""
    row.number = await store.next_number(work.session, expecting=of)
    work.session.add(row)
    store.held(work.session).incidents[row.id] = row
    metrics.count_opened(work.ledger.increments, row.service, row.severity)
    work.ledger.change(
        row,
        Happening(
            kind="incident.opened",
            text=text,
            at=row.created_at,
            actor=actor,
            reason=reason,
            data=data,
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
        **rest,
    )
