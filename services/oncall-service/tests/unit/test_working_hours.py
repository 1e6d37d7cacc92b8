"""When trouble that can wait may reach a person: pure, on the person's own clock."""

from datetime import UTC, datetime, time

import pytest

from oncall_service.core.hours import Hours
from oncall_service.people.rules import is_working_time, next_time
from shared.zones import zone

PARIS = zone("Europe/Paris")
OFFICE = Hours(frozenset(range(5)), time(9), time(17))
NIGHT = Hours(frozenset({4}), time(22), time(6))


@pytest.mark.parametrize(
    ("now", "told"),
    [
        ("2026-03-02T08:00", "2026-03-02T08:00"),  # Monday 09:00 in Paris: they begin
        ("2026-03-02T07:59", "2026-03-02T08:00"),
        ("2026-03-02T16:00", "2026-03-03T08:00"),  # 17:00: over until tomorrow
        ("2026-03-06T18:00", "2026-03-09T08:00"),  # Friday evening
        ("2026-03-27T18:00", "2026-03-30T07:00"),  # over the change to summer time
    ],
)
def test_what_can_wait_is_told_within_working_hours(now: str, told: str) -> None:
    at = datetime.fromisoformat(now).replace(tzinfo=UTC)
    assert next_time([OFFICE], PARIS, at) == datetime.fromisoformat(told).replace(tzinfo=UTC)


def test_hours_that_reach_into_the_next_day_count_there() -> None:
    saturday = datetime(2026, 3, 7, 3, 0, tzinfo=UTC)
    assert next_time([NIGHT], PARIS, saturday) == saturday


def test_without_hours_nothing_waits() -> None:
    now = datetime(2026, 3, 7, 3, 0, tzinfo=UTC)
    assert next_time([], PARIS, now) == now


@pytest.mark.parametrize(
    ("hours", "at", "working"),
    [
        ([OFFICE], "2026-03-02T08:00", True),  # Monday 09:00 in Paris
        ([OFFICE], "2026-03-02T16:00", False),
        ([NIGHT], "2026-03-07T03:00", True),
        ([NIGHT], "2026-03-06T12:00", False),
        ([], "2026-03-02T16:59", True),  # office hours end at 18:00
        ([], "2026-03-02T17:00", False),
        ([], "2026-03-07T12:00", False),  # Saturday
    ],
)
def test_a_page_is_within_ones_own_hours_or_else_office_hours(
    hours: list[Hours], at: str, working: bool
) -> None:
    assert is_working_time(hours, PARIS, datetime.fromisoformat(at).replace(tzinfo=UTC)) is working
