"""How sign-in slows down somebody who guesses."""

from datetime import UTC, datetime, timedelta

from oncall_service.delivery import retry_at
from oncall_service.throttle import Limits, wait_seconds

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
LIMITS = Limits(pair=2, address=3, user=4)


def ago(*minutes: float) -> list[datetime]:
    return [NOW - timedelta(minutes=minute) for minute in minutes]


def test_under_every_limit_nobody_waits() -> None:
    assert wait_seconds(NOW, LIMITS, pair=ago(1), address=ago(1, 2), user=ago(1, 2, 3)) == 0


def test_over_a_limit_one_waits_until_the_oldest_attempt_has_left_the_window() -> None:
    assert wait_seconds(NOW, LIMITS, pair=ago(1, 14), address=[], user=[]) == 60
    assert wait_seconds(NOW, LIMITS, pair=ago(1, 5, 14), address=[], user=[]) == 600


def test_the_longest_of_the_waits_counts() -> None:
    assert wait_seconds(NOW, LIMITS, pair=ago(1, 14), address=ago(1, 2, 3), user=[]) == 720


def test_attempts_outside_of_the_window_are_forgotten() -> None:
    assert wait_seconds(NOW, LIMITS, pair=ago(15, 16, 17), address=[], user=[]) == 0


def test_a_failed_notification_is_tried_again_ever_more_slowly_for_half_an_hour() -> None:
    pauses = []
    now, attempts = NOW, 1
    while (again := retry_at(attempts, NOW, now)) is not None:
        pauses.append(int((again - now).total_seconds()))
        now, attempts = again, attempts + 1
    assert pauses[:6] == [5, 10, 20, 40, 60, 60]
    assert timedelta(minutes=28) < now - NOW <= timedelta(minutes=30)
