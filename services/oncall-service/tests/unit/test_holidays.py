# ruff: noqa: DTZ001 - a wall clock has no zone
"""Days off: whose they are, and when they begin and end."""

from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import pytest

from oncall_service.schedules.days_off import (
    DaysOff,
    OnHolidays,
    between,
    day_of,
    known_subdivisions,
    public,
)
from oncall_service.schedules.periods import days
from oncall_service.schedules.rotation import Rotation
from shared.zones import zone

ADA = UUID(int=1)
CHRISTMAS_EVE = DaysOff(dates=frozenset({date(2026, 12, 24)}))


def test_a_country_has_its_holidays_and_a_part_of_it_more() -> None:
    assert date(2026, 7, 14) in public("FR", None, 2026)
    assert date(2026, 6, 4) not in public("DE", None, 2026)
    assert date(2026, 6, 4) in public("DE", "BY", 2026)
    assert DaysOff("FR", None, frozenset({date(2026, 7, 15)})).includes(date(2026, 7, 15))
    assert not DaysOff().includes(date(2026, 12, 25))


def test_only_countries_and_parts_that_exist_are_known() -> None:
    assert known_subdivisions("ZZ") is None
    assert "BY" in (known_subdivisions("DE") or ())


@pytest.mark.parametrize(
    ("name", "day", "hours"),
    [
        ("Europe/Paris", date(2026, 3, 29), 23),
        ("Europe/Paris", date(2026, 10, 25), 25),
        # Clocks jump from midnight to one, and fall back from midnight to eleven.
        ("America/Santiago", date(2026, 9, 6), 23),
        ("America/Santiago", date(2026, 4, 4), 25),
        ("Australia/Lord_Howe", date(2026, 4, 5), 24.5),
    ],
)
def test_a_day_off_is_a_whole_local_day(name: str, day: date, hours: float) -> None:
    noon = datetime(day.year, day.month, day.day, 12, tzinfo=zone(name)).astimezone(UTC)
    [found] = between(DaysOff(dates=frozenset({day})), zone(name), noon, noon)
    assert found.end - found.start == timedelta(hours=hours)
    assert day_of(found.start, zone(name)) == day
    assert day_of(found.end - timedelta(microseconds=1), zone(name)) == day
    assert day_of(found.end, zone(name)) == day + timedelta(days=1)
    assert day_of(found.start - timedelta(microseconds=1), zone(name)) == day - timedelta(days=1)


def test_a_day_that_the_calendar_skipped_is_none() -> None:
    new_year = datetime(2012, 1, 1, tzinfo=UTC)
    skipped = DaysOff(dates=frozenset({date(2011, 12, 30)}))
    assert list(between(skipped, zone("Pacific/Apia"), new_year, new_year)) == []


@pytest.mark.parametrize(
    ("on_holidays", "on_it", "after_it"),
    [
        (OnHolidays.AS_USUAL, ADA, ADA),
        (OnHolidays.OFF, None, ADA),
        (OnHolidays.ONLY, ADA, None),
    ],
)
def test_a_layer_takes_days_off_as_it_says(
    on_holidays: OnHolidays, on_it: UUID | None, after_it: UUID | None
) -> None:
    daily = Rotation(
        (ADA,),
        datetime(2026, 12, 1, 9),
        days(1),
        zone("Europe/Paris"),
        days_off=CHRISTMAS_EVE,
        on_holidays=on_holidays,
    )
    assert daily.on_turn(datetime(2026, 12, 24, 22, 59, tzinfo=UTC)) == on_it
    assert daily.on_turn(datetime(2026, 12, 24, 23, tzinfo=UTC)) == after_it
