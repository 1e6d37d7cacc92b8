# ruff: noqa: DTZ001 - a wall clock has no zone
"""Hand-offs on the wall clock, through every change of the clocks."""

from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from uuid import UUID, uuid5

import pytest
from dateutil import tz
from hypothesis import example, given, settings
from hypothesis import strategies as st

from oncall_service.core.hours import Hours
from oncall_service.schedules.periods import Period, Unit
from oncall_service.schedules.periods import days as of_days
from oncall_service.schedules.rotation import Rotation
from shared.zones import UnknownZoneError, wall_at, zone, zone_names

NAMESPACE = UUID(int=1)
ADA, BEN, CLEO = (uuid5(NAMESPACE, name) for name in ("Ada", "Ben", "Cleo"))
EVERY_DAY = frozenset(range(7))


def utc(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)  # type: ignore[misc,arg-type]


def rotation(name: str, start: datetime, days: int = 1, **options: object) -> Rotation:
    people = (ADA, BEN, CLEO)
    return Rotation(people, start, of_days(days), zone(name), **options)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("name", "first", "expected"),
    [
        # Paris: UTC+1 becomes UTC+2 on 2026-03-29 and UTC+1 again on 2026-10-25.
        ("Europe/Paris", datetime(2026, 3, 27, 9), ["08:00", "08:00", "07:00", "07:00"]),
        ("Europe/Paris", datetime(2026, 10, 23, 9), ["07:00", "07:00", "08:00", "08:00"]),
        # Casablanca: UTC+1 all year, but UTC during Ramadan, 2026-02-15 to 2026-03-22.
        ("Africa/Casablanca", datetime(2026, 2, 13, 9), ["08:00", "08:00", "09:00", "09:00"]),
        ("Africa/Casablanca", datetime(2026, 3, 20, 9), ["09:00", "09:00", "08:00", "08:00"]),
    ],
)
def test_a_shift_that_starts_at_nine_starts_at_nine_on_both_sides_of_a_clock_change(
    name: str, first: datetime, expected: list[str]
) -> None:
    daily = rotation(name, first)
    hand_offs = [daily.hand_off(index) for index in range(4)]
    assert [at.strftime("%H:%M") for at in hand_offs] == expected
    assert {wall_at(at, zone(name)).time() for at in hand_offs} == {time(9)}
    for at, before, after in zip(hand_offs[1:], [ADA, BEN, CLEO], [BEN, CLEO, ADA], strict=True):
        assert daily.on_turn(at - timedelta(microseconds=1)) == before
        assert daily.on_turn(at) == after


def test_a_weekly_rotation_keeps_its_monday_through_the_year() -> None:
    weekly = rotation("Europe/Paris", datetime(2026, 1, 5, 9), days=7)
    walls = [wall_at(weekly.hand_off(index), weekly.zone) for index in range(52)]
    assert {(wall.weekday(), wall.time()) for wall in walls} == {(0, time(9))}


def test_a_skipped_hand_off_happens_an_hour_later_on_the_new_clock() -> None:
    # 02:30 does not exist in Paris on 2026-03-29.
    night = rotation("Europe/Paris", datetime(2026, 3, 28, 2, 30))
    assert night.hand_off(1) == utc(2026, 3, 29, 1, 30)
    assert wall_at(night.hand_off(1), night.zone).time() == time(3, 30)
    assert wall_at(night.hand_off(2), night.zone).time() == time(2, 30)


def test_a_hand_off_time_that_comes_twice_counts_the_first_time() -> None:
    # 02:30 comes twice in Paris on 2026-10-25, at 00:30 and at 01:30 UTC.
    night = rotation("Europe/Paris", datetime(2026, 10, 24, 2, 30))
    assert night.hand_off(1) == utc(2026, 10, 25, 0, 30)
    assert night.on_turn(utc(2026, 10, 25, 1, 15)) == BEN
    assert night.on_turn(utc(2026, 10, 25, 1, 45)) == BEN


def test_a_day_the_calendar_skipped_has_no_turn() -> None:
    # Samoa went from 2011-12-29 straight to 2011-12-31.
    daily = rotation("Pacific/Apia", datetime(2011, 12, 28, 9))
    turns = list(daily.turns(utc(2011, 12, 28, 19), utc(2012, 1, 2)))
    assert all(turn.start < turn.end for turn in turns)
    assert [turn.index for turn in turns] == [0, 1, 3, 4, 5]


def test_nobody_is_on_call_before_the_first_hand_off() -> None:
    weekly = rotation("UTC", datetime(2026, 3, 2, 9), days=7)
    assert weekly.on_turn(utc(2026, 3, 2, 8, 59)) is None
    assert weekly.on_turn(utc(2026, 3, 2, 9)) == ADA
    assert weekly.turn_at(utc(2026, 3, 2, 8)) is None


def test_who_comes_next_is_told_in_order_and_once() -> None:
    doubled = Rotation((ADA, BEN, ADA, CLEO), datetime(2026, 3, 2, 9), of_days(1), zone("UTC"))
    assert doubled.following(0) == (BEN, CLEO)
    assert doubled.following(1) == (ADA, CLEO)


def test_hours_restrict_a_layer_to_the_nights_and_days_it_names() -> None:
    nights = Hours(weekdays=frozenset({0, 4}), start=time(18), end=time(9))
    layer = rotation("Europe/Paris", datetime(2026, 3, 2, 9), days=7, hours=(nights,))
    assert layer.on_turn(utc(2026, 3, 2, 16, 59)) is None  # Monday 17:59 in Paris
    assert layer.on_turn(utc(2026, 3, 2, 17)) == ADA
    assert layer.on_turn(utc(2026, 3, 3, 7, 59)) == ADA  # Tuesday 08:59
    assert layer.on_turn(utc(2026, 3, 3, 8)) is None
    assert layer.on_turn(utc(2026, 3, 7, 7)) == ADA  # the night that began on Friday


def test_hours_from_midnight_to_midnight_are_a_whole_day_also_one_of_23_hours() -> None:
    sunday = Hours(weekdays=frozenset({6}), start=time(0), end=time(0))
    window = sunday.on(datetime(2026, 3, 29).date(), zone("Europe/Paris"))
    assert window is not None
    assert window.end - window.start == timedelta(hours=23)


def test_zones_come_from_the_pinned_package_and_nothing_else_is_opened() -> None:
    assert "Africa/Casablanca" in zone_names()
    for name in ("Europe/Atlantis", "../zones", "", "/etc/localtime"):
        with pytest.raises(UnknownZoneError, match="IANA"):
            zone(name)


def hourly(name: str, start: datetime, every: int = 1) -> Rotation:
    return Rotation((ADA, BEN, CLEO), start, Period(Unit.HOUR, every), zone(name))


def test_hours_are_counted_on_the_wall_so_that_twelve_stay_from_nine_to_nine() -> None:
    halves = hourly("Europe/Paris", datetime(2026, 3, 28, 9), every=12)
    hand_offs = [halves.hand_off(index) for index in range(5)]
    assert [wall_at(at, halves.zone).hour for at in hand_offs] == [9, 21, 9, 21, 9]
    assert hand_offs[2] - hand_offs[1] == timedelta(hours=11)


def test_the_turn_of_a_skipped_hour_is_none_and_that_of_the_repeated_one_lasts_two() -> None:
    spring = hourly("Europe/Paris", datetime(2026, 3, 29, 0))
    turns = list(spring.turns(utc(2026, 3, 29, 0), utc(2026, 3, 29, 3)))
    assert [(turn.index, turn.start.hour) for turn in turns] == [(1, 0), (3, 1), (4, 2)]
    autumn = hourly("Europe/Paris", datetime(2026, 10, 25, 0))
    turns = list(autumn.turns(utc(2026, 10, 24, 23), utc(2026, 10, 25, 3)))
    assert [(turn.index, turn.end - turn.start) for turn in turns] == [
        (1, timedelta(hours=1)),
        (2, timedelta(hours=2)),
        (3, timedelta(hours=1)),
    ]


@pytest.mark.parametrize(
    ("name", "start"),
    [
        # Two hours at once, one before dawn by half an hour, and a whole day.
        ("Antarctica/Troll", datetime(2026, 3, 28, 20)),
        ("Antarctica/Troll", datetime(2026, 10, 24, 20)),
        ("Australia/Lord_Howe", datetime(2026, 10, 3, 20, 15)),
        ("Australia/Lord_Howe", datetime(2026, 4, 4, 20, 15)),
        ("Pacific/Chatham", datetime(2026, 9, 26, 20, 45)),
        ("Pacific/Apia", datetime(2011, 12, 29, 6, 30)),
    ],
)
def test_at_any_moment_the_turn_is_the_last_whose_hand_off_has_passed(
    name: str, start: datetime
) -> None:
    one = hourly(name, start)
    begins = one.hand_off(0)
    turns = list(one.turns(begins, begins + timedelta(days=2)))
    for earlier, later in pairwise(turns):
        assert earlier.end == later.start
    for minutes in range(0, 2 * 24 * 60, 5):
        at = begins + timedelta(minutes=minutes)
        expected = max(index for index in range(80) if one.hand_off(index) <= at)
        assert one.index_at(at) == expected
        assert [turn.index for turn in turns if turn.start <= at < turn.end] == [expected]


def test_a_rotation_of_the_31st_has_its_hand_off_on_the_last_day_of_a_shorter_month() -> None:
    monthly = Rotation(
        (ADA, BEN, CLEO), datetime(2027, 12, 31, 9), Period(Unit.MONTH, 1), zone("Europe/Paris")
    )
    days = [
        wall_at(monthly.hand_off(index), monthly.zone).strftime("%m-%d %H") for index in range(6)
    ]
    assert days == ["12-31 09", "01-31 09", "02-29 09", "03-31 09", "04-30 09", "05-31 09"]
    assert monthly.on_turn(utc(2028, 2, 29, 7, 59)) == BEN
    assert monthly.on_turn(utc(2028, 2, 29, 8)) == CLEO
    assert monthly.on_turn(utc(2027, 12, 31, 7)) is None


def test_a_turn_of_several_months_is_counted_from_the_first_day() -> None:
    quarterly = Rotation(
        (ADA, BEN), datetime(2026, 8, 31, 0), Period(Unit.MONTH, 3), zone("America/New_York")
    )
    assert [wall_at(quarterly.hand_off(index), quarterly.zone).date() for index in range(4)] == [
        date(2026, 8, 31),
        date(2026, 11, 30),
        date(2027, 2, 28),
        date(2027, 5, 31),
    ]


STARTS = st.datetimes(datetime(2025, 1, 1), datetime(2027, 12, 31)).map(
    lambda at: at.replace(second=0, microsecond=0)
)
ZONES = st.sampled_from(
    [
        "UTC",
        "Europe/Paris",
        "Africa/Casablanca",
        "America/New_York",
        "Australia/Lord_Howe",
        "Asia/Kathmandu",
        "America/Sao_Paulo",
        "Pacific/Chatham",
        "Antarctica/Troll",
    ]
)


@given(name=ZONES, start=STARTS, days=st.integers(1, 30), offset=st.integers(0, 400))
@example(name="Europe/Paris", start=datetime(2026, 3, 29, 2, 30), days=1, offset=0)
@example(name="Antarctica/Troll", start=datetime(2026, 3, 29, 2, 0), days=1, offset=0)
@settings(max_examples=150, deadline=None)
def test_turns_follow_one_another_without_hole_or_overlap_and_hand_over_at_the_wall_time(
    name: str, start: datetime, days: int, offset: int
) -> None:
    one = rotation(name, start, days)
    begins = one.hand_off(0) + timedelta(days=offset)
    turns = list(one.turns(begins, begins + timedelta(days=60)))
    assert turns[0].start <= begins < turns[0].end
    assert turns[-1].end >= begins + timedelta(days=60)
    for earlier, later in pairwise(turns):
        assert earlier.end == later.start
    for turn in turns:
        assert turn.start < turn.end
        assert one.on_turn(turn.start) == one.participants[turn.index % 3]
        assert one.on_turn(turn.end - timedelta(microseconds=1)) == one.on_turn(turn.start)
        wanted = start + timedelta(days=turn.index * days)
        shown = wall_at(turn.start, one.zone)
        assert shown == wanted or not tz.datetime_exists(wanted, one.zone)
