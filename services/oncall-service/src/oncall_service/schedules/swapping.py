"""A stretch of duty that one person gives to another: who has it, what became of it. Pure rules."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from oncall_service.schedules.rules import Schedule
from oncall_service.schedules.timeline import shifts
from shared.contracts.rota import Duty, SwapStatus


@dataclass(frozen=True, slots=True)
class Stretch:
    """A duty in [start, end)."""

    duty: Duty
    start: datetime
    end: datetime


def holds(schedule: Schedule, person: UUID, stretch: Stretch) -> bool:
    """Whether somebody has a duty through the whole of a stretch."""
    found = shifts(schedule, stretch.start, stretch.end)
    if stretch.duty is Duty.PRIMARY:
        return all(one.on_call.primary == person for one in found)
    return all(one.on_call.secondary == person for one in found)


def status_at(status: str, end: datetime, now: datetime) -> SwapStatus:
    """What became of an offer by now: nobody can take what is over."""
    stored = SwapStatus(status)
    return SwapStatus.EXPIRED if stored is SwapStatus.OPEN and end <= now else stored
