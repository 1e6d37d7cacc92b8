"""Lists: incidents by any filter, timelines and alerts, page by page."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, and_, case, or_, text, true, tuple_
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from incident_management import views
from incident_management.references import parse_reference
from incident_management.tables import AlertTable, IncidentTable, TimelineTable
from shared.contracts.incident_api import IncidentAlert, TimelineEntry
from shared.contracts.incidents import Incident, Status
from shared.contracts.wire import Page, Severity, rank
from shared.paging import Keyset


class Sort(StrEnum):
    """In which order incidents are listed."""

    NEWEST = "newest"
    OLDEST = "oldest"
    SEVERITY = "severity"


_INCIDENTS = {
    Sort.NEWEST: Keyset("newest", datetime, UUID),
    Sort.OLDEST: Keyset("oldest", datetime, UUID),
    Sort.SEVERITY: Keyset("severity", int, datetime, UUID),
}
_TIMELINE = Keyset("timeline", datetime, int)
_ALERTS = Keyset("alerts", datetime, UUID)


@dataclass(frozen=True)
class Filter:
    """Which incidents; an empty field filters nothing, and those of canaries are in no list.

    ``services`` are parts of names, in any case of letters. ``unassigned``: those that nobody has.
    ``text`` is looked for in title, service and team, and as a number (42, INC-42) or an id: that
    finds its incident whatever the other fields say. ``merged`` lists merged incidents too: they
    live on in their survivor, so they are left out otherwise.
    """

    statuses: Sequence[Status] = ()
    severities: Sequence[Severity] = ()
    services: Sequence[str] = ()
    teams: Sequence[str] = ()
    assignee: UUID | None = None
    unassigned: bool = False
    text: str = ""
    since: datetime | None = None
    until: datetime | None = None
    merged: bool = False


async def list_incidents(
    session: AsyncSession, wanted: Filter, *, sort: Sort, limit: int, cursor: str | None
) -> Page[Incident]:
    """One page of incidents."""
    services = await _services_like(session, wanted.services) if wanted.services else ()
    query = select(IncidentTable).where(_matches(wanted, services))
    created, identity = col(IncidentTable.created_at), col(IncidentTable.id)
    gravity = _rank()
    order = _INCIDENTS[sort]
    after = order.after(cursor)
    match sort:
        case Sort.NEWEST:
            query = query.order_by(created.desc(), identity.desc())
            if after:
                query = query.where(tuple_(created, identity) < after)
        case Sort.OLDEST:
            query = query.order_by(created, identity)
            if after:
                query = query.where(tuple_(created, identity) > after)
        case Sort.SEVERITY:
            query = query.order_by(gravity, created.desc(), identity.desc())
            if after:
                behind = tuple_(created, identity) < after[1:]
                query = query.where(or_(gravity > after[0], (gravity == after[0]) & behind))
    rows = (await session.exec(query.limit(limit + 1))).all()
    by_severity = sort is Sort.SEVERITY
    return order.page(
        rows,
        limit,
        key=lambda row: (*([rank(row.severity)] if by_severity else []), row.created_at, row.id),
        show=views.incident,
    )


# From one name to the next in the index, so it costs what there are services, not incidents.
_SERVICES_LIKE = text("""
    WITH RECURSIVE names (service) AS (
        SELECT min(service) FROM incidents
        UNION ALL
        SELECT (SELECT min(service) FROM incidents WHERE service > names.service)
        FROM names WHERE names.service IS NOT NULL
    )
    SELECT service FROM names
    WHERE EXISTS (SELECT FROM unnest(CAST(:parts AS text[])) AS part
                  WHERE strpos(lower(service), lower(part)) > 0)
""")


async def _services_like(session: AsyncSession, parts: Sequence[str]) -> Sequence[str]:
    """The services whose names hold one of these parts, in any case of letters."""
    connection = await session.connection()
    return (await connection.scalars(_SERVICES_LIKE, {"parts": list(parts)})).all()


def _matches(wanted: Filter, services: Sequence[str]) -> ColumnElement[bool]:
    shown = col(IncidentTable.canary).is_(False)
    meant = and_(*_conditions(wanted, services))
    reference = parse_reference(wanted.text)
    if reference is None:
        return shown & meant
    column: Any = IncidentTable.number if isinstance(reference, int) else IncidentTable.id
    return shown & or_(meant, col(column) == reference)


def _conditions(wanted: Filter, services: Sequence[str]) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = [true()]
    if not wanted.merged:
        conditions.append(col(IncidentTable.merged_into).is_(None))
    lists: list[tuple[Any, Sequence[Any]]] = [
        (IncidentTable.status, wanted.statuses),
        (IncidentTable.severity, wanted.severities),
        (IncidentTable.team, wanted.teams),
    ]
    conditions.extend(col(column).in_(values) for column, values in lists if values)
    if wanted.services:
        conditions.append(col(IncidentTable.service).in_(services))
    if wanted.unassigned:
        conditions.append(col(IncidentTable.assignee_id).is_(None))
    if wanted.assignee is not None:
        conditions.append(col(IncidentTable.assignee_id) == wanted.assignee)
    if wanted.since is not None:
        conditions.append(col(IncidentTable.created_at) >= wanted.since)
    if wanted.until is not None:
        conditions.append(col(IncidentTable.created_at) < wanted.until)
    if wanted.text:
        conditions.append(_mentions(wanted.text))
    return conditions


def _mentions(words: str) -> ColumnElement[bool]:
    named = [
        col(column).icontains(words, autoescape=True)
        for column in (IncidentTable.title, IncidentTable.service, IncidentTable.team)
    ]
    return or_(*named)


def _rank() -> ColumnElement[int]:
    return case(
        {severity: rank for rank, severity in enumerate(Severity)},
        value=col(IncidentTable.severity),
    )


async def list_timeline(
    session: AsyncSession, incident_id: UUID, *, limit: int, cursor: str | None, language: str
) -> Page[TimelineEntry]:
    """One page of a timeline, in the order in which things happened, worded in a language."""
    query = select(TimelineTable).where(TimelineTable.incident_id == incident_id)
    if after := _TIMELINE.after(cursor):
        query = query.where(tuple_(col(TimelineTable.at), col(TimelineTable.seq)) > after)
    query = query.order_by(col(TimelineTable.at), col(TimelineTable.seq)).limit(limit + 1)
    return _TIMELINE.page(
        (await session.exec(query)).all(),
        limit,
        key=lambda row: (row.at, row.seq),
        show=lambda row: views.entry(row, language),
    )


async def list_alerts(
    session: AsyncSession, incident_id: UUID, *, limit: int, cursor: str | None
) -> Page[IncidentAlert]:
    """One page of the alerts of an incident, in the order they came."""
    query = select(AlertTable).where(AlertTable.incident_id == incident_id)
    if after := _ALERTS.after(cursor):
        query = query.where(tuple_(col(AlertTable.attached_at), col(AlertTable.id)) > after)
    query = query.order_by(col(AlertTable.attached_at), col(AlertTable.id)).limit(limit + 1)
    return _ALERTS.page(
        (await session.exec(query)).all(),
        limit,
        key=lambda row: (row.attached_at, row.id),
        show=views.alert,
    )
