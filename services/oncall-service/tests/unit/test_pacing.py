"""How many messages a contact method gets: pure arithmetic, time is an argument."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from oncall_service.pacing import MOST_IN_A_BUNDLE, Allowance, Rate, portions

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
RATE = Rate()


def full(rate: Rate, now: datetime) -> Allowance:
    return Allowance(float(rate.burst), now)


def test_a_fresh_method_has_its_burst_of_which_the_last_is_kept_for_the_most_urgent() -> None:
    allowance = full(RATE, NOW)
    assert allowance.spendable(RATE, most_urgent=True) == 3
    assert allowance.spendable(RATE, most_urgent=False) == 2
    assert full(Rate(burst=1), NOW).spendable(Rate(burst=1), most_urgent=False) == 1


def test_one_more_comes_with_each_interval_up_to_the_burst() -> None:
    spent = full(RATE, NOW).without(3)
    later = [
        spent.at(NOW + timedelta(seconds=seconds), RATE).spendable(RATE, most_urgent=True)
        for seconds in (0, 59, 60, 120, 3600)
    ]
    assert later == [0, 0, 1, 2, 3]


def test_a_clock_that_was_set_back_takes_nothing_away_and_begins_to_count_anew() -> None:
    spent = full(RATE, NOW).without(2)
    back = spent.at(NOW - timedelta(minutes=10), RATE)
    assert back.tokens == 1
    later = back.at(NOW - timedelta(minutes=9), RATE)
    assert later.tokens == 2


def test_what_is_more_than_may_be_sent_travels_in_the_last_message() -> None:
    assert portions([1, 2], 3) == [[1], [2]]
    assert portions([1, 2, 3, 4, 5], 2) == [[1], [2, 3, 4, 5]]
    assert portions([1, 2], 1) == [[1, 2]]
    assert portions([1], 0) == []
    assert len(portions(list(range(MOST_IN_A_BUNDLE * 2)), 1)[0]) == MOST_IN_A_BUNDLE


@given(
    pauses=st.lists(st.integers(0, 200), max_size=60),
    urgent=st.lists(st.booleans(), min_size=60, max_size=60),
    rate=st.builds(
        Rate,
        burst=st.integers(1, 6),
        interval=st.integers(1, 120).map(lambda seconds: timedelta(seconds=seconds)),
    ),
)
def test_no_stretch_of_time_has_more_messages_than_the_burst_and_one_an_interval(
    pauses: list[int], urgent: list[bool], rate: Rate
) -> None:
    now, allowance = NOW, full(rate, NOW)
    sent: list[datetime] = []
    for pause, most_urgent in zip(pauses, urgent, strict=False):
        now += timedelta(seconds=pause)
        allowance = allowance.at(now, rate)
        messages = allowance.spendable(rate, most_urgent=most_urgent)
        allowance = allowance.without(messages)
        sent += [now] * messages
    for first, begin in enumerate(sent):
        for count, end in enumerate(sent[first:], start=1):
            assert count <= rate.burst + (end - begin) / rate.interval + 0.001
