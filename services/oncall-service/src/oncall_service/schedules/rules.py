"""Who is on call: the layers of a schedule and the overrides on top. Pure rules.

Overrides win over layers, a later layer over the ones before it, and of two overlapping overrides
the one made last. Where nothing answers there is a gap, which is a state of its own.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from functools import partial
from itertools import pairwise
from typing import NamedTuple
from uuid import UUID
from zoneinfo import ZoneInfo

from oncall_service.core.hours import Hours
from oncall_service.core.zones import zone
from oncall_service.schedules.rotation import Rotation
from oncall_service.schedules.windows import covered, weekly, within

FIRST_LOOK = timedelta(days=1)


class Duty(StrEnum):
    """Paged first, or when the first does not answer."""

    PRIMARY = "primary"
    SECONDARY = "secondary"


class Origin(StrEnum):
    """Why somebody is on call: their turn in a layer, or what was put over the layers."""

    LAYER = "layer"
    OVERRIDE = "override"
    SWAP = "swap"
    IMPORT = "import"


@dataclass(frozen=True, slots=True)
class Layer:
    """A rotation with a name, for one duty."""

    name: str
    rotation: Rotation
    duty: Duty = Duty.PRIMARY


@dataclass(frozen=True, slots=True)
class Override:
    """``person`` takes a duty in [start, end); ``origin`` is anything but a layer."""

    person: UUID
    start: datetime
    end: datetime
    duty: Duty = Duty.PRIMARY
    origin: Origin = Origin.OVERRIDE


@dataclass(frozen=True, slots=True)
class Era:
    """Layers that count until ``end``, from the end of the era before."""

    layers: tuple[Layer, ...]
    end: datetime


@dataclass(frozen=True, slots=True)
class Schedule:
    """Layers from the base upwards; overrides in the order in which they were made.

    ``eras`` are what the layers were before, oldest first: the past stays as it was.
    ``intended_gaps`` are weekly hours of ``zone`` in which nobody needs to be on call.
    """

    layers: tuple[Layer, ...] = ()
    overrides: tuple[Override, ...] = ()
    eras: tuple[Era, ...] = ()
    intended_gaps: tuple[Hours, ...] = ()
    zone: ZoneInfo = field(default_factory=partial(zone, "UTC"))

    def layers_at(self, at: datetime) -> tuple[Layer, ...]:
        """The layers that count at an instant."""
        return next((era.layers for era in self.eras if at < era.end), self.layers)


@dataclass(frozen=True, slots=True)
class OnCall:
    """Who is on call at an instant, and what decided it.

    ``..._from`` is a layer's name, or the origin of what was put over the layers; ``..._origin``
    tells the two apart. ``intended``: nobody is primary, and nobody needs to be.
    """

    primary: UUID | None = None
    secondary: UUID | None = None
    primary_from: str | None = None
    secondary_from: str | None = None
    primary_origin: Origin | None = None
    secondary_origin: Origin | None = None
    intended: bool = False

    @property
    def gap(self) -> bool:
        """Nobody is there to be paged first."""
        return self.primary is None


@dataclass(frozen=True, slots=True)
class Shift:
    """A stretch in which the same people are on call; ``start`` is in it, ``end`` is not."""

    start: datetime
    end: datetime
    on_call: OnCall


def on_call_at(schedule: Schedule, at: datetime) -> OnCall:
    """Who is on call at an instant.

    A schedule without layers for the secondary takes the participant whose turn comes next in the
    layer that gave the primary. Somebody who is primary already, or whose turn was taken over by an
    override, is passed over: they asked not to be called.
    """
    return _decided(
        [_Seat(layer, layer.rotation.turn_at(at)) for layer in schedule.layers_at(at)],
        [one for one in schedule.overrides if one.start <= at < one.end],
        within(weekly(schedule.intended_gaps, schedule.zone, at, at), at),
    )


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


def from_layers(
    layers: Sequence[Layer], at: datetime, duty: Duty
) -> tuple[UUID | None, Layer | None]:
    """Who has a duty by the layers alone, and the layer that says so."""
    seats = (_Seat(one, one.rotation.turn_at(at)) for one in reversed(layers) if one.duty is duty)
    seat = next((one for one in seats if one.turn is not None), None)
    return (None, None) if seat is None else (seat.person, seat.layer)


class _Seat(NamedTuple):
    """A layer, and its turn that counts; None: none does."""

    layer: Layer
    turn: int | None

    @property
    def person(self) -> UUID | None:
        return None if self.turn is None else self.layer.rotation.person(self.turn)


def _decided(seats: Sequence[_Seat], overrides: Sequence[Override], intended: bool) -> OnCall:
    rostered = _seated(seats, Duty.PRIMARY)
    taken_over = _taken_over(overrides, Duty.PRIMARY)
    if taken_over is not None:
        primary, source, origin = taken_over.person, str(taken_over.origin), taken_over.origin
    elif rostered is not None and rostered.person is not None:
        primary, source, origin = rostered.person, rostered.layer.name, Origin.LAYER
    else:
        secondary = _secondary(seats, overrides, None, set())
        return OnCall(None, secondary[0], None, secondary[1], None, secondary[2], intended)
    passed_over = {primary, rostered.person if rostered else None}
    secondary = _secondary(seats, overrides, rostered, passed_over)
    if secondary[0] == primary:
        secondary = _NOBODY
    return OnCall(primary, secondary[0], source, secondary[1], origin, secondary[2])


_Answer = tuple[UUID | None, str | None, Origin | None]
_NOBODY: _Answer = (None, None, None)


def _secondary(
    seats: Sequence[_Seat],
    overrides: Sequence[Override],
    primary: _Seat | None,
    passed_over: set[UUID | None],
) -> _Answer:
    taken_over = _taken_over(overrides, Duty.SECONDARY)
    if taken_over is not None:
        return taken_over.person, str(taken_over.origin), taken_over.origin
    if any(one.layer.duty is Duty.SECONDARY for one in seats):
        seat = _seated(seats, Duty.SECONDARY)
        return _NOBODY if seat is None else (seat.person, seat.layer.name, Origin.LAYER)
    if primary is None or primary.turn is None:
        return _NOBODY
    for person in primary.layer.rotation.following(primary.turn):
        if person not in passed_over:
            return person, primary.layer.name, Origin.LAYER
    return _NOBODY


def _seated(seats: Sequence[_Seat], duty: Duty) -> _Seat | None:
    for seat in reversed(seats):
        if seat.layer.duty is duty and seat.turn is not None:
            return seat
    return None


def _taken_over(overrides: Sequence[Override], duty: Duty) -> Override | None:
    return next((one for one in reversed(overrides) if one.duty is duty), None)


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
        seats = [_Seat(*pair) for pair in zip(layers, current, strict=True)]
        yield at, _decided(seats, overrides, intended)


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
