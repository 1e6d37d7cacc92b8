"""Within which time an incident is to be acknowledged and resolved, by its severity."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from incident_management.measures import parse_window
from shared.contracts.wire import Severity

ACKNOWLEDGE = "critical=5m,high=15m,medium=1h,low=8h"
RESOLVE = "critical=4h,high=8h,medium=3d,low=7d"


@dataclass(frozen=True)
class Targets:
    """What a team promises itself; reached at the very end of the time is reached."""

    acknowledge: Mapping[Severity, timedelta]
    resolve: Mapping[Severity, timedelta]

    def acknowledged_in_time(self, severity: Severity, seconds: float) -> bool:
        """Whether so many seconds until somebody acknowledged were few enough."""
        return seconds <= self.acknowledge[severity].total_seconds()

    def resolved_in_time(self, severity: Severity, seconds: float) -> bool:
        """Whether so many seconds until it was over were few enough."""
        return seconds <= self.resolve[severity].total_seconds()


def parse_targets(text: str) -> dict[Severity, timedelta]:
    """A time for each severity, as a person writes them: ``critical=5m,high=15m,medium=1h,low=8h``.

    Raises:
        ValueError: it is not of that form, or a severity is missing or named twice.
    """
    found: dict[Severity, timedelta] = {}
    for part in text.split(","):
        name, _, duration = (piece.strip() for piece in part.partition("="))
        if name not in set(Severity):
            raise ValueError(f"'{name}' is none of {', '.join(Severity)}")
        if name in found:
            raise ValueError(f"{name} is named twice")
        try:
            found[Severity(name)] = parse_window(duration)
        except ValueError as error:
            raise ValueError(f"the time of {name} {error}") from None
    missing = [severity for severity in Severity if severity not in found]
    if missing:
        raise ValueError(f"no time is given for {', '.join(missing)}")
    return found
