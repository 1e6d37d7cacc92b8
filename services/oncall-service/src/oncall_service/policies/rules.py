"""What a policy says: the steps of a run, how often they are repeated, who is asked in a gap."""

from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID


class Target(StrEnum):
    """Whom a step pages."""

    PRIMARY = "primary"
    SECONDARY = "secondary"
    PERSON = "person"
    TEAM = "team"


@dataclass(frozen=True, slots=True)
class Step:
    """Page ``target`` (``person`` when it is a person), then wait ``delay_minutes``."""

    target: Target
    delay_minutes: int
    person: UUID | None = None


@dataclass(frozen=True, slots=True)
class Plan:
    """What a run follows to its end, whatever becomes of the policy it was copied from."""

    steps: tuple[Step, ...]
    repeat: int
    fallback: UUID | None = None


BUILT_IN = "built-in"

# What a team without a policy gets: everybody is asked in turn, and then asked again.
BUILT_IN_PLAN = Plan(
    steps=(Step(Target.PRIMARY, 5), Step(Target.SECONDARY, 5), Step(Target.TEAM, 10)), repeat=2
)
