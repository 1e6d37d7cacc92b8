"""A layer as somebody asked for it, as JSON and back, and as the rule that it is."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from oncall_service.core.hours import HoursModel, hours_of
from oncall_service.core.zones import zone
from oncall_service.schedules.rotation import Rotation
from oncall_service.schedules.rules import Duty, Layer


@dataclass(frozen=True, slots=True)
class Definition:
    """What makes a layer; ``start`` is on the wall clock of the schedule's zone."""

    name: str
    duty: Duty
    kind: str
    length_days: int
    start: datetime
    hours: tuple[HoursModel, ...]
    participants: tuple[UUID, ...]

    def rule(self, time_zone: str, turns_ahead: int = 0) -> Layer:
        """The layer that the rules work with."""
        rotation = Rotation(
            participants=self.participants,
            start=self.start,
            length_days=self.length_days,
            zone=zone(time_zone),
            hours=tuple(hours_of(hours.model_dump(mode="json")) for hours in self.hours),
            turns_ahead=turns_ahead,
        )
        return Layer(self.name, rotation, self.duty)

    def stored(self, turns_ahead: int, names: Mapping[UUID, str]) -> dict[str, Any]:
        """As JSON that outlives its people: their names are in it."""
        return {
            "name": self.name,
            "duty": self.duty,
            "kind": self.kind,
            "length_days": self.length_days,
            "start": self.start.isoformat(),
            "hours": [hours.model_dump(mode="json") for hours in self.hours],
            "participants": [{"id": str(one), "name": names[one]} for one in self.participants],
            "turns_ahead": turns_ahead,
        }


def restored(stored: Mapping[str, Any], time_zone: str) -> Layer:
    """The layer of a past that was stored."""
    return Definition(
        name=stored["name"],
        duty=Duty(stored["duty"]),
        kind=stored["kind"],
        length_days=stored["length_days"],
        start=datetime.fromisoformat(stored["start"]),
        hours=tuple(HoursModel.model_validate(hours) for hours in stored["hours"]),
        participants=tuple(UUID(one["id"]) for one in stored["participants"]),
    ).rule(time_zone, stored["turns_ahead"])
