"""Where shifts stand in the picture of the coming weeks."""

from datetime import UTC, date, datetime, timedelta
from uuid import uuid4
from zoneinfo import ZoneInfo

import pytest

from shared.contracts.oncall_api import CalendarView, OnDuty, ShiftView
from shared.contracts.wire import Ref
from web_ui import calendar_picture
from web_ui.calendar_picture import DAY_WIDTH, WIDTH, Picture

ADA = OnDuty(id=uuid4(), name="Ada Okafor")
JUN = OnDuty(id=uuid4(), name="Jun Watanabe")
PARIS = ZoneInfo("Europe/Paris")
MONDAY = date(2026, 3, 2)
NOW = datetime(2026, 3, 3, 12, tzinfo=UTC)


def at(day: int, hour: int = 0) -> datetime:
    return datetime(2026, 3, day, hour, tzinfo=UTC)


def drawn(*shifts: ShiftView, first: date = MONDAY, zone: object = UTC, weeks: int = 1) -> Picture:
    calendar = CalendarView(team=Ref(id=uuid4(), name="P"), time_zone="UTC", items=list(shifts))
    return calendar_picture.draw(calendar, first, weeks, zone, NOW)  # type: ignore[arg-type]


def test_a_shift_stands_at_its_hours() -> None:
    [block] = drawn(ShiftView(start=at(3, 12), end=at(5), primary=ADA)).weeks[0].blocks
    assert (block.x, block.width) == (1.5 * DAY_WIDTH, 1.5 * DAY_WIDTH)
    assert (block.kind, block.label) == ("layer", "Ada Okafor")


def test_a_shift_over_a_sunday_goes_on_in_the_next_line() -> None:
    weeks = drawn(ShiftView(start=at(7), end=at(10), primary=ADA), weeks=2).weeks
    assert [(block.x, block.width) for block in weeks[0].blocks] == [(500, 200)]
    assert [(block.x, block.width) for block in weeks[1].blocks] == [(0, 100)]
    assert weeks[1].blocks[0].y > weeks[0].blocks[0].y


def test_where_only_the_secondary_changes_the_primary_is_one_block() -> None:
    shifts = (
        ShiftView(start=at(2), end=at(4), primary=ADA, secondary=JUN),
        ShiftView(start=at(4), end=at(6), primary=ADA, secondary=None),
    )
    blocks = drawn(*shifts).weeks[0].blocks
    assert [(each.role, each.width) for each in blocks] == [("primary", 400), ("secondary", 200)]


def test_gaps_overrides_and_intended_gaps_are_kinds_of_their_own() -> None:
    blocks = (
        drawn(
            ShiftView(start=at(2), end=at(3), primary=ADA, kind="override"),
            ShiftView(start=at(3), end=at(4), gap=True),
            ShiftView(start=at(4), end=at(5), gap=True, intended=True),
        )
        .weeks[0]
        .blocks
    )
    assert [block.kind for block in blocks] == ["override", "gap", "intended"]


@pytest.mark.parametrize(("day", "hours"), [(date(2026, 3, 23), 23), (date(2026, 10, 19), 25)])
def test_a_day_on_which_the_clocks_change_is_as_wide_as_any_other(day: date, hours: int) -> None:
    sunday = datetime(day.year, day.month, day.day, tzinfo=PARIS) + timedelta(days=6)
    end = sunday.astimezone(UTC) + timedelta(hours=hours)
    shift = ShiftView(start=sunday.astimezone(UTC), end=end, primary=ADA)
    [block] = drawn(shift, first=day, zone=PARIS).weeks[0].blocks
    assert (block.x, block.width) == (6 * DAY_WIDTH, DAY_WIDTH)


def test_now_is_marked_in_its_week_alone() -> None:
    first, second = drawn(ShiftView(start=at(2), end=at(20), primary=ADA), weeks=2).weeks
    assert first.now_x == 1.5 * DAY_WIDTH
    assert second.now_x is None
    assert [day.today for day in first.days].index(True) == 1


def test_a_name_is_cut_to_what_fits() -> None:
    hours = (6, 12, 36, 120)
    labels = [
        drawn(ShiftView(start=at(2), end=at(2) + timedelta(hours=each), primary=ADA))
        .weeks[0]
        .blocks[0]
        .label
        for each in hours
    ]
    assert labels == ["AO", "Ada", "Ada Okafor", "Ada Okafor"]
    assert WIDTH == 7 * DAY_WIDTH
