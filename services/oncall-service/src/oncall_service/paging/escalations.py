"""Use cases: looking at escalation runs."""

from uuid import UUID

from sqlmodel import col, select

from oncall_service.core.core import Core
from oncall_service.core.store import lookup
from oncall_service.paging.store import incidents
from oncall_service.policies.shapes import EscalationView
from oncall_service.tables import EscalationRow, TeamRow
from shared.contracts.wire import Page
from shared.errors import NotFound


async def get(core: Core, escalation_id: UUID) -> EscalationView:
    """One run."""
    async with core.database.session() as session:
        row = await session.get(EscalationRow, escalation_id)
        if row is None:
            raise NotFound(f"There is no escalation {escalation_id}.")
        return incidents.view(row)


async def listed(
    core: Core,
    *,
    incident_id: UUID | None,
    team: str | None,
    status: str | None,
    limit: int,
    cursor: str | None,
) -> Page[EscalationView]:
    """Runs, newest first."""
    statement = select(EscalationRow).order_by(col(EscalationRow.id).desc()).limit(limit + 1)
    async with core.database.session() as session:
        if incident_id is not None:
            statement = statement.where(EscalationRow.incident_id == incident_id)
        if team is not None:
            found = await lookup.refer(session, TeamRow, team, "team")
            statement = statement.where(EscalationRow.team_id == found.id)
        if status is not None:
            statement = statement.where(EscalationRow.status == status)
        if cursor is not None:
            statement = statement.where(EscalationRow.id < lookup.id_cursor(cursor))
        rows = list((await session.exec(statement)).all())
    more = len(rows) > limit
    return Page(
        items=[incidents.view(row) for row in rows[:limit]],
        next_cursor=str(rows[limit - 1].id) if more else None,
    )
