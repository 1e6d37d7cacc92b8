"""How many messages a contact method gets: pure arithmetic, time is an argument."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from oncall_service.notifications.pacing import (
    COMES_STILL,
    COMPANY,
    LONGEST_COMPANY,
    MOST_IN_A_BUNDLE,
    Allowance,
    Queue,
    Rate,
    last_waits,
    portions,
    spendable,
)

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
RATE = Rate()


def full(rate: Rate, now: datetime) -> Allowance:
    return Allowance(float(rate.burst), now)


def may_send(left: Allowance, now: datetime, waiting: int, *, urgent: bool = False) -> int:
    return spendable(left, RATE, now, waiting=waiting, most_urgent=urgent)


def test_in_a_storm_the_last_of_the_burst_is_kept_for_the_most_urgent() -> None:
    assert may_send(full(RATE, NOW), NOW, 100, urgent=True) == 3
    assert may_send(full(RATE, NOW), NOW, 100) == 2
    only = Rate(burst=1)
    assert spendable(full(only, NOW), only, NOW, waiting=9, most_urgent=False) == 1


def test_one_thing_after_the_other_gets_the_whole_burst() -> None:
    last_of_three = full(RATE, NOW).without(2)
    assert may_send(last_of_three, NOW + COMPANY, 1) == 1
    assert may_send(last_of_three, NOW + COMPANY / 2, 1) == 0, "so soon it may be a storm"
    assert may_send(last_of_three, NOW + COMPANY, 2) == 0, "and this is one"


def waits(
    left: Allowance,
    now: datetime,
    waiting: int,
    messages: int,
    *,
    newest: datetime = NOW,
    urgent: int = 0,
) -> bool:
    return last_waits(left, RATE, now, Queue(waiting, urgent, newest), messages)


def test_the_last_that_may_be_said_is_said_a_moment_after_what_went_before() -> None:
    assert waits(full(RATE, NOW), NOW, 3, 3), "as many as fit: more may come"
    assert not waits(full(RATE, NOW), NOW, 2, 3), "one is left for what comes"
    once_more = full(RATE, NOW).without(2)
    assert waits(once_more, NOW + COMPANY / 2, 1, 1)
    assert not waits(once_more, NOW + COMPANY, 9, 1)
    assert not waits(full(RATE, NOW), NOW, 9, 1), "nothing was said before"
    assert not waits(once_more, NOW - COMPANY, 9, 1), "nor for as long as a clock was set back"
    assert portions([1, 2, 3, 4], 3, last_waits=True) == [[1], [2]]


def test_a_storm_that_still_comes_in_is_waited_for_a_little_longer() -> None:
    once_more = full(RATE, NOW).without(2)
    later, too_late = NOW + COMPANY * 1.4, NOW + LONGEST_COMPANY
    just_now = later - COMES_STILL / 2
    assert waits(once_more, later, 9, 1, newest=just_now)
    assert waits(once_more, later, 9, 1, newest=just_now, urgent=9)
    assert not waits(once_more, later, 9, 1, newest=just_now, urgent=1), "somebody waits for it"
    assert not waits(once_more, later, 9, 1, newest=later - COMES_STILL)
    assert not waits(once_more, too_late, 9, 1, newest=too_late)


def test_one_more_comes_with_each_interval_up_to_the_burst() -> None:
    spent = full(RATE, NOW).without(3)
    later = [
        may_send(spent, NOW + timedelta(seconds=seconds), 9, urgent=True)
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
    waiting=st.lists(st.integers(1, 9), min_size=60, max_size=60),
    rate=st.builds(
        Rate,
        burst=st.integers(1, 6),
        interval=st.integers(1, 120).map(lambda seconds: timedelta(seconds=seconds)),
    ),
)
def test_no_stretch_of_time_has_more_messages_than_the_burst_and_one_an_interval(
    pauses: list[int], urgent: list[bool], waiting: list[int], rate: Rate
) -> None:
    now, allowance = NOW, full(rate, NOW)
    sent: list[datetime] = []
    for pause, most_urgent, count in zip(pauses, urgent, waiting, strict=False):
        now += timedelta(seconds=pause)
        messages = spendable(allowance, rate, now, waiting=count, most_urgent=most_urgent)
        if messages:
            allowance = allowance.at(now, rate).without(messages)
        sent += [now] * messages
    for first, begin in enumerate(sent):
        for count, end in enumerate(sent[first:], start=1):
            assert count <= rate.burst + (end - begin) / rate.interval + 0.001
