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
from oncall_service.coverage.shapes import CoveragePreview, Found, Report
from oncall_service.paging.directory import Directory, Route
from oncall_service.paging.world import World
from oncall_service.policies import usecases as policies
from oncall_service.schedules import usecases as schedules
from oncall_service.tables import PersonRow, TeamRow
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


async def check(core: Core, words: Say, limit: int, team: str | None = None) -> CoverageView:
    """Look now, at everything or at one team; ``limit`` of the holes are told, the worst first.

    Raises:
        Invalid: there is no such team.
    """
    async with core.database.session() as session:
        only = None
        if team is not None:
            only = (await lookup.refer(session, TeamRow, team, "team")).id
        report = await _report(session, core.clock.now(), only)
    return shown(report, words, limit)


async def last(core: Core, words: Say, limit: int) -> CoverageView:
    """What the last hourly look has found; before the first, a look of its own."""
    async with core.database.session() as session:
        report = await store.last(session)
        if report is None:
            report = await _report(session, core.clock.now(), None)
    return shown(report, words, limit)


async def preview(core: Core, command: CoveragePreview, words: Say, limit: int) -> CoverageView:
    """What would be found if these were saved; nothing is.

    A policy is looked at although nothing may be paged by it yet.

    Raises:
        Invalid, Conflict: they could not be saved, as saving them would say.
    """
    async with changing(core) as session:
        if command.schedule is not None:
            await schedules.put_in(core, session, command.schedule.name, command.schedule)
        if command.policy is not None:
            await policies.put_in(core, session, command.policy.name, command.policy)
        await session.flush()
        named = command.policy.name if command.policy is not None else None
        report = await _report(session, core.clock.now(), None, policy=named)
        # What was written to look at it does not stay.
        await session.rollback()
    return shown(report, words, limit)


async def look(core: Core) -> None:
    """Keep what is found now as the last report (run by an engine)."""
    async with core.database.session() as session:
        report = await _report(session, core.clock.now(), None)
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
            HoleView(**one.model_dump(), why=words.word(one.reason)) for one in report.found[:limit]
        ],
    )


async def _report(
    session: AsyncSession, now: datetime, only: UUID | None, *, policy: str | None = None
) -> Report:
    until = now + LOOK_AHEAD
    found_ways = await _ways(session, now, policy)
    ways = [way for way in found_ways if only in (None, way.route.team)]
    # Beside the requests: a month of hundreds of schedules takes seconds.
    found = await asyncio.to_thread(_holes, ways, now, until)
    people = await lookup.refs(
        session, PersonRow, (hole.person for way_holes in found for hole in way_holes)
    )
    teams = await lookup.refs(
        session, TeamRow, (hole.team for way_holes in found for hole in way_holes)
    )
    return Report(
        at=now,
        until=until,
        found=sorted(
            (
                _found(way, hole, people, teams)
                for way, way_holes in zip(ways, found, strict=True)
                for hole in way_holes
            ),
            key=lambda one: (one.level is Level.WEAK, one.start, one.team.name),
        ),
    )


async def _ways(session: AsyncSession, now: datetime, policy: str | None) -> list[_Way]:
    """Every policy that an incident may be paged by: of services, of teams, and this one."""
    directory = Directory(session, now)
    ways: dict[tuple[UUID, str], _Way] = {}

    async def way(route: Route) -> _Way:
        key = route.team, route.policy_name
        if key not in ways:
            ways[key] = _Way(route, await directory.world(route.team, route.plan))
        return ways[key]

    for claim in await store.claims(session):
        found = await way(await directory.route(service=claim.service, team=None))
        found.services.append(claim.service)
    for team in await store.teams(session):
        await way(await directory.route(service="", team=team.name))
    if policy is not None:
        await way(await directory.by_policy(policy))
    return list(ways.values())


def _holes(ways: list[_Way], now: datetime, until: datetime) -> list[list[Hole]]:
    return [holes(way.route.plan, way.world, now, until) for way in ways]


def _found(way: _Way, hole: Hole, people: Mapping[UUID, Ref], teams: Mapping[UUID, Ref]) -> Found:
    return Found(
        level=hole.level,
        reason=hole.lack,
        services=way.services,
        team=Ref(id=way.route.team, name=way.route.team_name),
        policy=way.route.policy_name,
        step=hole.step,
        target=hole.target,
        target_team=teams.get(hole.team) if hole.team else None,
        person=people.get(hole.person) if hole.person else None,
        severities=list(hole.severities),
        start=hole.start,
        end=hole.end,
    )
