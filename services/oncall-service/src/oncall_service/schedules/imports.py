"""Use case: a calendar that somebody else keeps becomes overrides."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from oncall_service.core.audit import note_act
from oncall_service.core.core import Core, changing
from oncall_service.core.store import lookup
from oncall_service.schedules.ical_reading import (
    Occurrence,
    UnreadableCalendarError,
    occurrences,
    read,
    source_of,
    whose,
)
from oncall_service.schedules.import_shapes import ImportView, UnmatchedEvent
from oncall_service.schedules.store import imports as store
from oncall_service.schedules.store import overrides
from oncall_service.tables import OverrideRow, PersonRow, ScheduleRow
from shared.contracts.identity import Principal
from shared.contracts.rota import Duty, Origin
from shared.errors import FieldError, Invalid
from shared.identifiers import new_id
from shared.zones import zone

AHEAD = timedelta(days=366)
_LONGEST_NOTE = 500


@dataclass(frozen=True, slots=True)
class Asked:
    """How a calendar is to be imported.

    ``person`` is whom all events are about; None: each says it itself. ``source`` tells the
    calendar from others of the schedule. ``partial``: what nobody is found for is left out.
    """

    person: str | None
    duty: Duty
    source: str | None
    partial: bool


@dataclass(frozen=True, slots=True)
class _Wanted:
    person: UUID
    duty: Duty
    start: datetime
    end: datetime
    note: str


async def bring_in(
    core: Core, reference: str, body: bytes, asked: Asked, who: Principal
) -> ImportView:
    """Make the overrides of this calendar be those of the next 366 days, and no others of it.

    Raises:
        Invalid: it cannot be read, or has events that nobody is found for; nothing is stored then.
    """
    now = core.clock.now()
    async with core.database.session() as session:
        time_zone = (await lookup.get(session, ScheduleRow, reference)).time_zone
    # Before the transaction, which is to be short.
    source, found = await _read(body, asked.source, time_zone, now)
    async with changing(core) as session:
        schedule = await lookup.require(session, ScheduleRow, reference)
        wanted, unmatched = await _matched(session, found, asked)
        if unmatched and not asked.partial:
            raise Invalid(
                [
                    FieldError(one.event, f"nobody is found for '{one.summary}'")
                    for one in unmatched
                ],
                "There are events that nobody is found for: nothing was imported.",
            )
        before = await store.made_from(session, schedule.id, f"{source}:")
        after = {f"{source}:{event}": one for event, one in wanted.items()}
        removed = await _remove(session, before, after, now)
        made = changed = 0
        for event, one in after.items():
            row = before.get(event)
            if row is None:
                session.add(_row(schedule, event, one, who, now))
                made += 1
            elif _differs(row, one):
                row.person_id, row.duty, row.note = one.person, one.duty, one.note
                row.starts_at, row.ends_at = one.start, one.end
                changed += 1
        await session.flush()
        view = ImportView(
            made=made,
            changed=changed,
            removed=removed,
            unchanged=len(after) - made - changed,
            unmatched=unmatched,
        )
        if made or changed or removed:
            await overrides.noticed(session, schedule.id)
            action = "schedule.calendar_imported"
            await note_act(core, session, who, action, subject=schedule.id, outcome=view)
        return view


async def _read(
    body: bytes, source: str | None, time_zone: str, now: datetime
) -> tuple[str, Sequence[Occurrence]]:
    def work() -> tuple[str, Sequence[Occurrence]]:
        calendar = read(body)
        found = occurrences(calendar, zone(time_zone), now, now + AHEAD)
        return source_of(calendar, source), found

    try:
        # Beside the requests: rules of many years take their time.
        return await asyncio.to_thread(work)
    except UnreadableCalendarError as error:
        raise Invalid([FieldError("body", str(error))]) from error


async def _matched(
    session: AsyncSession, found: Sequence[Occurrence], asked: Asked
) -> tuple[dict[str, _Wanted], list[UnmatchedEvent]]:
    everybody = await store.everybody(session)
    always = None
    if asked.person is not None:
        always = (await lookup.refer(session, PersonRow, asked.person, "person")).id
    wanted: dict[str, _Wanted] = {}
    unmatched = []
    for one in found:
        person = always or whose(one, everybody)
        if person is None:
            unmatched.append(UnmatchedEvent(event=one.identity, summary=one.summary))
        else:
            note = one.summary[:_LONGEST_NOTE]
            wanted[one.identity] = _Wanted(person, asked.duty, one.start, one.end, note)
    return wanted, unmatched


async def _remove(
    session: AsyncSession,
    before: Mapping[str, OverrideRow],
    after: Mapping[str, _Wanted],
    now: datetime,
) -> int:
    """Take away what vanished from the calendar; what is past stays on record."""
    gone = [row for event, row in before.items() if event not in after and row.ends_at > now]
    for row in gone:
        if row.starts_at < now:
            row.ends_at = now
        else:
            await session.delete(row)
    return len(gone)


def _differs(row: OverrideRow, wanted: _Wanted) -> bool:
    return wanted != _Wanted(row.person_id, Duty(row.duty), row.starts_at, row.ends_at, row.note)


def _row(
    schedule: ScheduleRow, event: str, wanted: _Wanted, who: Principal, now: datetime
) -> OverrideRow:
    return OverrideRow(
        id=new_id(),
        schedule_id=schedule.id,
        person_id=wanted.person,
        duty=wanted.duty,
        starts_at=wanted.start,
        ends_at=wanted.end,
        note=wanted.note,
        created_by=who.name,
        created_at=now,
        kind=Origin.IMPORT,
        source_uid=event,
    )
