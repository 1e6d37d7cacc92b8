"""Teams and the directory of services, as the API takes and shows them."""

from datetime import datetime
from uuid import UUID

from pydantic import Field

from oncall_service.core.fields import Name, Reference
from shared.contracts.wire import Command, Ref, Text, Wire


class TeamCreate(Command):
    """A team and its members, by id, login or name."""

    name: Name
    members: list[Reference] = Field([], max_length=500)


class TeamUpdate(Command):
    """The fields to change; ``members`` replaces all of them."""

    name: Name | None = None
    members: list[Reference] | None = Field(None, max_length=500)


class TeamView(Wire):
    """``catch_all`` marks the team that answers for every service nobody claimed."""

    id: UUID
    name: Text
    catch_all: bool
    members: list[Ref]
    created_at: datetime


class ServiceCreate(Command):
    """Who answers for a service: a team, and optionally another policy than the team's first."""

    name: Name
    team: Reference
    policy: Reference | None = None


class ServiceUpdate(Command):
    """The fields to change; ``policy`` null means the team's own again."""

    name: Name | None = None
    team: Reference | None = None
    policy: Reference | None = None


class ServiceView(Wire):
    """An entry of the directory."""

    id: UUID
    name: Text
    team: Ref
    policy: Ref | None
    created_at: datetime
