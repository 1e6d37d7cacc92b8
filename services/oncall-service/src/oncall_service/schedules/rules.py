"""Who is on call: the layers of a schedule and the overrides on top. Pure rules.

Overrides win over layers, a later layer over the ones before it, and of two overlapping overrides
the one made last. Where nothing answers there is a gap, which is a state of its own.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import NamedTuple
from uuid import UUID
from zoneinfo import ZoneInfo

from oncall_service.core.hours import Hours
from oncall_service.schedules.rotation import Rotation
from oncall_service.schedules.windows import weekly, within
from shared.contracts.rota import Duty, Origin
from shared.zones import zone


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


def on_call_at(schedule: Schedule, at: datetime) -> OnCall:
    """Who is on call at an instant.

    A schedule without layers for the secondary takes the participant whose turn comes next in the
    layer that gave the primary. Somebody who is primary already, or whose turn was taken over by an
    override, is passed over: they asked not to be called.
    """
    return decided(
        [Seat(layer, layer.rotation.turn_at(at)) for layer in schedule.layers_at(at)],
        [one for one in schedule.overrides if one.start <= at < one.end],
        within(weekly(schedule.intended_gaps, schedule.zone, at, at), at),
    )


def from_layers(
    layers: Sequence[Layer], at: datetime, duty: Duty
) -> tuple[UUID | None, Layer | None]:
    """Who has a duty by the layers alone, and the layer that says so."""
    seats = (Seat(one, one.rotation.turn_at(at)) for one in reversed(layers) if one.duty is duty)
    seat = next((one for one in seats if one.turn is not None), None)
    return (None, None) if seat is None else (seat.person, seat.layer)


class Seat(NamedTuple):
    """A layer, and its turn that counts; None: none does."""

    layer: Layer
    turn: int | None

    @property
    def person(self) -> UUID | None:
        """Whose turn it is."""
        return None if self.turn is None else self.layer.rotation.person(self.turn)


def decided(seats: Sequence[Seat], overrides: Sequence[Override], intended: bool) -> OnCall:
    """Who is on call by the turns of all layers and the overrides that count, in their orders.

    ``intended``: nobody needs to be.
    """
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
    seats: Sequence[Seat],
    overrides: Sequence[Override],
    primary: Seat | None,
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


def _seated(seats: Sequence[Seat], duty: Duty) -> Seat | None:
    for seat in reversed(seats):
        if seat.layer.duty is duty and seat.turn is not None:
            return seat
    return None


def _taken_over(overrides: Sequence[Override], duty: Duty) -> Override | None:
    return next((one for one in reversed(overrides) if one.duty is duty), None)
