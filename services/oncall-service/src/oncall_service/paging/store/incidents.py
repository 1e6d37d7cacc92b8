"""Incidents as they were last heard of, and their escalation runs, in the database."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import case
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from oncall_service.paging.rules import Plan, Position, Step, Target
from oncall_service.policies.shapes import EscalationView
from oncall_service.tables import EscalationRow, IncidentRow
from shared.contracts.wire import Ref, Severity

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
    """Incidents whose run has something to do: the worst first, then the longest due."""
    worst_first = case(
        {severity.value: place for place, severity in enumerate(Severity)},
        value=IncidentRow.severity,
        else_=len(Severity),
    )
    statement = (
        select(EscalationRow.incident_id)
        .join(IncidentRow, col(IncidentRow.id) == EscalationRow.incident_id)
        .where(EscalationRow.status == RUNNING, col(EscalationRow.due_at) <= now)
        .order_by(worst_first, col(EscalationRow.due_at))
        .limit(limit)
    )
    return (await session.exec(statement)).all()


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


def view(row: EscalationRow) -> EscalationView:
    """A run as the API shows it."""
    return EscalationView(
        id=row.id,
        incident_id=row.incident_id,
        team=Ref(id=row.team_id, name=row.team_name),
        policy=row.policy_name,
        status=row.status,
        round=row.next_round,
        step=row.next_step,
        steps=len(row.plan["steps"]),
        due_at=row.due_at,
        started_at=row.started_at,
        started_reason=row.started_reason,
        started_by=row.started_by,
        ended_at=row.ended_at,
        ended_reason=row.ended_reason,
    )
