"""Layers in the database, present and past, and schedules as the pure rules want them."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import delete
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from oncall_service.core.hours import HoursModel, hours_of
from oncall_service.core.store.lookup import refs
from oncall_service.people.store import reachable
from oncall_service.schedules.days_off import OnHolidays
from oncall_service.schedules.definitions import Definition, Kind, days_off_of, restored
from oncall_service.schedules.rules import Era, Override, Schedule
from oncall_service.tables import (
    EraRow,
    LayerRow,
    OverrideRow,
    ParticipantRow,
    PersonRow,
    ScheduleRow,
    TeamRow,
)
from shared.contracts.oncall_api import OnDuty
from shared.contracts.rota import Duty, Origin
from shared.contracts.wire import Ref
from shared.identifiers import new_id
from shared.zones import zone

_WITHOUT_DAYS = {Kind.HOURLY, Kind.MONTHLY}


@dataclass(frozen=True, slots=True)
class Asked:
    """A layer as it was asked for last, and by how many turns it is ahead of its start."""

    definition: Definition
    turns_ahead: int


async def replace_layers(session: AsyncSession, schedule: UUID, layers: Sequence[Asked]) -> None:
    """Make these the layers, from the base upwards."""
    await session.exec(delete(LayerRow).where(col(LayerRow.schedule_id) == schedule))
    for position, asked in enumerate(layers):
        definition = asked.definition
        layer = LayerRow(
            id=new_id(),
            schedule_id=schedule,
            position=position,
            name=definition.name,
            duty=definition.duty,
            kind=definition.kind,
            every=definition.every,
            length_days=definition.length_days or _about_days(definition),
            start=definition.start,
            on_holidays=definition.on_holidays,
            hours=[hours.model_dump(mode="json") for hours in definition.hours],
            turns_ahead=asked.turns_ahead,
        )
        session.add(layer)
        # The participants point at the layer, and nothing tells the session so.
        await session.flush()
        for place, person in enumerate(definition.participants):
            session.add(ParticipantRow(layer_id=layer.id, position=place, person_id=person))
    await session.flush()


def _about_days(definition: Definition) -> int:
    """What a release that knows days alone takes for the length of a turn."""
    if definition.kind is Kind.HOURLY:
        return max(1, definition.every // 24)
    return 30 * definition.every


async def asked_for(session: AsyncSession, rows: Sequence[ScheduleRow]) -> dict[UUID, list[Asked]]:
    """The layers of schedules as they were asked for last, from the base upwards."""
    found: dict[UUID, list[Asked]] = {row.id: [] for row in rows}
    statement = (
        select(LayerRow)
        .where(col(LayerRow.schedule_id).in_([row.id for row in rows]))
        .order_by(col(LayerRow.position))
    )
    layers = (await session.exec(statement)).all()
    participants: defaultdict[UUID, list[UUID]] = defaultdict(list)
    members = (
        select(ParticipantRow)
        .where(col(ParticipantRow.layer_id).in_([layer.id for layer in layers]))
        .order_by(col(ParticipantRow.position))
    )
    for member in await session.exec(members):
        participants[member.layer_id].append(member.person_id)
    for layer in layers:
        kind = Kind(layer.kind)
        definition = Definition(
            name=layer.name,
            duty=Duty(layer.duty),
            kind=kind,
            every=layer.every,
            length_days=None if kind in _WITHOUT_DAYS else layer.length_days,
            start=layer.start,
            hours=tuple(HoursModel.model_validate(hours) for hours in layer.hours),
            participants=tuple(participants[layer.id]),
            on_holidays=OnHolidays(layer.on_holidays),
        )
        found[layer.schedule_id].append(Asked(definition, layer.turns_ahead))
    return found


async def end_era(session: AsyncSession, row: ScheduleRow, at: datetime, now: datetime) -> None:
    """What the layers are until ``at`` becomes the past then; new ones may be stored after this."""
    if row.valid_from is not None and row.valid_from > now:
        # A change is to come that never will: what runs is an era already, and ends at ``at``.
        running = (
            await session.exec(
                select(EraRow).where(
                    EraRow.schedule_id == row.id, EraRow.valid_until == row.valid_from
                )
            )
        ).one()
        running.valid_until = at
        if running.valid_from is not None and running.valid_from >= at:
            await session.delete(running)
    elif row.valid_from is None or row.valid_from < at:
        layers = (await asked_for(session, [row]))[row.id]
        names = {
            identifier: ref.name
            for identifier, ref in (
                await refs(
                    session,
                    PersonRow,
                    (one for layer in layers for one in layer.definition.participants),
                )
            ).items()
        }
        session.add(
            EraRow(
                id=new_id(),
                schedule_id=row.id,
                valid_from=row.valid_from,
                valid_until=at,
                time_zone=row.time_zone,
                layers=[
                    one.definition.stored(one.turns_ahead, names, row.holidays) for one in layers
                ],
            )
        )
    row.valid_from = at
    row.revision += 1


async def load(
    session: AsyncSession, rows: Sequence[ScheduleRow], *, since: datetime
) -> dict[UUID, Schedule]:
    """The rules' view of schedules by their id; overrides that ended before ``since`` left out."""
    layers = await asked_for(session, rows)
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
            Override(row.person_id, row.starts_at, row.ends_at, Duty(row.duty), Origin(row.kind))
        )
    eras: defaultdict[UUID, list[Era]] = defaultdict(list)
    for era in await _eras(session, rows, since):
        eras[era.schedule_id].append(
            Era(tuple(restored(one, era.time_zone) for one in era.layers), era.valid_until)
        )
    days_off = {row.id: days_off_of(row.holidays) for row in rows}
    return {
        row.id: Schedule(
            tuple(
                one.definition.rule(row.time_zone, days_off[row.id], one.turns_ahead)
                for one in layers[row.id]
            ),
            tuple(overrides[row.id]),
            tuple(eras[row.id]),
            tuple(hours_of(hours) for hours in row.intended_gaps),
            zone(row.time_zone),
        )
        for row in rows
    }


async def people(
    session: AsyncSession, ids: Iterable[UUID | None], rows: Sequence[ScheduleRow], since: datetime
) -> dict[UUID, OnDuty]:
    """Whoever these schedules name; those who are gone by the name that the past has for them."""
    wanted = {identifier for identifier in ids if identifier is not None}
    names = {one: ref.name for one, ref in (await refs(session, PersonRow, wanted)).items()}
    if wanted - names.keys():
        for era in await _eras(session, rows, since):
            for layer in era.layers:
                for one in layer["participants"]:
                    names.setdefault(UUID(one["id"]), one["name"])
    reached = await reachable(session, wanted)
    return {one: OnDuty(id=one, name=name, reachable=one in reached) for one, name in names.items()}


async def _eras(
    session: AsyncSession, rows: Sequence[ScheduleRow], since: datetime
) -> Sequence[EraRow]:
    changed = [row.id for row in rows if row.valid_from is not None and row.valid_from > since]
    if not changed:
        return []
    statement = (
        select(EraRow)
        .where(col(EraRow.schedule_id).in_(changed), col(EraRow.valid_until) > since)
        .order_by(col(EraRow.valid_until))
    )
    return (await session.exec(statement)).all()


async def of_team(session: AsyncSession, team: UUID) -> ScheduleRow | None:
    """The schedule of a team."""
    return (await session.exec(select(ScheduleRow).where(ScheduleRow.team_id == team))).first()


async def teams_of(session: AsyncSession, schedules: Collection[UUID]) -> dict[UUID, Ref]:
    """The team of each of these schedules."""
    statement = select(ScheduleRow.id, ScheduleRow.team_id).where(
        col(ScheduleRow.id).in_(schedules)
    )
    owners = dict((await session.exec(statement)).all())
    teams = await refs(session, TeamRow, owners.values())
    return {schedule: teams[team] for schedule, team in owners.items()}


async def of_teams(session: AsyncSession, teams: Sequence[UUID]) -> list[ScheduleRow]:
    """The schedules of teams, in one question."""
    statement = select(ScheduleRow).where(col(ScheduleRow.team_id).in_(teams))
    return list((await session.exec(statement)).all())
