"""Use cases: is there somebody for every service, for the days ahead?"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from oncall_service.core.core import Core, changing
from oncall_service.core.store import lookup
from oncall_service.coverage import store
from oncall_service.coverage.rules import Hole, Level, holes
from oncall_service.coverage.shapes import CoveragePreview, Report
from oncall_service.paging.directory import Directory, Route
from oncall_service.paging.world import World
from oncall_service.policies import usecases as policies
from oncall_service.schedules import usecases as schedules
from oncall_service.tables import TeamRow
from oncall_service.teams import store as teams
from shared.contracts.oncall_api import CoverageView, HoleView
from shared.contracts.wire import Ref
from shared.words.catalogues import Say

LOOK_AHEAD = timedelta(days=30)


@dataclass
class _Way:
    """A policy of a team, and the services that are paged by it."""

    route: Route
    world: World
    services: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class _Ahead:
    """Everything that is looked at, as it was read; ``teams`` are those that policies ask."""

    ways: list[_Way]
    teams: Mapping[UUID, Ref]


async def check(core: Core, words: Say, limit: int, team: str | None = None) -> CoverageView:
    """Look now, at everything or at one team; ``limit`` of the holes are told, the worst first.

    Raises:
        Invalid: there is no such team.
    """
    now = core.clock.now()
    async with core.database.session() as session:
        only = None
        if team is not None:
            only = (await lookup.refer(session, TeamRow, team, "team")).id
        ahead = await _read(session, now)
    return shown(await _report(ahead, now, only), words, limit)


async def last(core: Core, words: Say, limit: int) -> CoverageView:
    """What the last hourly look has found; before the first, a look of its own."""
    async with core.database.session() as session:
        report = await store.last(session)
    if report is None:
        return await check(core, words, limit)
    return shown(report, words, limit)


async def preview(core: Core, command: CoveragePreview, words: Say, limit: int) -> CoverageView:
    """What would be found if these were saved; nothing is.

    A policy is looked at although nothing may be paged by it yet.

    Raises:
        Invalid, Conflict: they could not be saved, as saving them would say.
    """
    now = core.clock.now()
    async with changing(core) as session:
        if command.schedule is not None:
            await schedules.put_in(core, session, command.schedule.name, command.schedule)
        if command.policy is not None:
            await policies.put_in(core, session, command.policy.name, command.policy)
        await session.flush()
        named = command.policy.name if command.policy is not None else None
        ahead = await _read(session, now, policy=named)
        # What was written to look at it does not stay.
        await session.rollback()
    return shown(await _report(ahead, now), words, limit)


async def look(core: Core) -> None:
    """Keep what is found now as the last report (run by an engine)."""
    now = core.clock.now()
    async with core.database.session() as session:
        ahead = await _read(session, now)
    report = await _report(ahead, now)
    async with core.database.session() as session:
        await store.keep(session, report)


def shown(report: Report, words: Say, limit: int) -> CoverageView:
    """A report in words, with so many of its holes."""
    broken, weak = report.count(Level.BROKEN), report.count(Level.WEAK)
    return CoverageView(
        at=report.at,
        until=report.until,
        ok=not broken,
        broken=broken,
        weak=weak,
        holes=[
            hole.model_copy(update={"why": words.word(hole.reason)})
            for hole in report.found[:limit]
        ],
    )


async def _report(ahead: _Ahead, now: datetime, only: UUID | None = None) -> Report:
    until = now + LOOK_AHEAD
    ways = [way for way in ahead.ways if only in (None, way.route.team)]
    # Beside the requests, and no transaction waits for it: a month of many schedules takes seconds.
    found = await asyncio.to_thread(_holes, ways, now, until)
    return Report(
        at=now,
        until=until,
        found=sorted(
            (
                _found(way, hole, ahead.teams)
                for way, way_holes in zip(ways, found, strict=True)
                for hole in way_holes
            ),
            key=lambda one: (one.level == Level.WEAK, one.start, one.team.name),
        ),
    )


async def _read(session: AsyncSession, now: datetime, policy: str | None = None) -> _Ahead:
    ways = await _ways(session, now, policy)
    asked = {team for way in ways for team in way.route.plan.teams}
    return _Ahead(ways, await lookup.refs(session, TeamRow, asked))


async def _ways(session: AsyncSession, now: datetime, policy: str | None) -> list[_Way]:
    """Every policy that an incident may be paged by: of services, of teams, and this one."""
    directory = Directory(session, now)
    ways: dict[tuple[UUID, str], _Way] = {}

    async def way(route: Route) -> _Way:
        key = route.team, route.policy_name
        if key not in ways:
            ways[key] = _Way(route, await directory.world(route.team, route.plan))
        return ways[key]

    for service in await teams.service_names(session):
        found = await way(await directory.route(service=service, team=None))
        found.services.append(service)
    for team in await teams.every(session):
        await way(await directory.route(service="", team=team.name))
    if policy is not None:
        await way(await directory.by_policy(policy))
    return list(ways.values())


def _holes(ways: list[_Way], now: datetime, until: datetime) -> list[list[Hole]]:
    return [holes(way.route.plan, way.world, now, until) for way in ways]


def _found(way: _Way, hole: Hole, teams: Mapping[UUID, Ref]) -> HoleView:
    person = way.world.people.get(hole.person) if hole.person else None
    return HoleView(
        level=hole.level,
        reason=hole.lack,
        why="",
        services=way.services,
        team=Ref(id=way.route.team, name=way.route.team_name),
        policy=way.route.policy_name,
        step=hole.step,
        target=hole.target,
        target_team=teams.get(hole.team) if hole.team else None,
        person=person.ref if person else None,
        severities=list(hole.severities),
        start=hole.start,
        end=hole.end,
    )
