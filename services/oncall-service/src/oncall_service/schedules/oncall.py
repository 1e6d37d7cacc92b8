"""Use cases: who is on call, now and in the calendar."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from oncall_service.core.core import Core
from oncall_service.core.store import lookup
from oncall_service.policies import store as policies
from oncall_service.schedules.rules import Schedule, on_call_at
from oncall_service.schedules.store import layers
from oncall_service.schedules.timeline import Shift, next_change, shifts
from oncall_service.tables import TeamRow
from shared.contracts.oncall_api import CalendarView, CurrentView, OnDuty, ShiftView
from shared.contracts.rota import Origin
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
    _check_length(start, end)
    async with core.database.session() as session:
        row = await lookup.find(session, TeamRow, team)
        if row is None:
            raise NotFound(f"There is no team '{team}'.")
        return (await _calendars(session, [row], start, end))[0]


async def calendar_of_all(
    core: Core, start: datetime, end: datetime, *, limit: int, cursor: str | None
) -> Page[CalendarView]:
    """The final shifts in [start, end), team by team."""
    _check_length(start, end)
    async with core.database.session() as session:
        rows, following = await lookup.page(session, TeamRow, limit=limit, cursor=cursor)
        return Page(items=await _calendars(session, rows, start, end), next_cursor=following)


async def states(
    session: AsyncSession, teams: Sequence[TeamRow], now: datetime, *, look_ahead: bool = False
) -> list[CurrentView]:
    """Who is on call for each team at ``now``; the next change only with ``look_ahead``."""
    ids = [team.id for team in teams]
    schedules = await layers.of_teams(session, ids)
    rules = await layers.load(session, schedules, since=now)
    by_team = {row.team_id: rules[row.id] for row in schedules}
    fallbacks = await policies.fallbacks(session, ids)
    now_on = {team: on_call_at(by_team.get(team, Schedule()), now) for team in ids}
    people = await layers.people(
        session,
        [
            *fallbacks.values(),
            *(state.primary for state in now_on.values()),
            *(state.secondary for state in now_on.values()),
        ],
        schedules,
        now,
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
                intended=state.intended,
                fallback=people[fallback] if fallback else None,
            )
        )
    return views


@dataclass(frozen=True, slots=True)
class Rota:
    """The schedule of a team from an instant on; ``revision`` is another after each change."""

    schedule: Schedule
    revision: int


async def rota(session: AsyncSession, team: UUID, now: datetime) -> Rota | None:
    """The schedule of a team from ``now`` on; None when it has none at all."""
    row = await layers.of_team(session, team)
    if row is None:
        return None
    # The revision was read first: a change in between is seen as one that is still to be looked at.
    return Rota((await layers.load(session, [row], since=now))[row.id], row.revision)


def _check_length(start: datetime, end: datetime) -> None:
    if not start < end <= start + LONGEST_CALENDAR:
        raise Invalid(
            [FieldError("until", f"must be after from, by {LONGEST_CALENDAR.days} days at most")]
        )


async def _calendars(
    session: AsyncSession, teams: Sequence[TeamRow], start: datetime, end: datetime
) -> list[CalendarView]:
    schedules = {
        row.team_id: row for row in await layers.of_teams(session, [team.id for team in teams])
    }
    rules = await layers.load(session, list(schedules.values()), since=start)
    found = {
        team.id: shifts(
            rules[schedules[team.id].id] if team.id in schedules else Schedule(), start, end
        )
        for team in teams
    }
    people = await layers.people(
        session,
        (
            who
            for many in found.values()
            for one in many
            for who in (one.on_call.primary, one.on_call.secondary)
        ),
        list(schedules.values()),
        start,
    )
    views = []
    for team in teams:
        schedule = schedules.get(team.id)
        views.append(
            CalendarView(
                team=Ref(id=team.id, name=team.name),
                schedule=Ref(id=schedule.id, name=schedule.name) if schedule else None,
                time_zone=schedule.time_zone if schedule else "UTC",
                items=[_shift_view(one, people) for one in found[team.id]],
            )
        )
    return views


def _shift_view(shift: Shift, people: Mapping[UUID, OnDuty]) -> ShiftView:
    on = shift.on_call
    return ShiftView(
        start=shift.start,
        end=shift.end,
        primary=people[on.primary] if on.primary else None,
        secondary=people[on.secondary] if on.secondary else None,
        source=on.primary_from,
        kind=on.primary_origin,
        layer=on.primary_from if on.primary_origin is Origin.LAYER else None,
        secondary_kind=on.secondary_origin,
        secondary_layer=on.secondary_from if on.secondary_origin is Origin.LAYER else None,
        gap=on.gap,
        intended=on.intended,
    )
