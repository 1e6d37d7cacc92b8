"""Use cases: schedules, and changes of their layers."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlmodel.ext.asyncio.session import AsyncSession

from oncall_service.core.audit import note
from oncall_service.core.core import Core, changing
from oncall_service.core.hours import HoursModel
from oncall_service.core.store import lookup
from oncall_service.schedules.changes import Effective, going_on, takes_effect
from oncall_service.schedules.definitions import Definition, days_off_of
from oncall_service.schedules.shapes import (
    LayerModel,
    ScheduleCreate,
    ScheduleUpdate,
    ScheduleView,
)
from oncall_service.schedules.store import layers, views
from oncall_service.tables import PersonRow, ScheduleRow, TeamRow
from shared.contracts.identity import Principal
from shared.contracts.wire import Page
from shared.identifiers import new_id
from shared.nulls import refuse_nulls


@dataclass(frozen=True, slots=True)
class Frame:
    """What all layers of a schedule share; ``holidays`` as stored."""

    time_zone: str
    holidays: dict[str, Any] | None


async def create(core: Core, command: ScheduleCreate, who: Principal) -> ScheduleView:
    """Add a schedule; ``Conflict`` if the name is taken or the team has one."""
    now = core.clock.now()
    async with changing(core) as session:
        row = await _add(session, command, now)
        view = (await views.of(session, [row], now))[0]
        await note(core, session, who, "schedule.created", after=view)
        return view


async def put(
    core: Core, reference: str, command: ScheduleCreate, who: Principal
) -> tuple[ScheduleView, bool]:
    """Make the schedule be as described, and whether it is new."""
    now = core.clock.now()
    async with changing(core) as session:
        known = await lookup.find(session, ScheduleRow, reference)
        before = None if known is None else (await views.of(session, [known], now))[0]
        row, created = await put_in(core, session, reference, command)
        view = (await views.of(session, [row], core.clock.now()))[0]
        action = "schedule.created" if created else "schedule.changed"
        await note(core, session, who, action, before=before, after=view)
        return view, created


async def put_in(
    core: Core, session: AsyncSession, reference: str, command: ScheduleCreate
) -> tuple[ScheduleRow, bool]:
    """Likewise, in a transaction of somebody else's."""
    now = core.clock.now()
    row = await lookup.find(session, ScheduleRow, reference)
    if row is None:
        lookup.must_be_named(ScheduleRow, reference, command.name)
        return await _add(session, command, now), True
    await session.refresh(row, with_for_update=True)
    await _apply(session, row, command, now)
    return row, False


async def update(
    core: Core, reference: str, command: ScheduleUpdate, who: Principal
) -> ScheduleView:
    """Change the given fields."""
    refuse_nulls(command, *command.model_fields_set - {"holidays"})
    async with changing(core) as session:
        row = await lookup.require(session, ScheduleRow, reference)
        now = core.clock.now()
        before = (await views.of(session, [row], now))[0]
        await _apply(session, row, command, now)
        view = (await views.of(session, [row], now))[0]
        await note(core, session, who, "schedule.changed", before=before, after=view)
        return view


async def get(core: Core, reference: str) -> ScheduleView:
    """One schedule."""
    async with core.database.session() as session:
        row = await lookup.get(session, ScheduleRow, reference)
        return (await views.of(session, [row], core.clock.now()))[0]


async def listed(core: Core, *, limit: int, cursor: str | None) -> Page[ScheduleView]:
    """Schedules in the order of their names."""
    async with core.database.session() as session:
        rows, following = await lookup.page(session, ScheduleRow, limit=limit, cursor=cursor)
        return Page(items=await views.of(session, rows, core.clock.now()), next_cursor=following)


async def remove(core: Core, reference: str, who: Principal) -> None:
    """Remove a schedule with its layers and overrides; its team is a gap from then on."""
    async with changing(core) as session:
        row = await lookup.require(session, ScheduleRow, reference)
        before = (await views.of(session, [row], core.clock.now()))[0]
        await note(core, session, who, "schedule.deleted", before=before)
        await session.delete(row)


async def _add(session: AsyncSession, command: ScheduleCreate, now: datetime) -> ScheduleRow:
    team = await lookup.refer(session, TeamRow, command.team, "team")
    row = ScheduleRow(
        id=new_id(),
        name=command.name,
        team_id=team.id,
        time_zone=command.time_zone,
        created_at=now,
        holidays=_holidays(command),
        intended_gaps=_stored(command.intended_gaps),
    )
    session.add(row)
    await session.flush()
    definitions = await _definitions(session, command.layers)
    await layers.replace_layers(session, row.id, [layers.Asked(one, 0) for one in definitions])
    return row


async def _apply(
    session: AsyncSession,
    row: ScheduleRow,
    command: ScheduleCreate | ScheduleUpdate,
    now: datetime,
) -> None:
    row.name = command.name or row.name
    if command.team is not None:
        row.team_id = (await lookup.refer(session, TeamRow, command.team, "team")).id
    asked = [one.definition for one in (await layers.asked_for(session, [row]))[row.id]]
    wanted = asked
    if command.layers is not None:
        wanted = await _definitions(session, command.layers)
    time_zone = command.time_zone or row.time_zone
    holidays = _holidays(command) if "holidays" in _said(command) else row.holidays
    if command.intended_gaps is not None:
        row.intended_gaps = _stored(command.intended_gaps)
    pending = row.valid_from is not None and row.valid_from > now
    new = Frame(time_zone, holidays)
    same = (wanted, new) == (asked, Frame(row.time_zone, row.holidays))
    if not same or (pending and command.effective is Effective.NOW):
        await _change(session, row, wanted, new, effective=command.effective, now=now)
    await session.flush()


async def _change(
    session: AsyncSession,
    row: ScheduleRow,
    definitions: Sequence[Definition],
    frame: Frame,
    *,
    effective: Effective,
    now: datetime,
) -> None:
    """Let these layers count from the instant that the rules give."""
    schedule = (await layers.load(session, [row], since=now))[row.id]
    running = schedule.layers_at(now)
    days_off = days_off_of(frame.holidays)
    wanted = tuple(one.rule(frame.time_zone, days_off) for one in definitions)
    at = takes_effect(running, wanted, now, effective)
    ahead = going_on(running, wanted, now, at, effective)
    await layers.end_era(session, row, at, now)
    row.time_zone, row.holidays = frame.time_zone, frame.holidays
    await layers.replace_layers(
        session, row.id, [layers.Asked(*pair) for pair in zip(definitions, ahead, strict=True)]
    )


async def _definitions(session: AsyncSession, models: Sequence[LayerModel]) -> list[Definition]:
    found = []
    for index, model in enumerate(models):
        people = await lookup.refer_all(
            session, PersonRow, model.participants, f"layers.{index}.participants"
        )
        found.append(
            Definition(
                name=model.name,
                duty=model.role,
                kind=model.kind,
                every=model.every,
                length_days=model.days,
                start=model.start,
                hours=tuple(model.hours),
                participants=tuple(person.id for person in people),
                on_holidays=model.on_holidays,
            )
        )
    return found


def _said(command: ScheduleCreate | ScheduleUpdate) -> set[str]:
    """The fields a command is about: a PATCH may leave some out."""
    whole = isinstance(command, ScheduleCreate)
    return set(ScheduleCreate.model_fields) if whole else command.model_fields_set


def _holidays(command: ScheduleCreate | ScheduleUpdate) -> dict[str, Any] | None:
    return None if command.holidays is None else command.holidays.model_dump(mode="json")


def _stored(hours: Sequence[HoursModel]) -> list[dict[str, Any]]:
    return [one.model_dump(mode="json") for one in hours]
