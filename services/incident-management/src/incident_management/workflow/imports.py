"""Bringing in past incidents: stored with their own times, told to nobody.

They are in every figure that is computed from incidents (statistics, measures of one incident),
each at its own time, and in none of the counters on /metrics: a counter says what happened since
the last scrape, and nothing of this did (docs/adr/0013).
"""

from collections.abc import Iterator
from datetime import datetime
from typing import Any
from uuid import UUID

from incident_management import views
from incident_management.store import forgotten, incidents
from incident_management.tables import IncidentRow, TimelineRow
from incident_management.targets import Targets
from incident_management.workflow.work import IncidentWork, transaction
from shared.clock import Clock
from shared.contracts.identity import Actor
from shared.contracts.imports import ImportResult, PastEntry, PastIncident
from shared.contracts.incidents import IncidentKind, Status
from shared.contracts.wire import Outcome
from shared.database import Database

_REASON = "imported"


async def import_incidents(
    database: Database,
    clock: Clock,
    targets: Targets,
    past: list[PastIncident],
    importer: Actor,
) -> list[ImportResult]:
    """Store them all or none; an id that is, or was, already there is left as it is.

    They get their numbers in the order in which they were created.
    """
    async with transaction(database, clock.now(), targets) as work:
        ids = [incident.id for incident in past]
        await incidents.hold(work.held, ids, ())
        gone = await forgotten.numbers(work.held.connection, ids)
        results: dict[UUID, ImportResult] = {
            incident_id: ImportResult(id=incident_id, number=number, outcome=Outcome.DUPLICATE)
            for incident_id, number in gone.items()
        }
        for incident in sorted(past, key=lambda incident: (incident.created_at, incident.id)):
            if incident.id not in gone:
                results[incident.id] = await _import(work, incident, importer, of=len(past))
        return [results[incident.id] for incident in past]


async def _import(
    work: IncidentWork, past: PastIncident, importer: Actor, *, of: int
) -> ImportResult:
    known = await incidents.find(work.held, past.id)
    if known is not None:
        return ImportResult(id=past.id, number=views.number_of(known), outcome=Outcome.DUPLICATE)
    row = _row(work, past)
    row.number = await incidents.next_number(work.held, expecting=of)
    work.held.begin(row)
    for entry in sorted(_entries(past, importer), key=lambda entry: entry.at):
        work.held.entries.append(
            TimelineRow(
                incident_id=row.id,
                at=entry.at,
                recorded_at=work.now,
                kind=entry.kind,
                actor=entry.actor.model_dump(mode="json") if entry.actor else None,
                text=entry.text or "",
                reason=entry.reason,
                data=entry.data,
            )
        )
    return ImportResult(id=past.id, number=views.number_of(row), outcome=Outcome.APPLIED)


def _row(work: IncidentWork, past: PastIncident) -> IncidentRow:
    assignee = past.assignee
    fields = past.model_dump(exclude={"assignee", "timeline"})
    return IncidentRow(
        **fields,
        assignee_id=assignee.id if assignee else None,
        assignee_name=assignee.name if assignee else None,
        status=Status.RESOLVED,
        resolved_by_rule=past.resolved_by is None,
        origin="import",
        updated_at=work.now,
    )


def _entries(past: PastIncident, importer: Actor) -> Iterator[PastEntry]:
    """The steps of its life, from its times, and whatever else happened."""
    opened = {"title": past.title}
    yield _step(past.created_at, IncidentKind.OPENED, opened)
    if past.acknowledged_at is not None:
        by = {"by": past.acknowledged_by}
        yield _step(past.acknowledged_at, IncidentKind.ACKNOWLEDGED, by)
    if past.in_progress_at is not None:
        yield _step(past.in_progress_at, IncidentKind.IN_PROGRESS, {"by": None})
    yield from past.timeline
    yield _step(past.resolved_at, IncidentKind.RESOLVED, {"by": past.resolved_by})
    yield _step(past.resolved_at, IncidentKind.IMPORTED, {"by": importer.name}, actor=importer)


def _step(
    at: datetime, kind: IncidentKind, facts: dict[str, Any], actor: Actor | None = None
) -> PastEntry:
    return PastEntry(at=at, kind=kind, data=facts, actor=actor, reason=_REASON)
