"""Schedules as the API shows them."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from oncall_service.core.hours import HoursModel
from oncall_service.core.store.lookup import refs
from oncall_service.schedules.rules import OnCall, on_call_at
from oncall_service.schedules.shapes import (
    ChangeView,
    DutiesView,
    HolidaysModel,
    LayerView,
    ScheduleView,
)
from oncall_service.schedules.store.layers import asked_for, load, people
from oncall_service.tables import PersonRow, ScheduleRow, TeamRow

_INSTANT = timedelta(microseconds=1)


async def of(
    session: AsyncSession, rows: Sequence[ScheduleRow], now: datetime
) -> list[ScheduleView]:
    """Schedules as the API shows them, and the change that comes or is made at ``now``."""
    layers = await asked_for(session, rows)
    changing = [row for row in rows if row.valid_from is not None and row.valid_from >= now]
    changes = await _changes(session, changing) if changing else {}
    names = await refs(
        session,
        PersonRow,
        (
            person
            for many in layers.values()
            for one in many
            for person in one.definition.participants
        ),
    )
    teams = await refs(session, TeamRow, (row.team_id for row in rows))
    return [
        ScheduleView(
            id=row.id,
            name=row.name,
            team=teams[row.team_id],
            time_zone=row.time_zone,
            layers=[
                LayerView(
                    name=layer.name,
                    role=layer.duty,
                    kind=layer.kind,
                    every=layer.every,
                    length_days=layer.length_days,
                    participants=[names[person] for person in layer.participants],
                    start=layer.start,
                    hours=list(layer.hours),
                    on_holidays=layer.on_holidays,
                )
                for layer in (asked.definition for asked in layers[row.id])
            ],
            holidays=HolidaysModel.model_validate(row.holidays) if row.holidays else None,
            intended_gaps=[HoursModel.model_validate(hours) for hours in row.intended_gaps],
            change=changes.get(row.id),
            created_at=row.created_at,
        )
        for row in rows
    ]


async def _changes(session: AsyncSession, rows: Sequence[ScheduleRow]) -> dict[UUID, ChangeView]:
    """Who is on call just before the layers of these schedules change, and after."""
    moments = {row.id: row.valid_from for row in rows if row.valid_from is not None}
    since = min(moments.values()) - _INSTANT
    rules = await load(session, rows, since=since)
    turns = {
        one: (on_call_at(rules[one], at - _INSTANT), on_call_at(rules[one], at))
        for one, at in moments.items()
    }
    names = await people(
        session,
        (who for both in turns.values() for on in both for who in (on.primary, on.secondary)),
        rows,
        since,
    )

    def shown(on: OnCall) -> DutiesView:
        return DutiesView(
            primary=names[on.primary] if on.primary else None,
            secondary=names[on.secondary] if on.secondary else None,
        )

    return {
        one: ChangeView(effective_at=at, before=shown(turns[one][0]), after=shown(turns[one][1]))
        for one, at in moments.items()
    }
