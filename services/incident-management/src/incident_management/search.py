"""Lists: incidents by any filter, timelines and alerts, in pages that stay put while rows come.

A cursor holds the sort key of the last row seen (keyset paging), so a page costs the same at the
100,000th row as at the first, and what arrives meanwhile moves nothing.
"""

import base64
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, case, or_, tuple_
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from incident_management import views
from incident_management.references import parse_reference
from incident_management.tables import AlertRow, IncidentRow, TimelineRow
from shared.contracts.incident_api import IncidentAlert, TimelineEntry
from shared.contracts.incidents import Incident, Status
from shared.contracts.wire import Page, Severity
from shared.errors import FieldError, Invalid

DEFAULT_LIMIT = 50
MAX_LIMIT = 200

_LARGEST_ROW_NUMBER = 2**63 - 1

# What reading something else as a cursor ends in.
_NOT_A_CURSOR = (
    ValueError,
    KeyError,
    IndexError,
    TypeError,
    AttributeError,
    OverflowError,
    RecursionError,
)


class Sort(StrEnum):
    """In which order incidents are listed."""

    NEWEST = "newest"
    OLDEST = "oldest"
    SEVERITY = "severity"


@dataclass(frozen=True)
class Filter:
    """Which incidents; an empty field filters nothing.

    ``text`` is looked for in title, service and team, and as a number (42, INC-42). ``merged``
    lists merged incidents too: they live on in their survivor, so they are left out otherwise.
    """

    statuses: Sequence[Status] = ()
    severities: Sequence[Severity] = ()
    services: Sequence[str] = ()
    teams: Sequence[str] = ()
    assignee: UUID | None = None
    text: str = ""
    since: datetime | None = None
    until: datetime | None = None
    merged: bool = False


async def list_incidents(
    session: AsyncSession, wanted: Filter, *, sort: Sort, limit: int, cursor: str | None
) -> Page[Incident]:
    """One page of incidents."""
    query = select(IncidentRow)
    for condition in _conditions(wanted):
        query = query.where(condition)
    created, identity = col(IncidentRow.created_at), col(IncidentRow.id)
    rank = _rank()
    after = decode_cursor(
        cursor, {"created": _instant, "id": UUID, "rank": _rank_number}, sort.value
    )
    match sort:
        case Sort.NEWEST:
            query = query.order_by(created.desc(), identity.desc())
            if after:
                query = query.where(tuple_(created, identity) < (after["created"], after["id"]))
        case Sort.OLDEST:
            query = query.order_by(created, identity)
            if after:
                query = query.where(tuple_(created, identity) > (after["created"], after["id"]))
        case Sort.SEVERITY:
            query = query.order_by(rank, created.desc(), identity.desc())
            if after:
                same = tuple_(created, identity) < (after["created"], after["id"])
                query = query.where(or_(rank > after["rank"], (rank == after["rank"]) & same))
    rows = (await session.exec(query.limit(limit + 1))).all()
    last = rows[limit - 1] if len(rows) > limit else None
    return Page(
        items=[views.incident(row) for row in rows[:limit]],
        next_cursor=last
        and encode_cursor(
            sort.value,
            created=last.created_at.isoformat(),
            id=str(last.id),
            rank=list(Severity).index(last.severity),
        ),
    )


def _conditions(wanted: Filter) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    if not wanted.merged:
        conditions.append(col(IncidentRow.merged_into).is_(None))
    lists: list[tuple[Any, Sequence[Any]]] = [
        (IncidentRow.status, wanted.statuses),
        (IncidentRow.severity, wanted.severities),
        (IncidentRow.service, wanted.services),
        (IncidentRow.team, wanted.teams),
    ]
    conditions.extend(col(column).in_(values) for column, values in lists if values)
    if wanted.assignee is not None:
        conditions.append(col(IncidentRow.assignee_id) == wanted.assignee)
    if wanted.since is not None:
        conditions.append(col(IncidentRow.created_at) >= wanted.since)
    if wanted.until is not None:
        conditions.append(col(IncidentRow.created_at) < wanted.until)
    if wanted.text:
        conditions.append(_mentions(wanted.text))
    return conditions


def _mentions(text: str) -> ColumnElement[bool]:
    named = [
        col(column).icontains(text, autoescape=True)
        for column in (IncidentRow.title, IncidentRow.service, IncidentRow.team)
    ]
    reference = parse_reference(text.strip())
    if isinstance(reference, int):
        named.append(col(IncidentRow.number) == reference)
    elif reference is not None:
        named.append(col(IncidentRow.id) == reference)
    return or_(*named)


def _rank() -> ColumnElement[int]:
    return case(
        {severity: rank for rank, severity in enumerate(Severity)}, value=col(IncidentRow.severity)
    )


async def list_timeline(
    session: AsyncSession, incident_id: UUID, *, limit: int, cursor: str | None
) -> Page[TimelineEntry]:
    """One page of a timeline, in the order in which things happened."""
    query = select(TimelineRow).where(TimelineRow.incident_id == incident_id)
    after = decode_cursor(cursor, {"at": _instant, "seq": _row_number}, "timeline")
    place = tuple_(col(TimelineRow.at), col(TimelineRow.seq))
    if after:
        query = query.where(place > (after["at"], after["seq"]))
    query = query.order_by(col(TimelineRow.at), col(TimelineRow.seq)).limit(limit + 1)
    rows = (await session.exec(query)).all()
    last = rows[limit - 1] if len(rows) > limit else None
    return Page(
        items=[views.entry(row) for row in rows[:limit]],
        next_cursor=last and encode_cursor("timeline", at=last.at.isoformat(), seq=last.seq),
    )


async def list_alerts(
    session: AsyncSession, incident_id: UUID, *, limit: int, cursor: str | None
) -> Page[IncidentAlert]:
    """One page of the alerts of an incident, in the order they came."""
    query = select(AlertRow).where(AlertRow.incident_id == incident_id)
    after = decode_cursor(cursor, {"at": _instant, "id": UUID}, "alerts")
    if after:
        place = tuple_(col(AlertRow.attached_at), col(AlertRow.id))
        query = query.where(place > (after["at"], after["id"]))
    query = query.order_by(col(AlertRow.attached_at), col(AlertRow.id)).limit(limit + 1)
    rows = (await session.exec(query)).all()
    last = views.alert(rows[limit - 1]) if len(rows) > limit else None
    return Page(
        items=[views.alert(row) for row in rows[:limit]],
        next_cursor=last
        and encode_cursor("alerts", at=last.attached_at.isoformat(), id=str(last.id)),
    )


def encode_cursor(kind: str, **key: Any) -> str:
    """An opaque text for the place after a row."""
    return base64.urlsafe_b64encode(json.dumps([kind, key]).encode()).decode().rstrip("=")


def decode_cursor(
    cursor: str | None, readers: Mapping[str, Callable[[Any], Any]], kind: str
) -> dict[str, Any] | None:
    """The key a cursor stands for, each part by its reader; None without a cursor.

    Raises:
        Invalid: it is not one of ours, or belongs to a list in another order.
    """
    if cursor is None:
        return None
    try:
        given, key = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        if given != kind:
            key = {}  # of a list in another order: none of the names is in it
        return {name: read(key[name]) for name, read in readers.items()}
    except _NOT_A_CURSOR as error:
        raise Invalid([FieldError("cursor", "is not a cursor of this list")]) from error


def _rank_number(value: Any) -> int:
    return range(len(Severity))[int(value)]


def _row_number(value: Any) -> int:
    number = int(value)
    if not 0 <= number <= _LARGEST_ROW_NUMBER:
        raise ValueError("no row has this number")
    return number


def _instant(text: str) -> datetime:
    instant = datetime.fromisoformat(text)
    if instant.tzinfo is None:
        raise ValueError("without a zone")
    return instant
