"""Use cases: schedules and overrides."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from oncall_service.core.core import Core, changing
from oncall_service.core.store import lookup
from oncall_service.schedules import store
from oncall_service.schedules.shapes import (
    LONGEST_OVERRIDE,
    LayerModel,
    OverrideCreate,
    OverrideUpdate,
    OverrideView,
    ScheduleCreate,
    ScheduleUpdate,
    ScheduleView,
)
from oncall_service.tables import OverrideRow, PersonRow, ScheduleRow, TeamRow
from shared.contracts.identity import Principal
from shared.contracts.wire import Page
from shared.errors import FieldError, Invalid, NotFound
from shared.identifiers import new_id
from shared.paging import Keyset

_OVERRIDES = Keyset("overrides", UUID)


async def create(core: Core, command: ScheduleCreate) -> ScheduleView:
    """Add a schedule; ``Conflict`` if the name is taken or the team has one."""
    async with changing(core) as session:
        row = await _add(session, command, core.clock.now())
        return (await store.views(session, [row]))[0]


async def put(core: Core, reference: str, command: ScheduleCreate) -> tuple[ScheduleView, bool]:
    """Make the schedule be as described, and whether it is new."""
    async with changing(core) as session:
        row = await lookup.find(session, ScheduleRow, reference)
        created = row is None
        if row is None:
            lookup.must_be_named(ScheduleRow, reference, command.name)
            row = await _add(session, command, core.clock.now())
        else:
            await _apply(session, row, command)
        return (await store.views(session, [row]))[0], created


async def update(core: Core, reference: str, command: ScheduleUpdate) -> ScheduleView:
    """Change the given fields."""
    for field in command.model_fields_set:
        if getattr(command, field) is None:
            raise Invalid([FieldError(field, "cannot be null")])
    async with changing(core) as session:
        row = await lookup.require(session, ScheduleRow, reference)
        await _apply(session, row, command)
        return (await store.views(session, [row]))[0]


async def get(core: Core, reference: str) -> ScheduleView:
    """One schedule."""
    async with core.database.session() as session:
        row = await lookup.find(session, ScheduleRow, reference)
        if row is None:
            raise NotFound(f"There is no schedule '{reference}'.")
        return (await store.views(session, [row]))[0]


async def listed(core: Core, *, limit: int, cursor: str | None) -> Page[ScheduleView]:
    """Schedules in the order of their names."""
    async with core.database.session() as session:
        rows, following = await lookup.page(session, ScheduleRow, limit=limit, cursor=cursor)
        return Page(items=await store.views(session, rows), next_cursor=following)


async def remove(core: Core, reference: str) -> None:
    """Remove a schedule with its layers and overrides; its team is a gap from then on."""
    async with changing(core) as session:
        await session.delete(await lookup.require(session, ScheduleRow, reference))


async def create_override(
    core: Core, command: OverrideCreate, who: Principal
) -> tuple[OverrideView, bool]:
    """Add an override, and whether it is new: the same one twice is one."""
    async with changing(core) as session:
        schedule = await lookup.refer(session, ScheduleRow, command.schedule, "schedule")
        person = await lookup.refer(session, PersonRow, command.person, "person")
        row = OverrideRow(
            id=new_id(),
            schedule_id=schedule.id,
            person_id=person.id,
            duty=command.role,
            starts_at=command.start,
            ends_at=command.end,
            note=command.note,
            created_by=who.name,
            created_at=core.clock.now(),
        )
        same = await store.same_override(session, row)
        if same is None:
            session.add(row)
            await session.flush()
        return (await store.override_views(session, [same or row]))[0], same is None


async def update_override(core: Core, override_id: UUID, command: OverrideUpdate) -> OverrideView:
    """Change the given fields."""
    async with changing(core) as session:
        row = await _override(session, override_id)
        if command.person is not None:
            row.person_id = (await lookup.refer(session, PersonRow, command.person, "person")).id
        row.starts_at = command.start or row.starts_at
        row.ends_at = command.end or row.ends_at
        row.duty = command.role or row.duty
        row.note = row.note if command.note is None else command.note
        if not row.starts_at < row.ends_at <= row.starts_at + LONGEST_OVERRIDE:
            raise Invalid([FieldError("end", "must be after start, by a year at most")])
        await session.flush()
        return (await store.override_views(session, [row]))[0]


async def get_override(core: Core, override_id: UUID) -> OverrideView:
    """One override."""
    async with core.database.session() as session:
        row = await _override(session, override_id)
        return (await store.override_views(session, [row]))[0]


async def listed_overrides(
    core: Core, *, schedule: str | None, since: datetime | None, limit: int, cursor: str | None
) -> Page[OverrideView]:
    """Overrides, newest first; ``since`` leaves out what ended before."""
    after = _OVERRIDES.after(cursor)
    async with core.database.session() as session:
        of = None
        if schedule is not None:
            of = (await lookup.refer(session, ScheduleRow, schedule, "schedule")).id
        rows = await store.overrides(
            session, schedule=of, since=since, before=after[0] if after else None, limit=limit + 1
        )
        shown, following = _OVERRIDES.cut(rows, limit, key=lambda row: (row.id,))
        return Page(items=await store.override_views(session, shown), next_cursor=following)


async def remove_override(core: Core, override_id: UUID) -> None:
    """Give the shift back to the layers."""
    async with changing(core) as session:
        await session.delete(await _override(session, override_id))


async def _override(session: AsyncSession, override_id: UUID) -> OverrideRow:
    row = await session.get(OverrideRow, override_id)
    if row is None:
        raise NotFound(f"There is no override {override_id}.")
    return row


async def _add(session: AsyncSession, command: ScheduleCreate, now: datetime) -> ScheduleRow:
    team = await lookup.refer(session, TeamRow, command.team, "team")
    row = ScheduleRow(
        id=new_id(),
        name=command.name,
        team_id=team.id,
        time_zone=command.time_zone,
        created_at=now,
    )
    session.add(row)
    await session.flush()
    await _apply(session, row, command)
    return row


async def _apply(
    session: AsyncSession, row: ScheduleRow, command: ScheduleCreate | ScheduleUpdate
) -> None:
    row.name = command.name or row.name
    row.time_zone = command.time_zone or row.time_zone
    if command.team is not None:
        row.team_id = (await lookup.refer(session, TeamRow, command.team, "team")).id
    if command.layers is not None:
        await store.replace_layers(session, row.id, await _layers(session, command.layers))
    await session.flush()


async def _layers(
    session: AsyncSession, models: Sequence[LayerModel]
) -> list[tuple[LayerModel, list[PersonRow]]]:
    layers = []
    for index, model in enumerate(models):
        people = await lookup.refer_all(
            session, PersonRow, model.participants, f"layers.{index}.participants"
        )
        layers.append((model, people))
    return layers
