"""Which alerts open and close too often? Pure rules over (policy, earlier openings, now).

One that does is opened once more, which says so, and stays open when its sender says that it is
over: only when it has been quiet for a while it is. What fires again meanwhile is a repeat, and
pages nobody.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from alert_ingestion.model import Alert, Policy, Reason

_PROBLEMS_OF_A_GROUP: Final = 4
"""How many times as often a group may open as one alert: it stands for more than one problem."""


def lately(earlier: Sequence[datetime], policy: Policy, now: datetime) -> tuple[datetime, ...]:
    """The openings within the policy's window, this one included; no more than it takes to flap."""
    if policy.flap_openings == 0:
        return ()
    window = timedelta(seconds=policy.flap_window_seconds)
    recent = [at for at in earlier if now - at <= window]
    return (*recent, now)[-policy.flap_openings :]


def flaps(openings: Sequence[datetime], policy: Policy) -> bool:
    """Whether an alert that opened so often flaps; with 0 in the policy nothing ever does."""
    return 0 < policy.flap_openings <= len(openings)


def group_flaps(openings: int, policy: Policy) -> bool:
    """Whether a group that opened so often within the window, this time included, flaps."""
    return 0 < policy.flap_openings * _PROBLEMS_OF_A_GROUP <= openings


def said_over(alert: Alert, policy: Policy, now: datetime) -> Alert:
    """A flapping alert when its sender says that it is over: it is, unless it fires again soon."""
    return replace(
        alert,
        last_seen=now,
        held=Reason.FLAPPING,
        held_since=now,
        ends_at=now + timedelta(seconds=policy.flap_quiet_seconds),
        ends_at_is_timeout=True,
    )


def is_quieting(alert: Alert) -> bool:
    """Whether its sender says that it is over, and it waits for quiet."""
    return alert.held is Reason.FLAPPING
