"""How many requests of one integration are taken in a minute."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from alert_ingestion.rates import Rates
from shared.identifiers import new_id

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)


def test_some_come_at_once_and_the_others_wait_for_room() -> None:
    rates, one = Rates(), new_id()
    waits = [rates.wait(one, 60, NOW) for _ in range(12)]
    assert waits == [0] * 10 + [1, 1]
    assert rates.wait(one, 60, NOW + timedelta(seconds=1)) == 0
    assert rates.wait(one, 60, NOW + timedelta(seconds=1)) == 1
    assert rates.wait(new_id(), 60, NOW) == 0


def test_without_a_limit_everything_is_taken() -> None:
    rates, one = Rates(), new_id()
    assert {rates.wait(one, 0, NOW) for _ in range(1_000)} == {0}


@given(
    gaps=st.lists(st.floats(0, 5, allow_nan=False), max_size=300),
    a_minute=st.integers(1, 600),
)
def test_never_more_in_a_stretch_than_the_rate_and_what_may_come_at_once(
    gaps: list[float], a_minute: int
) -> None:
    rates, one = Rates(), new_id()
    now, taken = NOW, 0
    for gap in gaps:
        now += timedelta(seconds=gap)
        taken += rates.wait(one, a_minute, now) == 0
    seconds = (now - NOW).total_seconds()
    assert taken <= max(1.0, a_minute / 6) + seconds * a_minute / 60 + 0.01
