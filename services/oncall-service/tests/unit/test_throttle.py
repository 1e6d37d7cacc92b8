"""How sign-in slows down somebody who guesses."""

from datetime import UTC, datetime, timedelta

from oncall_service.access.throttle import (
    HELD_SECONDS,
    LONGEST_SECONDS,
    Limits,
    known_wait_seconds,
    network_of,
    wait_seconds,
)
from oncall_service.notifications.rules import retry_at

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
LIMITS = Limits(pair=2, address=3, user=4, known=3, known_held=6)


def ago(*minutes: float) -> list[datetime]:
    return [NOW - timedelta(minutes=minute) for minute in minutes]


def just_now(times: int) -> list[datetime]:
    return [NOW] * times


def test_under_every_limit_nobody_waits() -> None:
    assert wait_seconds(NOW, LIMITS, pair=ago(1), address=ago(1, 2), user=ago(1, 2, 3)) == 0


def test_the_wait_grows_with_each_failure_and_is_bounded() -> None:
    waits = [wait_seconds(NOW, LIMITS, pair=just_now(times)) for times in range(9)]
    assert waits == [0, 0, 1, 2, 4, 8, 16, 30, 30]
    assert wait_seconds(NOW, LIMITS, pair=just_now(100_000)) == LONGEST_SECONDS


def test_the_wait_is_counted_from_the_last_failure() -> None:
    assert wait_seconds(NOW, LIMITS, pair=[*just_now(4), *ago(0.05)]) == 8
    assert wait_seconds(NOW, LIMITS, pair=ago(0.05, 1, 2, 3, 4)) == 5
    assert wait_seconds(NOW, LIMITS, pair=ago(0.2, 1, 2, 3, 4)) == 0


def test_the_longest_of_the_waits_counts() -> None:
    assert wait_seconds(NOW, LIMITS, pair=just_now(2), address=just_now(5), user=[]) == 4
    assert wait_seconds(NOW, LIMITS, pair=[], address=[], user=just_now(7)) == 8


def test_attempts_outside_of_the_window_are_forgotten() -> None:
    assert wait_seconds(NOW, LIMITS, pair=[*ago(0), *ago(15, 16, 17)]) == 0


def test_at_a_known_place_the_wait_is_short_enough_to_be_waited_out_before_it_grows() -> None:
    waits = [known_wait_seconds(NOW, LIMITS, just_now(times)) for times in range(12)]
    assert waits == [0, 0, 0, 1, 2, 2, 4, 8, 16, 30, 30, 30]
    assert waits[5] == HELD_SECONDS


def test_an_address_of_ipv6_is_its_network_and_a_mapped_one_is_its_ipv4() -> None:
    assert network_of("2001:db8:1:2:3::4") == network_of("2001:db8:1:2:ffff::1")
    assert network_of("2001:db8:1:2::4") != network_of("2001:db8:1:3::4")
    assert network_of("::ffff:192.0.2.7") == network_of("192.0.2.7") == "192.0.2.7"
    assert network_of("fe80::1%eth0") == "fe80::/64"
    assert network_of("unknown") == "unknown"


def test_a_failed_notification_is_tried_again_ever_more_slowly_for_half_an_hour() -> None:
    pauses = []
    now, attempts = NOW, 1
    while (again := retry_at(attempts, NOW, now)) is not None:
        pauses.append(int((again - now).total_seconds()))
        now, attempts = again, attempts + 1
    assert pauses[:6] == [5, 10, 20, 40, 60, 60]
    assert timedelta(minutes=28) < now - NOW <= timedelta(minutes=30)
