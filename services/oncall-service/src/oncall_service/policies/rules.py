"""What a policy says: the steps of a run, how often they are repeated, who is asked in a gap."""

from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from shared.contracts.wire import Severity


class Target(StrEnum):
    """Whom a step pages."""

    PRIMARY = "primary"
    SECONDARY = "secondary"
    PERSON = "person"
    TEAM = "team"
    WEBHOOK = "webhook"


class WorkingTime(StrEnum):
    """When a step asks its people: only within their working hours, or only outside of them."""

    WITHIN = "within"
    OUTSIDE = "outside"


@dataclass(frozen=True, slots=True)
class Goal:
    """One of those whom a step pages.

    ``person`` names a person. ``team`` is another team than the run's: its members, or whoever has
    the duty in its schedule. ``method`` is the contact method that a webhook is.
    """

    target: Target
    person: UUID | None = None
    team: UUID | None = None
    method: UUID | None = None


@dataclass(frozen=True, slots=True)
class Step:
    """Page the ``goals`` together, then wait ``delay_minutes``.

    Its conditions leave out: ``severities``, if any, the step for other trouble, and ``hours``
    those of its people whom it does not suit.
    """

    goals: tuple[Goal, ...]
    delay_minutes: int
    severities: frozenset[Severity] | None = None
    hours: WorkingTime | None = None


@dataclass(frozen=True, slots=True)
class Plan:
    """What a run follows to its end, whatever becomes of the policy it was copied from.

    An acknowledgement counts for ``acknowledge_timeout_minutes``; None: for good.
    """

    steps: tuple[Step, ...]
    repeat: int
    fallback: UUID | None = None
    acknowledge_timeout_minutes: int | None = None

    @property
    def teams(self) -> frozenset[UUID]:
        """The other teams that its steps ask."""
        return frozenset(goal.team for step in self.steps for goal in step.goals if goal.team)

    @property
    def people(self) -> frozenset[UUID]:
        """The people that it names."""
        named = {goal.person for step in self.steps for goal in step.goals} | {self.fallback}
        return frozenset(person for person in named if person is not None)


BUILT_IN = "built-in"


def _of_team(target: Target, delay_minutes: int) -> Step:
    return Step((Goal(target),), delay_minutes)


# What a team without a policy gets: everybody is asked in turn, and then asked again.
BUILT_IN_PLAN = Plan(
    steps=(
        _of_team(Target.PRIMARY, 5),
        _of_team(Target.SECONDARY, 5),
        _of_team(Target.TEAM, 10),
    ),
    repeat=2,
)
