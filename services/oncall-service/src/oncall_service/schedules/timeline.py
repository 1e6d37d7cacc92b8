"""The calendar of a schedule: who is on call through a stretch of time. Pure rules."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise

from oncall_service.schedules.rules import (
    Era,
    Layer,
    OnCall,
    Override,
    Schedule,
    Seat,
    decided,
)
from oncall_service.schedules.windows import covered, weekly

FIRST_LOOK = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Shift:
    """A stretch in which the same people are on call; ``start`` is in it, ``end`` is not."""

    start: datetime
    end: datetime
    on_call: OnCall


def shifts(schedule: Schedule, start: datetime, end: datetime) -> list[Shift]:
    """The final shifts that tile [start, end) without hole or overlap, gaps included.

    Neighbours with the same people and the same source are one shift.
    """
    found: list[Shift] = []
    moments = list(_moments(schedule, start, end))
    for (begins, on_call), ends in zip(moments, [*(at for at, _ in moments[1:]), end], strict=True):
        if found and found[-1].on_call == on_call:
            found[-1] = Shift(found[-1].start, ends, on_call)
        else:
            found.append(Shift(begins, ends, on_call))
    return found


def next_change(schedule: Schedule, at: datetime, horizon: timedelta) -> datetime | None:
    """The end of the shift that runs at an instant; None when it outlasts ``horizon``.

    Looks ahead in growing steps: the answer is mostly hours away, and the dashboard asks for it for
    every team.
    """
    ahead = min(FIRST_LOOK, horizon)
    while True:
        end = shifts(schedule, at, at + ahead)[0].end
        if end < at + ahead:
            return end
        if ahead == horizon:
            return None
        ahead = min(4 * ahead, horizon)


def next_gap(schedule: Schedule, at: datetime, horizon: timedelta) -> datetime | None:
    """When nobody is primary next, unless that is intended.

    ``at`` in such a gap; None if there is none throughout ``horizon``.
    """
    return next(
        (
            begins
            for begins, on_call in _moments(schedule, at, at + horizon)
            if on_call.gap and not on_call.intended
        ),
        None,
    )


def _moments(
    schedule: Schedule, start: datetime, end: datetime
) -> Iterator[tuple[datetime, OnCall]]:
    """Who is on call from each instant on at which that can change, in order, from ``start``."""
    eras = (*schedule.eras, Era(schedule.layers, end))
    bounds = [start, *(min(max(era.end, start), end) for era in eras)]
    for era, (begins, ends) in zip(eras, pairwise(bounds), strict=True):
        if begins < ends:
            yield from _of_era(schedule, era.layers, begins, ends)


def _of_era(
    schedule: Schedule, layers: Sequence[Layer], start: datetime, end: datetime
) -> Iterator[tuple[datetime, OnCall]]:
    turns = [
        {one.start: one.turn for one in layer.rotation.stretches(start, end)} for layer in layers
    ]
    gaps = list(weekly(schedule.intended_gaps, schedule.zone, start, end))
    edges = {at for one in gaps for at in (one.start, one.end)}
    edges |= {at for one in schedule.overrides for at in (one.start, one.end)}
    moments = sorted(
        {start, *(at for at in edges if start < at < end), *(at for one in turns for at in one)}
    )
    current: list[int | None] = [None] * len(layers)
    for at, intended, overrides in zip(
        moments, covered(gaps, moments), _active(schedule.overrides, moments), strict=True
    ):
        current = [one.get(at, turn) for one, turn in zip(turns, current, strict=True)]
        seats = [Seat(*pair) for pair in zip(layers, current, strict=True)]
        yield at, decided(seats, overrides, intended)


def _active(overrides: Sequence[Override], moments: Sequence[datetime]) -> Iterator[list[Override]]:
    """Of each of these moments, which are in order, the overrides that count, in theirs."""
    coming = sorted(enumerate(overrides), key=lambda one: one[1].start)
    active: list[tuple[int, Override]] = []
    number = 0
    for at in moments:
        while number < len(coming) and coming[number][1].start <= at:
            active.append(coming[number])
            number += 1
        active = [one for one in active if at < one[1].end]
        yield [override for _, override in sorted(active, key=lambda one: one[0])]
