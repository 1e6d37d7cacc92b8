"""Teams and the directory of services, as the API takes them."""

from pydantic import Field

from oncall_service.core.fields import Name, Reference
from shared.contracts.wire import Command


class TeamCreate(Command):
    """A team and its members, by id, login or name."""

    name: Name
    members: list[Reference] = Field([], max_length=500)


class TeamUpdate(Command):
    """The fields to change; ``members`` replaces all of them."""

    name: Name | None = None
    members: list[Reference] | None = Field(None, max_length=500)


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
