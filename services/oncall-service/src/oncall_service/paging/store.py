"""Incidents as they were last heard of, and their escalation runs, in the database."""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import case, func
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import col, or_, select, update
from sqlmodel.ext.asyncio.session import AsyncSession

from oncall_service.tables import DecisionRow, EscalationRow, IncidentRow, ScheduleRow
from shared.contracts.wire import Severity

RUNNING = "running"


async def lock(
    session: AsyncSession, ids: Collection[UUID], now: datetime
) -> dict[UUID, IncidentRow]:
    """The incidents, locked in the order of their ids; what is new gets an empty row."""
    ordered = sorted(ids)
    if ordered:
        blank = {"revision": 0, "number": 0, "title": "", "service": "", "severity": ""}
        await session.exec(
            insert(IncidentRow)
            .values([{"id": one, **blank, "updated_at": now} for one in ordered])
            .on_conflict_do_nothing()
        )
    statement = (
        select(IncidentRow)
        .where(col(IncidentRow.id).in_(ordered))
        .order_by(col(IncidentRow.id))
        .with_for_update()
    )
    return {row.id: row for row in await session.exec(statement)}


async def lock_known(session: AsyncSession, incident: UUID) -> IncidentRow | None:
    """One incident, locked; None if it was never heard of."""
    return await session.get(IncidentRow, incident, with_for_update=True)


async def lock_all(session: AsyncSession, incidents: Collection[UUID]) -> None:
    """Keep what is known of these incidents from everybody else until the commit."""
    statement = select(IncidentRow.id).where(col(IncidentRow.id).in_(incidents))
    await session.exec(statement.order_by(col(IncidentRow.id)).with_for_update())


async def lock_free(session: AsyncSession, incidents: Collection[UUID]) -> dict[UUID, IncidentRow]:
    """Those of the incidents that nobody else works on, locked."""
    statement = (
        select(IncidentRow)
        .where(col(IncidentRow.id).in_(incidents))
        .order_by(col(IncidentRow.id))
        .with_for_update(skip_locked=True)
    )
    return {row.id: row for row in await session.exec(statement)}


async def forgotten(session: AsyncSession, now: datetime, limit: int) -> Sequence[IncidentRow]:
    """Incidents whose acknowledgement counts no more and that nobody else works on, locked."""
    statement = (
        select(IncidentRow)
        .where(col(IncidentRow.forgotten_at) <= now)
        .order_by(col(IncidentRow.forgotten_at))
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    return (await session.exec(statement)).all()


async def running_of(
    session: AsyncSession, incidents: Collection[UUID]
) -> dict[UUID, EscalationRow]:
    """The active runs of incidents whose rows the caller has locked."""
    statement = select(EscalationRow).where(
        col(EscalationRow.incident_id).in_(incidents), EscalationRow.status == RUNNING
    )
    return {row.incident_id: row for row in await session.exec(statement)}


async def running(session: AsyncSession, incident: UUID) -> EscalationRow | None:
    """The active run of an incident whose row the caller has locked."""
    statement = select(EscalationRow).where(
        EscalationRow.incident_id == incident, EscalationRow.status == RUNNING
    )
    return (await session.exec(statement)).first()


async def latest(session: AsyncSession, incident: UUID) -> EscalationRow | None:
    """The newest run of an incident, whatever became of it."""
    statement = (
        select(EscalationRow)
        .where(EscalationRow.incident_id == incident)
        .order_by(col(EscalationRow.id).desc())
    )
    return (await session.exec(statement)).first()


async def of_incident(session: AsyncSession, incident: UUID) -> Sequence[EscalationRow]:
    """All runs of an incident, oldest first."""
    statement = select(EscalationRow).where(EscalationRow.incident_id == incident)
    return (await session.exec(statement.order_by(col(EscalationRow.id)))).all()


async def decisions(session: AsyncSession, runs: Collection[UUID]) -> Sequence[DecisionRow]:
    """What runs decided, oldest first."""
    statement = select(DecisionRow).where(col(DecisionRow.escalation_id).in_(runs))
    return (await session.exec(statement.order_by(col(DecisionRow.id)))).all()


async def teams_paged(
    session: AsyncSession, incidents: Collection[UUID]
) -> dict[UUID, frozenset[str]]:
    """The teams that runs of each incident were for."""
    statement = select(EscalationRow.incident_id, EscalationRow.team_name).where(
        col(EscalationRow.incident_id).in_(incidents)
    )
    found: dict[UUID, set[str]] = {}
    for incident, team in await session.exec(statement):
        found.setdefault(incident, set()).add(team)
    return {incident: frozenset(teams) for incident, teams in found.items()}


async def due(session: AsyncSession, now: datetime, limit: int) -> Sequence[UUID]:
    """Incidents whose run has something to do: the worst first, then the longest due.

    A step is due, or somebody else may be on call: the clock says so, or the schedule was changed.
    """
    worst_first = case(
        {severity.value: place for place, severity in enumerate(Severity)},
        value=IncidentRow.severity,
        else_=len(Severity),
    )
    statement = (
        select(EscalationRow.incident_id)
        .join(IncidentRow, col(IncidentRow.id) == EscalationRow.incident_id)
        .join(ScheduleRow, col(ScheduleRow.team_id) == EscalationRow.team_id, isouter=True)
        .where(
            EscalationRow.status == RUNNING,
            or_(
                col(EscalationRow.due_at) <= now,
                col(EscalationRow.hand_off_at) <= now,
                col(ScheduleRow.revision).is_distinct_from(EscalationRow.roster_revision),
            ),
        )
        .order_by(worst_first, col(EscalationRow.due_at))
        .limit(limit)
    )
    return (await session.exec(statement)).all()


async def listed(
    session: AsyncSession,
    *,
    incident: UUID | None,
    team: UUID | None,
    status: str | None,
    before: UUID | None,
    limit: int,
) -> list[EscalationRow]:
    """Runs, newest first."""
    statement = select(EscalationRow).order_by(col(EscalationRow.id).desc()).limit(limit)
    if incident is not None:
        statement = statement.where(EscalationRow.incident_id == incident)
    if team is not None:
        statement = statement.where(EscalationRow.team_id == team)
    if status is not None:
        statement = statement.where(EscalationRow.status == status)
    if before is not None:
        statement = statement.where(EscalationRow.id < before)
    return list((await session.exec(statement)).all())


async def running_and_due(session: AsyncSession) -> tuple[int, datetime | None]:
    """How many runs are active, and the instant at which the most overdue of them is due."""
    statement = select(func.count(), func.min(EscalationRow.due_at)).where(
        EscalationRow.status == RUNNING
    )
    return (await session.exec(statement)).one()


async def bring_forward(session: AsyncSession, by: timedelta) -> None:
    """Make the next step of every run due earlier by this much."""
    await session.exec(
        update(EscalationRow)
        .where(col(EscalationRow.status) == RUNNING)
        .values(due_at=EscalationRow.due_at - by)  # type: ignore[operator]
    )
    await session.exec(
        update(IncidentRow)
        .where(col(IncidentRow.forgotten_at).is_not(None))
        .values(forgotten_at=IncidentRow.forgotten_at - by)  # type: ignore[operator]
    )
