from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest

from incident_management.measures import (
    BUCKETS,
    Span,
    parse_window,
    time_to_acknowledge,
    time_to_resolve,
)

T0 = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


def test_both_measures_begin_with_the_creation() -> None:
    span = Span(T0, T0 + timedelta(seconds=90), T0 + timedelta(hours=2))
    assert time_to_acknowledge(span) == 90
    assert time_to_resolve(span) == 7200


def test_what_has_not_happened_has_no_measure() -> None:
    assert time_to_acknowledge(Span(T0)) is None
    assert time_to_resolve(Span(T0)) is None


def test_a_merged_incident_is_in_neither_measure() -> None:
    span = Span(T0, T0 + timedelta(seconds=1), T0 + timedelta(seconds=2), merged=True)
    assert time_to_acknowledge(span) is None
    assert time_to_resolve(span) is None


def test_clocks_that_disagree_never_make_a_negative_time() -> None:
    assert time_to_acknowledge(Span(T0, T0 - timedelta(seconds=1))) == 0


# Counts are stored by bound: one that is gone would take its counts with it.
BOUNDS_OF_EARLIER_RELEASES = (
    *(30, 60, 120, 300, 600, 900, 1800),
    *(3600, 7200, 14400, 28800, 86400, 172800, 604800),
)


def test_a_quantile_is_within_a_tenth_up_to_eight_hours_and_a_third_up_to_a_day() -> None:
    assert (BUCKETS[0], BUCKETS[-1]) == (1, 7 * 86400)
    assert all(bound.is_integer() for bound in BUCKETS if bound >= 10)
    for lower, upper in pairwise(BUCKETS):
        assert lower < upper
        if lower < 8 * 3600:
            assert round(upper / lower, 9) <= 1.1
        elif lower < 86400:
            assert upper <= 1.3 * lower


def test_every_bound_that_a_release_has_counted_by_stays() -> None:
    assert set(BOUNDS_OF_EARLIER_RELEASES) <= set(BUCKETS)
    assert {1, 5, 10, 30, 60, 120, 300, 600, 900, 1800, 3600} <= set(BUCKETS)


@pytest.mark.parametrize(
    ("text", "window"),
    [
        ("90m", timedelta(minutes=90)),
        ("24h", timedelta(days=1)),
        ("7d", timedelta(days=7)),
        ("4w", timedelta(weeks=4)),
    ],
)
def test_a_window_is_a_number_and_a_unit(text: str, window: timedelta) -> None:
    assert parse_window(text) == window


@pytest.mark.parametrize("text", ["", "7", "d", "0d", "-1d", "1y", "7d ", "1.5h", "999999w"])
def test_any_other_window_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="must"):
        parse_window(text)
