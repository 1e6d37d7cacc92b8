"""Who is on call: the layers of a schedule and the overrides on top. Pure rules.

Overrides win over layers, a later layer over the ones before it, and of two overlapping overrides
the one made last. Where nothing answers there is a gap, which is a state of its own.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from oncall_service.schedules.rotation import Rotation

OVERRIDE = "override"
FIRST_LOOK = timedelta(days=1)


class Duty(StrEnum):
    """Paged first, or when the first does not answer."""

    PRIMARY = "primary"
    SECONDARY = "secondary"


@dataclass(frozen=True, slots=True)
class Layer:
    """A rotation with a name, for one duty."""

    name: str
    rotation: Rotation
    duty: Duty = Duty.PRIMARY


@dataclass(frozen=True, slots=True)
class Override:
    """``person`` takes a duty in [start, end)."""

    person: UUID
    start: datetime
    end: datetime
    duty: Duty = Duty.PRIMARY


@dataclass(frozen=True, slots=True)
class Era:
    """Layers that count until ``end``, from the end of the era before."""

    layers: tuple[Layer, ...]
    end: datetime


@dataclass(frozen=True, slots=True)
class Schedule:
    """Layers from the base upwards; overrides in the order in which they were made.

    ``eras`` are what the layers were before, oldest first: the past stays as it was.
    """

    layers: tuple[Layer, ...] = ()
    overrides: tuple[Override, ...] = ()
    eras: tuple[Era, ...] = ()

    def layers_at(self, at: datetime) -> tuple[Layer, ...]:
        """The layers that count at an instant."""
        return next((era.layers for era in self.eras if at < era.end), self.layers)


@dataclass(frozen=True, slots=True)
class OnCall:
    """Who is on call at an instant, and what decided it (a layer's name, or ``override``)."""

    primary: UUID | None = None
    secondary: UUID | None = None
    primary_from: str | None = None
    secondary_from: str | None = None

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
    rostered, layer = from_layers(schedule.layers_at(at), at, Duty.PRIMARY)
    taken_over = _from_overrides(schedule, at, Duty.PRIMARY)
    primary = taken_over or rostered
    source = OVERRIDE if taken_over else (layer.name if layer else None)

    secondary, secondary_from = _secondary(schedule, at, layer, {primary, rostered})
    if secondary == primary:
        secondary, secondary_from = None, None
    return OnCall(primary, secondary, source, secondary_from)


def shifts(schedule: Schedule, start: datetime, end: datetime) -> list[Shift]:
    """The final shifts that tile [start, end) without hole or overlap, gaps included.

    Neighbours with the same people and the same source are one shift.
    """
    edges = sorted({start} | _boundaries(schedule, start, end))
    found: list[Shift] = []
    for begins, ends in zip(edges, [*edges[1:], end], strict=True):
        on_call = on_call_at(schedule, begins)
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
    """When nobody is primary next: ``at`` in a gap; None if somebody is throughout ``horizon``."""
    edges = sorted({at} | _boundaries(schedule, at, at + horizon))
    return next((edge for edge in edges if _primary(schedule, edge) is None), None)


def _primary(schedule: Schedule, at: datetime) -> UUID | None:
    rostered, _ = from_layers(schedule.layers_at(at), at, Duty.PRIMARY)
    return _from_overrides(schedule, at, Duty.PRIMARY) or rostered


def _from_overrides(schedule: Schedule, at: datetime, duty: Duty) -> UUID | None:
    for override in reversed(schedule.overrides):
        if override.duty is duty and override.start <= at < override.end:
            return override.person
    return None


def from_layers(
    layers: Sequence[Layer], at: datetime, duty: Duty
) -> tuple[UUID | None, Layer | None]:
    """Who has a duty by the layers alone, and the layer that says so."""
    for layer in reversed(layers):
        person = layer.rotation.on_turn(at) if layer.duty is duty else None
        if person is not None:
            return person, layer
    return None, None


def _secondary(
    schedule: Schedule, at: datetime, primary_layer: Layer | None, passed_over: set[UUID | None]
) -> tuple[UUID | None, str | None]:
    taken_over = _from_overrides(schedule, at, Duty.SECONDARY)
    if taken_over is not None:
        return taken_over, OVERRIDE
    layers = schedule.layers_at(at)
    if any(layer.duty is Duty.SECONDARY for layer in layers):
        person, layer = from_layers(layers, at, Duty.SECONDARY)
        return person, layer.name if layer else None
    if primary_layer is None:
        return None, None
    for person in primary_layer.rotation.after(at):
        if person not in passed_over:
            return person, primary_layer.name
    return None, None


def _boundaries(schedule: Schedule, start: datetime, end: datetime) -> set[datetime]:
    found: set[datetime] = set()
    begins = start
    for era in (*schedule.eras, Era(schedule.layers, end)):
        ends = min(era.end, end)
        if begins < ends:
            found.add(begins)
            for layer in era.layers:
                found |= layer.rotation.boundaries(begins, ends)
            begins = ends
    for override in schedule.overrides:
        found |= {at for at in (override.start, override.end) if start <= at < end}
    return found
