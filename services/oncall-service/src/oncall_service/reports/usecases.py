"""Use case: the fairness report."""

import asyncio
from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from oncall_service.core.core import Core
from oncall_service.core.store import lookup
from oncall_service.reports import store
from oncall_service.reports.rules import Someone, burden
from oncall_service.schedules.days_off import DaysOff, known_subdivisions
from oncall_service.schedules.duties import Stint, stints
from oncall_service.schedules.rules import Schedule
from oncall_service.schedules.store import layers
from oncall_service.schedules.timeline import shifts
from oncall_service.tables import ScheduleRow, TeamRow
from oncall_service.teams import store as teams
from shared.contracts.reports import FairnessRow, FairnessView
from shared.contracts.wire import Ref
from shared.errors import FieldError, Invalid
from shared.zones import zone

LONGEST_PERIOD = timedelta(days=400)

_HOUR = timedelta(hours=1)


async def fairness(
    core: Core, start: datetime, end: datetime, team: str | None, country: str | None
) -> FairnessView:
    """What being on call has cost whom in [start, end), of one team or of all.

    Raises:
        Invalid: the period is none, or too long; there is no such team or country.
    """
    if not start < end <= start + LONGEST_PERIOD:
        raise Invalid(
            [FieldError("until", f"must be after from, by {LONGEST_PERIOD.days} days at most")]
        )
    if country is not None and known_subdivisions(country) is None:
        raise Invalid([FieldError("country", "no holidays are known of it; use a code such as FR")])
    async with core.database.session() as session:
        row = await lookup.refer(session, TeamRow, team, "team") if team is not None else None
        ids = [row.id] if row is not None else [one.id for one in await teams.every(session)]
        rows = await layers.of_teams(session, ids)
        schedules = await layers.load(session, rows, since=start)
        pages = await store.pages(session, start, end, row.id if row is not None else None)
        members = await store.members(session, ids)
    # Beside the requests, and no transaction waits for it: a year of many rotations takes its time.
    duties = await asyncio.to_thread(_duties, list(schedules.values()), start, end)
    async with core.database.session() as session:
        people = await _people(session, sorted({*duties, *pages, *members}), rows, start)
    holidays = None if country is None else DaysOff(country)
    found = [_row(one, pages.get(one.id, []), duties.get(one.id, []), holidays) for one in people]
    return FairnessView(
        start=start,
        end=end,
        team=Ref(id=row.id, name=row.name) if row is not None else None,
        country=country,
        people=found,
    )


def _duties(
    schedules: Sequence[Schedule], start: datetime, end: datetime
) -> Mapping[UUID, list[Stint]]:
    found: defaultdict[UUID, list[Stint]] = defaultdict(list)
    for schedule in schedules:
        for one in stints(shifts(schedule, start, end)):
            if one.person is not None:
                found[one.person].append(one)
    return found


async def _people(
    session: AsyncSession, ids: Sequence[UUID], rows: Sequence[ScheduleRow], start: datetime
) -> list[Someone]:
    """These people by name; of those who are gone the name is on record, and no zone."""
    known = await store.known(session, ids)
    gone = [one for one in ids if one not in known]
    if gone:
        rostered = await layers.people(session, gone, rows, start)
        names = await store.paged_names(session, gone)
        names |= {one.id: one.name for one in rostered.values()}
        known |= {one: Someone(one, names[one], zone("UTC")) for one in gone}
    return sorted(known.values(), key=lambda one: (one.name.casefold(), one.id))


def _row(
    who: Someone, pages: Sequence[datetime], duties: Sequence[Stint], holidays: DaysOff | None
) -> FairnessRow:
    found = burden(who, pages, duties, holidays)
    return FairnessRow(
        person=Ref(id=who.id, name=who.name),
        pages=found.pages,
        night_pages=found.night_pages,
        weekend_pages=found.weekend_pages,
        out_of_hours_pages=found.out_of_hours_pages,
        holiday_pages=found.holiday_pages,
        primary_hours=found.primary / _HOUR,
        secondary_hours=found.secondary / _HOUR,
        night_hours=found.night / _HOUR,
        weekend_hours=found.weekend / _HOUR,
    )
