"""Escalation policies, as the API takes and shows them."""

from datetime import datetime
from typing import Any, Self
from uuid import UUID

from pydantic import Field, SecretStr, model_validator

from oncall_service.core.fields import Name, Reference
from oncall_service.notifications.channels.webhook import WebhookChannel
from oncall_service.policies.rules import Target, WorkingTime
from shared.contracts.wire import Command, Ref, Severity, Text, Wire

MOST_TARGETS = 10
# A week: who has not looked at it since then has forgotten it.
LONGEST_ACKNOWLEDGEMENT_MINUTES = 7 * 24 * 60


class TargetModel(Command):
    """Somebody a step pages.

    ``person`` for a person; ``team`` for the members of another team, or for whoever is primary or
    secondary in its schedule; ``url`` for a webhook, signed with ``secret`` (made up when none is
    given, and shown once).
    """

    kind: Target
    person: Reference | None = None
    team: Reference | None = None
    url: Text | None = Field(None, max_length=2000)
    secret: SecretStr | None = Field(None, min_length=16, max_length=200)

    @model_validator(mode="after")
    def _names_what_its_kind_needs(self) -> Self:
        if (self.kind is Target.PERSON) != (self.person is not None):
            raise ValueError("name a person exactly when the target is 'person'")
        if (self.kind is Target.WEBHOOK) != (self.url is not None):
            raise ValueError("give a url exactly when the target is 'webhook'")
        if self.team is not None and self.kind in (Target.PERSON, Target.WEBHOOK):
            raise ValueError("a team belongs to primary, secondary and team")
        if self.secret is not None and self.kind is not Target.WEBHOOK:
            raise ValueError("a secret belongs to a webhook")
        if self.url is not None:
            WebhookChannel.validate(self.url)
        return self


class StepModel(Command):
    """Page the ``targets``, and wait ``delay_minutes`` for an acknowledgement before the next.

    ``target`` with ``person`` is the short way to write a single one. With ``severities`` the step
    is for trouble of these alone; with ``hours`` it asks people only within their working hours, or
    only outside of them. A step that asks nobody is passed over at once.
    """

    target: Target | None = None
    delay_minutes: int = Field(5, ge=1, le=1440)
    person: Reference | None = None
    targets: list[TargetModel] = Field([], max_length=MOST_TARGETS)
    severities: list[Severity] | None = Field(None, min_length=1, max_length=len(Severity))
    hours: WorkingTime | None = None

    @model_validator(mode="before")
    @classmethod
    def _in_short(cls, data: Any) -> Any:
        if not isinstance(data, dict) or data.get("targets"):
            return data
        short = {"kind": data.get("target"), "person": data.get("person")}
        return {**data, "targets": [short]} if data.get("target") is not None else data

    @model_validator(mode="after")
    def _pages_somebody(self) -> Self:
        if not self.targets:
            raise ValueError("a step needs a target, or targets")
        if self.target is not None and (self.targets[0].kind, self.targets[0].person) != (
            self.target,
            self.person,
        ):
            raise ValueError("give either target or targets")
        return self


class PolicyCreate(Command):
    """How a team is paged. ``repeat`` is how often the steps start over after the first pass.

    An incident that was acknowledged and is not over ``acknowledge_timeout_minutes`` later is open
    again, and pages anew; null: never. Whoever works on it (in progress) has not forgotten it.
    """

    name: Name
    team: Reference
    repeat: int = Field(0, ge=0, le=20)
    steps: list[StepModel] = Field(min_length=1, max_length=20)
    fallback: Reference | None = None
    acknowledge_timeout_minutes: int | None = Field(None, ge=1, le=LONGEST_ACKNOWLEDGEMENT_MINUTES)


class PolicyUpdate(Command):
    """The fields to change; ``steps`` replaces all of them.

    Runs under way keep what they began with.
    """

    name: Name | None = None
    team: Reference | None = None
    repeat: int | None = Field(None, ge=0, le=20)
    steps: list[StepModel] | None = Field(None, min_length=1, max_length=20)
    fallback: Reference | None = None
    acknowledge_timeout_minutes: int | None = Field(None, ge=1, le=LONGEST_ACKNOWLEDGEMENT_MINUTES)


class TargetView(Wire):
    """A target as stored; ``secret`` of a webhook only in the answer that makes it."""

    kind: Target
    person: Ref | None
    team: Ref | None
    url: Text | None
    secret: Text | None = None


class StepView(Wire):
    """A step as stored; ``target`` and ``person`` are those of its first target."""

    target: Target
    delay_minutes: int
    person: Ref | None
    targets: list[TargetView]
    severities: list[Severity] | None
    hours: WorkingTime | None


class PolicyView(Wire):
    """A policy as stored."""

    id: UUID
    name: Text
    team: Ref
    repeat: int
    steps: list[StepView]
    fallback: Ref | None
    acknowledge_timeout_minutes: int | None
    created_at: datetime
