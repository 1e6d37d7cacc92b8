"""What being on call has cost whom: pages, and hours, by night and on weekends. Pure rules."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from oncall_service.core.hours import Hours
from oncall_service.people.rules import is_working_time
from oncall_service.schedules.days_off import DaysOff, day_of
from oncall_service.schedules.duties import Stint
from oncall_service.schedules.windows import weekly, within
from shared.contracts.rota import Duty

NIGHT = (Hours(frozenset(range(7)), time(22), time(7)),)
WEEKEND = (Hours(frozenset({5, 6}), time(0), time(0)),)


@dataclass(frozen=True, slots=True)
class Someone:
    """Whose burden it is; nights and weekends are those of their ``zone``."""

    id: UUID
    name: str
    zone: ZoneInfo
    working_hours: tuple[Hours, ...] = ()


@dataclass(frozen=True, slots=True)
class Burden:
    """What a period has cost somebody.

    The times by night and on weekends are those as primary. ``holiday_pages`` is None where nobody
    said which country's holidays count.
    """

    pages: int
    night_pages: int
    weekend_pages: int
    out_of_hours_pages: int
    holiday_pages: int | None
    primary: timedelta
    secondary: timedelta
    night: timedelta
    weekend: timedelta


def burden(
    who: Someone, pages: Sequence[datetime], stints: Sequence[Stint], holidays: DaysOff | None
) -> Burden:
    """What these pages and stints of somebody come to."""
    leading = [one for one in stints if one.duty is Duty.PRIMARY]
    return Burden(
        pages=len(pages),
        night_pages=sum(_lies_in(NIGHT, who.zone, at) for at in pages),
        weekend_pages=sum(_lies_in(WEEKEND, who.zone, at) for at in pages),
        out_of_hours_pages=sum(
            not is_working_time(who.working_hours, who.zone, at) for at in pages
        ),
        holiday_pages=(
            None
            if holidays is None
            else sum(holidays.includes(day_of(at, who.zone)) for at in pages)
        ),
        primary=_sum(one.end - one.start for one in leading),
        secondary=_sum(one.end - one.start for one in stints if one.duty is Duty.SECONDARY),
        night=_sum(_time_in(NIGHT, who.zone, one.start, one.end) for one in leading),
        weekend=_sum(_time_in(WEEKEND, who.zone, one.start, one.end) for one in leading),
    )


def _lies_in(hours: Sequence[Hours], where: ZoneInfo, at: datetime) -> bool:
    return within(weekly(hours, where, at, at), at)


def _time_in(hours: Sequence[Hours], where: ZoneInfo, start: datetime, end: datetime) -> timedelta:
    """How much of [start, end) lies in these hours, none of which overlap."""
    return _sum(
        max(timedelta(), min(one.end, end) - max(one.start, start))
        for one in weekly(hours, where, start, end)
    )


def _sum(times: Iterable[timedelta]) -> timedelta:
    return sum(times, timedelta())
