"""Use cases: who is on call, now and in the calendar."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from oncall_service.core.core import Core
from oncall_service.core.store import lookup
from oncall_service.policies import store as policies
from oncall_service.schedules import store
from oncall_service.schedules.rules import OnCall, Schedule, next_change, on_call_at, shifts
from oncall_service.schedules.shapes import CalendarView, CurrentView, ShiftView
from oncall_service.tables import PersonRow, TeamRow
from shared.contracts.wire import Page, Ref
from shared.errors import FieldError, Invalid, NotFound

LOOK_AHEAD = timedelta(days=60)
LONGEST_CALENDAR = timedelta(days=400)


async def current(core: Core, team: str, at: datetime) -> CurrentView:
    """Who is on call for one team at an instant."""
    async with core.database.session() as session:
        row = await lookup.find(session, TeamRow, team)
        if row is None:
            raise NotFound(f"There is no team '{team}'.")
        return (await states(session, [row], at, look_ahead=True))[0]


async def current_of_all(
    core: Core, at: datetime, *, limit: int, cursor: str | None
) -> Page[CurrentView]:
    """Who is on call at an instant, team by team."""
    async with core.database.session() as session:
        rows, following = await lookup.page(session, TeamRow, limit=limit, cursor=cursor)
        return Page(
            items=await states(session, rows, at, look_ahead=True),
            next_cursor=following,
        )


async def calendar(core: Core, team: str, start: datetime, end: datetime) -> CalendarView:
    """The final shifts of a team in [start, end)."""
    if not start < end <= start + LONGEST_CALENDAR:
        raise Invalid(
            [FieldError("until", f"must be after from, by {LONGEST_CALENDAR.days} days at most")]
        )
    async with core.database.session() as session:
        row = await lookup.find(session, TeamRow, team)
        if row is None:
            raise NotFound(f"There is no team '{team}'.")
        schedule = await store.of_team(session, row.id)
        rules = Schedule()
        if schedule is not None:
            rules = (await store.load(session, [schedule], since=start))[schedule.id]
        found = shifts(rules, start, end)
        people = await lookup.refs(
            session,
            PersonRow,
            [who for one in found for who in (one.on_call.primary, one.on_call.secondary)],
        )
        return CalendarView(
            team=Ref(id=row.id, name=row.name),
            schedule=Ref(id=schedule.id, name=schedule.name) if schedule else None,
            time_zone=schedule.time_zone if schedule else "UTC",
            items=[
                ShiftView(
                    start=one.start,
                    end=one.end,
                    primary=people[one.on_call.primary] if one.on_call.primary else None,
                    secondary=people[one.on_call.secondary] if one.on_call.secondary else None,
                    source=one.on_call.primary_from,
                    gap=one.on_call.gap,
                )
                for one in found
            ],
        )


async def states(
    session: AsyncSession, teams: Sequence[TeamRow], now: datetime, *, look_ahead: bool = False
) -> list[CurrentView]:
    """Who is on call for each team at ``now``; the next change only with ``look_ahead``."""
    ids = [team.id for team in teams]
    schedules = await store.of_teams(session, ids)
    rules = await store.load(session, schedules, since=now)
    by_team = {row.team_id: rules[row.id] for row in schedules}
    fallbacks = await policies.fallbacks(session, ids)
    now_on = {team: on_call_at(by_team.get(team, Schedule()), now) for team in ids}
    people = await lookup.refs(
        session,
        PersonRow,
        [
            *fallbacks.values(),
            *(state.primary for state in now_on.values()),
            *(state.secondary for state in now_on.values()),
        ],
    )
    views = []
    for team in teams:
        state = now_on[team.id]
        fallback = fallbacks.get(team.id)
        views.append(
            CurrentView(
                team=Ref(id=team.id, name=team.name),
                primary=people[state.primary] if state.primary else None,
                secondary=people[state.secondary] if state.secondary else None,
                primary_from=state.primary_from,
                secondary_from=state.secondary_from,
                until=(
                    next_change(by_team.get(team.id, Schedule()), now, LOOK_AHEAD)
                    if look_ahead
                    else None
                ),
                gap=state.gap,
                fallback=people[fallback] if fallback else None,
            )
        )
    return views


async def on_call(session: AsyncSession, team: UUID, now: datetime) -> OnCall | None:
    """Who is on call for a team; None when it has no schedule at all."""
    row = await store.of_team(session, team)
    if row is None:
        return None
    return on_call_at((await store.load(session, [row], since=now))[row.id], now)
