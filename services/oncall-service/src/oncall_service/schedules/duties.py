"""The calendar duty by duty: from when until when somebody has one, or nobody. Pure rules."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from uuid import UUID

from oncall_service.schedules.rules import Schedule
from oncall_service.schedules.timeline import Shift, shifts
from shared.contracts.rota import Duty, Origin

# How far back the beginning of a stretch is looked for.
_LONGEST_LOOK = timedelta(days=366)
_FIRST_LOOK = timedelta(days=14)


@dataclass(frozen=True, slots=True)
class Stint:
    """Somebody has a duty in [start, end); ``person`` None: nobody is primary.

    ``source`` and ``origin`` say why it begins (see ``rules.OnCall``).
    """

    duty: Duty
    person: UUID | None
    start: datetime
    end: datetime
    source: str | None
    origin: Origin | None
    intended: bool = False


def stints(found: Sequence[Shift]) -> list[Stint]:
    """These shifts, which follow one another, as stints in the order of their beginnings.

    A change of the other duty, or of the reason, does not end a stint.
    """
    made: list[Stint] = []
    for duty in Duty:
        running: Stint | None = None
        for shift in found:
            one = _stint(shift, duty)
            if running is not None and one is not None and _goes_on(running, one):
                running = made[-1] = replace(running, end=one.end)
            else:
                running = one
                if one is not None:
                    made.append(one)
    return sorted(made, key=lambda stint: (stint.start, stint.duty))


def whole_stints(schedule: Schedule, start: datetime, end: datetime) -> list[Stint]:
    """The stints that touch [start, end); those that run at ``start`` with their real beginning.

    Of one that has run for a year no beginning is looked for.
    """
    ahead = _FIRST_LOOK
    found = shifts(schedule, start, end)
    while True:
        made = stints([*shifts(schedule, start - ahead, start), *found])
        touching = [one for one in made if one.end > start]
        if ahead == _LONGEST_LOOK or all(one.start > start - ahead for one in touching):
            return touching
        ahead = min(4 * ahead, _LONGEST_LOOK)


def _stint(shift: Shift, duty: Duty) -> Stint | None:
    on = shift.on_call
    if duty is Duty.PRIMARY:
        return Stint(
            duty,
            on.primary,
            shift.start,
            shift.end,
            on.primary_from,
            on.primary_origin,
            on.intended,
        )
    if on.secondary is None:
        return None
    return Stint(duty, on.secondary, shift.start, shift.end, on.secondary_from, on.secondary_origin)


def _goes_on(running: Stint, one: Stint) -> bool:
    return (
        running.end == one.start
        and running.person == one.person
        and running.intended == one.intended
    )
