from datetime import UTC, date, datetime

from incident_management.calendars import days, weekly
from shared.zones import zone

PARIS, KOLKATA = zone("Europe/Paris"), zone("Asia/Kolkata")


def at(day: int, hour: int, minute: int = 0, *, month: int = 3) -> datetime:
    return datetime(2026, month, day, hour, minute, tzinfo=UTC)


def test_days_are_those_of_the_place_and_one_of_them_may_have_23_hours() -> None:
    assert days(at(28, 12), at(30, 22), PARIS) == [
        (date(2026, 3, 28), at(27, 23)),
        (date(2026, 3, 29), at(28, 23)),
        (date(2026, 3, 30), at(29, 22)),
    ]


def test_a_window_that_ends_at_midnight_has_no_part_of_the_next_day() -> None:
    assert [day for day, _ in days(at(2, 23), at(3, 23), PARIS)] == [date(2026, 3, 3)]
    assert [day for day, _ in days(at(2, 10), at(2, 11), PARIS)] == [date(2026, 3, 2)]


def test_hours_are_those_of_the_place() -> None:
    """Sunday 20:30 UTC is Monday 02:00 in a zone of half an hour."""
    found = weekly({at(1, 20, 30): 2, at(1, 20, 15): 1, at(2, 3): 4}, KOLKATA)
    assert (found[0][2], found[0][1], found[0][8]) == (2, 1, 4)
    assert sum(map(sum, found)) == 7
