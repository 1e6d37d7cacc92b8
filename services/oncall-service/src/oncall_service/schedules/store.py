"""Schedules, layers and overrides in the database, and as the pure rules want them."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import delete
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from oncall_service.core.hours import HoursModel, hours_of
from oncall_service.core.store.lookup import refs
from oncall_service.core.zones import zone
from oncall_service.schedules.rotation import Rotation
from oncall_service.schedules.rules import Duty, Layer, Override, Schedule
from oncall_service.schedules.shapes import (
    Kind,
    LayerModel,
    LayerView,
    OverrideView,
    ScheduleView,
)
from oncall_service.tables import (
    LayerRow,
    OverrideRow,
    ParticipantRow,
    PersonRow,
    ScheduleRow,
    TeamRow,
)
from shared.identifiers import new_id

Participants = dict[UUID, list[UUID]]


async def replace_layers(
    session: AsyncSession,
    schedule: UUID,
    layers: Sequence[tuple[LayerModel, Sequence[PersonRow]]],
) -> None:
    """Make these the layers, from the base upwards."""
    await session.exec(delete(LayerRow).where(col(LayerRow.schedule_id) == schedule))
    for position, (model, people) in enumerate(layers):
        layer = LayerRow(
            id=new_id(),
            schedule_id=schedule,
            position=position,
            name=model.name,
            duty=model.role,
            kind=model.kind,
            length_days=model.days,
            start=model.start,
            hours=[hours.model_dump(mode="json") for hours in model.hours],
        )
        session.add(layer)
        # The participants point at the layer, and nothing tells the session so.
        await session.flush()
        for place, person in enumerate(people):
            session.add(ParticipantRow(layer_id=layer.id, position=place, person_id=person.id))


async def load(
    session: AsyncSession, rows: Sequence[ScheduleRow], *, since: datetime
) -> dict[UUID, Schedule]:
    """The rules' view of schedules by their id; overrides that ended before ``since`` left out."""
    layers, participants = await _layers(session, rows)
    overrides: defaultdict[UUID, list[Override]] = defaultdict(list)
    statement = (
        select(OverrideRow)
        .where(
            col(OverrideRow.schedule_id).in_([row.id for row in rows]),
            col(OverrideRow.ends_at) > since,
        )
        .order_by(col(OverrideRow.id))
    )
    for row in await session.exec(statement):
        overrides[row.schedule_id].append(
            Override(row.person_id, row.starts_at, row.ends_at, Duty(row.duty))
        )
    return {
        row.id: Schedule(
            tuple(_rule(layer, participants[layer.id], row.time_zone) for layer in layers[row.id]),
            tuple(overrides[row.id]),
        )
        for row in rows
    }


async def of_team(session: AsyncSession, team: UUID) -> ScheduleRow | None:
    """The schedule of a team."""
    return (await session.exec(select(ScheduleRow).where(ScheduleRow.team_id == team))).first()


async def of_teams(session: AsyncSession, teams: Sequence[UUID]) -> list[ScheduleRow]:
    """The schedules of teams, in one question."""
    statement = select(ScheduleRow).where(col(ScheduleRow.team_id).in_(teams))
    return list((await session.exec(statement)).all())


async def views(session: AsyncSession, rows: Sequence[ScheduleRow]) -> list[ScheduleView]:
    """Schedules as the API shows them."""
    layers, participants = await _layers(session, rows)
    people = await refs(session, PersonRow, (one for many in participants.values() for one in many))
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
                    role=Duty(layer.duty),
                    kind=Kind(layer.kind),
                    length_days=layer.length_days,
                    participants=[people[person] for person in participants[layer.id]],
                    start=layer.start,
                    hours=[HoursModel.model_validate(hours) for hours in layer.hours],
                )
                for layer in layers[row.id]
            ],
            created_at=row.created_at,
        )
        for row in rows
    ]


async def override_views(session: AsyncSession, rows: Sequence[OverrideRow]) -> list[OverrideView]:
    """Overrides as the API shows them."""
    people = await refs(session, PersonRow, (row.person_id for row in rows))
    schedules = await refs(session, ScheduleRow, (row.schedule_id for row in rows))
    owners = {
        row.id: row.team_id
        for row in await session.exec(select(ScheduleRow).where(col(ScheduleRow.id).in_(schedules)))
    }
    teams = await refs(session, TeamRow, owners.values())
    return [
        OverrideView(
            id=row.id,
            schedule=schedules[row.schedule_id],
            team=teams[owners[row.schedule_id]],
            person=people[row.person_id],
            role=Duty(row.duty),
            start=row.starts_at,
            end=row.ends_at,
            note=row.note,
            created_by=row.created_by,
            created_at=row.created_at,
        )
        for row in rows
    ]


async def overrides(
    session: AsyncSession,
    *,
    schedule: UUID | None,
    since: datetime | None,
    before: UUID | None,
    limit: int,
) -> list[OverrideRow]:
    """Overrides, newest first; ``since`` leaves out what ended before."""
    statement = select(OverrideRow).order_by(col(OverrideRow.id).desc()).limit(limit)
    if schedule is not None:
        statement = statement.where(OverrideRow.schedule_id == schedule)
    if since is not None:
        statement = statement.where(OverrideRow.ends_at > since)
    if before is not None:
        statement = statement.where(OverrideRow.id < before)
    return list((await session.exec(statement)).all())


async def same_override(session: AsyncSession, wanted: OverrideRow) -> OverrideRow | None:
    """An override that says exactly the same."""
    statement = select(OverrideRow).where(
        OverrideRow.schedule_id == wanted.schedule_id,
        OverrideRow.person_id == wanted.person_id,
        OverrideRow.duty == wanted.duty,
        OverrideRow.starts_at == wanted.starts_at,
        OverrideRow.ends_at == wanted.ends_at,
    )
    return (await session.exec(statement)).first()


async def _layers(
    session: AsyncSession, rows: Sequence[ScheduleRow]
) -> tuple[dict[UUID, list[LayerRow]], Participants]:
    layers: defaultdict[UUID, list[LayerRow]] = defaultdict(list)
    participants: defaultdict[UUID, list[UUID]] = defaultdict(list)
    statement = (
        select(LayerRow)
        .where(col(LayerRow.schedule_id).in_([row.id for row in rows]))
        .order_by(col(LayerRow.position))
    )
    for layer in await session.exec(statement):
        layers[layer.schedule_id].append(layer)
    members = (
        select(ParticipantRow)
        .where(
            col(ParticipantRow.layer_id).in_([one.id for many in layers.values() for one in many])
        )
        .order_by(col(ParticipantRow.position))
    )
    for member in await session.exec(members):
        participants[member.layer_id].append(member.person_id)
    return layers, participants


def _rule(row: LayerRow, participants: Sequence[UUID], time_zone: str) -> Layer:
    rotation = Rotation(
        participants=tuple(participants),
        start=row.start,
        length_days=row.length_days,
        zone=zone(time_zone),
        hours=tuple(hours_of(stored) for stored in row.hours),
    )
    return Layer(row.name, rotation, Duty(row.duty))
