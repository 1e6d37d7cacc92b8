"""When a notification that failed is tried again, and when it is given up. Pure."""

from datetime import datetime, timedelta

FIRST_PAUSE = timedelta(seconds=5)
LONGEST_PAUSE = timedelta(minutes=1)
GIVE_UP_AFTER = timedelta(minutes=30)


def retry_at(attempts: int, since: datetime, now: datetime) -> datetime | None:
    """When to try again after ``attempts`` failed ones, the first at ``since``, or None to give up.

    5 s, 10 s, 20 s, 40 s, then every minute for half an hour: a page that is later than that
    wakes somebody for a thing the escalation has long taken elsewhere.
    """
    pause = min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** min(attempts - 1, 10))
    following = now + pause
    return following if following - since <= GIVE_UP_AFTER else None
