"""Use cases: calendars to subscribe to by a secret address."""

import asyncio
import hashlib
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from oncall_service.core.core import Core, changing
from oncall_service.core.store import lookup
from oncall_service.schedules import ical
from oncall_service.schedules.duties import whole_stints
from oncall_service.schedules.feed_shapes import FeedCreate
from oncall_service.schedules.rules import Schedule
from oncall_service.schedules.store import feeds as store
from oncall_service.schedules.store import layers
from oncall_service.schedules.swaps import person_id
from oncall_service.tables import FeedRow, PersonRow, ScheduleRow, TeamRow
from oncall_service.teams import store as teams
from shared.auth import hash_token
from shared.contracts.identity import Principal, Role
from shared.contracts.rota import FeedCreated, FeedView
from shared.contracts.wire import Page
from shared.errors import FieldError, Forbidden, Invalid, NotFound
from shared.identifiers import new_id
from shared.paging import Keyset

CALENDARS_PATH = "/api/v1/calendars"
BEHIND, AHEAD = timedelta(days=30), timedelta(days=180)

_PREFIX = "vgc_"
_SUFFIX = ".ics"
# Further back the beginning of a stint is not looked for.
_KNOWN_SINCE = timedelta(days=400)
_FEEDS = Keyset("calendar-feeds", UUID)


@dataclass(frozen=True, slots=True)
class Published:
    """A calendar as it is sent, and its entity tag."""

    content: bytes
    etag: str


async def create(core: Core, command: FeedCreate, who: Principal) -> FeedCreated:
    """Make an address for a calendar; the answer is the only place where it can be read.

    Raises:
        Forbidden: it is neither one's own nor of a team of one's own.
    """
    token = _PREFIX + secrets.token_urlsafe(32)
    async with changing(core) as session:
        person, schedule = await _subject(session, command, who)
        row = FeedRow(
            id=new_id(),
            person_id=person,
            schedule_id=schedule.id if schedule else None,
            token_hash=hash_token(token),
            created_by=who.name,
            created_at=core.clock.now(),
        )
        await _must_be_ones_own(session, row, who)
        session.add(row)
        await session.flush()
        view = (await store.views(session, [row]))[0]
    return FeedCreated(path=f"{CALENDARS_PATH}/{token}{_SUFFIX}", **view.model_dump())


async def listed(core: Core, who: Principal, *, limit: int, cursor: str | None) -> Page[FeedView]:
    """Calendars that one may revoke, newest first, revoked ones included."""
    after = _FEEDS.after(cursor)
    own = person_id(who)
    async with core.database.session() as session:
        if own is None and not who.role.includes(Role.ADMIN):
            raise Forbidden("Calendars are of people and teams: sign in to see yours.")
        rows = await store.listed(
            session,
            visible_to=None if who.role.includes(Role.ADMIN) else own,
            before=after[0] if after else None,
            limit=limit + 1,
        )
        shown, following = _FEEDS.cut(rows, limit, key=lambda row: (row.id,))
        return Page(items=await store.views(session, shown), next_cursor=following)


async def revoke(core: Core, feed: UUID, who: Principal) -> None:
    """Let an address lead nowhere, at once and for ever."""
    async with changing(core) as session:
        row = await session.get(FeedRow, feed, with_for_update=True)
        if row is None:
            raise NotFound(f"There is no calendar feed {feed}.")
        await _must_be_ones_own(session, row, who)
        row.revoked_at = row.revoked_at or core.clock.now()


async def published(core: Core, file: str) -> Published:
    """The calendar with this address: the last 30 and the next 180 days.

    Raises:
        NotFound: there is none, or it was revoked.
    """
    # By whole days, so that an hour in which nothing changes leaves the calendar as it was.
    today = core.clock.now().replace(hour=0, minute=0, second=0, microsecond=0)
    async with core.database.session() as session:
        row = None
        if file.endswith(_SUFFIX):
            row = await store.by_address(session, hash_token(file.removesuffix(_SUFFIX)))
        if row is None:
            raise NotFound("There is no such calendar, or not any more.")
        material = await _material(session, row, today - BEHIND)
    # Beside the requests: half a year of many rotations takes a good part of a second.
    content = await asyncio.to_thread(_rendered, material, today - BEHIND, today + AHEAD)
    return Published(content, f'"{hashlib.sha256(content).hexdigest()[:32]}"')


@dataclass(frozen=True, slots=True)
class _Material:
    """What a calendar is made of: schedules with the names of their teams; whose, or None."""

    name: str
    person: UUID | None
    schedules: Mapping[UUID, tuple[Schedule, str]]
    people: Mapping[UUID, str]


async def _material(session: AsyncSession, row: FeedRow, start: datetime) -> _Material:
    since = start - _KNOWN_SINCE
    if row.person_id is not None:
        rows = await store.schedules_with(session, row.person_id, start)
        owner = (await lookup.refs(session, PersonRow, [row.person_id]))[row.person_id].name
    else:
        schedule = await session.get(ScheduleRow, row.schedule_id)
        rows = [schedule] if schedule else []
        owner = "".join(one.name for one in rows)
    rules = await layers.load(session, rows, since=since)
    called = await lookup.refs(session, TeamRow, (one.team_id for one in rows))
    named = {
        person
        for schedule in rules.values()
        for layer in (*schedule.layers, *(one for era in schedule.eras for one in era.layers))
        for person in layer.rotation.participants
    } | {one.person for schedule in rules.values() for one in schedule.overrides}
    people = await layers.people(session, named, rows, since)
    return _Material(
        name=f"On call: {owner}",
        person=row.person_id,
        schedules={one.id: (rules[one.id], called[one.team_id].name) for one in rows},
        people={one: known.name for one, known in people.items()},
    )


def _rendered(material: _Material, start: datetime, end: datetime) -> bytes:
    rosters = [
        ical.Roster(identifier, team, whole_stints(schedule, start, end))
        for identifier, (schedule, team) in material.schedules.items()
    ]
    if material.person is not None:
        rosters = [
            replace(one, stints=[it for it in one.stints if it.person == material.person])
            for one in rosters
        ]
    return ical.calendar(
        material.name, rosters, material.people, with_names=material.person is None
    )


async def _subject(
    session: AsyncSession, command: FeedCreate, who: Principal
) -> tuple[UUID | None, ScheduleRow | None]:
    if command.schedule is not None:
        return None, await lookup.refer(session, ScheduleRow, command.schedule, "schedule")
    if command.person is not None:
        return (await lookup.refer(session, PersonRow, command.person, "person")).id, None
    own = person_id(who)
    if own is None:
        raise Invalid([FieldError("person", "a token is on no calendar: say whose it shall be")])
    return own, None


async def _must_be_ones_own(session: AsyncSession, row: FeedRow, who: Principal) -> None:
    own = person_id(who)
    if who.role.includes(Role.ADMIN) or (own is not None and row.person_id == own):
        return
    schedule = await session.get(ScheduleRow, row.schedule_id) if row.schedule_id else None
    if own is None or schedule is None or own not in await teams.members(session, schedule.team_id):
        raise Forbidden("This is the calendar of somebody else, and you are no administrator.")
