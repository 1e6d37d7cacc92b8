"""The time zones that a form offers; oncall-service knows which there are."""

from collections.abc import Sequence
from functools import cache
from zoneinfo import available_timezones


@cache
def zone_names() -> Sequence[str]:
    """Those of places, and UTC; not the historical names without one."""
    places = {name for name in available_timezones() if "/" in name and not name.startswith("Etc/")}
    return ["UTC", *sorted(places)]
