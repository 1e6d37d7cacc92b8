"""When a change of a schedule's layers takes effect, and how a rotation goes on after it. Pure.

Whoever is on call stays until they hand over, and after them comes who follows them in the new
order: nobody jumps because somebody was added. A rotation that begins ahead begins with its first
participant, and takes over at its start. Asked for now, a change counts at once and as written.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from oncall_service.schedules.rotation import Rotation
from oncall_service.schedules.rules import Layer, Schedule, from_layers
from oncall_service.schedules.timeline import shifts
from shared.contracts.rota import Duty

_INSTANT = timedelta(microseconds=1)

Layers = tuple[Layer, ...]


class Effective(StrEnum):
    """When a change of the layers counts."""

    NEXT_HANDOFF = "next_handoff"
    NOW = "now"


def takes_effect(running: Layers, wanted: Layers, now: datetime, effective: Effective) -> datetime:
    """The instant from which ``wanted`` count instead of the layers that are ``running``."""
    if effective is Effective.NOW:
        return now
    begins = [layer.rotation.hand_off(0) for layer in wanted if layer.duty is Duty.PRIMARY]
    somebody, _ = from_layers(running, now, Duty.PRIMARY)
    if somebody is not None and begins and min(begins) > now:
        return min(begins)
    return next_hand_off(running, now)


def next_hand_off(running: Layers, now: datetime) -> datetime:
    """When whoever is primary by these layers hands over next, be it to themself.

    Now, when nobody is.
    """
    primary, layer = from_layers(running, now, Duty.PRIMARY)
    if primary is None or layer is None:
        return now
    turn = next(layer.rotation.turns(now, now + _INSTANT))
    for shift in shifts(Schedule(running), now, turn.end):
        if shift.on_call.primary != primary:
            return shift.start
    return turn.end


def going_on(
    running: Layers, wanted: Layers, now: datetime, at: datetime, effective: Effective
) -> list[int]:
    """By how many turns each wanted layer is ahead of its start, so that it goes on at ``at``."""
    ahead = []
    for layer, before in zip(wanted, _counterparts(running, wanted), strict=True):
        rotation = layer.rotation
        if before is None:
            ahead.append(0)
        elif replace(before.rotation, turns_ahead=0) == rotation:
            ahead.append(before.rotation.turns_ahead)
        elif effective is Effective.NOW or rotation.hand_off(0) > now:
            ahead.append(0)
        else:
            ahead.append(_ahead(before.rotation, rotation, now, at))
    return ahead


def _counterparts(running: Layers, wanted: Layers) -> list[Layer | None]:
    """The layer that each of the wanted replaces: of its name, else the next of its duty."""
    left = list(running)
    found: list[Layer | None] = [None] * len(wanted)
    for alike in (_same_name, _same_duty):
        for index, layer in enumerate(wanted):
            if found[index] is None:
                before = next((one for one in left if alike(one, layer)), None)
                if before is not None:
                    found[index] = before
                    left.remove(before)
    return found


def _same_name(one: Layer, other: Layer) -> bool:
    return one.duty is other.duty and one.name == other.name


def _same_duty(one: Layer, other: Layer) -> bool:
    return one.duty is other.duty


def _ahead(before: Rotation, after: Rotation, now: datetime, at: datetime) -> int:
    present, then = before.index_at(now), before.index_at(at)
    index = after.index_at(at)
    if present is None or then is None or index is None or not before.participants:
        return 0
    passed = then - present
    if passed and at - after.hand_off(index) > after.hand_off(index + 1) - at:
        # Hand-offs of the new rotation are at another time, the next one is near: it is the one.
        index += 1
    return (_place(before, after, present, passed) - index) % len(after.participants)


def _place(before: Rotation, after: Rotation, present: int, passed: int) -> int:
    """The place in the new order that has its turn after so many hand-offs."""
    count = len(before.participants)
    seat = (present + before.turns_ahead) % count
    place = _seat_of(before.participants[seat], after.participants, seat)
    if place is not None:
        return place + passed
    # Whoever has the turn is no part of it any more: on with the first who comes next and stays.
    for step in range(passed, passed + count):
        place = _seat_of(before.participants[(seat + step) % count], after.participants, seat)
        if place is not None:
            return place
    return 0


def _seat_of(person: UUID, participants: Sequence[UUID], seat: int) -> int | None:
    """Where somebody sits; on the same seat as before, should they have several."""
    if seat < len(participants) and participants[seat] == person:
        return seat
    return participants.index(person) if person in participants else None
