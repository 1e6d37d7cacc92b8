"""When a silence holds: by the wall clock of its zone, on both sides of a change of the clocks."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alert_ingestion.windows import InvalidRecurrence, Recurrence, Span, Window, check

PARIS = ZoneInfo("Europe/Paris")
YEAR = timedelta(days=365)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=PARIS).astimezone(UTC)


def nightly(start: str, hours: float, rule: str = "FREQ=DAILY") -> Span:
    begin = at(start)
    recurrence = Recurrence(rule, "Europe/Paris", timedelta(hours=hours))
    return Span(begin, begin + YEAR, recurrence)


def test_a_window_is_as_long_by_the_clock_in_the_night_that_lacks_an_hour() -> None:
    span = nightly("2026-03-27T22:00", 8)
    window = span.window(at("2026-03-29T05:59"))
    assert window == Window(at("2026-03-28T22:00"), at("2026-03-29T06:00"))
    assert window.ends_at - window.starts_at == timedelta(hours=7)
    assert span.window(at("2026-03-29T06:00")) is None


def test_and_in_the_night_that_has_one_twice() -> None:
    span = nightly("2026-10-23T22:00", 8)
    window = span.window(at("2026-10-25T05:30"))
    assert window is not None
    assert window.ends_at - window.starts_at == timedelta(hours=9)


def test_a_time_that_the_clocks_skip_is_the_moment_at_which_they_do() -> None:
    span = nightly("2026-03-28T02:30", 1)
    skipped = datetime(2026, 3, 29, 1, tzinfo=UTC)
    assert span.window(skipped) == Window(skipped, at("2026-03-29T03:30"))


def test_a_window_ends_with_its_silence() -> None:
    whole = nightly("2026-06-01T22:00", 8)
    span = Span(whole.starts_at, at("2026-06-03T01:00"), whole.recurrence)
    window = span.window(at("2026-06-03T00:30"))
    assert window == Window(at("2026-06-02T22:00"), at("2026-06-03T01:00"))
    assert span.next_start(at("2026-06-03T00:30")) is None


def test_a_weekly_window_holds_on_its_day_only() -> None:
    span = nightly("2026-06-06T10:00", 2, "FREQ=WEEKLY;BYDAY=SA")
    assert span.window(at("2026-06-13T11:00")) is not None
    assert span.window(at("2026-06-12T11:00")) is None
    assert span.next_start(at("2026-06-06T13:00")) == at("2026-06-13T10:00")


@pytest.mark.parametrize(
    ("rule", "zone", "hours"),
    [
        ("FREQ=SECONDLY", "Europe/Paris", 1),
        ("FREQ=DAILY\nDTSTART:20260101T000000", "Europe/Paris", 1),
        ("every night", "Europe/Paris", 1),
        ("FREQ=DAILY", "Mars/Olympus", 1),
        ("FREQ=DAILY", "Europe/Paris", 24 * 32),
        ("FREQ=WEEKLY;BYDAY=XX", "Europe/Paris", 1),
    ],
)
def test_what_cannot_be_worked_out_is_refused(rule: str, zone: str, hours: float) -> None:
    with pytest.raises(InvalidRecurrence):
        check(Recurrence(rule, zone, timedelta(hours=hours)), at("2026-06-01T00:00"))


@given(
    start=st.datetimes(datetime(2026, 1, 1), datetime(2027, 1, 1)),  # noqa: DTZ001 - wall clock
    minutes=st.integers(1, 2 * 24 * 60),
    after=st.integers(0, 60 * 24 * 60),
    zone=st.sampled_from(["Europe/Paris", "America/New_York", "Australia/Lord_Howe", "UTC"]),
)
def test_an_instant_is_within_its_window_and_before_the_next(
    start: datetime, minutes: int, after: int, zone: str
) -> None:
    begin = start.replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)
    span = Span(begin, begin + YEAR, Recurrence("FREQ=DAILY", zone, timedelta(minutes=minutes)))
    now = begin + timedelta(minutes=after)
    window, following = span.window(now), span.next_start(now)
    if window is not None:
        assert window.starts_at <= now < window.ends_at
        length = window.ends_at - window.starts_at
        assert abs(length - timedelta(minutes=minutes)) <= timedelta(hours=1)
    assert following is not None
    assert following > now
    # A day by the clock lasts between 23 and 25 hours.
    assert following - now <= timedelta(hours=25)
