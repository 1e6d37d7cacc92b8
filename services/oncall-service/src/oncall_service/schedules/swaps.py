"""Use cases: offering a stretch of duty, and what becomes of the offer."""

from datetime import datetime
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from oncall_service.core.audit import note
from oncall_service.core.core import Core, changing
from oncall_service.core.store import lookup
from oncall_service.schedules.store import layers
from oncall_service.schedules.store import overrides as override_store
from oncall_service.schedules.store import swaps as store
from oncall_service.schedules.swap_shapes import SwapCreate
from oncall_service.schedules.swapping import Stretch, holds, status_at
from oncall_service.tables import OverrideRow, PersonRow, ScheduleRow, SwapRow
from oncall_service.teams import store as teams
from shared.contracts.identity import Principal, Role
from shared.contracts.rota import Duty, Origin, SwapStatus, SwapView
from shared.contracts.wire import Page
from shared.errors import Conflict, FieldError, Forbidden, Invalid, NotFound
from shared.identifiers import new_id
from shared.paging import Keyset

_SWAPS = Keyset("swaps", UUID)


def person_id(who: Principal) -> UUID | None:
    """Which person a caller is; None for a token."""
    return UUID(who.id) if who.kind == "person" else None


async def offer(core: Core, command: SwapCreate, who: Principal) -> SwapView:
    """Offer a stretch that the giver has.

    Raises:
        Forbidden: it is somebody else's, and the caller no administrator.
        Conflict: the giver does not have the whole of it.
    """
    now = core.clock.now()
    async with changing(core) as session:
        schedule = await lookup.refer(session, ScheduleRow, command.schedule, "schedule")
        giver = await _giver(session, command, who)
        asked = None
        members = await teams.members(session, schedule.team_id)
        if command.to is not None:
            asked = (await lookup.refer(session, PersonRow, command.to, "to")).id
            if asked == giver or asked not in members:
                raise Invalid([FieldError("to", "must be another member of the team")])
        if command.end <= now:
            raise Invalid([FieldError("end", "must be in the future")])
        stretch = Stretch(command.role, max(command.start, now), command.end)
        await _must_hold(session, schedule, giver, stretch)
        row = SwapRow(
            id=new_id(),
            schedule_id=schedule.id,
            giver_id=giver,
            asked_id=asked,
            duty=stretch.duty,
            starts_at=stretch.start,
            ends_at=stretch.end,
            note=command.note,
            status=SwapStatus.OPEN,
            created_at=now,
        )
        session.add(row)
        await session.flush()
        view = (await store.views(session, [row], now))[0]
        await note(core, session, who, "swap.offered", after=view)
        return view


async def accept(core: Core, swap: UUID, who: Principal) -> SwapView:
    """Take what is offered: from now on, should it have begun.

    Raises:
        Forbidden: it was offered to somebody else.
        Conflict: it is not on offer any more, or the giver does not have it any more.
    """
    now = core.clock.now()
    async with changing(core) as session:
        row = await _open_offer(session, swap, now)
        before = (await store.views(session, [row], now))[0]
        schedule = await lookup.require(session, ScheduleRow, str(row.schedule_id))
        taker = person_id(who)
        allowed = row.asked_id or taker
        members = await teams.members(session, schedule.team_id)
        if taker is None or taker != allowed or taker not in members or taker == row.giver_id:
            raise Forbidden("Whoever it is offered to may accept it: a member of the team.")
        stretch = Stretch(Duty(row.duty), max(row.starts_at, now), row.ends_at)
        await _must_hold(session, schedule, row.giver_id, stretch)
        override = OverrideRow(
            id=new_id(),
            schedule_id=schedule.id,
            person_id=taker,
            duty=stretch.duty,
            starts_at=stretch.start,
            ends_at=stretch.end,
            note=row.note,
            created_by=who.name,
            created_at=now,
            kind=Origin.SWAP,
        )
        session.add(override)
        await session.flush()
        row.taker_id, row.override_id = taker, override.id
        _decide(row, SwapStatus.ACCEPTED, now)
        await session.flush()
        await override_store.noticed(session, schedule.id)
        view = (await store.views(session, [row], now))[0]
        await note(core, session, who, "swap.accepted", before=before, after=view)
        return view


async def decline(core: Core, swap: UUID, who: Principal) -> SwapView:
    """The one it was offered to does not take it."""
    now = core.clock.now()
    async with changing(core) as session:
        row = await _open_offer(session, swap, now)
        if row.asked_id is None or person_id(who) != row.asked_id:
            raise Forbidden("Only the one it is offered to may decline it.")
        before = (await store.views(session, [row], now))[0]
        _decide(row, SwapStatus.DECLINED, now)
        await session.flush()
        view = (await store.views(session, [row], now))[0]
        await note(core, session, who, "swap.declined", before=before, after=view)
        return view


async def withdraw(core: Core, swap: UUID, who: Principal) -> SwapView:
    """The giver, or an administrator, takes the offer back."""
    now = core.clock.now()
    async with changing(core) as session:
        row = await _open_offer(session, swap, now)
        if person_id(who) != row.giver_id and not who.role.includes(Role.ADMIN):
            raise Forbidden("Only whoever offers it may withdraw it.")
        before = (await store.views(session, [row], now))[0]
        _decide(row, SwapStatus.WITHDRAWN, now)
        await session.flush()
        view = (await store.views(session, [row], now))[0]
        await note(core, session, who, "swap.withdrawn", before=before, after=view)
        return view


async def get(core: Core, swap: UUID) -> SwapView:
    """One offer."""
    async with core.database.session() as session:
        row = await session.get(SwapRow, swap)
        if row is None:
            raise NotFound(f"There is no swap {swap}.")
        return (await store.views(session, [row], core.clock.now()))[0]


async def listed(
    core: Core,
    *,
    schedule: str | None,
    person: str | None,
    only_open: bool,
    limit: int,
    cursor: str | None,
) -> Page[SwapView]:
    """Offers, newest first."""
    after, now = _SWAPS.after(cursor), core.clock.now()
    async with core.database.session() as session:
        of, by = None, None
        if schedule is not None:
            of = (await lookup.refer(session, ScheduleRow, schedule, "schedule")).id
        if person is not None:
            by = (await lookup.refer(session, PersonRow, person, "person")).id
        rows = await store.listed(
            session,
            schedule=of,
            person=by,
            open_at=now if only_open else None,
            before=after[0] if after else None,
            limit=limit + 1,
        )
        shown, following = _SWAPS.cut(rows, limit, key=lambda row: (row.id,))
        return Page(items=await store.views(session, shown, now), next_cursor=following)


async def _giver(session: AsyncSession, command: SwapCreate, who: Principal) -> UUID:
    own = person_id(who)
    if command.giver is None:
        if own is None:
            raise Invalid([FieldError("giver", "a token has no duty of its own: say whose it is")])
        return own
    giver = (await lookup.refer(session, PersonRow, command.giver, "giver")).id
    if giver != own and not who.role.includes(Role.ADMIN):
        raise Forbidden("Only an administrator may offer the duty of somebody else.")
    return giver


async def _open_offer(session: AsyncSession, swap: UUID, now: datetime) -> SwapRow:
    row = await store.locked(session, swap)
    if row is None:
        raise NotFound(f"There is no swap {swap}.")
    status = status_at(row.status, row.ends_at, now)
    if status is not SwapStatus.OPEN:
        raise Conflict(f"This offer is {status}.", status_of_swap=status)
    return row


async def _must_hold(
    session: AsyncSession, schedule: ScheduleRow, giver: UUID, stretch: Stretch
) -> None:
    rules = (await layers.load(session, [schedule], since=stretch.start))[schedule.id]
    if not holds(rules, giver, stretch):
        raise Conflict(f"Whoever offers this is not {stretch.duty} through the whole of it.")


def _decide(row: SwapRow, status: SwapStatus, now: datetime) -> None:
    row.status, row.decided_at = status, now
