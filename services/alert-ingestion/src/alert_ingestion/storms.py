"""When is it a storm? Pure rules over (new incidents of an integration lately, its limit)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final
from uuid import UUID

from shared.contracts.wire import Severity, is_worse

WITHIN: Final = timedelta(minutes=1)
"""In which new incidents of an integration are counted."""

_NAMED: Final = 5


@dataclass(frozen=True, slots=True)
class Extent:
    """How large a storm is: its alerts, and the services that most of them are of."""

    alerts: int
    services: Sequence[tuple[str, int]]


def key_of(integration_id: UUID) -> str:
    """The correlation key of what comes in a storm of an integration."""
    return f"storm@{integration_id}"


def fingerprint_of(incident_id: UUID) -> str:
    """The identity of the alert that stands for a storm."""
    return f"storm:{incident_id}"


def is_storm(opened: Mapping[Severity, int], severity: Severity, limit: int) -> bool:
    """Whether one more incident of a severity is one too many; a limit of 0 is never reached.

    Only those count that are as grave: whatever floods in of low ones, a critical one is no part of
    it.
    """
    as_grave = sum(count for of, count in opened.items() if not is_worse(severity, of))
    return 0 < limit <= as_grave


def begun(integration: str, limit: int) -> str:
    """What is said of a storm when it begins."""
    return f"Alert storm from {integration}: more than {limit} new incidents within a minute"


def described(integration: str, extent: Extent) -> str:
    """What is said of a storm while it lasts: how many alerts, and of what."""
    named = ", ".join(f"{service} ({count})" for service, count in extent.services[:_NAMED])
    others = len(extent.services) - _NAMED
    rest = f" and {others} more services" if others > 0 else ""
    return f"Alert storm from {integration}: {extent.alerts} alerts, of {named}{rest}"
