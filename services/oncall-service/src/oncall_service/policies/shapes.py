"""Escalation policies, as the API takes and shows them."""

from datetime import datetime
from typing import Self
from uuid import UUID

from pydantic import Field, model_validator

from oncall_service.core.fields import Name, Reference
from oncall_service.policies.rules import Target
from shared.contracts.wire import Command, Ref, Text, Wire


class StepModel(Command):
    """Page ``target``, then wait ``delay_minutes`` for an acknowledgement before the next step."""

    target: Target
    delay_minutes: int = Field(5, ge=1, le=1440)
    person: Reference | None = None

    @model_validator(mode="after")
    def _a_person_is_named(self) -> Self:
        if (self.target is Target.PERSON) != (self.person is not None):
            raise ValueError("name a person exactly when the target is 'person'")
        return self


class PolicyCreate(Command):
    """How a team is paged. ``repeat`` is how often the steps start over after the first pass."""

    name: Name
    team: Reference
    repeat: int = Field(0, ge=0, le=20)
    steps: list[StepModel] = Field(min_length=1, max_length=20)
    fallback: Reference | None = None


class PolicyUpdate(Command):
    """The fields to change; ``steps`` replaces all of them.

    Runs under way keep what they began with.
    """

    name: Name | None = None
    team: Reference | None = None
    repeat: int | None = Field(None, ge=0, le=20)
    steps: list[StepModel] | None = Field(None, min_length=1, max_length=20)
    fallback: Reference | None = None


class StepView(Wire):
    """A step as stored."""

    target: Target
    delay_minutes: int
    person: Ref | None


class PolicyView(Wire):
    """A policy as stored."""

    id: UUID
    name: Text
    team: Ref
    repeat: int
    steps: list[StepView]
    fallback: Ref | None
    created_at: datetime
