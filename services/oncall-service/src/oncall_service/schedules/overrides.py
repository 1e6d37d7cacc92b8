"""Use cases: overrides."""

from datetime import datetime, timedelta
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from oncall_service.core.audit import note
from oncall_service.core.core import Core, changing
from oncall_service.core.store import lookup
from oncall_service.schedules.shapes import LONGEST_OVERRIDE, OverrideCreate, OverrideUpdate
from oncall_service.schedules.store import layers
from oncall_service.schedules.store import overrides as store
from oncall_service.schedules.swapping import Stretch, holds
from oncall_service.schedules.swaps import person_id
from oncall_service.tables import OverrideRow, PersonRow, ScheduleRow
from oncall_service.teams import store as teams
from shared.contracts.identity import Principal, Role
from shared.contracts.rota import Origin, OverrideView
from shared.contracts.wire import Page
from shared.errors import FieldError, Forbidden, Invalid, NotFound
from shared.identifiers import new_id
from shared.paging import Keyset

# What begins now was written down a moment ago.
_JUST_NOW = timedelta(minutes=5)

_OVERRIDES = Keyset("overrides", UUID)


async def create(core: Core, command: OverrideCreate, who: Principal) -> tuple[OverrideView, bool]:
    """Add an override, and whether it is new: the same one twice is one.

    Raises:
        Forbidden: the caller is no administrator, and neither takes a shift of their own team
            themselves nor gives one of their own to a member of it.
    """
    async with changing(core) as session:
        schedule = await lookup.refer(session, ScheduleRow, command.schedule, "schedule")
        person = await lookup.refer(session, PersonRow, command.person, "person")
        if not who.role.includes(Role.ADMIN):
            if command.start < core.clock.now() - _JUST_NOW:
                raise Forbidden("Only an administrator may change who was on call in the past.")
            await _must_be_ones_own(session, schedule, person.id, command, who)
        row = OverrideRow(
            id=new_id(),
            schedule_id=schedule.id,
            person_id=person.id,
            duty=command.role,
            starts_at=command.start,
            ends_at=command.end,
            note=command.note,
            kind=Origin.OVERRIDE,
            created_by=who.name,
            created_at=core.clock.now(),
        )
        same = await store.same(session, row)
        if same is None:
            session.add(row)
            await session.flush()
            await store.noticed(session, row.schedule_id)
        view = await _view(session, same or row)
        if same is None:
            await note(core, session, who, "override.created", after=view)
        return view, same is None


async def update(
    core: Core, override_id: UUID, command: OverrideUpdate, who: Principal
) -> OverrideView:
    """Change the given fields."""
    async with changing(core) as session:
        row = await _override(session, override_id)
        before = await _view(session, row)
        if command.person is not None:
            row.person_id = (await lookup.refer(session, PersonRow, command.person, "person")).id
        row.starts_at = command.start or row.starts_at
        row.ends_at = command.end or row.ends_at
        row.duty = command.role or row.duty
        row.note = row.note if command.note is None else command.note
        if not row.starts_at < row.ends_at <= row.starts_at + LONGEST_OVERRIDE:
            raise Invalid([FieldError("end", "must be after start, by a year at most")])
        await session.flush()
        await store.noticed(session, row.schedule_id)
        view = await _view(session, row)
        await note(core, session, who, "override.changed", before=before, after=view)
        return view


async def get(core: Core, override_id: UUID) -> OverrideView:
    """One override."""
    async with core.database.session() as session:
        row = await _override(session, override_id)
        return await _view(session, row)


async def listed(
    core: Core, *, schedule: str | None, since: datetime | None, limit: int, cursor: str | None
) -> Page[OverrideView]:
    """Overrides, newest first; ``since`` leaves out what ended before."""
    after = _OVERRIDES.after(cursor)
    async with core.database.session() as session:
        of = None
        if schedule is not None:
            of = (await lookup.refer(session, ScheduleRow, schedule, "schedule")).id
        rows = await store.listed(
            session, schedule=of, since=since, before=after[0] if after else None, limit=limit + 1
        )
        shown, following = _OVERRIDES.cut(rows, limit, key=lambda row: (row.id,))
        return Page(items=await store.views(session, shown), next_cursor=following)


async def remove(core: Core, override_id: UUID, who: Principal) -> None:
    """Give the shift back to the layers."""
    async with changing(core) as session:
        row = await _override(session, override_id)
        await note(core, session, who, "override.deleted", before=await _view(session, row))
        await session.delete(row)
        await store.noticed(session, row.schedule_id)


async def _override(session: AsyncSession, override_id: UUID) -> OverrideRow:
    row = await session.get(OverrideRow, override_id)
    if row is None:
        raise NotFound(f"There is no override {override_id}.")
    return row


async def _view(session: AsyncSession, row: OverrideRow) -> OverrideView:
    return (await store.views(session, [row]))[0]


async def _must_be_ones_own(
    session: AsyncSession,
    schedule: ScheduleRow,
    person: UUID,
    command: OverrideCreate,
    who: Principal,
) -> None:
    if person not in await teams.members(session, schedule.team_id):
        raise Forbidden("Only a member of the team may take this, unless an administrator says so.")
    own = person_id(who)
    if own == person:
        return
    rules = (await layers.load(session, [schedule], since=command.start))[schedule.id]
    stretch = Stretch(command.role, command.start, command.end)
    if own is None or not holds(rules, own, stretch):
        raise Forbidden("You may take a shift of your team yourself, or give away one you have.")
